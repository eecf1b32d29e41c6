"""The shelf in order: what is counted and chosen is what the files say, whichever home they lie in."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Chain, Image, Prompt, Store, step, user
from promptlib._index import says_more
from promptlib.store.shelving import passes, sieve_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.store import Entry, Facets, View
    from promptlib.store.shelving import Chosen


class Ticket(BaseModel):
    ticket: str
    times: int = 1


class Picture(BaseModel):
    picture: Image


def fill(store: Store) -> None:
    with store.transaction("Fill the shelf") as tx:
        triage = Prompt.define(
            Ticket, user("{{ ticket }} {{ times }}"), description="Sorts tickets", tags=["mail", "b"]
        )
        tx.save("support/triage", triage)
        tx.save("support/look", Prompt.define(Picture, user("{{ picture }}"), description="Look.", tags=["mail"]))
        tx.save("plain", Prompt.define(user("Hi"), tags=["ü\u2028", "b"]))
    store.label("plain", "production", "v1")


def repository(path: Path) -> Path:
    path.mkdir()
    for words in (["init", "-q"], ["config", "user.name", "Uma"], ["config", "user.email", "uma@example.org"]):
        subprocess.run(["git", *words], cwd=path, check=True)
    return path


@pytest.fixture(params=["bare", "application", "folder", "bundle"])
def shelf(request: Any, tmp_path: Path) -> Iterator[Store]:
    """The same three prompts in each kind of home."""
    if request.param == "application":
        store = Store.init(repository(tmp_path / "app"))
    else:
        store = Store.init(tmp_path / "store.git", bare=True)
    fill(store)
    if request.param == "folder":
        with Store.init(repository(tmp_path / "copied")) as other:
            fill(other)
        subprocess.run(["rm", "-rf", tmp_path / "copied/.git"], check=True)
        store.close()
        store = Store.open(tmp_path / "copied")
    if request.param == "bundle":
        store.export_bundle(tmp_path / "all.bundle")
        store.close()
        store = Store.open(tmp_path / "all.bundle")
    with store:
        yield store


def test_facets_are_counted_in_every_home(shelf: Store) -> None:
    facets = shelf.facets()
    assert (facets.total, facets.tags) == (3, {"b": 2, "mail": 2, "ü\u2028": 1})
    assert facets.inputs == {"picture": 1, "ticket": 1, "times": 1}
    assert facets.types == {"image": 1, "integer": 1, "string": 1}
    assert (facets.labels, facets.kinds) == ({"production": 1}, {"prompt": 3})
    assert (facets.folders, facets.described) == ({"support": 2, "": 1}, {False: 2, True: 1})
    assert sum(facets.authors.values()) in (0, 3)
    assert shelf.tags() == facets.tags


CHOSEN: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["plain", "support/look", "support/triage"]),
    ({"prefix": "support/t"}, ["support/triage"]),
    ({"folder": "support"}, ["support/look", "support/triage"]),
    ({"folder": "supp"}, []),
    ({"tags": ["mail", "b"]}, ["support/triage"]),
    ({"tags": "mail"}, ["support/look", "support/triage"]),
    ({"tags": ["ü\u2028"]}, ["plain"]),
    ({"tags": ["unknown"]}, []),
    ({"inputs": ["ticket"]}, ["support/triage"]),
    ({"inputs": ["ticket:string", "times"]}, ["support/triage"]),
    ({"inputs": ["ticket:image"]}, []),
    ({"inputs": [":image"]}, ["support/look"]),
    ({"inputs": ["tick"]}, []),
    ({"label": "production"}, ["plain"]),
    ({"label": "none"}, []),
    ({"kind": "prompt", "described": False}, ["plain", "support/look"]),
    ({"kind": "chain"}, []),
    ({"described": True}, ["support/triage"]),
    ({"author": "Nobody"}, []),
]


def test_what_is_chosen_is_the_same_in_every_home(shelf: Store) -> None:
    for chosen, names in CHOSEN:
        assert [each.name for each in shelf.entries(**chosen)] == names, chosen
        assert shelf.facets(**chosen).total == len(names), chosen


def test_an_unknown_word_to_choose_by_is_an_error(shelf: Store) -> None:
    with pytest.raises(TypeError, match="colour"):
        shelf.entries(colour="red")  # type: ignore[call-arg] # the wrong word on purpose


def test_an_entry_tells_what_the_file_says(shelf: Store) -> None:
    triage = shelf.entries("support/t")[0]
    assert (triage.kind, triage.folder, triage.description) == ("prompt", "support", "Sorts tickets")
    assert triage.inputs == (("ticket", "string"), ("times", "integer"))
    assert triage.digest == shelf.load("support/triage").digest
    assert shelf.token_counts([triage]) == {"support/triage": 6}
    assert shelf.token_counts([triage]) == {"support/triage": 6}
    (plain,) = shelf.entries("plain")
    assert (plain.labels, plain.described, plain.author == "") == (("production",), False, plain.version is None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A bare store with three prompts."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        fill(found)
        yield found


def test_what_stood_earlier_is_counted_as_it_was(store: Store) -> None:
    then = store.at(store.version("plain").commit)
    before = then.facets()
    store.save("plain", store.load("plain").evolve(tags=["new"], description="Says hello"))
    store.delete("support/look")
    store.label("plain", "production", None)
    assert then.facets() == before
    assert [each.name for each in then.entries(tags=["b"])] == ["plain", "support/triage"]
    assert store.tags() == {"b": 1, "mail": 1, "new": 1}
    assert store.facets().labels == {}


def test_a_version_is_told_with_its_labels_and_number(store: Store) -> None:
    store.save("plain", store.load("plain").evolve(description="Says hello"))
    (entry,) = store.entries("plain")
    assert entry.version == store.version("plain")
    assert (entry.labels, entry.version.number if entry.version else 0) == (("production",), 2)


def test_authors_are_those_of_the_newest_versions(tmp_path: Path) -> None:
    with Store.init(repository(tmp_path / "app")) as store:
        fill(store)
        assert store.facets().authors == {"Uma": 3}
        assert store.facets(author="Uma", tags=["mail"]).total == 2


def test_an_edited_file_is_told_as_it_is_on_disk(tmp_path: Path) -> None:
    with Store.init(repository(tmp_path / "app")) as store:
        fill(store)
        root = tmp_path / "app/prompts"
        (root / "plain.prompty").write_text("---\ndescription: Better\nmetadata:\n  tags: [edited]\n---\nuser:\nHo\n")
        (root / "new.prompty").write_text("user:\nNew\n")
        (root / "broken.prompty").write_text("---\n")
        (root / "support/look.prompty").unlink()
        facets = store.facets()
        assert (facets.total, facets.tags) == (4, {"b": 1, "edited": 1, "mail": 1})
        assert facets.kinds == {"prompt": 3}
        entries = {each.name: each for each in store.entries()}
        assert tuple(entries) == store.names()
        assert entries["plain"].version is not None
        assert (entries["new"].version, entries["broken"].described) == (None, False)
        assert "never closed" in entries["broken"].problem
        assert [each.name for each in store.entries(tags=["edited"])] == ["plain"]
        assert "broken" not in store.token_counts(store.entries())


def test_what_a_sparse_checkout_leaves_out_is_not_there(tmp_path: Path) -> None:
    with Store.init(repository(tmp_path / "app")) as store:
        fill(store)
        for words in (["init", "--no-cone"], ["set", "--no-cone", "/*", "!/prompts/support"]):
            subprocess.run(["git", "sparse-checkout", *words], cwd=tmp_path / "app", check=True, capture_output=True)
        assert [each.name for each in store.entries()] == list(store.names()) == ["plain"]
        assert store.facets().total == 1


def test_without_git_at_hand_the_files_on_disk_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.init(repository(tmp_path / "app")) as store:
        fill(store)
    (tmp_path / "app/.git/promptlib/index.sqlite").unlink(missing_ok=True)
    monkeypatch.setenv("PATH", "/nowhere")
    with Store.open(tmp_path / "app") as store:
        assert store.tags() == {"b": 2, "mail": 2, "ü\u2028": 1}
        assert [each.version for each in store.entries("plain")] == [None]


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    with Store.init(repository(tmp_path / "app")) as store:
        fill(store)
        place = tmp_path / "app/prompts/plain.prompty"
        place.unlink()
        place.symlink_to(tmp_path)
        (entry,) = store.entries("plain")
        assert "link" in entry.problem


def test_what_is_no_label_and_what_has_gone_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "prompts/.labels").mkdir(parents=True)
    (tmp_path / "prompts/.labels/note.txt").write_text("no label")
    (tmp_path / "prompts/a.prompty").write_text("user:\nHi\n")
    with Store.open(tmp_path) as store:
        entries = store.entries()
        assert store.facets().labels == {}
        (tmp_path / "prompts/a.prompty").unlink()
        assert store.token_counts(entries) == {}


def test_before_the_first_commit_files_are_read(tmp_path: Path) -> None:
    app = repository(tmp_path / "app")
    (app / "prompts").mkdir()
    (app / "prompts/new.prompty").write_text("---\nmetadata:\n  tags: [a]\n---\nuser:\nNew\n")
    with Store.open(app) as store:
        assert store.tags() == {"a": 1}
        assert [(each.name, each.version) for each in store.entries()] == [("new", None)]


def test_a_prompt_of_another_store_is_told_under_its_full_name(tmp_path: Path) -> None:
    with Store.init(tmp_path / "shared.git", bare=True) as shared:
        fill(shared)
    app = repository(tmp_path / "app")
    (app / "pyproject.toml").write_text('[tool.promptlib.stores]\nshared = "../shared.git"\n')
    with Store.init(app) as store:
        assert [each.name for each in store.entries("shared:pl")] == ["shared:plain"]
        assert store.facets("shared:").total == 3
        assert store.token_counts(store.entries("shared:pl")) == {"shared:plain": 1}


def test_no_file_is_opened_where_there_is_an_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.facets()
    store.token_counts(store.entries())

    def read(*_: object, **__: object) -> bytes:
        raise AssertionError("a file is read")

    repository = type(store._repository)
    for name in ("read", "read_many", "blob_at"):
        monkeypatch.setattr(repository, name, read)
    assert store.facets(tags=["mail"]).total == 2
    assert len(store.entries()) == 3
    assert len(store.token_counts(store.entries())) == 3


def test_a_row_that_is_lost_or_changed_is_missed_and_made_again(store: Store) -> None:
    wanted, entries = store.facets(), store.entries()
    file = store.path / "promptlib/index.sqlite"
    for damage in (
        "UPDATE descriptions SET words='[1]'",
        "UPDATE descriptions SET weight=weight+1",
        "UPDATE descriptions SET weight=NULL",
        "DELETE FROM descriptions",
        "DELETE FROM words WHERE id=1",
        "UPDATE words SET value=value || 'x'",
        "DELETE FROM names WHERE name='plain'",
        "UPDATE names SET current=1",
        "UPDATE events SET name='other' WHERE id=1",
        "DELETE FROM labels",
        "UPDATE descriptions SET tags='[]'",
    ):
        store.close()
        connection = sqlite3.connect(file)
        connection.execute(damage)
        connection.commit()
        connection.close()
        assert store.facets(tags=["mail"]).total == 2, damage
        assert store.facets() == wanted, damage
        assert store.entries() == entries, damage


@pytest.mark.parametrize(
    ("description", "name", "title", "more"),
    [
        ("", "a", "", False),
        ("Triage", "support/triage", "", False),
        ("Support: Triage!", "support/triage", "", False),
        ("support_triage", "support/triage", "", False),
        ("Linux-Terminal", "x", "Linux Terminal", False),
        (" .", "x", "", False),
        ("age", "manage", "", True),
        ("Sorts tickets", "support/triage", "", True),
        ("a" * 300, "a", "a" * 300, False),
        ("b" * 300, "a", "", True),
    ],
)
def test_a_description_says_more_than_name_and_title(description: str, name: str, title: str, *, more: bool) -> None:
    assert says_more(description, name, title) is more


# --- everything -------------------------------------------------------------------------------------------------------

_WORDS = st.text(st.sampled_from("ab -_./:!é\u2028\U0001f600"), max_size=6)
_PROMPTS = st.lists(
    st.tuples(st.sampled_from(["a", "b/c", "b/d", "b/a-b"]), _WORDS, st.lists(_WORDS, max_size=3), st.booleans()),
    max_size=6,
)


def counted(entries: tuple[Entry, ...]) -> tuple[object, ...]:
    tags = Counter(tag for each in entries for tag in dict.fromkeys(each.tags))
    inputs = Counter(name for each in entries for name, _ in each.inputs)
    folders = Counter(each.folder for each in entries)
    described = Counter(each.described for each in entries)
    return len(entries), dict(tags), dict(inputs), dict(folders), dict(described)


def told(facets: Facets) -> tuple[object, ...]:
    shown = (dict(facets.tags), dict(facets.inputs), dict(facets.folders), dict(facets.described))
    return (facets.total, *shown)


@settings(max_examples=12)
@given(_PROMPTS, st.sampled_from(["a", "", "-", "é"]), st.sampled_from(["", "b", "b/"]))
def test_sql_counts_what_the_entries_say(
    prompts: list[tuple[str, str, list[str], bool]], tag: str, prefix: str
) -> None:
    asked: list[Chosen] = [{"tags": [tag]}, {"described": False}, {"inputs": ["ticket"], "folder": "b"}]
    with TemporaryDirectory() as folder, Store.init(f"{folder}/s.git", bare=True, durability="none") as store:
        for at, (name, description, tags, typed) in enumerate(prompts):
            text = f"{{{{ ticket }}}} {{{{ times }}}} {at}" if typed else str(at)
            made = Prompt.define(Ticket, user(text)) if typed else Prompt.define(user(text))
            store.save(name, made.evolve(description=description, tags=tags))
        views: list[View] = [store]
        views += [store.at(store.version(prompts[0][0]).commit)] if prompts else []
        for view in views:
            entries = view.entries()
            assert tuple(each.name for each in entries) == view.names()
            assert told(view.facets()) == counted(entries)
            for chosen in asked:
                wanted = tuple(each for each in entries if passes(each, sieve_of(prefix, chosen)))
                assert view.entries(prefix, **chosen) == wanted
                assert told(view.facets(prefix, **chosen)) == counted(wanted)


def test_chains_stand_on_the_shelf_among_prompts(store: Store) -> None:
    store.save("flow", Chain.define(Ticket, step("one", store.load("support/triage"), ticket="ticket", times="times")))
    assert store.facets().kinds == {"prompt": 3, "chain": 1}
    (flow,) = store.entries(kind="chain")
    assert (flow.name, flow.kind, flow.inputs) == ("flow", "chain", (("ticket", "string"), ("times", "integer")))
    assert [each.name for each in store.entries(kind="prompt", inputs=["ticket"])] == ["support/triage"]
    assert "flow" in store.check().undescribed
