"""Whatever is typed is words to look for: no operator is obeyed, no error comes of it, and none of it is SQL."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, Store, query, user
from promptlib.query.words import is_unspaced, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = {
    "notes/meeting": "Turn the notes of a meeting into a list of decisions. NEAR AND OR NOT",
    "cook/soup": "Write a recipe for soup; body column name title message tags inputs.",
    "east/japanese": "会議の議事録を要約してください。日本語で。",
    "east/chinese": "请把会议记录总结成决定",
    "south/thai": "สรุปการประชุมเป็นข้อๆ",
    "south/hindi": "बैठक के नोट्स को निर्णयों में बदलें",
    "north/accents": "Résumé naïve façade Straße ÅNGSTRÖM",
    "right/arabic": "لخص محاضر الاجتماع",
    "emoji": "Rocket 🚀 launch 👩‍🚀 notes",
}
HOSTILE = [
    *('"', '""', '"meeting', 'meeting"', '"meeting notes"', "'", "'; DROP TABLE text_now; --", '" OR 1=1 --'),
    *("`meeting`", "meeting AND soup", "meeting OR soup", "meeting NOT soup", "NOT", "AND", "OR", "AND OR NOT", "NEAR"),
    *("meeting NEAR/2 notes", "NEAR(meeting notes)", "NEAR(meeting notes, 5)", "NEAR((", "meeting*", "*", "* *", "^"),
    *(
        "^meeting",
        "-meeting",
        "-",
        "--",
        "+meeting",
        "meeting + notes",
        "name:meeting",
        "body : soup",
        "- {body} : soup",
    ),
    *("{body title} : soup", ":", "::", "text_now", "text_now:soup", "rank", "rank MATCH 'bm25(10)'", "(", ")", "()"),
    *("((((meeting", "meeting))))", "(meeting) (notes)", "{", "}", "[meeting]", "meeting\x00notes", "\x00"),
    *("\x00\x00meeting", "%", "_", "meet%", "a_b", "\\", '\\"meeting', "/", "//", "?", "?1", "@v1", "meeting;notes"),
    *("meeting,notes", "meeting\nnotes\r\n", "\t", " ", "", "\u200b", "\u202emeeting", "\ufeffmeeting"),
    *("meeting\u0301", "\ud800", "\udfff meeting", "🚀", "👩‍🚀", "é", "e\u0301", "ﬁle", "①", "½", "ß", "İstanbul"),
    *("会議", "会", "議事録", "会议记录", "ประชุม", "बैठक", "الاجتماع", "한국어", "the", "of the and", "x" * 10_000),
    *("meeting " * 5_000, '"' * 100_000, "a b " * 250_000, "(" * 1_000, "meeting OR " * 1_000, "NEAR(" * 500),
    *("fts5vocab", "SELECT * FROM names", "1", "0x10", "1e400", "-1", "..", "../.."),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.init(tmp_path_factory.mktemp("hostile") / "prompts.git", bare=True) as store:
        for name, text in TEXTS.items():
            store.save(name, Prompt(messages=(user(text, literal=True),)))
        yield store


def plain(text: str) -> list[str]:
    """Return the words of *text* as the need has them, by a way of its own: what they are is asked of Python alone."""
    return [typed for typed in query.read(text, query.language("english")).typed if typed]


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{at}" for at in range(len(HOSTILE))])
def test_what_is_typed_is_only_words(shelf: Store, text: str) -> None:
    found = shelf.search(text, limit=50)
    # A need of the same words with nothing between them but blanks finds the same, in the same order.
    # A last word that nothing stands behind may be the beginning of one, and characters stand in pairs without blanks.
    words = plain(text)
    apart = not any(map(is_unspaced, words))
    ends = [each.end for each in words_of(text[:10_000])]
    end = "" if ends[-1:] == [len(text[:10_000])] else "."
    again = shelf.search(text if not apart else " ".join(words) + end, limit=50)
    assert [(hit.name, hit.score) for hit in found] == [(hit.name, hit.score) for hit in again]
    assert bool(found.words) == any(char.isalnum() for char in text[:10_000])
    assert found.total or not found.hits
    for versions in ("current", "all"):
        assert shelf.search(text, versions=versions, tags=[text[:50]], inputs=[text[:50]], author=text[:50]).total == 0


def test_a_word_finds_what_plain_full_text_finds_for_it(shelf: Store) -> None:
    """Operators would leave some out, or let others in: each need finds just the union of its words."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(name, body, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO t VALUES (?, ?)", TEXTS.items())
    language = query.language("english")
    for text in HOSTILE:
        if not text.isascii():
            continue
        words = [each.word for each in language.words(text[:10_000])]
        wanted = {
            name
            for word in words[:64]
            for (name,) in connection.execute("SELECT name FROM t WHERE t MATCH ?", (f'"{word}"',))
        }
        found = shelf.search(text, limit=50)
        # Where no word is met the last one is taken for the beginning of one, or respelled.
        assert {hit.name for hit in found} == wanted or not wanted, text[:80]
    connection.close()


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters() | st.sampled_from('"*^-+:(){}[]\x00 ' + "meetingsoup"), max_size=60))
def test_no_text_is_more_than_its_words(shelf: Store, text: str) -> None:
    found = shelf.search(text, prefix=True)
    need = query.read(text, query.language("english"), prefix=True)
    assert set(need.match) <= set('"* OR').union(*need.words)
    assert all(len(list(words_of(word))) >= 1 for word in need.words)
    assert found.total >= len(found)


@pytest.mark.parametrize(
    ("need", "name"),
    [
        *(("会議", "east/japanese"), ("議", "east/japanese"), ("日本", "east/japanese"), ("会议记录", "east/chinese")),
        *(("定", "east/chinese"), ("ประชุม", "south/thai"), ("बैठक", "south/hindi"), ("निर्णयों", "south/hindi")),
        *(("resume", "north/accents"), ("RÉSUMÉ", "north/accents"), ("strasse", "north/accents")),
        *(
            ("ångström", "north/accents"),
            ("الاجتماع", "right/arabic"),
            ("rocket", "emoji"),
            ("MEETINGS", "notes/meeting"),
        ),
    ],
)
def test_every_script_is_found(shelf: Store, need: str, name: str) -> None:
    hit = shelf.search(need)[0]
    assert hit.name == name
    assert hit.snippet.marks
