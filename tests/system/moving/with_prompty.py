"""Files that Prompty's own package loads: prepared there and rendered here, they give the same messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import prompty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlib import Store, codec
from promptlib.formats.adopting import adopted
from promptlib.formats.foreign_prompty import import_prompty
from tests.system.moving.holding import run_guide

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.text(alphabet="{}%#:\\<>&'\"system é", min_size=1, max_size=12)


def theirs(path: Path, values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(each.role), str(each.text)) for each in prompty.prepare(prompty.load(path), values)]


def ours(path: Path, values: dict[str, Any]) -> list[tuple[str, str]]:
    prompt = adopted(path.read_bytes(), path.name, "foreign").prompt
    assert codec.read(codec.write(prompt)) == prompt
    given_here = {each.name: values[each.name] for each in prompt.inputs if each.name in values}
    return [(each.role, each.text) for each in prompt.render(given_here).messages]
