"""The arithmetic of the worst case: literal text, what must stay of a segment, the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Budget, Prompt, Segment, user
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Text
from promptlib.segments import Stretch
from promptlib.tokens import Unbounded, WorstCase, encoding
from promptlib.tokens.worst import Share, TokenScale, judged, least_count
from tests.tokens.texts import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM = Budget(10_000)
SCALES = {name: TokenScale(Budget(10_000, encoding=name, margin=1)) for name in ("o200k_base", "cl100k_base")}


def count(name: str, text: str) -> int:
    return len(encoding(name).encoding.encode_ordinary(text))


# --- literal text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALES)
@given(before=texts(2), text=texts(3), behind=texts(2))
def test_literal_text_adds_no_more_wherever_it_stands(name: str, before: str, text: str, behind: str) -> None:
    scale = SCALES[name]
    outside = len(before.encode()) + len(behind.encode())
    assert count(name, before + text + behind) <= outside + scale.literal(text, opens=False, closes=False)
    assert count(name, text + behind) <= len(behind.encode()) + scale.literal(text, opens=True, closes=False)
    assert count(name, before + text) <= len(before.encode()) + scale.literal(text, opens=False, closes=True)
    assert count(name, text) == scale.literal(text, opens=True, closes=True)


@pytest.mark.parametrize("text", ["a sentence of some words and more of them, " * 3, "word " + "x" * 400 + " word"])
def test_only_the_ends_of_literal_text_go_by_their_bytes(text: str) -> None:
    loose = SCALES["o200k_base"].literal(text, opens=False, closes=False)
    assert loose - count("o200k_base", text) < 20


@pytest.mark.parametrize("text", ["你好世界", "aaaa", "", " ", "\ud800\ud800"])
def test_text_without_a_safe_cut_goes_by_its_bytes(text: str) -> None:
    size = len(text.encode(errors="surrogatepass"))
    for opens, closes in ((False, False), (True, False), (False, True)):
        assert SCALES["o200k_base"].literal(text, opens=opens, closes=closes) == size


class CountingEncoding:
    """An encoding of somebody's own, which tells how many characters it was asked for."""

    name = "own"

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked = 0

    def encode_ordinary(self, text: str) -> list[int]:
        """Make a token of each byte."""
        self.asked += len(text)
        return [*text.encode()]

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """Return the bytes that the tokens are."""
        return bytes(tokens)


def test_under_an_encoding_without_safe_cuts_only_whole_messages_are_counted() -> None:
    by = CountingEncoding()
    scale = TokenScale(Budget(100, counter=by, margin=1))
    assert scale.literal("some words here", opens=False, closes=True) == len("some words here")
    assert by.asked == 0
    assert scale.literal("some words here", opens=True, closes=True) == len("some words here")
    assert by.asked == len("some words here")


def test_literal_text_is_encoded_once() -> None:
    by = CountingEncoding()
    scale = TokenScale(Budget(100, counter=by, margin=1))
    for _ in range(3):
        scale.literal("some words here", opens=True, closes=True)
    assert by.asked == len("some words here")


# --- segments ---------------------------------------------------------------------------------------------------------

CLUSTERS = st.builds(
    lambda times, many, mark: ("e" + mark * times) * many,
    st.integers(1, 70),
    st.integers(1, 5),
    st.sampled_from(["\u0301", "\u0489", "\U000e0041", "\u200d", "\U0001f3fb"]),
)
RUNS = st.sampled_from(
    ["a" * 500, "你好世界" * 60, " " * 90, "\n \n" * 30, "\U0010ffff" * 20, "👨\u200d👩\u200d👧" * 10]
)
CUT = st.lists(texts(3) | CLUSTERS | RUNS, max_size=4).map("".join)


def taken(before: str, text: str, behind: str, segment: Segment, items: tuple[int, ...] = ()) -> int:
    """Return what is left of one message whose segment is cut as far as it may be."""
    message = Message("user", (Text(before + text + behind),), literal=True)
    stretch = Stretch("s", segment, 0, len(before), len(before) + len(text), items)
    return int(least_count([message], [stretch] if text else [], ROOM).total) - 7


@given(
    CUT,
    st.sampled_from(["end", "start", "middle"]),
    st.integers(1, 200),
    st.sampled_from(["", " […] ", "…", "\n\n"]),
    texts(1),
    texts(1),
)
def test_the_least_of_a_text_is_no_more_than_that(
    text: str, truncate: Any, least: int, marker: str, before: str, behind: str
) -> None:
    scale = SCALES["o200k_base"]
    segment = Segment(truncate=truncate, min_tokens=least, marker=marker)
    outside = scale.literal(before, opens=True, closes=False) + scale.literal(behind, opens=False, closes=True)
    most = min(scale.cut(segment, None), scale.cut(segment, len(text.encode())))
    assert taken(before, text, behind, segment) <= outside + most


ITEMS = st.one_of(
    st.lists(texts(1) | st.sampled_from(["你", "a", "\n", " ", "'s", "12", "\U0010ffff"]), max_size=8),
    st.lists(st.text("你好世界的一是在不了人我", min_size=1, max_size=3), min_size=20, max_size=99),
)


@given(ITEMS, st.integers(1, 200), st.sampled_from(["", " and more", "…"]), st.tuples(*[texts(1)] * 4))
def test_the_least_of_a_list_is_no_more_than_that(
    items: list[str], least: int, marker: str, around: tuple[str, str, str, str]
) -> None:
    scale, (before, head, tail, behind) = SCALES["o200k_base"], around
    segment = Segment(truncate="items", min_tokens=least, marker=marker)
    text = head + "".join(items) + tail
    edges = [len(before) + len(head)]
    for item in items:
        edges.append(edges[-1] + len(item))
    outside = scale.literal(before, opens=True, closes=False) + scale.literal(behind, opens=False, closes=True)
    longest = max((len(item.encode()) for item in items), default=0)
    frame = len((head + tail).encode())
    found = taken(before, text, behind, segment, tuple(edges) if items else ())
    for size in (None, len(text.encode())):
        most = scale.items(segment, size, frame, longest)
        assert most is not None
        assert found <= outside + most


def test_a_list_of_items_without_limit_counts_as_a_whole() -> None:
    segment = Segment(truncate="items", min_tokens=3, marker="…")
    assert SCALES["o200k_base"].items(segment, None, 9, None) is None
    assert SCALES["o200k_base"].items(segment, 100, 9, None) == 103


def test_a_group_of_which_something_must_stay_asks_for_one_token() -> None:
    scale = TokenScale(ROOM, frozenset({"g"}))
    assert [scale.least(Segment(group=group)) for group in ("g", "h", "")] == [1, 0, 0]
    assert scale.least(Segment(group="g", min_tokens=4)) == 4


# --- the verdict ------------------------------------------------------------------------------------------------------


def prompt(**types: InputType) -> Prompt[Any]:
    inputs = tuple(Input(name=name, type=kind_of) for name, kind_of in types.items())
    return Prompt(messages=(user("Sort: " + "".join(f"{{{{ {name} }}}}" for name in types)),), inputs=inputs)


HINT = "declare it with max_length=2_000 (in a file maxLength: 2000), or let a budget cut it: Segment(priority=10)"
SHORT = InputType(kind="string", max_length=100)


def test_what_fits_is_told() -> None:
    found = prompt(ticket=SHORT).worst_case(Budget(1_000, reserve=100))
    assert (found.most, found.limit, found.fits, found.exactness, found.unbounded) == (410, 900, True, "exact", ())
    assert str(found.explain()).splitlines() == [
        "the worst case, by o200k_base, as openai-chat",
        "  text of the prompt     3",
        "  ticket               400",
        "  around the messages    7",
        "  at most              410",
        "  limit                900",
        "it always fits",
    ]
    assert repr(found.explain()) == str(found.explain())


def test_what_can_be_too_much_is_told_with_what_to_do() -> None:
    found = prompt(ticket=SHORT, note=SHORT).worst_case(Budget(1_000, reserve=500))
    assert (found.most, found.fits) == (810, False)
    assert str(found.explain()).endswith(
        "it can be 310 tokens over\n"
        "limit the largest inputs (max_length, ge and le), let a budget cut them (Segment), or raise the limit"
    )


def test_what_has_no_limit_is_told_with_its_place() -> None:
    found = prompt(ticket=SHORT, note=InputType(kind="string")).worst_case(Budget(1_000))
    assert (found.most, found.fits) == (None, False)
    assert str(found.explain()).splitlines()[3:] == [
        "  note                 no limit",
        "  around the messages         7",
        "  at most              no limit",
        "  limit                   1,000",
        "it can overflow",
        "  note (message 1 (user):1:22): a text without max_length has no limit",
        f"    {HINT}",
    ]


def test_an_estimate_without_a_margin_promises_nothing() -> None:
    picture = prompt(picture=InputType(kind="image"))
    found = picture.worst_case(Budget(1_000))
    assert (found.most, found.fits, found.exactness) == (775, False, "estimate")
    assert str(found.explain()).splitlines()[-2:] == [
        "the number is an estimate, and a budget without margin would promise an exact one",
        "say how far it may be off: margin=100",
    ]
    assert picture.worst_case(Budget(1_000, margin=50)).fits
    assert prompt(ticket=SHORT).worst_case(Budget(1_000, encoding="o200k_harmony")).exactness == "estimate"


def by_letters(text: str) -> int:
    return len(text)


def test_of_a_counter_of_another_kind_nothing_is_proven() -> None:
    budget = Budget(10_000, counter=by_letters, margin=10)
    found = prompt(ticket=SHORT, note=InputType(kind="string")).worst_case(budget)
    assert [each.name for each in found.unbounded] == ["the counter by_letters", "note"]
    assert found.unbounded[0].why == "how many tokens it makes of a byte is not known, so nothing is proven"
    assert found.unbounded[0].hint == "count by a bundled encoding: Budget(…, encoding=…)"
    assert (found.most, found.fits, found.exactness) == (None, False, "provider")
    assert "  the counter by_letters: how many" in str(found.explain())
    counted = Prompt.define(user("Sort.")).worst_case(budget)
    assert (counted.most, counted.fits, counted.exactness) == (12, True, "provider")


def test_it_is_plain_data_for_programs() -> None:
    found = prompt(note=InputType(kind="string")).worst_case(Budget(1_000))
    assert found.to_dict() == {
        "most": None,
        "limit": 1_000,
        "fits": False,
        "exactness": "exact",
        "engine": "o200k_base, as openai-chat",
        "shares": [
            {"name": "text of the prompt", "tokens": 3},
            {"name": "note", "tokens": None},
            {"name": "around the messages", "tokens": 7},
        ],
        "unbounded": [
            {
                "name": "note",
                "where": "message 1 (user):1:10",
                "why": "a text without max_length has no limit",
                "hint": HINT,
            }
        ],
    }
    assert Unbounded("x", None, "why", "hint").to_dict()["where"] == ""


def test_a_notebook_shows_it_as_a_table() -> None:
    case = judged(ROOM, [Share("<text>", 3)], plain=True)
    assert case == WorstCase(
        most=3, limit=10_000, fits=True, engine="o200k_base, as openai-chat", shares=(Share("<text>", 3),)
    )
    html = case._repr_html_()
    assert html == case.explain()._repr_html_()
    assert "<td>&lt;text&gt;</td><td style='text-align:right'>3</td>" in html
    assert "<p>it always fits</p>" in html
