"""Several stores side by side: read under the names that a project gives them, written by themselves."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Prompt, Store, system
from promptlib.cli import completing
from promptlib.cli.app import app
from promptlib.errors import (
    BadRef,
    Conflict,
    NotAStore,
    NotFetched,
    NotFound,
    RemoteUnreachable,
    StoreError,
    StoreReadOnly,
)
from promptlib.refs import Pin, Ref, split_store
from promptlib.store import elsewhere
from promptlib.store.elsewhere import OtherStore
from promptlib.store.settings import configured_stores
from tests.serving import HOST, daemon, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


@pytest.fixture
def near(tmp_path: Path, make: Make) -> Iterator[Store]:
    """A store beside the application's."""
    (tmp_path / "shared").mkdir()
    with Store.init(tmp_path / "shared/prompts.git", bare=True) as store:
        style = Prompt.define(system("Be kind."))
        store.save("style", style)
        store.save("support/triage", make("one"))
        store.save("support/triage", make("two"))
        store.label("support/triage", "production", "v1")
        store.save(
            "polite", Prompt.define(system("{% include 'style' %} Sort."), includes={"style": store.load("style")})
        )
        yield store


def settings(store: Store, text: str) -> None:
    (store.path / "pyproject.toml").write_text(f"[tool.promptlib.stores]\n{text}\n")


@pytest.fixture
def project(tree: Store, near: Store, make: Make) -> Store:
    """A store in an application's repository that knows the one beside it."""
    settings(tree, 'near = "../shared/prompts.git"')
    tree.save("support/triage", make("ours"))
    return tree


# --- refs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "near:support/triage",
        "near:a@latest",
        "near:a@v3",
        "near:a@production",
        "near:a#0123abcd",
        "no-2_x:a@v1#0123abcd",
    ],
)
def test_a_ref_may_name_a_store_and_reads_as_it_is_written(text: str) -> None:
    ref = Ref.parse(text)
    assert (str(ref), ref.store) == (text, text.partition(":")[0])
    assert str(ref.with_version("v2")) == f"{ref.store}:{ref.name}@v2"
    assert str(ref.with_version("#0123abcd")) == f"{ref.store}:{ref.name}#0123abcd"
    assert ref.with_version("sha256:" + "0" * 64).store == ref.store


def test_nothing_else_has_changed_its_meaning() -> None:
    assert Ref.parse("prompts:/support/triage/3") == Ref("support/triage", number=3)
    assert Ref.parse("a#sha256:0123abcd").store == ""
    assert split_store("a#sha256:0123abcd") == ("", "a#sha256:0123abcd")
    assert split_store("near:") == ("near", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Near:a", "'Near' is no name of a store\n  --> ref:1:1\n  |\n1 | Near:a\n  | ^^^^\nit begins with a-z"),
        (":a", "'' is no name of a store\n  --> ref:1:1\n  |\n1 | :a\n  | ^\n"),
        ("c:x", "'c' is no name of a store"),
        ("prompts:a", "'prompts' cannot name a store: prompts:/name/3 is how MLflow writes a ref"),
        ("near:", "no name follows near:\n  --> ref:1:6\n"),
        ("near:a@", "nothing follows the @\n  --> ref:1:8\n"),
        ("near:a#12", "a digest prefix is 8 to 64 characters of 0-9a-f\n  --> ref:1:8\n"),
        ("near:far:a", "'far:a' is no name in this store: it names the store 'far'"),
    ],
)
def test_a_mistake_is_shown_with_its_place(text: str, words: str) -> None:
    with pytest.raises(BadRef) as caught:
        Ref.parse(text)
    assert words in str(caught.value)


def test_a_pin_names_no_store() -> None:
    with pytest.raises(BadRef, match="it names another store\nwhat is included lies in the same store"):
        Pin.parse("near:style#" + "0" * 64)


# --- a store at a path ------------------------------------------------------------------------------------------------


def test_everything_that_is_asked_of_a_store_is_asked_of_another_by_its_name(project: Store, near: Store) -> None:
    assert project.load("near:support/triage@production") == near.load("support/triage@production")
    assert project.load("near:support/triage") != project.load("support/triage")
    assert project.version("near:support/triage") == near.version("support/triage")
    assert project.history("near:support/triage") == near.history("support/triage")
    assert project.labels("near:support/triage") == near.labels("support/triage")
    assert project.names("near:") == ("near:polite", "near:style", "near:support/triage")
    assert project.names("near:sup") == ("near:support/triage",)
    assert project.file("near:style") == near.file("style")
    assert project.lineage("near:polite").to_dict() == near.lineage("polite").to_dict()
    assert project.impact("near:style") == near.impact("style")
    assert project.blame("near:style").lines == near.blame("style").lines
    assert project.diff("near:support/triage@v1", "support/triage").messages
    assert project.load("near:polite").render().text == "Be kind. Sort."
    assert list(project.stores) == ["near"]
    assert len(project.stores) == 1
    assert "near" in project.stores
    assert project.stores["near"] is project.stores["near"]
    assert repr(project.stores["near"]) == f"OtherStore('near', {str(near.path)!r})"
    project.close()
    assert project.load("near:style") == near.load("style")


def test_a_prompt_says_which_store_it_is_from(project: Store) -> None:
    prompt = project.load("near:support/triage@production")
    assert prompt.origin is not None
    assert (prompt.origin.store, prompt.origin.name, prompt.name) == ("near", "support/triage", "support/triage")
    again = pickle.loads(pickle.dumps(prompt))  # noqa: S301 - made above
    assert again.origin.qualified == "near:support/triage"
    provenance = prompt.render(question="x").provenance
    assert provenance is not None
    assert provenance.name == "near:support/triage"


def test_what_is_loaded_there_and_saved_here_has_no_origin_here(project: Store, make: Make) -> None:
    """It is under another name, as it were: no conflict with the prompt that has the same name here."""
    theirs = project.load("near:support/triage")
    assert project.save("support/triage", theirs).number == 2
    assert project.save("copy", theirs.derive()).derived_from == Pin("support/triage", theirs.digest)
    ours = project.load("support/triage")
    project.save("support/triage", make("newer"))
    with pytest.raises(Conflict):
        project.save("support/triage", ours.evolve(description="late"))


def test_an_include_lies_in_the_same_store(project: Store) -> None:
    style = project.load("near:style")
    polite = Prompt.define(system("{% include 'style' %} Go."), includes={"style": style})
    with pytest.raises(NotFound, match="is not in this store") as caught:
        project.save("polite", polite)
    assert caught.value.hint == (
        'save the included prompt first; one of another store as a copy: store.save("style", included)'
    )
    project.save("style", style)
    project.save("polite", polite)
    assert project.load("polite").render().text == "Be kind. Go."


def test_another_store_is_not_written_through_this_one(project: Store, near: Store, make: Make) -> None:
    before = near.version("style")
    with pytest.raises(BadRef, match="it names the store 'near'") as caught:
        project.save("near:style", make("x"))
    assert caught.value.hint.startswith("another store is written by itself: Store.open(")
    there: Any = project.stores["near"]
    with pytest.raises(StoreReadOnly, match="the store 'near' is only read through this one") as refused:
        there.save("style", make("x"))
    assert refused.value.hint == f"open it by itself: Store.open('{near.path}'), or promptlib -C {near.path}"
    with pytest.raises(AttributeError, match="'OtherStore' has no attribute 'bake'"):
        there.bake()
    with pytest.raises(BadRef, match="is read where it lies"):
        project.fetch("near:")
    assert near.version("style") == before


def test_an_unknown_store_is_told_with_the_nearest(project: Store, near: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no store 'nera' beside this one") as caught:
        project.load("nera:style")
    assert caught.value.hint.startswith("did you mean 'near'? stores here: near\nname it in pyproject.toml:\n[tool.")
    with pytest.raises(NotFound, match="this project names no other store"):
        near.load("near:style")
    with pytest.raises(NotFound, match="did you mean 'style'"):
        project.load("near:styel")
    with pytest.raises(BadRef, match="no other store is known here"):
        project.at(project.version("support/triage")).load("near:style")
    (tmp_path / "shared").rename(tmp_path / "moved")
    project.close()
    with pytest.raises(NotAStore, match=r"the store 'near' of .*pyproject.toml is not there") as gone:
        project.load("near:style")
    assert gone.value.hint == f"correct the path, or make it: promptlib init --bare {near.path}"


def test_a_folder_without_git_reads_a_store_beside_it(tmp_path: Path, near: Store) -> None:
    (tmp_path / "plain/prompts").mkdir(parents=True)
    store = Store.open(tmp_path / "plain")
    settings(store, 'near = "../shared/prompts.git"\nfar = "https://example.org/p.git"\nother = "../other"')
    assert store.load("near:style") == near.load("style")
    (tmp_path / "other/prompts").mkdir(parents=True)
    (tmp_path / "other/prompts/a.prompty").write_bytes(near.file("style"))
    assert store.load("other:a").origin.store == "other"  # type: ignore[union-attr] # it was loaded
    store.close()
    with pytest.raises(StoreReadOnly, match="a folder without git can keep no clone"):
        store.load("far:style")


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('near = "/etc"', "is no path from the project"),
        ('near = ""', "is no path from the project"),
        ('near = "--upload-pack=x"', "is no path from the project"),
        (r'near = "..\\shared"', "is no path from the project"),
        ('near = "link/prompts.git"', "leads through the link"),
        ('near = "ext::sh -c touch%20/tmp/x"', "names a program to run, and none is run"),
        ('near = "ftp://example.org/x"', "ftp:// is no address that is spoken to"),
        ('near = "file:///srv/x.git"', "it names a folder"),
        ('near = "https://-oProxyCommand=x/y"', "this address names no machine"),
        ('near = "https://uma:hunter2@example.org/x"', "it holds a name or password, and this file is committed"),
        ('near = "https://example.org?x"', "this address has no path"),
        ('near = { url = "https://example.org/p", branch = "--x" }', "is no name of a branch"),
        ('near = { url = "https://example.org/p", branch = "a..b" }', "is no name of a branch"),
        ('near = { url = "https://example.org/p", root = "../x" }', "is no folder inside that repository"),
        ('near = { url = "https://example.org/p", partial = "yes" }', "stores.near.partial in .* is not known, or of"),
        ('near = { url = "https://example.org/p", deep = 1 }', "stores.near.deep in .* is not known"),
        ('near = { url = "https://example.org/p", path = "x" }', "says neither where it is nor"),
        ('near = { path = "../shared", branch = "x" }', "is a path: it is read as it lies there"),
        ("near = 1", "says neither where it is nor at which address"),
        ('Near = "x"', "stores.Near in .* is no name of a store"),
        ('prompts = "x"', "stores.prompts in .* is no name of a store"),
    ],
)
def test_a_setting_that_is_no_store_is_refused_and_nothing_of_it_is_used(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "shared/prompts.git").mkdir(parents=True)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/link").symlink_to(tmp_path / "shared")
    (tmp_path / "app/pyproject.toml").write_text(f"[tool.promptlib.stores]\n{text}\n")
    with pytest.raises(StoreError, match=words) as caught:
        configured_stores(tmp_path / "app")
    assert "hunter2" not in f"{caught.value}{caught.value!r}"
    assert caught.value.hint


def test_what_a_table_may_say(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.promptlib.stores]\na1 = { path = "x/../../y" }\nbb = "git@example.org:p.git"\n'
        'cc = { url = "https://example.org/p", branch = "side/x", root = "src/prompts", partial = true }\n'
    )
    found = configured_stores(tmp_path)
    assert found["a1"].path == tmp_path.resolve().parent / "y"
    assert (found["bb"].url, found["bb"].branch, found["bb"].partial) == ("git@example.org:p.git", "", False)
    assert (found["cc"].branch, found["cc"].root, found["cc"].partial) == ("side/x", "src/prompts", True)
    assert repr(found["cc"]) == repr(found["cc"])  # and not that of a dataclass, which would show the address
    assert "example" not in repr(found["cc"])
    (tmp_path / "pyproject.toml").write_text("[tool.promptlib]\nstores = 3\n")
    with pytest.raises(StoreError, match=r"stores in .* is no table"):
        configured_stores(tmp_path)


# --- a store at an address --------------------------------------------------------------------------------------------


@pytest.fixture
def far(tmp_path: Path, make: Make) -> Iterator[Store]:
    """A store that `git daemon` serves as `far.git`."""
    path = published(tmp_path / "served", "far.git")
    with Store.open(path) as store:
        store.save("style", Prompt.define(system("Be kind.")))
        for text in ("one", "two", "three"):
            store.save("support/triage", make(text))
        store.save("old", make("old"))
        store.rename("old", "new")
        store.label("support/triage", "production", "v2")
        yield store


@pytest.fixture
def address(tmp_path: Path, far: Store) -> Iterator[str]:
    """Where that is."""
    with daemon(tmp_path / "served") as port:
        yield f"git://{HOST}:{port}"


def test_a_store_at_an_address_is_fetched_when_asked_and_only_then(
    tree: Store, far: Store, address: str, make: Make, run: Run
) -> None:
    settings(tree, f'far = "{address}/far.git"')
    with pytest.raises(NotFetched, match=r"the store 'far' \(git://.*\) was never fetched here") as caught:
        tree.load("far:style")
    assert caught.value.hint == "nothing is fetched unasked; bring it: promptlib fetch far:"
    before = run(tree.path, "status", "--porcelain")
    told = tree.fetch("far:")
    assert (told.store, told.texts, str(told)) == ("far", 0, f"far: at {told.commit[:8]}, 0 texts came")
    assert run(tree.path, "status", "--porcelain") == before
    assert tree.load("far:support/triage@production") == far.load("support/triage@v2")
    assert [each.number for each in tree.history("far:new")] == [1, 2]
    assert tree.history("far:support/triage")[0].provisional is False
    far.save("style", Prompt.define(system("Be brief.")))
    assert tree.load("far:style").messages[0].text == "Be kind."
    tree.fetch("far:")
    assert tree.load("far:style").messages[0].text == "Be brief."
    there: Any = tree.stores["far"]
    with pytest.raises(StoreReadOnly, match="is only read through this one") as refused:
        there.label("style", "production", "v1")
    assert refused.value.hint.endswith("save there, and promptlib sync; then here: promptlib fetch far:")
    assert repr(there).startswith("OtherStore('far', 'git://127.0.0.1:")


def test_a_partial_one_brings_what_is_current_and_labelled_and_more_when_asked(
    tree: Store, far: Store, address: str
) -> None:
    settings(tree, f'far = {{ url = "{address}/far.git", partial = true }}')
    told = tree.fetch("far:")
    assert told.texts == 4
    assert tree.load("far:support/triage@production") == far.load("support/triage@v2")
    assert tree.version("far:support/triage").number == 3
    assert [bool(each.digest) for each in tree.history("far:support/triage")] == [False, False, True]
    with pytest.raises(NotFetched, match="the text of far:support/triage is not here: this clone is partial") as caught:
        tree.load("far:support/triage@v1")
    assert caught.value.hint == (
        "nothing is fetched unasked; bring it: promptlib fetch far:support/triage, "
        "or all texts: promptlib fetch --all far:"
    )
    assert tree.fetch("far:support/triage").texts == 2
    assert tree.load("far:support/triage@v1") == far.load("support/triage@v1")
    assert tree.fetch("far:", texts=True).texts == 1
    assert tree.history("far:new") == far.history("new")


def test_another_branch_and_another_root_of_a_repository_with_source(
    tree: Store, address: str, tmp_path: Path, make: Make, run: Run
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    run(source, "init", "-q", "-b", "main")
    run(source, "config", "user.name", "Uma")
    run(source, "config", "user.email", "uma@example.com")
    with Store.init(source) as store:
        store.save("here", make("here"))
    run(source, "switch", "-q", "-c", "side")
    (source / "lib").mkdir()
    (source / "prompts").rename(source / "lib/words")
    run(source, "add", "-A")
    run(source, "commit", "-q", "-m", "Moved")
    served = published(tmp_path / "served", "app.git")
    run(source, "push", "-q", str(served), "main", "side")
    settings(
        tree,
        f'found = "{address}/app.git"\nsaid = {{ url = "{address}/app.git", branch = "side", root = "lib/words" }}\n'
        f'none = {{ url = "{address}/app.git", branch = "missing" }}\nnobody = "{address}/nobody.git"',
    )
    tree.fetch("found:")
    tree.fetch("said:")
    assert tree.names("found:") == ("found:here",)
    assert tree.names("said:") == ("said:here",)
    assert tree.load("said:here@latest") == tree.load("found:here@v1")
    with pytest.raises(NotFound, match="the remote 'origin' has no branch 'missing'\nbranches there: main, side"):
        tree.fetch("none:")
    with pytest.raises(NotFound, match="has no such repository"):
        tree.fetch("nobody:")
    clones = tree.path / ".git/promptlib/stores"
    assert sorted(path.name.partition("-")[0] for path in clones.iterdir()) == ["found", "said"]
    with pytest.raises(BadRef, match="one store is fetched at a time"):
        tree.fetch("found:", "said:")


def test_an_empty_repository_and_one_of_another_object_format(
    tree: Store, address: str, tmp_path: Path, run: Run, make: Make
) -> None:
    published(tmp_path / "served", "empty.git")
    run(tmp_path / "served", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", "wide.git")
    with Store.open(tmp_path / "served/wide.git") as wide:
        wide.save("style", make("wide"))
    settings(tree, f'empty = "{address}/empty.git"\nwide = "{address}/wide.git"')
    with pytest.raises(NotFound, match="has no branch 'main'\nbranches there: none at all"):
        tree.fetch("empty:")
    tree.fetch("wide:")
    assert tree.load("wide:style") == make("wide")


def test_a_server_that_has_gone_takes_nothing_away(tree: Store, far: Store, tmp_path: Path) -> None:
    with daemon(tmp_path / "served") as port:
        settings(tree, f'far = "git://{HOST}:{port}/far.git"')
        tree.fetch("far:")
    with pytest.raises(RemoteUnreachable, match="did not answer"):
        tree.fetch("far:")
    assert tree.load("far:style") == far.load("style")
    settings(tree, f'new = "git://{HOST}:{port}/far.git"')
    with pytest.raises(RemoteUnreachable, match="did not answer"):
        tree.fetch("new:")
    assert [path.name[:4] for path in (tree.path / ".git/promptlib/stores").iterdir()] == ["far-"]


def test_two_that_fetch_at_once_make_one_clone(
    tree: Store, far: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(tree, f'far = "{address}/far.git"')
    made = elsewhere._made

    def late(*arguments: Any) -> str:
        commit = made(*arguments)
        monkeypatch.setattr(elsewhere, "_made", made)
        with Store.open(tree.path) as other:
            other.fetch("far:")
        return commit

    monkeypatch.setattr(elsewhere, "_made", late)
    tree.fetch("far:")
    assert tree.load("far:style") == far.load("style")
    assert len(list((tree.path / ".git/promptlib/stores").iterdir())) == 1


# --- the shell --------------------------------------------------------------------------------------------------------


def test_the_verbs_take_refs_to_other_stores(
    project: Store, monkeypatch: pytest.MonkeyPatch, far: Store, address: str
) -> None:
    settings(project, f'near = "../shared/prompts.git"\nfar = {{ url = "{address}/far.git", partial = true }}')
    monkeypatch.chdir(project.path)

    def said(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, done.output
        return done.output

    assert "Be kind." in said("show", "near:style")
    assert said("ls", "near:").split() == ["near:polite", "near:style", "near:support/triage"]
    assert "two" in said("diff", "near:support/triage@v1", "near:support/triage@v2")
    assert "near:" not in said("ls")
    assert "v2" in said("log", "near:support/triage")
    assert '"production"' in said("log", "--json", "near:support/triage")
    assert "Be kind. Sort." in said("render", "near:polite")
    assert "promptlib fetch far:" in said("show", "far:style", code=1)
    assert said("fetch", "far:").startswith("far: at ")
    assert '"texts": 0' in said("fetch", "--json", "far:")
    assert said("fetch") == "no text is missing\n"
    assert "Be kind." in said("show", "far:style")
    assert "it names the store 'near'" in said("label", "near:style", "production", "v1", code=2)
    assert completing.names("ne") == ["near:"]
    assert completing.refs("near:s") == ["near:style", "near:support/triage"]
    assert completing.refs("near:support/triage@p") == ["near:support/triage@production"]
    assert completing.names("nera:s") == []


def test_another_store_is_a_view(project: Store) -> None:
    assert isinstance(project.stores["near"], OtherStore)
    earlier = project.stores["near"].at(project.stores["near"].version("style"))
    assert earlier.names() == ("style",)


def test_the_bytes_of_another_store_are_called_by_its_name(project: Store, near: Store) -> None:
    shown, data = project.raw("near:style")
    assert (shown, data) == (f"near:{near.raw('style')[0]}", near.file("style"))
