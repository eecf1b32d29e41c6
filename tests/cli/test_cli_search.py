"""`promptlib search`: what people see, what a pipe gets, and what is said where nothing is found."""

from __future__ import annotations

from typing import Any

import pytest

from promptlib import Prompt, Store, system, user
from promptlib.cli import search


def prompt(text: str, description: str = "", *tags: str) -> Prompt[Any]:
    """Return a prompt of one literal message."""
    return Prompt(messages=(user(text, literal=True),), description=description, tags=tags)


@pytest.fixture
def shelf(bare: Any) -> Any:
    """Return a shell in a store of a few prompts."""
    with Store(bare.folder) as store:
        store.save("notes/meeting", prompt("List each decision of the meeting.", "Minutes into decisions", "work"))
        store.save(
            "notes/meeting",
            prompt("List each decision of the meeting, and who made it.", "Minutes into decisions", "work"),
        )
        store.label("notes/meeting", "production", "v1")
        store.save("cook/soup", prompt("Write a recipe for soup.\x1b[31m"))
        store.save("cook/gone", prompt("A recipe for stew."))
        store.delete("cook/gone")
    return bare


def test_a_pipe_gets_names(shelf: Any) -> None:
    ended = shelf("search", "who", "decided", "in", "the", "meeting")
    assert (ended.code, ended.out, ended.err) == (0, "notes/meeting\n", "")


def test_words_that_are_nowhere_are_respelled_and_told(shelf: Any) -> None:
    ended = shelf("search", "a recipie")
    assert (ended.code, ended.out) == (0, "cook/soup\n")
    assert ended.err == "nothing has recipie: searched for recipe\n"


def test_nothing_found_ends_with_1_and_says_what_to_try(shelf: Any) -> None:
    for words, said in (
        (["xqzzt"], "nothing found: no prompt has any of xqzzt\n"),
        (["meeting", "--tag", "play"], "nothing found, but 1 matches without --tag play\n"),
        (
            ["meeting", "--tag", "play", "--author", "zoe"],
            "nothing found, but 1 matches without --tag play --author zoe\n",
        ),
        (["stew"], "nothing found, but 1 matches in older versions: --all\n"),
        (["—"], "nothing found: there is no word to search for\n"),
        ([""], "nothing found: there is no word to search for\n"),
    ):
        ended = shelf("search", *words)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(said), words
    assert shelf("search", "stew", "--all").out == "cook/gone\n"
    assert shelf("search", "xqzzt", "--json").code == 1


def test_what_cannot_be_asked_is_a_matter_of_the_command_line(shelf: Any) -> None:
    for words, said in (
        ([], "say what you need, or give one of --related REF and --duplicates"),
        (["soup", "--duplicates"], "say what you need, or give one of"),
        (["soup", "--since", "noon"], "'noon' is no time"),
        (["soup", "--since", "2026-05-03"], "has no zone: write 2026-05-03T00:00:00Z for UTC"),
        (["soup", "-n", "0"], "greater than or equal to 1"),
    ):
        ended = shelf("search", *words)
        assert ended.code == 2, words
        assert said in " ".join(ended.err.replace("│", "").split()), ended.err
    assert shelf("search", "--related", "nobody").code == 3


def test_a_document_tells_the_hits_whole(shelf: Any) -> None:
    told = shelf("search", "meeting decisions", "--json").json
    hit = told["hits"][0]
    assert (told["kind"], told["total"], told["words"], told["spelled"]) == ("search", 1, ["meeting", "decisions"], {})
    assert (hit["name"], hit["older"], hit["field"], hit["kind"]) == ("notes/meeting", 1, "body", "prompt")
    assert hit["version"]["number"] == 2
    assert [hit["snippet"]["text"][start:end] for start, end in hit["snippet"]["marks"]] == ["decision", "meeting"]
    labelled = shelf("search", "meeting", "--label", "production", "--json").json
    assert [each["version"]["number"] for each in labelled["hits"]] == [1]
    assert shelf("search", "soup", "--at", "main", "--json").json["at"]
    related = shelf("search", "--related", "cook/soup", "--json")
    assert (related.code, related.json["related"], related.json["hits"]) == (1, "cook/soup", [])


def test_duplicates_are_told_with_their_share(shelf: Any) -> None:
    assert shelf("search", "--duplicates").err == "no two prompts say almost the same\n"
    with Store(shelf.folder) as store:
        store.save("copy", Prompt.define(system("List each decision of the meeting, and who made it.")))
    assert shelf.ok("search", "--duplicates") == "100 %  copy  notes/meeting\n"
    told = shelf("search", "--duplicates", "--json").json
    assert told["duplicates"] == [{"a": "copy", "b": "notes/meeting", "similarity": 1.0}]


def test_people_see_where_the_words_stand(shelf: Any) -> None:
    with Store(shelf.folder) as store:
        rows = list(search.rows(store.search("meeting recipes", limit=1)))
    text = ["".join(part for part, _ in row) for row in rows]
    assert text[0] in {"notes/meeting v2  and 1 older version", "cook/soup v1"}
    assert text[-1] == "the best 1 of 2: -n shows more"
    marked = [part for row in rows for part, style in row if style == "bold green"]
    assert marked in (["meeting"], ["recipe"])
