"""Stores to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, Thread, placeholder, system, user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Triage(BaseModel):
    """What the tests' prompt takes."""

    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    times: int = 1
    urgent: bool = False
    history: Thread = ()


TRIAGE = Prompt.define(
    Triage,
    system("You sort tickets in a {{ tone }} voice, {{ times }} times. Urgent: {{ urgent }}."),
    placeholder("history"),
    user("{{ ticket }}"),
    description="Sort a support ticket by urgency",
    tags=["support"],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A bare store with one prompt of three versions, the second in production."""
    with Store.init(tmp_path / "prompts.git", bare=True) as found:
        found.save("support/triage", TRIAGE, message="First cut")
        second = TRIAGE.evolve(messages=[*TRIAGE.messages, user("Second: {{ ticket }}")])
        found.label("support/triage", "production", found.save("support/triage", second))
        found.save("support/triage", TRIAGE.evolve(messages=[*TRIAGE.messages, user("Third: {{ ticket }}")]))
        yield found
