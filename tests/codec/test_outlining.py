"""What is told of a file without its template being read is what the prompt itself says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from promptlib import codec
from promptlib.errors import InvalidFile, InvalidPrompt
from tests.codec.test_prompt_files import prompts

if TYPE_CHECKING:
    from promptlib import Prompt

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.prompty"))


def check(data: bytes) -> None:
    """Hold the outline of a file against its prompt; what is no prompt is none for both."""
    try:
        prompt = codec.read(data)
    except InvalidPrompt:
        return
    told = codec.outline(data)
    assert told.digest == prompt.digest
    for word in ("derived_from", "renamed_from", "includes", "description", "tags"):
        assert getattr(told, word) == getattr(prompt, word)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_outline_of_a_file_is_its_prompt_s(path: Path) -> None:
    check(path.read_bytes())
    check(path.read_bytes().replace(b"\n", b"\r\n"))


@given(prompts)
def test_the_outline_of_any_prompt_is_its_own(prompt: Prompt[Any]) -> None:
    check(codec.write(prompt))


def test_versions_with_one_header_are_told_apart() -> None:
    head = b"---\ndescription: One\n---\nsystem:\n"
    first, second = codec.outline(head + b"First.\n"), codec.outline(head + b"Second.\n")
    assert first.digest != second.digest
    assert first.description == second.description == "One"
    assert first == codec.outline(head + b"First.\n")


@pytest.mark.parametrize(
    "data", [b"---\ninputs: [\n---\nsystem:\nHello\n", b"\xff", b"---\ndescription: 1\n", b"---\n---\n"]
)
def test_what_is_no_file_of_a_prompt_has_no_outline(data: bytes) -> None:
    with pytest.raises(InvalidFile) as told:
        codec.outline(data)
    with pytest.raises(InvalidFile) as read:
        codec.read(data)
    assert told.value.what == read.value.what


def test_a_broken_template_has_an_outline() -> None:
    data = b"---\ndescription: Broken\n---\nsystem:\n{% if %}\n"
    with pytest.raises(InvalidPrompt):
        codec.read(data)
    assert codec.outline(data).description == "Broken"
