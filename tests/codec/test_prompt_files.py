"""Whole files: read, written, and read again without loss."""

# ruff: noqa: E501, RUF005, ISC003, ISC004 - tables of texts read best as they are

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.codec import Note, edit, read, read_with_notes, write
from promptlib.codec.fence import LARGEST_HEADER
from promptlib.codec.header import header_of
from promptlib.codec.reconciling import same
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.messages import ROLES, Message, Placeholder, Text, system, user
from promptlib.plain import Frozen, thaw
from promptlib.prompt import Prompt
from promptlib.refs import Pin
from tests.strategies import fewer, inputs_strategy, plain_strategy, text_strategy

FRAGMENTS = [
    "user:",
    "\\user:",
    "\n",
    "\r",
    "\r\n",
    "<CR>",
    "\\<CR>",
    "\\",
    "---",
    "{% endraw %}",
    "{{",
    "{%",
    "{#",
    "}}",
    " ",
    "x",
] + ["\x85", "\u2028", "\0", "\ufeff"]
texts = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join), text_strategy)
messages = st.one_of(
    st.builds(lambda role, text: Message(role, (Text(text),), literal=True), st.sampled_from(ROLES), texts),
    st.builds(
        lambda role, text: Message(role, (Text(text),)),
        st.sampled_from(ROLES),
        texts.filter(lambda text: "{" not in text),
    ),
)
mappings = st.dictionaries(text_strategy, plain_strategy, max_size=3)
pins = st.sampled_from([None, Pin("a/b", "sha256:" + "0" * 64), Pin("", "sha256:" + "1" * 64)])
words = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(-9, 9),
        "min_tokens": st.integers(0, 3),
        "max_tokens": st.integers(3, 9),
        "group": st.just(""),
    },
)
text_words = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(-9, 9),
        "truncate": st.sampled_from(["end", "start", "middle"]),
        "marker": text_strategy,
    },
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """Return messages, some with statements of segments, and inputs with segments of their own."""
    pieces: list[Any] = draw(st.lists(messages, min_size=1, max_size=4))
    own: dict[str, Any] = {}
    inputs: list[Input] = []
    if draw(st.booleans()):
        inside = draw(texts.filter(lambda text: "{" not in text))
        attributes = "".join(f" {word}={value}" for word, value in draw(words).items() if word != "group")
        pieces.append(user(f'{inside}{{% segment "s"{attributes} %}}{inside}{{% endsegment %}}{inside}'))
    for name, kind, piece, said in (
        ("text", InputType(kind="string"), user("{{ text }}"), text_words),
        ("docs", InputType(kind="array", items=InputType(kind="json")), system("{{ docs | join }}"), words),
        ("history", InputType(kind="thread"), Placeholder("history"), words),
    ):
        if draw(st.booleans()):
            inputs.append(Input(name=name, type=kind))
            pieces.append(piece)
            own |= {name: draw(said)} if draw(st.booleans()) else {}
    return {"messages": tuple(pieces), "inputs": tuple(inputs), "segments": own}


prompts = st.builds(
    lambda content, **parts: Prompt(**content, **parts),
    contents(),
    settings=mappings,
    outputs=inputs_strategy(depth=1),
    tools=st.lists(mappings, max_size=2).map(tuple),
    description=text_strategy,
    tags=st.lists(text_strategy, max_size=2).map(tuple),
    authors=st.lists(text_strategy, max_size=2).map(tuple),
    derived_from=pins,
    renamed_from=st.sampled_from(["", "old/name"]),
    extra=st.dictionaries(st.sampled_from(["name", "displayName", "other"]), text_strategy, max_size=2),
)


def assert_same(one: Prompt[Any], other: Prompt[Any]) -> None:
    assert one.messages == other.messages
    assert [isinstance(piece, Message) and piece.literal for piece in one.messages] == [
        isinstance(piece, Message) and piece.literal for piece in other.messages
    ]
    assert one.digest == other.digest
    assert same(header_of(one), header_of(other))


@pytest.mark.no_cover
@fewer(2)
@given(prompts)
def test_code_to_file_to_code_is_exact(prompt: Prompt[Any]) -> None:
    data = write(prompt)
    back = read(data)
    assert_same(back, prompt)
    for name in (
        "segments",
        "settings",
        "outputs",
        "tools",
        "description",
        "tags",
        "authors",
        "derived_from",
        "renamed_from",
        "extra",
    ):
        assert getattr(back, name) == getattr(prompt, name)
    assert write(back) == data
    assert edit(data, prompt) == data


@pytest.mark.no_cover
@fewer(2)
@given(prompts, prompts)
def test_any_file_can_be_changed_into_any_prompt(one: Prompt[Any], other: Prompt[Any]) -> None:
    assert_same(read(edit(write(one), other)), other)


@given(texts, st.sampled_from(ROLES))
def test_a_literal_prompt_is_a_file_that_ends_in_its_text(text: str, role: Any) -> None:
    message = Message(role, (Text(text),), literal=True)
    data = write(Prompt(messages=(message,)))
    own = "" if role == "system" else f"metadata:\n  promptlib:\n    role: {role}\n"
    assert data == f"---\n{own}template:\n  format:\n    kind: literal\n---\n{text}".encode()
    (found,) = read(data).messages
    assert isinstance(found, Message)
    assert (found, found.literal, found.text) == (message, True, text)


def test_the_digest_is_that_of_the_content_however_it_is_spelt() -> None:
    one = b"""---
description: one
model: {id: gpt-4o, temperature: 1.0}
inputs:
  a: {kind: string}
  b: {kind: integer, default: 1}
---
system:
{{ a }}{{ b }}
"""
    other = b"""---
# other
inputs:
  - name: "b"
    default: 1
    kind: 'integer'
  - kind: string
    name: a
model:
  temperature: 1.0
  'id': "gpt-4o"
metadata:
  tags: [x]
---

{{ a }}{{ b }}


"""
    assert read(one).digest == read(other).digest == read(other.replace(b"\n", b"\r\n")).digest
    for before, after in (
        (b"1.0", b"1"),
        (b"{{ a }}", b"{{ a }}."),
        (b"default: 1", b"default: 2"),
        (b"gpt-4o", b"gpt-4"),
    ):
        assert read(one.replace(before, after)).digest != read(one).digest


def test_every_key_finds_its_field() -> None:
    digest = "3f" * 32
    prompt, notes = read_with_notes(
        f"""---
name: triage
displayName: Triage
description: Sort
model: gpt-4o
inputs:
  ticket: Some ticket
  history: {{kind: thread, required: false}}
outputs:
  urgency: {{kind: integer, minimum: 1, example: 3}}
tools:
  lookup:
    kind: function
    strict: true
metadata:
  tags: [support]
  authors: [ana]
  version: "2.0"
  promptlib:
    includes:
      style: support/style#{digest}
    derived_from: support/first#{digest}
    renamed_from: support/old
    later: 1
template:
  format: jinja2
  parser: {{kind: prompty}}
extras: 1
---
system:
{{% include "style" %}}
{{{{ history }}}}
user:
{{{{ ticket }}}}
""".encode(),
        source="triage.prompty",
    )
    assert isinstance(prompt, Prompt)
    assert prompt.description == "Sort"
    assert prompt.settings == {"id": "gpt-4o"}
    assert [each.name for each in prompt.inputs] == ["ticket", "history"]
    assert prompt.outputs == (Input(name="urgency", type=InputType(kind="integer", ge=1)),)
    assert thaw(prompt.tools) == [{"name": "lookup", "kind": "function", "strict": True}]
    assert (prompt.tags, prompt.authors) == (("support",), ("ana",))
    assert prompt.includes == {"style": f"support/style#{digest}"}
    assert prompt.derived_from == Pin("support/first", f"sha256:{digest}")
    assert prompt.renamed_from == "support/old"
    assert thaw(prompt.extra) == {
        "name": "triage",
        "displayName": "Triage",
        "inputs": {"ticket": {"example": "Some ticket"}},
        "outputs": {"urgency": {"example": 3}},
        "metadata": {"version": "2.0", "promptlib": {"later": 1}},
        "template": {"format": "jinja2", "parser": {"kind": "prompty"}},
        "extras": 1,
    }
    assert [str(note) for note in notes] == [
        "triage.prompty:24:5: unknown key 'later' of promptlib: it is kept and says nothing: "
        "keys of your own belong under metadata",
        "triage.prompty:28:1: unknown key 'extras'"
        + ": it is kept and says nothing: keys of your own belong under metadata",
    ]
    assert_same(read(write(prompt)), prompt)
    assert read(write(prompt)).extra == prompt.extra


def test_nothing_is_as_good_as_null() -> None:
    data = b"---\ndescription:\nmodel:\ninputs:\noutputs:\ntools:\nmetadata:\n  tags:\n  promptlib:\ntemplate:\n  format:\n---\nHi\n"
    prompt = read(data)
    assert prompt == read(b"Hi")
    assert header_of(prompt) == {"template": {"format": None}}
    assert edit(data, prompt) == data


def test_notes_tell_what_other_tools_read_otherwise() -> None:
    _, notes = read_with_notes(
        b'\xef\xbb\xbf---\r\nmodle: x\r\n---\r\nsystem:\r\nHi\r\nUser:\r\n# user:\r\nassistant[name="x"]:\r\nuser:\r\nYo\r\n',
        source="x.prompty",
    )
    assert notes[0] == Note("the file begins with a byte order mark", notes[0].where, "save it as UTF-8 without one")
    assert [str(note).partition(": it is")[0] for note in notes[1:]] == [
        "x.prompty:1: lines of the front matter end in CR LF: save the file with LF line ends",
        "x.prompty:2:1: unknown key 'modle'",
        "x.prompty:4: lines end in CR LF, and read as LF: save the file with LF line ends",
        "x.prompty:6:1: 'User:' is text here, and may be a role line elsewhere: "
        "a role line is exactly user: at the start of its line",
        "x.prompty:7:1: '# user:' is text here, and may be a role line elsewhere: "
        "a role line is exactly user: at the start of its line",
        "x.prompty:8:1: 'assistant[name=\"x\"]:' is text here, and may be a role line elsewhere: "
        "a role line is exactly assistant: at the start of its line",
    ]
    assert "did you mean 'model'?" in str(notes[2])
    literal = b"---\ntemplate: {format: {kind: literal}}\n---\nUser:\r\n"
    assert read_with_notes(literal)[1] == ()


def test_a_template_error_stands_at_its_line_of_the_file() -> None:
    data = b"---\ninputs:\n  ticket: {kind: string}\n---\nsystem:\n\\\n\nHi\nuser:\n\n{{ ticket }}\n{{ tickte }}\n"
    with pytest.raises(InvalidPrompt, match="undeclared variable 'tickte'") as caught:
        read(data, source="x.prompty")
    assert "x.prompty:12:4" in str(caught.value)
    with pytest.raises(InvalidPrompt) as caught:
        read(b"---\ntools: []\n---\nuser:\nHi {{ a.\n", source="x.prompty")
    assert "x.prompty:5:" in str(caught.value)


REFUSED: dict[bytes, tuple[str, str, str]] = {
    b"": ("the file holds no message", "x.prompty:1", "write a role line"),
    b"---\n---\n\n": ("the file holds no message", "x.prompty:3", "write a role line"),
    b"---\nmodel: x\n": ("front matter is opened and never closed", "x.prompty:1:1", "exactly ---"),
    b"--- \nmodel: x\n---\nHi": ("blanks after the fence", "x.prompty:1:4", "the first line is exactly ---"),
    b"---\nmodel: x\n--- \nHi": ("front matter is opened and never closed", "x.prompty:1:1", "exactly ---"),
    b"---\nmodel: \xff\n---\nHi": ("byte 0xFF is no UTF-8", "x.prompty:2:8", "save the file as UTF-8"),
    "---\nmodel: é\xa0".encode() + b"\xc3(\n---\n": (
        "byte 0xC3 is no UTF-8",
        "x.prompty:2:10",
        "save the file as UTF-8",
    ),
    b"---\ntemplate: {format: {kind: literal}}\n---\n\xed\xa0\x80": ("byte 0xED is no UTF-8", "x.prompty:4:1", "UTF-8"),
    b"---\ndescription: 1\n---\nHi": ("description is no text", "x.prompty:2:1", "put it in quotes"),
    b"---\nmodel: [1]\n---\nHi": ("model holds keys and values", "x.prompty:2:1", "`model:`"),
    b"---\ntools: 1\n---\nHi": ("tools is no list of tools", "x.prompty:2:1", "- name:"),
    b"---\ntools: [1]\n---\nHi": ("tools is no list of tools", "x.prompty:2:1", "- name:"),
    b"---\ntools: {a: 1}\n---\nHi": ("a holds keys and values", "x.prompty:2:9", "`a:`"),
    b"---\nmetadata: 1\n---\nHi": ("metadata holds keys and values", "x.prompty:2:1", "`metadata:`"),
    b"---\nmetadata:\n  tags: x\n---\nHi": ("tags is a list of texts", "x.prompty:3:3", "- …"),
    b"---\nmetadata:\n  tags: [1]\n---\nHi": ("tags is a list of texts", "x.prompty:3:10", "- …"),
    b"---\nmetadata:\n  tags: 1\n---\nHi": ("tags is a list of texts", "x.prompty:3:3", "- …"),
    b"---\nmetadata: {promptlib: {derived_from: x}}\n---\nHi": ("'x' is no pin", "x.prompty:2:38", "the whole digest"),
    b"---\nmetadata: {promptlib: {renamed_from: X}}\n---\nHi": ("'X' is no prompt name", "x.prompty:2:38", "'x'"),
    b"---\nmetadata: {promptlib: {includes: {a: x}}}\n---\nHi": ("'x' is no pin", "x.prompty:2:38", "the whole digest"),
    b"---\nmetadata: {promptlib: {role: x}}\n---\nHi": ("no role 'x'", "x.prompty:2:30", "roles: system"),
    b"---\ntemplate: {parser: {kind: x}}\n---\nHi": ("no parser 'x'", "x.prompty:2:12", "prompty"),
    b"---\ntemplate: {format: {kind: 1}}\n---\nHi": ("the kind of format is no text", "x.prompty:2:21", "quotes"),
}


@pytest.mark.parametrize("data", REFUSED)
def test_what_is_refused(data: bytes) -> None:
    what, where, hint = REFUSED[data]
    with pytest.raises(InvalidFile) as caught:
        read(data, source="x.prompty")
    assert what in caught.value.what
    assert str(caught.value.where) == where
    assert hint in caught.value.hint


def test_what_nothing_uses_is_shown_where_it_is_declared() -> None:
    """An unused input or include has no line in the template, and has one in the front matter."""
    pin = "support/style#" + "0" * 64
    named = f"inputs:\n  a: {{kind: string}}\n  b: text\nmetadata:\n  promptlib: {{includes: {{style: {pin}}}}}"
    for header in (named.replace("metadata", "#metadata").replace("  promptlib", "#"), named):
        with pytest.raises(InvalidPrompt) as caught:
            read(f"---\n{header}\n---\nuser:\nHi {{{{ a }}}}\n".encode(), source="x.prompty")
        expected = ["unused include 'style'"] if header is named else ["unused input 'b'"]
        assert [error.what for error in (caught.value, *caught.value.others)] == expected
        assert str(caught.value.where) == ("x.prompty:6:26" if header is named else "x.prompty:4:3")
    listed = b"---\ninputs:\n- name: a\n  kind: string\n- {name: b, kind: string}\n---\nuser:\nHi {{ c }}\n"
    with pytest.raises(InvalidPrompt) as caught:
        read(listed, source="x.prompty")
    assert str(caught.value) == (
        "undeclared variable 'c'\n  --> x.prompty:8:7\n  |\n8 | Hi {{ c }}\n  |       ^\ninputs here: a, b\n\n"
        "unused input 'a'\n  --> x.prompty:3:1\n  |\n3 | - name: a\n  | ^\n"
        "write {{ a }} in a message, or take the input out\n\n"
        "unused input 'b'\n  --> x.prompty:5:1\n  |\n5 | - {name: b, kind: string}\n  | ^\n"
        "write {{ b }} in a message, or take the input out"
    )


def test_an_error_without_a_place_names_the_file() -> None:
    pin = "support/style#" + "0" * 64
    with pytest.raises(InvalidPrompt, match="the include 'a b' is no word") as caught:
        read(f"---\nmetadata: {{promptlib: {{includes: {{a b: {pin}}}}}}}\n---\nHi".encode(), source="x.prompty")
    assert str(caught.value.where) == "x.prompty"


def test_the_format_in_one_word() -> None:
    data = b"---\ntemplate: literal\n---\nuser:\n{{ x }}"
    prompt = read(data)
    assert prompt == Prompt.define(system("user:\n{{ x }}", literal=True))
    assert edit(data, prompt) == data
    assert read(write(prompt)) == prompt
    with pytest.raises(InvalidFile, match="templates of kind 'mustache' are not read"):
        read(b"---\ntemplate: mustache\n---\nHi")


def test_fences_are_whole_lines() -> None:
    prompt = read(b'---\ndescription: "a --- b"\n---\nsystem:\n---\nHi\n--- x\n---')
    assert prompt.description == "a --- b"
    assert prompt.messages == (system("---\nHi\n--- x\n---"),)
    assert read(b"----\nHi\n").messages == (system("----\nHi"),)


def test_settings_that_do_not_fit_are_not_written() -> None:
    shadow: Prompt[Any] = Prompt(
        messages=(user("Hi"),), description="d", extra=Frozen({"description": "other", "name": "n"})
    )
    assert read(write(shadow)).description == "d"
    with pytest.raises(InvalidPrompt, match="front matter would be larger than 256 KiB") as caught:
        write(Prompt(messages=(user("Hi"),), description="x" * LARGEST_HEADER))
    assert caught.value.hint == "long texts belong into messages"
