"""Texts merged by lines and words: nothing lost, nothing taken twice, whichever side comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.merge.texts import SIDES, MergedText, Spot, merge_texts

#: Lines of a few words: many equal ones, blank ones, CR LF and tags among them.
lines = st.lists(
    st.sampled_from(
        ["", " ", "a", "b", "a b", "a, b.", "b a", "a\r", "\r", "{{ x }}", "{% if a %}b{% endif %}", "短い文", "\x85"]
    ),
    max_size=7,
)
texts = lines.map("\n".join)


def variants(merged: MergedText) -> dict[str, str]:
    return {side: merged.taking(side) for side in SIDES}


def mirrored(merged: MergedText) -> MergedText:
    chunks = tuple(
        Spot(chunk.base, chunk.theirs, chunk.ours) if isinstance(chunk, Spot) else chunk for chunk in merged.chunks
    )
    return MergedText(chunks, ended=merged.ended)


@given(texts, texts)
def test_a_side_that_changed_nothing_or_the_same_leaves_the_other(base: str, text: str) -> None:
    for merged in (merge_texts(base, base, text), merge_texts(base, text, base), merge_texts(base, text, text)):
        assert not merged.spots
        assert merged.taking("ours") == text


@given(texts, texts, texts, st.booleans())
def test_both_orders_of_the_sides_say_the_same(base: str, ours: str, theirs: str, template: bool) -> None:  # noqa: FBT001 - a generated value
    merged = merge_texts(base, ours, theirs, template=template)
    assert variants(mirrored(merged)) == variants(merge_texts(base, theirs, ours, template=template))


@st.composite
def unlike_edits(draw: st.DrawFn) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return lines, and what two sides that changed different lines made of them, alone and together."""
    base = [f"line {at} of {at}{at}" for at in range(draw(st.integers(1, 9)))]
    who = [draw(st.sampled_from(["nobody", "ours", "theirs"])) for _ in base]
    made: dict[str, list[str]] = {"ours": [], "theirs": [], "both": []}
    for at, (line, side) in enumerate(zip(base, who, strict=True)):
        new = draw(st.lists(st.sampled_from([f"new {side} {at}", f"{line} and more", ""]), max_size=2, unique=True))
        for name, found in made.items():
            found.extend([line] if name != side and (name != "both" or side == "nobody") else new)
    return base, made["ours"], made["theirs"], made["both"]


@given(unlike_edits())
def test_edits_of_different_lines_never_conflict(found: tuple[list[str], ...]) -> None:
    base, ours, theirs, both = ("\n".join(each) for each in found)
    # A text has at least one line: taking out all of them leaves an empty one, which is no edit of one line.
    if all(found):
        merged = merge_texts(base, ours, theirs)
        assert not merged.spots
        assert merged.taking("ours") == both


@st.composite
def unique_words(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return a text of words that occur once, and two edits that take words out and put new ones in."""
    base = [[f"w{at}x{place}" for place in range(draw(st.integers(0, 5)))] for at in range(draw(st.integers(1, 6)))]

    def edited(who: str) -> str:
        rows: list[list[str]] = []
        for at, row in enumerate(base):
            kind = draw(st.sampled_from(["same", "same", "words", "gone", "more"]))
            new = [f"{who}{at}n{place}" for place in range(draw(st.integers(1, 3)))]
            if kind == "words" and row:
                place = draw(st.integers(0, len(row)))
                row = [*row[:place], *new, *row[place + draw(st.integers(0, 2)) :]]  # noqa: PLW2901 - this row's edit
            rows += [] if kind == "gone" else [row, new] if kind == "more" else [row]
        return "\n".join(map(" ".join, rows))

    return "\n".join(map(" ".join, base)), edited("o"), edited("t")


@given(unique_words())
def test_no_word_is_lost_and_no_deletion_either(found: tuple[str, str, str]) -> None:
    base, ours, theirs = (set(text.split()) for text in found)
    merged = merge_texts(*found)
    for side, own, other in (("ours", ours, theirs), ("theirs", theirs, ours)):
        text = merged.taking(side).split()  # type: ignore[arg-type] # one of the sides
        assert len(text) == len(set(text))
        # What this side wrote is there, and what it took out is not.
        assert own - base <= set(text)
        assert not (base - own) & set(text)
        if not merged.spots:
            assert set(text) == (ours & theirs) | (ours - base) | (theirs - base)
        # What the other side wrote is in its own variant, or here.
        assert other - base <= {word for each in SIDES for word in merged.taking(each).split()}


@given(unique_words())
def test_outside_of_the_spots_both_sides_are_merged(found: tuple[str, str, str]) -> None:
    base, ours, theirs = found
    merged = merge_texts(base, ours, theirs)
    settled = {word for chunk in merged.chunks if isinstance(chunk, str) for word in chunk.split()}
    contested = {
        word for spot in merged.chunks if isinstance(spot, Spot) for word in f"{spot.ours} {spot.theirs}".split()
    }
    assert set(ours.split()) - set(base.split()) <= settled | contested
    assert all(spot.ours != spot.theirs for spot in merged.spots)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a b c", "A b c", "a b C", "A b C"),
        ("one two", "One two", "one Two", "One Two"),
        ("a\nb\n", "a\nB\n", "a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nB", "a\nb\nc", "a\nB\nc"),
        ("a\nb\nc", "b\nc", "a\nb", "b"),
        ("a\nb", "b", "a", ""),
        ("x\r\ny\r\nz", "x\ny\nz", "x\r\nyes\r\nz", "x\nyes\nz"),
        ("Say {{ a }} now.", "Say {{ a | upper }} now.", "Say {{ a }} later.", "Say {{ a | upper }} later."),
        ("x\nx\nx", "y\nx\nx", "x\nx\nz", "y\nx\nz"),
        # Which of two equal lines went cannot be told: the one that the other side did not change.
        ("a\n\n\nb", "a\n\nb", "a\n\nnew\nb", "a\nnew\nb"),
        ("a\n\n\nb", "a\n\nb", "a\nnew\n\nb", "a\nnew\nb"),
        ("x\na\nx\na\nx", "x\na\nx", "x\na\nx\nA\nx", "x\nA\nx"),
        ("x\nx\nx", "x\nx", "x\nx", "x\nx"),
        # What either side takes out is out.
        ("a\nb\nc\nd\ne", "a\nd\ne", "a\nb\ne", "a\ne"),
        ("one two three four five", "one four five", "one two five", "one five"),
        ("a\n\nb", "a\n\nb\n\nc", "A\n\nb", "A\n\nb\n\nc"),
        ("be brief  ", "be brief", "be short  ", "be short"),
        ("", "a", "a", "a"),
        ("短い文です。", "短い文でした。", "長い文です。", "長い文でした。"),
    ],
)
def test_what_merges(base: str, ours: str, theirs: str, merged: str) -> None:
    for found in (merge_texts(base, ours, theirs, template=True), merge_texts(base, theirs, ours, template=True)):
        assert found.spots == ()
        assert found.taking("ours") == found.taking("theirs") == merged


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "spot"),
    [
        ("be brief", "be short", "be long", Spot("brief", "short", "long")),
        ("a\nb", "a\nb\nc", "a\nb\nd", Spot("", "c", "d")),
        ("", "a", "b", Spot("", "a", "b")),
        ("must answer", "must not answer", "must refuse", Spot("answer", "not answer", "refuse")),
        ("a b", "a", "a b c", Spot(" b", "", " b c")),
        ("Say {{ a + b }}!", "Say {{ a + c }}!", "Say {{ d + b }}!", Spot("{{ a + b }}", "{{ a + c }}", "{{ d + b }}")),
        ("a\nb\nc\nd", "a\nd", "a\nb\nx\nc\nd", Spot("b\nc\n", "", "b\nx\nc\n")),
        ("one two three four", "one four", "one two and three four", Spot("two three ", "", "two and three ")),
        ("x {% if a and b %}", "x {% if c and b %}", "x {% if a and d %}", Spot("", "", "")),
        ("1 2 3 4 5 6 7 8 9", "6 7 8 9 and 1 2 3 4", "1 two 3 4 5 6 7 8 9", Spot("", "", "")),
        ("one two three four", "1 2 3 four", "one two three 4", Spot("", "", "")),
    ],
)
def test_what_conflicts(base: str, ours: str, theirs: str, spot: Spot) -> None:
    merged = merge_texts(base, ours, theirs, template=True)
    if any(spot):
        assert merged.spots == (spot,)
    assert len(merged.spots) == 1
    assert variants(merged) == {"base": base, "ours": ours, "theirs": theirs}


def test_what_both_added_alike_stands_once_around_what_conflicts() -> None:
    merged = merge_texts("a\n", "a\nb\nc\nd\n", "a\nb\nx\nd\n")
    assert merged.spots == (Spot("", "c", "x"),)
    assert merged.taking("theirs") == "a\nb\nx\nd\n"
