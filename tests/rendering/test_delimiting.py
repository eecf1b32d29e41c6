"""The filter `delimited`: whatever a value holds, it does not close its own fence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from promptlib import Prompt, Thread, user
from promptlib.errors import InvalidPrompt, RenderFailed, TemplateRejected
from promptlib.rendering.delimiting import delimited
from promptlib.trust import TRUSTS, Trust


class Page(BaseModel):
    document: str


def fenced(value: str, source: str = "{{ document | delimited }}", trust: Trust = "own") -> str:
    return Prompt.define(Page, user(source), trust=trust).render(document=value).text


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_value_stands_between_tags_on_lines_of_its_own(trust: Trust) -> None:
    assert fenced("one\ntwo", trust=trust) == "<document>\none\ntwo\n</document>"
    assert fenced("", "{{ document | delimited('page_2') }}", trust) == "<page_2>\n\n</page_2>"
    assert fenced("a", "{% filter delimited(label='Q-A') %}{{ document }}{% endfilter %}", trust) == "<Q-A>\na\n</Q-A>"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("document", "document"),
        ("<p>text</p>", "document"),
        ("</document>", "document-2"),
        ("<document>", "document-2"),
        ("</DOCUMENT >", "document-2"),
        ("< / document", "document-2"),
        ("<\u2028/\tdocument>", "document-2"),
        ("<documents>", "document-2"),
        ("</document-2>", "document-3"),
        ("</document-2></document-4><document-3 x=''>", "document-5"),
        ("</document-02>", "document-2"),
        ("</do\u212aument></document>", "document-2"),
    ],
)
def test_a_tag_in_the_value_moves_the_fence(value: str, tag: str) -> None:
    assert fenced(value) == f"<{tag}>\n{value}\n</{tag}>"
    assert fenced(value) == fenced(value)
    assert fenced(value, trust="foreign") == fenced(value)


@pytest.mark.parametrize("value", ["</pro\ufb01le>", "</PROFILE>", "</pro\ufb01le-7>"])
def test_letters_are_compared_as_readers_see_them(value: str) -> None:
    assert delimited(value, "profile") == f"<profile-2>\n{value}\n</profile-2>"
    assert delimited("</\u212aey>", "key") == "<key-2>\n</\u212aey>\n</key-2>"


TAGS = st.lists(
    st.sampled_from(
        ["<", "</", "< ", "/", ">", "document", "DOCUMENT", "-", "2", "3", "\n", "é", "x", "-2", "</document-"]
    )
)


@given(st.text() | TAGS.map("".join), st.sampled_from(["document", "d", "Document-2", "K"]))
def test_no_value_closes_its_own_fence_and_not_one_byte_of_it_changes(value: str, label: str) -> None:
    made = delimited(value, label)
    tag = made[1 : made.index(">")]
    assert re.fullmatch(rf"{label}(-[0-9]+)?", tag)
    assert made == f"<{tag}>\n{value}\n</{tag}>"
    assert f"<{tag}>".casefold() not in value.casefold()
    assert f"</{tag}>".casefold() not in value.casefold()
    assert delimited(value, label) == made


@pytest.mark.parametrize("label", ["", "a b", "1a", "-a", "a>", "</a", "a\n", "é", "x" * 41, "a.b"])
@pytest.mark.parametrize("trust", TRUSTS)
def test_a_label_is_a_plain_word(label: str, trust: Trust) -> None:
    with pytest.raises(RenderFailed) as caught:
        fenced("text", f"{{{{ document | delimited({label!r}) }}}}", trust)
    assert caught.value.what == f"{label!r:.60} is no label for a fence"
    assert "a letter, then letters, digits, _ or -, 40 at most" in caught.value.hint
    assert caught.value.where is not None
    assert caught.value.where.source == "message 1 (user)"


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [("number", int, "an integer"), ("words", list[str], "an array"), ("turns", Thread, "a thread")],
    ids=["number", "list", "thread"],
)
def test_only_a_text_is_fenced_and_the_definition_says_so(name: str, kind: Any, hint: str) -> None:
    model = create_model("Only", **{name: kind})
    with pytest.raises(InvalidPrompt) as caught:
        Prompt.define(model, user(f"{{{{ {name} | delimited }}}}"))
    assert f"{name} is {hint}, and delimited fences a text" in str(caught.value)
    assert f"write {{{{ {name} | tojson | delimited }}}}" in str(caught.value)


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(("value", "said"), [(None, "None"), (7, "int"), ([1], "list"), ({"a": 1}, "dict")])
def test_what_is_no_text_only_when_it_is_rendered_is_an_error_with_its_place(
    value: object, said: str, trust: Trust
) -> None:
    class Json(BaseModel):
        anything: Any = None

    with pytest.raises(RenderFailed) as caught:
        Prompt.define(Json, user("{{ anything | delimited }}"), trust=trust).render(anything=value)
    assert caught.value.what == f"only a text can be fenced, and this is {said}"
    assert caught.value.hint == "write {{ value | tojson | delimited }}"
    assert not isinstance(caught.value, TemplateRejected)
    made = Prompt.define(Json, user("{{ anything | tojson | delimited }}"), trust=trust).render(anything=value)
    assert made.text.startswith("<document>\n")


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_key_that_is_not_there_says_so(trust: Trust) -> None:
    class Json(BaseModel):
        anything: Any = None

    with pytest.raises(RenderFailed, match="no key 'x' here"):
        Prompt.define(Json, user("{{ anything.x | delimited }}"), trust=trust).render(anything={"y": 1})


@pytest.mark.parametrize(
    "value",
    ["".join(f"</document-{n}>" for n in range(2, 60_000)), "<" * 900_000, "<" + " " * 900_000, "<document" * 100_000],
    ids=["numbers", "brackets", "blanks", "names"],
)
def test_a_text_made_to_take_long_does_not(value: str) -> None:
    # Trying one number after the other, or one blank after the other, would not come to an end here.
    made = delimited(value)
    assert made.endswith(f"\n{value}\n</{made[1 : made.index('>')]}>")
