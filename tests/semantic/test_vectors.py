"""Vectors: each text is embedded once, rows are checked, and the nearest text comes first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from promptlib._index import VectorFile
from promptlib.errors import EmbedderFailed
from promptlib.semantic import LONGEST, Embedding, Vectors, fused, gist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXTS = {"k1": "sun and beach", "k2": "snow and ski", "k3": "sun snow"}


class Counting:
    """Counts words of a text, and remembers which texts it was asked for."""

    id = "counting 1"
    words = ("sun", "snow", "ski", "beach")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str], /) -> list[list[float]]:
        self.asked += texts
        return [[float(len(re.findall(word, text))) for word in self.words] for text in texts]


def near(vectors: Vectors, need: str, texts: dict[str, str] = TEXTS) -> list[str]:
    keys = list(texts)
    found = vectors.nearest(need, keys, lambda places: [texts[keys[place]] for place in places])
    assert sorted(place for place, _ in found) == (list(range(len(keys))) if found else [])
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    return [keys[place] for place, _ in found]


def test_the_text_nearest_in_direction_comes_first() -> None:
    vectors = Vectors(Counting())
    assert near(vectors, "ski ski") == ["k2", "k1", "k3"]
    assert near(vectors, "beach") == ["k1", "k2", "k3"]
    (best, score), *_ = vectors.nearest("snow ski", ["k2"], lambda _: [""])
    assert (best, round(score, 3)) == (0, 1.0)


def test_the_best_few_are_the_first_of_all() -> None:
    texts = [f"{'sun ' * (number % 7)}snow" for number in range(40)]
    vectors = Vectors(Counting())

    def best(most: int | None) -> list[tuple[int, float]]:
        keys = [str(number) for number in range(40)]
        return vectors.nearest("sun", keys, lambda places: [texts[place] for place in places], most)

    for most in (1, 2, 5, 6, 39, 40, 41):
        assert best(most) == best(None)[:most]


def test_each_text_is_embedded_once_and_only_what_is_new_is_asked_for() -> None:
    counting = Counting()
    vectors = Vectors(counting)
    near(vectors, "sun")
    assert counting.asked == ["sun", *TEXTS.values()]
    near(vectors, "ski")
    near(vectors, "ski", {"k3": TEXTS["k3"], "k4": "beach"})
    assert counting.asked == ["sun", *TEXTS.values(), "ski", "ski", "beach"]


def test_a_later_process_embeds_nothing_but_the_need(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "promptlib" / "vectors.sqlite")
    first = near(Vectors(Counting(), file), "snow")
    counting = Counting()
    assert near(Vectors(counting, file), "snow") == first
    assert counting.asked == ["snow"]
    other = Counting()
    other.id = "counting 2"
    near(Vectors(other, file), "snow")
    assert other.asked == ["snow", *TEXTS.values()]


def test_a_later_process_has_the_very_same_scores(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors.sqlite")
    keys = list(TEXTS)

    def found(vectors: Vectors) -> list[tuple[int, float]]:
        return vectors.nearest("sun snow beach", keys, lambda places: [TEXTS[keys[place]] for place in places])

    assert found(Vectors(Counting(), file)) == found(Vectors(Counting(), file))


def test_what_was_embedded_is_kept_when_the_next_text_fails(tmp_path: Path) -> None:
    class Failing(Counting):
        def __call__(self, texts: Sequence[str], /) -> list[list[float]]:
            if "stop" in texts:
                raise TimeoutError
            return super().__call__(texts)

    file = VectorFile(tmp_path / "vectors.sqlite")
    texts = {f"k{number}": "sun" for number in range(64)} | {"last": "stop"}
    with pytest.raises(TimeoutError):
        near(Vectors(Failing(), file), "sun", texts)
    assert len(file.read(Counting.id)) == 64


@pytest.mark.parametrize("damage", ["text", "row", "length", "folder", "read only"])
def test_a_damaged_file_costs_time_and_nothing_else(tmp_path: Path, damage: str) -> None:
    import sqlite3

    path = tmp_path / "vectors.sqlite"
    expected = near(Vectors(Counting(), VectorFile(path)), "snow")
    if damage == "text":
        path.write_bytes(b"no database at all" * 100)
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "read only":
        path.chmod(0o400)
    else:
        with sqlite3.connect(path) as connection:
            vector = b"\x00\x7e" * 4 if damage == "row" else b"x"
            connection.execute("UPDATE vectors SET vector=? WHERE key='k2'", (vector,))
        connection.close()
    assert near(Vectors(Counting(), VectorFile(path)), "snow") == expected
    assert near(Vectors(Counting(), VectorFile(path)), "snow") == expected


def test_rows_that_are_not_finite_are_embedded_again(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors.sqlite")
    file.write(Counting.id, [("k1", b"\x00\x7e" * 4), ("k2", b"\x00\x3c" * 4)])
    counting = Counting()
    near(Vectors(counting, file), "snow")
    assert counting.asked == ["snow", TEXTS["k1"], TEXTS["k3"]]


def test_a_file_below_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "promptlib").symlink_to(tmp_path / "elsewhere")
    file = VectorFile(tmp_path / "promptlib" / "vectors.sqlite")
    file.write("e", [("k", b"\0\0")])
    assert file.read("e") == []
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    VectorFile(tmp_path / "file" / "vectors.sqlite").write("e", [("k", b"\0\0")])
    assert VectorFile(tmp_path / "file" / "vectors.sqlite").read("e") == []
    damaged = VectorFile(tmp_path / "vectors.sqlite")
    (tmp_path / "vectors.sqlite").write_bytes(b"no database at all" * 100)
    damaged.write("e", [("k", b"\0\0")])
    assert damaged.read("e") == []
    damaged.write("e", [("k", b"\0\0")])
    assert damaged.read("e") == [("k", b"\0\0")]


def test_without_a_known_word_there_is_nothing_to_compare() -> None:
    assert near(Vectors(Counting()), "???") == []
    assert Vectors(Counting()).nearest("sun", [], lambda _: []) == []


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("no rows", "no matrix of numbers"),
        ([[1.0], [1.0, 2.0]], "no matrix of numbers"),
        ([1.0], "an array of the shape (1,) for 1 texts"),
        ([[1.0], [2.0]], "an array of the shape (2, 1) for 1 texts"),
        ([[]], "an array of the shape (1, 0) for 1 texts"),
        ([[float("nan")]], "numbers that are not finite"),
        ([[float("inf")]], "numbers that are not finite"),
    ],
)
def test_rows_that_are_none_are_told(rows: Any, text: str) -> None:
    with pytest.raises(EmbedderFailed) as caught:
        Vectors(Embedding("own", lambda _: rows)).nearest("need", ["k"], lambda _: ["text"])
    assert f"the embedder 'own' returned {text}" in str(caught.value)
    assert "one row of finite numbers a text, all of one length" in caught.value.hint


def test_rows_of_two_lengths_are_told() -> None:
    vectors = Vectors(Embedding("own", lambda texts: [[1.0] * len(texts[0])] * len(texts)))
    with pytest.raises(EmbedderFailed, match=r"rows of 3 numbers now, and of 2 before"):
        vectors.nearest("abc", ["k"], lambda _: ["ab"])
    with pytest.raises(EmbedderFailed, match=r"rows of 5 numbers now, and of 2 before"):
        vectors.nearest("abcde", ["k", "other"], lambda _: ["abcde"])


def test_huge_and_tiny_rows_are_brought_to_one_length() -> None:
    for size in (1e30, 1e-30):
        vectors = Vectors(Embedding("own", lambda texts, size=size: [[size, 0.0]] * len(texts)))  # type: ignore[misc]  # a default in a lambda
        ((place, score),) = vectors.nearest("a", ["k"], lambda _: ["b"])
        assert (place, round(score, 6)) == (0, 1.0)


def test_the_gist_of_a_prompt_is_its_description_and_the_beginning_of_its_body() -> None:
    assert gist(" What it does. ", "\n\nBody\n") == "What it does.\nBody"
    assert gist("", "Body") == "Body"
    assert gist("Only this", " ") == "Only this"
    assert len(gist("d", "b" * 1_000_000)) == LONGEST
    assert gist("", "a\ud800b\0") == "a?b\0"


def test_two_orders_become_one() -> None:
    assert [item for item, _ in fused("ab", "ba")] == ["a", "b"]
    assert [item for item, _ in fused("abcd", "d")] == ["d", "a", "b", "c"]
    assert fused("", "x") == [("x", 0.2)]
    assert fused("", "") == []
