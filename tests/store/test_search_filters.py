"""Filters, versions, homes and moments of a search, held against a loop over the store's own answers."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Chain, Prompt, Store, step, system, user
from promptlib._git import Author
from promptlib._index import fulltext
from promptlib.errors import BadRef, NotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.query import Hits


class Ticket(BaseModel):
    """What some prompts ask for."""

    ticket: str


class Numbered(BaseModel):
    """What others ask for."""

    ticket: int
    tone: str = "calm"


WORDS = ("meeting", "soup", "notes", "recipe", "summary")
PEOPLE = (Author("Ada Writer", "ada@example.org"), Author("Béa Óg", "bea@example.com"))


def some_prompt(chance: Random) -> Prompt[Any]:
    """Return a prompt of a few words, with or without inputs and tags."""
    text = " ".join(chance.choices(WORDS, k=3))
    tags = tuple(sorted({*chance.choices(["work", 'a "quoted" tag', "äö"], k=chance.randint(0, 2))}))
    kind = chance.randrange(3)
    if kind == 0:
        return Prompt.define(system(text), tags=tags)
    model = Ticket if kind == 1 else Numbered
    rest = "{{ ticket }}" if kind == 1 else "{{ ticket }} {{ tone }}"
    return Prompt.define(model, system(text), user(rest), tags=tags)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with 60 versions of 20 names by two people, some labelled and some gone."""
    chance = Random(5)
    with Store.init(tmp_path_factory.mktemp("filters") / "prompts.git", bare=True) as store:
        for at in range(60):
            store.save(f"team-{at % 4}/p{at % 20}", some_prompt(chance), author=chance.choice(PEOPLE), message=f"m{at}")
            if at % 7 == 0:
                store.label(f"team-{at % 4}/p{at % 20}", "production", "latest")
        store.delete("team-1/p1")
        yield store


def texts(store: Store, ref: str) -> str:
    return store.file(ref).decode().partition("\n---\n")[2]


def reference(store: Store, word: str, **wanted: Any) -> set[tuple[str, int | None]]:
    """Return what a loop over all that the store tells finds: names with the numbers of the versions."""
    found = set()
    for name in store.names():
        for version in store.history(name)[-1:]:
            prompt = store.load(version.ref)
            inputs = {form for each in prompt.inputs for form in (each.name, f"{each.name}:{each.type.kind}")}
            fits = (
                word in texts(store, version.ref),
                set(wanted.get("tags", ())) <= set(prompt.tags),
                set(wanted.get("inputs", ())) <= inputs,
                wanted.get("author", "").casefold() in f"{version.author} <{version.email}>".casefold(),
                version.time >= wanted.get("changed_since", datetime.min.replace(tzinfo=UTC)),
            )
            if all(fits):
                found.add((name, version.number))
    return found


def found_in(hits: Hits) -> set[tuple[str, int | None]]:
    return {(hit.name, hit.version.number if hit.version else None) for hit in hits}


@pytest.mark.parametrize("seed", range(40))
def test_filters_leave_what_a_loop_leaves(shelf: Store, seed: int) -> None:
    chance = Random(seed)
    word = chance.choice(WORDS)
    now = shelf.history("team-0/p0")[-1].time
    choices: list[dict[str, Any]] = [
        {"tags": [chance.choice(["work", 'a "quoted" tag', "äö", "none"])]},
        {"inputs": [chance.choice(["ticket", "ticket:string", "ticket:integer", "tone", "ticket:none"])]},
        {"author": chance.choice(["ada", "BÉA", "example.com", "Writer <ada", "nobody"])},
        {"changed_since": now + timedelta(seconds=chance.randint(-2, 2))},
    ]
    wanted: dict[str, Any] = {}
    for each in chance.sample(choices, k=chance.randint(0, 3)):
        wanted |= each
    hits = shelf.search(word, limit=100, **wanted)
    assert found_in(hits) == reference(shelf, word, **wanted)
    assert hits.total == len(hits)
    # Fewer are the best of the same.
    assert shelf.search(word, limit=3, **wanted).hits == hits.hits[:3]
    assert shelf.search(word, limit=3, **wanted).total == hits.total


def test_a_label_finds_the_labelled_text(shelf: Store) -> None:
    for word in WORDS:
        carrying = {
            (name, version.number)
            for name in shelf.names()
            if (version := shelf.labels(name).get("production")) and word in texts(shelf, f"{name}@production")
        }
        assert found_in(shelf.search(word, label="production", limit=100)) == carrying
    assert shelf.search("soup", label="staging").total == 0


def test_older_versions_are_counted_and_searched(shelf: Store) -> None:
    for word in WORDS:
        current = shelf.search(word, limit=100)
        for hit in current:
            assert hit.version is not None
            older = [each for each in shelf.history(hit.name)[:-1] if word in texts(shelf, each.ref)]
            assert hit.older == len(older), hit.name
        every = {hit.name for hit in shelf.search(word, versions="all", limit=100)}
        gone = [each for each in shelf.history("team-1/p1") if word in texts(shelf, each.ref)]
        names = {name for name in shelf.names() if any(word in texts(shelf, each.ref) for each in shelf.history(name))}
        assert every == names | ({"team-1/p1"} if gone else set())


def test_an_earlier_moment_finds_what_was_there(shelf: Store) -> None:
    for number in (1, 2):
        when = shelf.history("team-2/p10")[number - 1]
        then = shelf.at(when)
        for word in WORDS:
            wanted = {
                (name, then.version(name).number)
                for name in then.names()
                if word in then.file(then.version(name).ref).decode().partition("\n---\n")[2]
            }
            assert found_in(then.search(word, limit=100)) == wanted
        assert then.related("team-0/p0").total >= 0
    assert found_in(shelf.search("soup", limit=100)) == reference(shelf, "soup")


def test_a_folder_and_a_bundle_find_the_same_without_versions(shelf: Store, tmp_path: Path) -> None:
    shelf.export_bundle(tmp_path / "all.bundle")
    folder = tmp_path / "plain" / "prompts"
    for name in shelf.names():
        path = folder / f"{name}.prompty"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shelf.file(name))
    for home in (tmp_path / "all.bundle", tmp_path / "plain"):
        with Store(home) as store:
            filters: tuple[dict[str, Any], ...] = ({}, {"tags": ["work"]}, {"inputs": ["ticket:string"]})
            for wanted in filters:
                there = {hit.name for hit in store.search("soup", limit=100, **wanted)}
                assert there == {hit.name for hit in shelf.search("soup", limit=100, **wanted)}
            assert all(hit.version is None for hit in store.search("soup"))
            assert store.search("sopu").spelled == (("sopu", "soup"),)
            assert len(store.related("team-0/p0")) > 0
            with pytest.raises(NotFound, match="who made a prompt and when is not known here"):
                store.search("soup", author="ada")


def test_a_folder_is_searched_by_label_and_a_file_that_is_no_prompt_by_its_text(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    with Store.init(tmp_path / "store.git", bare=True) as made:
        for name in ("one", "two"):
            made.save(name, Prompt(messages=(user("Soup.", literal=True),)))
        made.label("one", "live", "v1")
        made.export_bundle(tmp_path / "all.bundle")
    with Store(tmp_path / "all.bundle") as bundle:
        assert [hit.name for hit in bundle.search("soup", label="live")] == ["one"]
        assert bundle.state() == bundle.state()
    prompts.mkdir()
    (prompts / "broken.prompty").write_text("---\nunclosed soup\n")
    with Store(tmp_path) as folder:
        assert [hit.name for hit in folder.search("soup")] == ["broken"]


def test_a_folder_has_another_state_when_a_file_below_it_is_another(tmp_path: Path) -> None:
    place = tmp_path / "prompts/deep/one.prompty"
    place.parent.mkdir(parents=True)
    place.write_text("user:\nHi\n")
    with Store(tmp_path) as store:
        before = store.state()
        assert store.state() == before
        place.write_text("user:\nHello\n")
        assert store.state() != before


def test_what_cannot_be_asked_is_told(shelf: Store) -> None:
    with pytest.raises(BadRef, match="versions='new' is neither 'current' nor 'all'"):
        shelf.search("soup", versions="new")  # type: ignore[arg-type] # mypy sees it too
    with pytest.raises(BadRef, match="changed_since has no zone"):
        shelf.search("soup", changed_since=datetime(2026, 5, 3))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(BadRef, match="a threshold is a share above 0 and up to 1, not 2"):
        shelf.duplicates(2)
    with pytest.raises(BadRef):
        shelf.search("soup", label="Not A Label")


def test_one_save_changes_three_rows_of_full_text_and_nothing_else(shelf: Store) -> None:
    history = shelf._history
    assert history is not None
    shelf.search("soup")
    shelf.save("team-0/p0", Prompt.define(system("soup of the day")))
    shelf.history("team-0/p0")  # the graph follows, and the file is described
    done: list[str] = []
    database = history.index.session._database  # type: ignore[attr-defined] # the connection itself is watched
    database.connection.set_trace_callback(done.append)
    before = database.connection.total_changes
    assert "team-0/p0" in {hit.name for hit in shelf.search("soup", limit=100)}
    database.connection.set_trace_callback(None)
    ours = [each for each in done if each.startswith(("INSERT", "DELETE", "UPDATE", "REPLACE"))]
    words = [each for each in ours if "text_now" in each or "text_before" in each]
    assert len(words) == 3, words
    assert len(ours) <= 9, ours
    # SQLite counts the rows behind the full text too: pieces of it, never the whole.
    assert database.connection.total_changes - before < 40
    done.clear()
    database.connection.set_trace_callback(done.append)
    shelf.search("soup", limit=100)
    database.connection.set_trace_callback(None)
    assert not [each for each in done if each.startswith(("INSERT", "DELETE", "UPDATE", "CREATE"))]


def test_lost_and_changed_rows_are_made_again(shelf: Store) -> None:
    history = shelf._history
    assert history is not None
    sound = shelf.search("soup", limit=100)
    path = history.index_file
    for harm in (
        "DELETE FROM text_now_docsize WHERE id IN (SELECT id FROM text_now_docsize LIMIT 1)",
        "DELETE FROM text_now_data WHERE id>10",
        "UPDATE text_now_data SET block=x'00' WHERE id=10",
        "UPDATE text_now_data SET block=7 WHERE id=10",
        "DELETE FROM descriptions WHERE blob NOT IN (SELECT e.blob FROM events e JOIN names n ON n.current=e.id)",
        "DELETE FROM searched",
        "UPDATE searched SET events=events-1",
        "UPDATE events SET name='team-9/other' WHERE id=(SELECT current FROM names LIMIT 1)",
        "UPDATE descriptions SET tags='[\"work\"]' WHERE tags=''",
    ):
        shelf.close()
        with sqlite3.connect(path) as connection:
            connection.execute(harm)
        connection.close()
        assert shelf.search("soup", limit=100) == sound, harm


def test_without_fts5_only_search_is_missing(shelf: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulltext, "_HAS_FTS5", "SELECT 0")
    with Store.init(tmp_path / "other.git", bare=True) as store:
        store.save("a", Prompt.define(system("soup")))
        assert store.names() == ("a",)
        with pytest.raises(StoreError, match="search needs SQLite's full text, FTS5") as told:
            store.search("soup")
        assert "use a Python whose sqlite3 has it" in told.value.hint
        assert store.history("a")[0].number == 1


def test_a_chain_is_found_by_its_steps(tmp_path: Path) -> None:
    with Store.init(tmp_path / "chains.git", bare=True) as store:
        store.save("mail/digest", Prompt.define(Ticket, user("Shorten {{ ticket }}")))
        condense = step("condense", store.load("mail/digest"), ticket="ticket")
        store.save("flow", Chain.define(Ticket, condense, description="Short tickets"))
        found = {
            need: [(hit.name, hit.kind, hit.field) for hit in store.search(need)] for need in ("condense", "short")
        }
        assert found["condense"] == [("flow", "chain", "body")]
        assert found["short"] == [("flow", "chain", "description")]
        assert ("flow", "chain", "body") in [(hit.name, hit.kind, hit.field) for hit in store.search("digest")]
