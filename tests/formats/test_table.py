"""Tables come in row by row: what is guessed, lost and left out is told with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.formats.table import import_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = 'act,prompt,for_devs\nLinux Terminal,"Be a ""terminal"".\nNothing else.",TRUE\nPoet,Write a poem.,FALSE\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        yield found


def test_each_row_is_a_literal_foreign_prompt_and_a_second_import_makes_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "prompts.csv"
    file.write_text(TABLE)
    report = import_csv(store, file)
    assert report.created == ("linux-terminal", "poet")
    assert report.notes == ("guessed: name from 'act', text from 'prompt'", "columns that were not read: 'for_devs'")
    prompt = store.load("linux-terminal")
    assert prompt.messages[0].text == 'Be a "terminal".\nNothing else.'
    assert prompt.trust == "foreign"
    assert len(list(store.commits())) == 1
    again = import_csv(store, file)
    assert (again.created, again.unchanged) == ((), ("linux-terminal", "poet"))
    assert len(list(store.commits())) == 1
