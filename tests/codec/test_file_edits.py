"""Edits touch the lines of what changed, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.codec import edit, read, write
from promptlib.codec.emitting import entries
from promptlib.codec.parsing import parse
from promptlib.codec.reconciling import same
from promptlib.codec.source import Source, plain_of
from promptlib.codec.splicing import splices
from promptlib.errors import InvalidFile
from promptlib.messages import Message, assistant, placeholder, system, user
from promptlib.plain import freeze, thaw
from tests.strategies import plain_strategy

if TYPE_CHECKING:
    from promptlib.prompt import Prompt

FILE = b"""---
# Who wrote this, and why
name: triage   # for other tools
description: 'Sort a ticket'

model:
    id: gpt-4o
    options: {temperature: 0.70, "top_p": 1.0}  # careful
    stop:
    - one   # first

    - two
inputs:
  - name: ticket   # the text
    kind: string
    example: My printer burns
  - name: tone
    kind: string
    enumValues: [warm, plain]
    default: plain
  - kind: thread
    name: history
    required: false
metadata:
  tags:
    - support
  owner: ana
---

system:

Answer in a {{ tone }} voice.


{{ history }}

user:
{{ ticket }}
"""

CRLF = FILE.replace(b"\n", b"\r\n")
MIXED = FILE.replace(b"model:\n", b"model:\r\n").replace(b"user:\n", b"user:\r\n")
FILES = {"lf": FILE, "crlf": CRLF, "mixed": MIXED, "no final newline": FILE.rstrip(b"\n")}


def changed(before: bytes, after: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the lines that went and the lines that came."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


def settings_of(prompt: Prompt[Any]) -> Any:
    return thaw(prompt.settings)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_an_unchanged_prompt_gives_the_same_bytes(data: bytes) -> None:
    assert edit(data, read(data)) == data
    assert read(data).digest == read(FILE).digest


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_one_key_changes_one_line(data: bytes) -> None:
    prompt = read(data)
    after = edit(data, prompt.evolve(description="Sort: by urgency"))
    end = b"\r\n" if data.startswith(b"---\r") else b"\n"
    assert changed(data, after) == ([b"description: 'Sort a ticket'" + end], [b'description: "Sort: by urgency"' + end])
    assert read(after).description == "Sort: by urgency"


@pytest.mark.parametrize(
    ("path", "value", "gone", "came"),
    [
        (("id",), "gpt-5", [b"    id: gpt-4o\n"], [b"    id: gpt-5\n"]),
        (
            ("options", "temperature"),
            0.9,
            [b'    options: {temperature: 0.70, "top_p": 1.0}  # careful\n'],
            [b"    options:\n", b"      temperature: 0.9\n", b"      top_p: 1.0\n"],
        ),
        (("stop", 0), "uno", [b"    - one   # first\n"], [b"    - uno   # first\n"]),
        (("stop", 1), {"a": 1}, [b"    - two\n"], [b"    - a: 1\n"]),
        (("stop", 1), "a\nb", [b"    - two\n"], [b"    - |-\n", b"      a\n", b"      b\n"]),
        (("new",), [1, None], [], [b"    new:\n", b"      - 1\n", b"      - null\n"]),
    ],
)
def test_one_setting(path: tuple[Any, ...], value: Any, gone: list[bytes], came: list[bytes]) -> None:
    prompt = read(FILE)
    changes = settings_of(prompt)
    target = changes
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    assert changed(FILE, edit(FILE, prompt.evolve(settings=changes))) == (gone, came)


def test_lists_grow_and_shrink_by_their_items() -> None:
    prompt = read(FILE)
    for stop, gone, came in (
        (["one", "two", "three"], [], [b"    - three\n"]),
        (["one"], [b"\n", b"    - two\n"], [b"\n"]),
        (["two"], [b"    - one   # first\n"], []),
        ([], [b"    stop:\n", b"    - one   # first\n", b"\n", b"    - two\n"], [b"    stop: []\n"]),
    ):
        after = edit(FILE, prompt.evolve(settings=settings_of(prompt) | {"stop": stop}))
        assert changed(FILE, after)[0] == gone or changed(FILE, after)[0] == [b"    - two\n"]
        assert set(changed(FILE, after)[1]) <= set(came)


def test_keys_go_with_their_lines() -> None:
    prompt = read(FILE)
    assert changed(FILE, edit(FILE, prompt.evolve(description="")))[0] == [b"description: 'Sort a ticket'\n"]
    without = settings_of(prompt)
    del without["stop"]
    gone = [b"    stop:\n", b"    - one   # first\n", b"\n", b"    - two\n"]
    assert changed(FILE, edit(FILE, prompt.evolve(settings=without))) == (gone, [])
    assert b"tags" not in edit(FILE, prompt.evolve(tags=()))
    assert b"owner: ana" in edit(FILE, prompt.evolve(tags=()))


def test_new_keys_stand_in_their_order() -> None:
    data = b"---\nname: x # why\nmetadata: {owner: ana}\n---\nuser:\nHi\n"
    prompt = read(data).evolve(description="d", tags=["t"], settings={"id": "m"})
    assert edit(data, prompt) == (
        b"---\nname: x # why\ndescription: d\nmodel:\n  id: m\n"
        b"metadata:\n  tags:\n    - t\n  owner: ana\n---\nuser:\nHi\n"
    )
    assert edit(b"---\n# note\n---\nuser:\nHi\n", read(b"Hi").evolve(description="d", messages=(user("Hi"),))) == (
        b"---\n# note\ndescription: d\n---\nuser:\nHi\n"
    )


def test_declarations_keep_their_form() -> None:
    prompt = read(FILE)
    tone = prompt.inputs[1]
    inputs = (
        prompt.inputs[0],
        type(tone)(name="tone", type=tone.type, required=False, default="warm"),
        prompt.inputs[2],
    )
    assert changed(FILE, edit(FILE, prompt.evolve(inputs=inputs))) == (
        [b"    default: plain\n"],
        [b"    default: warm\n"],
    )
    described = (type(tone)(name="ticket", type=prompt.inputs[0].type, description="Words"), *prompt.inputs[1:])
    after = edit(FILE, prompt.evolve(inputs=described))
    assert (
        b"  - name: ticket   # the text\n    kind: string\n    description: Words\n    example: My printer burns\n"
        in after
        or (b"    example: My printer burns\n    description: Words\n" in after)
    )
    gone = edit(FILE, prompt.evolve(inputs=prompt.inputs[1:], messages=(*prompt.messages[:2], user("Hi"))))
    assert b"ticket" not in gone.replace(b"a ticket", b"")
    assert b"- name: tone\n" in gone
    more = (*prompt.inputs, type(tone)(name="extra", type=prompt.inputs[0].type))
    after = edit(FILE, prompt.evolve(inputs=more, messages=(*prompt.messages[:2], user("{{ ticket }}{{ extra }}"))))
    assert b"    required: false\n  - name: extra\n    kind: string\nmetadata:" in after


def test_a_bare_value_becomes_a_declaration_only_when_it_changes() -> None:
    data = b"---\ninputs:\n  a: Jane\n  b: Joe\n---\nuser:\n{{ a }}{{ b }}\n"
    prompt = read(data)
    first = prompt.inputs[0]
    after = edit(
        data, prompt.evolve(inputs=(type(first)(name="a", type=first.type, description="d"), prompt.inputs[1]))
    )
    assert after.startswith(
        b"---\ninputs:\n  a:\n    kind: string\n    description: d\n    example: Jane\n  b: Joe\n---\n"
    )


MESSAGES: list[tuple[tuple[Any, ...], list[bytes], list[bytes]]] = [
    ((0, 1, user("{{ ticket }}!")), [b"{{ ticket }}\n"], [b"{{ ticket }}!\n"]),
    ((system("{{ tone }}"), 1, 2), [b"\n", b"Answer in a {{ tone }} voice.\n"], [b"{{ tone }}\n"]),
    ((0, 1, 2, assistant("Done")), [], [b"\n", b"assistant:\n", b"Done\n"]),
    ((0, 1, 2, assistant("A"), user("B")), [], [b"\n", b"assistant:\n", b"A\n", b"\n", b"user:\n", b"B\n"]),
    ((0, 1, user("A"), 2), [], [b"user:\n", b"A\n", b"\n"]),
    ((user("A"), 0, 1, 2), [], [b"user:\n", b"A\n", b"\n"]),
    (
        (0, 1, assistant("A"), user("{{ ticket }} B")),
        [b"{{ ticket }}\n"],
        [b"A\n", b"\n", b"user:\n", b"{{ ticket }} B\n"],
    ),
]


@pytest.mark.parametrize("number", range(len(MESSAGES)))
def test_messages_change_by_their_lines(number: int) -> None:
    items, gone, came = MESSAGES[number]
    prompt = read(FILE)
    after = edit(
        FILE, prompt.evolve(messages=tuple(prompt.messages[each] if isinstance(each, int) else each for each in items))
    )
    old, new = changed(FILE, after)
    assert len(new) - len(old) == len(came) - len(gone)
    assert all(line in old for line in gone if line != b"\n")
    assert all(line in new for line in came if line != b"\n")
    assert len(new) <= len(came) + 1


def test_messages_go_with_their_lines() -> None:
    data = b"system:\nA\n\nuser:\nB\n\nassistant:\nC\n"
    prompt = read(data)
    assert edit(data, prompt.evolve(messages=prompt.messages[:2])) == b"system:\nA\n\nuser:\nB\n"
    assert edit(data, prompt.evolve(messages=prompt.messages[1:])) == b"user:\nB\n\nassistant:\nC\n"
    assert edit(data, prompt.evolve(messages=prompt.messages[::2])) == b"system:\nA\n\nassistant:\nC\n"
    bare = data.rstrip(b"\n")
    more = edit(bare, prompt.evolve(messages=(*prompt.messages, user("D"))))
    assert more == data + b"\nuser:\nD\n"


def test_a_body_gets_front_matter_and_a_literal_file_keeps_its_bytes() -> None:
    prompt = read(b"Hi\r\n")
    assert edit(b"Hi\r\n", prompt.evolve(description="d")) == b"---\r\ndescription: d\r\n---\r\nHi\r\n"
    literal = b"---\n# imported\ntemplate: {format: {kind: literal}}\n---\nuser:\r\n{{ x"
    imported = read(literal)
    assert edit(literal, imported.evolve(description="d")) == literal.replace(b"template", b"description: d\ntemplate")
    other = (
        Message("system", imported.messages[0].parts, literal=False)
        if isinstance(imported.messages[0], Message)
        else None
    )
    assert other is not None
    authored = imported.evolve(messages=(user("Hi"),))
    assert edit(literal, authored) == b"---\n# imported\n---\nuser:\nHi\n"
    back = edit(edit(literal, authored), imported)
    assert back.startswith(b"---\n# imported\ntemplate:\n  format:\n    kind: literal\n---\n")
    assert back.endswith(b"---\nuser:\r\n{{ x")


def test_a_changed_kind_rewrites_what_it_means() -> None:
    data = b"---\ninputs:\n  x: {kind: thread}\n---\nuser:\nHi\n\n{{ x }}\n"
    prompt = read(data)
    (thread,) = prompt.inputs
    text = type(thread)(name="x", type=type(thread.type)(kind="string"))
    changed_prompt = prompt.evolve(inputs=(text,), messages=(user("Hi\n{{ x }}"),))
    assert read(edit(data, changed_prompt)).messages == (user("Hi\n{{ x }}"),)
    back = edit(edit(data, changed_prompt), prompt)
    assert read(back).messages == (user("Hi"), placeholder("x"))


def test_spellings_that_cannot_stay_are_written_anew() -> None:
    data = b"---\n# kept\ninputs:\n  a: {kind: string, required: false, default: x}\nname: 'n'\n---\nuser:\n{{ a }}\n"
    prompt = read(data)
    (optional,) = prompt.inputs
    required = type(optional)(name="a", type=optional.type)
    assert edit(data, prompt.evolve(inputs=(required,))) == (
        b"---\n# kept\ninputs:\n  a:\n    kind: string\nname: 'n'\n---\nuser:\n{{ a }}\n"
    )
    spelt = data.replace(b"required: false", b"nullable: false")
    nullable = type(optional)(
        name="a", type=type(optional.type)(kind="string", nullable=True), required=False, default="x"
    )
    after = edit(spelt, read(spelt).evolve(inputs=(nullable,)))
    assert read(after).inputs == (nullable,)
    assert b"nullable: true" in after
    array = type(optional)(name="a", type=type(optional.type)(kind="array", items=optional.type))
    broken = edit(data, prompt.evolve(inputs=(array,), messages=(user("{{ a | join }}"),), description="d"))
    assert read(broken).inputs == (array,)


def test_a_default_of_null_cannot_stay_beside_a_required_input() -> None:
    data = (
        b"---\ninputs:\n  a: {kind: string, required: false, default: null, nullable: true}\n---\nuser:\n{{ a or 1 }}\n"
    )
    prompt = read(data)
    (optional,) = prompt.inputs
    required = type(optional)(name="a", type=type(optional.type)(kind="string"))
    after = edit(data, prompt.evolve(inputs=(required,)))
    assert after == b"---\ninputs:\n  a:\n    kind: string\n---\nuser:\n{{ a or 1 }}\n"


def test_a_word_that_said_nothing_does_not_begin_to_speak() -> None:
    data = b"---\ninputs:\n  a: {kind: integer, format: date, minLength: 3}\n---\nuser:\n{{ a }}\n"
    prompt = read(data)
    (number,) = prompt.inputs
    text = type(number)(name="a", type=type(number.type)(kind="string"))
    assert read(edit(data, prompt.evolve(inputs=(text,)))).inputs == (text,)
    assert read(write(prompt.evolve(inputs=(text,)))).inputs == (text,)


def test_what_an_input_keeps_goes_with_it() -> None:
    data = b"""---
inputs:
  a:
    kind: object
    example: 1
    properties:
      b: {kind: string, example: x}
      c: {kind: string, example: y}
  d: {kind: string, items: 3, example: z}
---
user:
{{ a.b }}{{ a.c }}{{ d }}
"""
    prompt = read(data)
    assert thaw(read(write(prompt)).extra) == {
        "inputs": {
            "a": {"example": 1, "properties": {"b": {"example": "x"}, "c": {"example": "y"}}},
            "d": {"example": "z"},
        }
    }
    a, d = prompt.inputs
    smaller = type(a)(name="a", type=type(a.type)(kind="object", properties=a.type.properties[:1]))
    listed = type(d)(name="d", type=type(d.type)(kind="array", items=d.type))
    back = read(write(prompt.evolve(inputs=(smaller, listed), messages=(user("{{ a.b }}{{ d | join }}"),))))
    assert thaw(back.extra) == {
        "inputs": {"a": {"example": 1, "properties": {"b": {"example": "x"}}}, "d": {"example": "z"}}
    }
    assert "inputs" not in read(write(prompt.evolve(inputs=(), messages=(user("Hi"),)))).extra


def test_text_that_is_no_file_is_not_edited() -> None:
    with pytest.raises(InvalidFile, match="stands twice"):
        edit(b"---\nname: a\nname: b\n---\nHi", read(b"Hi"))


def spliced(text: str, wanted: dict[str, Any]) -> str:
    changes = sorted(splices(text, parse(Source(text)), wanted), key=lambda change: change[:2])
    for change in reversed(changes):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def test_an_item_whose_first_key_goes_is_written_anew() -> None:
    """Its first key stands behind the dash, on the item's own line."""
    text = "list:\n- a: 1\n  b: 2  # kept\n"
    assert spliced(text, {"list": [{"b": 2, "c": 3}]}) == "list:\n- b: 2\n  c: 3\n"
    assert spliced(text, {"list": [{"a": 4, "b": 2}]}) == "list:\n- a: 4\n  b: 2  # kept\n"


mappings = st.dictionaries(st.sampled_from("abcde"), plain_strategy, max_size=4).map(
    lambda found: {key: thaw(freeze(value)) for key, value in found.items()}
)


@given(mappings, mappings)
def test_splices_lead_from_any_mapping_to_any_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    text = spliced(entries(one), other)
    assert same(plain_of(parse(Source(text))), other)
