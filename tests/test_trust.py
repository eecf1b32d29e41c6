"""Whose words a prompt is: told at the definition, kept by every copy, told by the file, raised by nobody."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib import codec
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.messages import user
from promptlib.prompt import Prompt
from promptlib.trust import Vouched, checked_trust


class Words(BaseModel):
    """One text."""

    text: str


OWN = Prompt.define(Words, user("{{ text | upper }}"))
FOREIGN = Prompt.define(Words, user("{{ text | upper }}"), trust="foreign")
DIGEST = "sha256:" + "a" * 64


def test_a_prompt_is_own_unless_it_is_said_otherwise() -> None:
    assert OWN.trust == "own"
    assert FOREIGN.trust == "foreign"
    assert FOREIGN.render(text="a").text == "A"


def test_trust_is_no_part_of_content_and_equality() -> None:
    assert FOREIGN.digest == OWN.digest
    assert FOREIGN == OWN
    assert len({FOREIGN, OWN}) == 1


@pytest.mark.parametrize("word", ["Own", "", None, True, "trusted", 1])
def test_any_other_word_is_refused(word: Any) -> None:
    with pytest.raises(InvalidPrompt, match="no trust") as caught:
        Prompt.define(user("a"), trust=word)
    assert caught.value.hint == "trust is one of: own, foreign"
    with pytest.raises(InvalidPrompt):
        checked_trust(word)


@pytest.mark.parametrize(
    "made",
    [
        FOREIGN.evolve(description="new"),
        FOREIGN.evolve(messages=(user("{{ text }}"),)),
        FOREIGN.derive(),
        FOREIGN.derive(tags=("a",)),
        FOREIGN.with_origin(None),
        FOREIGN.with_origin(None, description="new"),
        FOREIGN.with_model(Words),
        pickle.loads(pickle.dumps(FOREIGN)),  # noqa: S301 - our own pickle
        copy.copy(FOREIGN),
        copy.deepcopy(FOREIGN),
        codec.read(codec.write(FOREIGN)),
        codec.read(codec.edit(codec.write(OWN), FOREIGN)),
    ],
    ids=map(str, range(12)),
)
def test_no_copy_raises_trust(made: Prompt[Any]) -> None:
    assert made.trust == "foreign"


def test_trust_is_nothing_that_a_change_can_set() -> None:
    with pytest.raises(TypeError, match="a prompt has no 'trust' to change"):
        FOREIGN.evolve(trust="own")  # type: ignore[call-arg]  # the wrong word is the test
    with pytest.raises(TypeError, match="a prompt has no 'vouched' to change"):
        FOREIGN.evolve(vouched=None)  # type: ignore[call-arg]  # the wrong word is the test


def test_an_included_prompt_keeps_its_own_trust() -> None:
    outer = Prompt.define(Words, user('{% include "a" %}'), includes={"a": FOREIGN})
    assert outer.trust == "own"
    assert outer.resolve("a").trust == "foreign"
    back: Prompt[Any] = pickle.loads(pickle.dumps(outer))  # noqa: S301 - our own pickle
    assert back.resolve("a").trust == "foreign"


# --- files ------------------------------------------------------------------------------------------------------------

FILE = b"""---
# of others
inputs:
  text: {kind: string}
metadata:
  tags: [a]
  promptlib:
    trust: foreign   # read nobody has
    vouched:
      digest: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      reason: "read it: twice"
      by: Uma <uma@example.com>
---
user:
{{ text }}
"""


def test_a_file_says_trust_and_comes_back_byte_for_byte() -> None:
    prompt = codec.read(FILE)
    assert prompt.trust == "foreign"
    assert prompt.vouched == Vouched("sha256:" + "a" * 64, "read it: twice", "Uma <uma@example.com>")
    assert codec.edit(FILE, prompt) == FILE
    assert codec.read(codec.write(prompt)).vouched == prompt.vouched
    assert b"tags: [b]" not in codec.edit(FILE, prompt.evolve(tags=("b",)))
    assert codec.read(codec.edit(FILE, prompt.evolve(tags=("b",)))).trust == "foreign"


def test_own_writes_nothing_and_may_be_written() -> None:
    assert b"trust" not in codec.write(OWN)
    said = FILE.replace(b"trust: foreign", b"trust: own")
    assert codec.read(said).trust == "own"
    assert codec.edit(said, codec.read(said)) == said
    assert codec.read(codec.edit(said, codec.read(FILE))).trust == "foreign"


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "what"),
    [
        (b"trust: foreign ", b"trust: trusted ", 8, 12, "no trust 'trusted'"),
        (b"trust: foreign ", b"trust: [foreign] ", 8, 12, "no trust"),
        (b"trust: foreign ", b"trust: true ", 8, 12, "no trust True"),
        (b"digest: sha256:a", b"digest: sha256:x", 10, 15, "sha256"),
        (b"      digest: sha256:" + b"a" * 64 + b"\n", b"", 9, 5, "vouched holds digest, reason, by"),
        (b"      by:", b"      who:", 12, 7, "vouched holds digest, reason, by"),
    ],
)
def test_what_a_file_cannot_say_is_refused_with_line_and_column(
    old: bytes, new: bytes, line: int, column: int, what: str
) -> None:
    assert old in FILE
    with pytest.raises(InvalidFile) as caught:
        codec.read(FILE.replace(old, new), source="a.prompty")
    assert what in caught.value.what
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (line, column)


def test_a_foreign_file_is_checked_as_it_is_read() -> None:
    file = FILE.replace(b"{{ text }}", b"{{ text }}\n{{ text|pprint }}")
    with pytest.raises(InvalidPrompt) as caught:
        codec.read(file, source="a.prompty")
    assert caught.value.what == "the filter 'pprint' is not for foreign templates"
    assert caught.value.where is not None
    assert (caught.value.where.source, caught.value.where.line) == ("a.prompty", 16)
    assert codec.read(file.replace(b"trust: foreign", b"trust: own")).trust == "own"
