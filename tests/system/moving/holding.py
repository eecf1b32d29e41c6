"""What all of these tests do: run a whole guide, and hold stand-ins against the real objects."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.standing import standing
from tests.test_documents import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

#: Pieces of templates in Jinja; `a` and `b` are texts, `l` is a list of them.
JINJA_BITS = st.sampled_from(
    [
        "{{ a }}",
        "{{ b|upper }}",
        "{% if a %}",
        "{% endif %}",
        "{% for i in l %}",
        "{{ i }}",
        "{% endfor %}",
        "{# c #}",
        "{%- if b %}",
        "{%- endif -%}",
        "\n",
        "\n\n",
        "  ",
        "x",
        "system:\n",
        "{",
        "}",
        "{% set b = 'z' %}",
        "{{ b }}",
        "\r\n",
    ]
)

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"


#: The folder of packages that holds the library: what a guide starts in a shell looks there as well.
PACKAGES = "PROMPTLIB_MOVED_PACKAGES"


def run_guide(library: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every block of the guide, those that are skipped without the library too."""
    paths = [os.environ.get("PYTHONPATH"), os.environ[PACKAGES]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    (folder / "page").mkdir()
    (folder / "commands").mkdir()
    with standing(folder / "commands") as commands:
        page = Page(HOW_TO / f"move-from-{library}.md", folder / "page", commands, skipping=False)
        assert page.run() > 3


def missing(standin: Any, real: object) -> list[str]:
    """Return the attributes of *standin* that *real* has not."""
    return [each.name for each in fields(standin) if not hasattr(real, each.name)]


def in_order(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return roles and texts, with the roles as they are called here."""
    names = {"human": "user", "ai": "assistant"}
    return [(names.get(role, role), text) for role, text in pairs]
