"""Words, languages, needs, snippets, spelling and near-duplicates, without any store."""

from __future__ import annotations

import builtins
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import query
from promptlib.errors import BadRef, NotInstalled
from promptlib.query import spelling
from promptlib.query.porter import stem
from promptlib.query.shingles import Shingles, similarity
from promptlib.query.snippets import Marker, cut
from promptlib.query.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

ENGLISH = query.language("english")
TEXTS = st.text(st.characters() | st.sampled_from("meeting soup 日本ก \n\t"), max_size=80)


def told(text: str, name: str = "english") -> list[str]:
    return [each.word for each in query.language(name).words(text)]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Meeting_notes, 3rd!", ["meeting", "notes", "3rd"]),
        ("Straße ÅNGSTRÖM naïve", ["strasse", "angstrom", "naive"]),
        ("ﬁle ① Ｆｕｌｌ", ["file", "1", "full"]),
        ("½", ["1", "2"]),
        ("日本語", ["日本", "本語", "語"]),
        ("pdf日本", ["pdf", "日本", "本"]),
        ("日本pdf", ["日本", "本", "pdf"]),
        ("ก็ดี", ["ก็", "็ด", "ดี", "ี"]),
        ("बैठक", ["बैठक"]),
        ("йод", ["йод"]),
        ("\ud800a", ["a"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert told(text, "none") == words


@given(TEXTS)
def test_a_word_stands_where_it_says(text: str) -> None:
    end = 0
    for each in words_of(text):
        assert 0 <= each.start < each.end <= len(text)
        assert each.word
        assert each.end >= end
        end = each.end


@given(TEXTS)
def test_what_is_indexed_has_the_words_that_are_searched_for(text: str) -> None:
    for name in ("english", "none", "german"):
        language = query.language(name)
        indexed = {each.word for each in query.language("none").words(language.indexed(text).casefold())}
        assert {each.word for each in language.words(text)} <= indexed


# --- languages --------------------------------------------------------------------------------------------------------


def test_each_language_has_its_stems_and_stop_words() -> None:
    assert told("the meetings of a team") == ["meetings", "team"]
    assert told("die Sitzungen der Mannschaft", "german") == ["sitzung", "mannschaft"]
    assert told("für Häuser", "german") == ["haus"]
    assert told("les réunions de l'équipe", "french") == ["reunion", "equip"]
    assert told("the meetings", "none") == ["the", "meetings"]
    assert told("möten", "swedish") == ["mot"]
    assert query.language("english").key("meetings") == "meet"
    assert query.language("french").key("réunions") == "reunion"


def test_an_unknown_language_and_a_missing_stemmer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRef, match="no language 'germen' for search") as unknown:
        query.language("germen")
    assert unknown.value.hint.startswith("did you mean 'german'?")
    load: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "snowballstemmer":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled, match="search in danish needs the package snowballstemmer") as missing:
        query.language("danish")
    assert 'language = "none"' in missing.value.hint


# --- needs ------------------------------------------------------------------------------------------------------------


def test_a_need_is_words_between_quotes() -> None:
    need = query.read('the "soup" OR recipe* NEAR(x)', ENGLISH)
    assert need.match == '"soup" OR "recipe" OR "near" OR "x"'
    assert query.read("of the", ENGLISH).match == '"of" OR "the"'
    assert query.read("", ENGLISH).match == ""
    assert query.read("meet", ENGLISH, prefix=True).match == '"meet" OR "meet"*'
    assert query.read("meet ", ENGLISH, prefix=True).match == '"meet"'
    assert query.read("会", ENGLISH).match == '"会" OR "会"*'
    assert query.read("会議", ENGLISH).match == '"会議"'
    assert len(query.read(" ".join(f"w{at}" for at in range(100)), ENGLISH).words) == 64
    assert query.read("x" * 9_999 + " last", ENGLISH).typed == ("x" * 9_999,)


# --- snippets ---------------------------------------------------------------------------------------------------------


def shown(need: str, text: str, name: str = "english") -> tuple[str, list[str]]:
    language = query.language(name)
    snippet = cut(text, Marker(query.read(need, language), language).met(text))
    return snippet.text, [snippet.text[start:end] for start, end in snippet.marks]


def test_a_snippet_shows_where_the_words_stand_together() -> None:
    text = "Soup. " + "Something else. " * 30 + "A recipe\n\tfor   soups and stews. " + "More of it. " * 30
    line, marks = shown("recipe soup", text)
    assert marks == ["recipe", "soups"]
    assert "A recipe for soups and stews." in line
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) <= 170
    assert shown("soup", "Soup\nof the day") == ("Soup of the day", ["Soup"])
    assert shown("nothing", "  Soup \n of the day ") == ("Soup of the day", [])
    assert shown("会議", "今日の会議の議事録") == ("今日の会議の議事録", ["会議"])
    assert shown("会議録", "会議録") == ("会議録", ["会議録"])
    assert shown("会", "今日の会議")[1] == ["会議"]
    assert shown("resume", "Mon résumé") == ("Mon résumé", ["résumé"])
    assert shown("Sitzung", "Zwei Sitzungen", "german") == ("Zwei Sitzungen", ["Sitzungen"])
    assert shown("x", "x" * 400 + " x y")[1] == ["x"]
    assert shown("soup", "soup " + "x" * 500)[0].startswith("soup xx")


@given(st.text("soup recipe\n\té日本 .,", max_size=600), st.sampled_from(["soup", "recipe soup", "日本", "é"]))
def test_marks_are_words_of_the_need_on_one_line(text: str, need: str) -> None:
    line, marks = shown(need, text)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line) <= 200
    for mark in marks:
        assert any(shown(need, mark)[1])


def test_the_field_with_most_of_the_words_is_shown() -> None:
    marker = Marker(query.read("calm customer", ENGLISH), ENGLISH)
    document = query.Document(name="mail", title="calm", description="Calm a customer", body="customer")
    assert marker.shown(document)[0] == "description"
    assert marker.shown(query.Document(name="mail", title="calm"))[0] == "title"
    assert marker.shown(query.Document(name="x", description="About"))[1].text == "About"
    assert marker.shown(query.Document(name="x", body="About"))[0] == "body"
    nothing = Marker(query.Need((), ()), ENGLISH)
    assert nothing.shown(query.Document(name="x", body="About"))[1].marks == ()


# --- spelling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "known", "found"),
    [
        ("summrize", {"summar": 9, "sum": 99, "summit": 1}, "summar"),
        ("meetng", {"meet": 3, "mean": 9}, "meet"),
        ("sopu", {"soup": 1}, "soup"),
        ("recipie", {"recip": 2, "recipi": 1}, "recipi"),
        ("kubernets", {"user": 9, "cube": 9}, ""),
        ("soup", {}, ""),
        ("catt", {"cats": 1, "catz": 5}, "catz"),
    ],
)
def test_the_nearest_word_is_taken(typed: str, known: dict[str, int], found: str) -> None:
    assert spelling.nearest(typed, query.language("english").key(typed), known.items()) == found


def test_short_words_are_not_respelled() -> None:
    assert spelling.ranges("cat") == ()
    assert [low for low, _ in spelling.ranges("soup")] == ["s", "o"]
    assert [low for low, _ in spelling.ranges("oops")] == ["o"]


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distances_are_those_of_the_definition(one: str, other: str) -> None:
    def slowly(at: int, to: int) -> int:
        if not at or not to:
            return at + to
        costs = [slowly(at - 1, to) + 1, slowly(at, to - 1) + 1]
        costs.append(slowly(at - 1, to - 1) + (one[at - 1] != other[to - 1]))
        if at > 1 and to > 1 and one[at - 1] == other[to - 2] and one[at - 2] == other[to - 1]:
            costs.append(slowly(at - 2, to - 2) + 1)
        return min(costs)

    assert spelling.distance(one, other, 2) == min(3, slowly(len(one), len(other)))


# --- near-duplicates --------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=14).map(" ".join), max_size=14),
    st.sampled_from([0.2, 0.5, 0.55, 0.8, 1.0]),
)
def test_duplicates_are_those_that_comparing_all_with_all_finds(texts: list[str], threshold: float) -> None:
    named = [(f"n{at:02}", text) for at, text in enumerate(texts)]
    cut_up = Shingles()
    sets = [(name, cut_up.of(text)) for name, text in named]
    wanted = {
        (one, other, share)
        for at, (one, here) in enumerate(sets)
        for other, there in sets[at + 1 :]
        if (share := similarity(here, there)) >= threshold
    }
    found = query.duplicates(named, threshold)
    assert {(each.a, each.b, each.similarity) for each in found} == wanted
    assert list(found) == sorted(found, key=lambda each: (-each.similarity, each.a, each.b))
    assert query.duplicates(reversed(named), threshold) == found


def test_hits_are_a_frozen_sequence() -> None:
    hit = query.Hit(name="a", version=None, score=1.5, field="body", snippet=query.Snippet("soup", ((0, 4),)))
    hits = query.Hits((hit,), 3, (("sopu", "soup"),), ("soup",))
    assert (hits[0], hits[:1], len(hits), list(hits), str(hit.snippet)) == (hit, (hit,), 1, [hit], "soup")
    assert hits.to_dict() == {
        "hits": [
            {
                "name": "a",
                "kind": "prompt",
                "ref": None,
                "score": 1.5,
                "field": "body",
                "snippet": {"text": "soup", "marks": [[0, 4]]},
                "description": "",
                "tags": [],
                "older": 0,
            }
        ],
        "total": 3,
        "words": ["soup"],
        "spelled": {"sopu": "soup"},
    }
    assert query.Duplicate("a", "b", 1.0).to_dict() == {"a": "a", "b": "b", "similarity": 1.0}


def test_what_a_hit_shows_is_made_once_and_when_it_is_looked_at() -> None:
    hit = query.Hit(name="a", version=None, score=1.5, field="body", snippet=query.Snippet("soup", ((0, 4),)))
    made: list[str] = []

    def make() -> tuple[query.Hit, ...]:
        made.append("made")
        return (hit,)

    hits = query.Hits(query.Later(1, make), 3)
    assert (len(hits), hits.total, made) == (1, 3, [])
    assert (hits[0], hits[:1], list(hits)) == (hit, (hit,), [hit])
    assert made == ["made"]
    plain = query.Hits((hit,), 3)
    assert hits == plain
    assert plain == hits
    assert hits == query.Hits(query.Later(1, lambda: (hit,)), 3)
    assert hash(hits) == hash(plain)
    assert repr(hits) == repr(plain)
    assert pickle.loads(pickle.dumps(hits)) == plain  # noqa: S301 - our own bytes


def test_a_file_that_is_no_prompt_is_its_text() -> None:
    assert query.body_of(b"---\nopen: for ever\n") == "---\nopen: for ever\n"
    assert query.body_of(b"\xff soup") == "\ufffd soup"
    assert query.body_of(b"---\n---\nsystem:\nBe brief.\nuser:\n") == "\nBe brief.\n\n"


def test_stems() -> None:
    words = {"conflated": "conflat", "hopping": "hop", "falling": "fall", "filing": "file", "happy": "happi"}
    words |= {"relational": "relat", "agreed": "agre", "feed": "feed", "controll": "control", "sky": "sky", "is": "is"}
    assert {word: stem(word) for word in words} == words
    long = "y" * 62 + "ing"  # SQLite leaves what has more than 64 bytes
    assert stem(long) == long


def test_what_is_particular_to_a_text_is_rare_elsewhere() -> None:
    counts = {"soup": 1, "recip": 90}
    need = query.whole(["A recipe for soup, soup, and unknowns."], ENGLISH)

    def known(ranges: Any) -> list[tuple[str, int]]:
        return [(word, counts[word]) for low, _ in ranges for word in counts if word == low]

    assert need.particular(ENGLISH, known, 100).words == ("soup", "recipe")


def test_the_piece_that_is_shown_has_most_of_the_words() -> None:
    text = "soup soup " + "x " * 100 + "soup recipe " + "y " * 100 + "recipe"
    assert shown("soup recipe", text)[1] == ["soup", "recipe"]
    language = query.language("english")
    marker = Marker(query.read("soup", language), language)
    many = " ".join(f"so{at}" for at in range(10_100))
    assert [many_met.word for many_met in marker.met(f"{many} soup")] == ["soup"]


def test_only_near_pairs_are_duplicates() -> None:
    one = "one two three four five six seven eight nine ten"
    assert query.duplicates([("a", one), ("b", f"{one} eleven twelve"), ("c", "one two three four five")], 0.7) == (
        query.Duplicate("a", "b", 0.75),
    )
    assert query.duplicates([("a", ""), ("b", "")]) == ()
    # Rare sequences that both have make candidates, which their sizes and then the whole texts part.
    words = [f"w{at}" for at in range(10)]
    other = [*words[:5], *(f"z{at}" for at in range(5))]
    texts = {"a": words, "b": words[1:], "c": words[:5], "d": other, "e": other[1:]}
    found = query.duplicates([(name, " ".join(text)) for name, text in texts.items()], 0.2)
    assert [(each.a, each.b) for each in found] == [("a", "b"), ("d", "e")]
