"""Whatever fails in the middle of a verb: nothing acknowledged is lost, nothing is half there, the next one works."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable  # noqa: TC003 - a field of a dataclass
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import Conflict, PromptLibError
from promptlib.formats.git_history import import_git
from promptlib.formats.table import import_csv
from promptlib.lint import lint
from promptlib.review import review
from promptlib.site import write
from tests.faults.kinds import MODES, Interrupted
from tests.faults.sweeping import Sweep, Verb, git, is_told, line, no_longer_than, prompt, work

if TYPE_CHECKING:
    from tests.faults.kinds import Shot
    from tests.faults.shim import Shim


#: pytest -o log_cli=true --log-cli-level=INFO tells what each sweep came to.
LOG = logging.getLogger("promptlib.faults")


# --- where a verb begins ----------------------------------------------------------------------------------------------


def loose(folder: Path) -> Path:
    """A bare store as it grows: loose objects, an index that knows all but the last commits."""
    with Store.init(folder / "start.git", bare=True) as store:
        _fill(store)
    return folder / "start.git"


def packed(folder: Path) -> Path:
    """A bare store after maintenance: objects are read from git's children, refs from packed-refs."""
    path = loose(folder)
    git(path, "repack", "-adq")
    git(path, "pack-refs", "--all")
    return path


def absent(folder: Path) -> Path:
    """A bare store without an index."""
    path = loose(folder)
    shutil.rmtree(path / "promptlib")
    return path


def behind(folder: Path) -> Path:
    """A bare store whose index was made long ago."""
    with Store.init(folder / "start.git", bare=True) as store:
        store.save("old", prompt("Old."))
        store.history("old")
        kept = (store.path / "promptlib/index.sqlite").read_bytes()
        _fill(store)
        for number in range(20):
            store.save("often", prompt(f"Often {number}."))
    (folder / "start.git/promptlib/index.sqlite").write_bytes(kept)
    return folder / "start.git"


def application(folder: Path) -> Path:
    """An application's repository with a store, and work of the user, staged and not."""
    path = _repository(folder / "app")
    with Store.init(path) as store:
        _fill(store)
    return path


def empty(folder: Path) -> Path:
    """A bare store without a prompt, and beside it a repository of texts to import."""
    with Store.init(folder / "start.git", bare=True) as store:
        return Path(store.path)


def _fill(store: Store) -> None:
    for text in ("One.", "Two.", "Three."):
        store.save("team/a", prompt(text))
    store.save("b", prompt("B."))
    store.label("team/a", "production", "v2")


def _repository(path: Path) -> Path:
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    (path / "code.py").write_text("one\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Code")
    (path / "code.py").write_text("two\n")
    (path / "staged.py").write_text("staged\n")
    git(path, "add", "staged.py")
    return path


# --- what is done -----------------------------------------------------------------------------------------------------


def save(store: Store) -> object:
    return store.save("team/a", prompt("New."))


def label(store: Store) -> object:
    return store.label("team/a", "production", "v3")


def several(store: Store) -> object:
    with store.transaction("Several") as transaction:
        transaction.save("team/a", prompt("New."))
        transaction.save("n/e/w", prompt("Another."))
        transaction.label("team/a", "staging", "v1")
        transaction.delete("b")
    return None


def rename(store: Store) -> object:
    return store.rename("team/a", "team/z")


def delete(store: Store) -> object:
    store.delete("team/a")
    return None


def late(store: Store) -> object:
    return store.save("team/a", prompt("Late."), expect="v1")


def read(store: Store) -> object:
    return [
        *(store.load(ref).digest for ref in ("team/a", "team/a@production", "team/a@v1", "b@latest")),
        *((each.number, each.digest, each.commit) for each in store.history("team/a")),
        store.names(),
        store.version("team/a").number,
        {label: version.digest for label, version in store.labels("team/a").items()},
        bool(store.diff("team/a@v1", "team/a@v2")),
        len(store.graph().nodes),
    ]


def check(store: Store) -> object:
    store.fsck()
    return None


def imported(store: Store) -> object:
    return import_git(store, Path(store.path).parents[1] / "texts", match="{name}.md").versions


def tabled(store: Store) -> object:
    report = import_csv(store, Path(__file__).with_name("prompts.csv"))
    return report.created, report.left_out


def counted(store: Store) -> object:
    entries = store.entries()
    return store.facets().to_dict(), store.tags(), entries, store.token_counts(entries)


def linted(store: Store) -> object:
    return lint(store).to_dict(), store.duplicates(), [each.name for each in store.related("b").hits]


def reviewed(store: Store) -> object:
    found = review(store, "HEAD~1..HEAD").to_dict()
    return {part: value for part, value in found.items() if part not in {"base", "head"}}


def sited(store: Store) -> object:
    with tempfile.TemporaryDirectory(dir=store.path.parents[2]) as folder:  # its own disk does not fail
        report = write(store, Path(folder) / "site")
        return report.prompts, report.versions, report.size, report.unreadable


def looks_no_further(_: Any) -> bool:
    """Where an old version may not be opened, lint looks at the file alone, and a page says why it is not shown."""
    return True


def says_what_it_lacks(found: Any) -> bool:
    """A review that cannot show a difference has the reason in its place."""
    return any(each["error"] for each in (*found["prompts"], *found["labels"]))


def tells_what_it_lacks(found: Any) -> bool:
    """Where a file may not be opened, its entry has a problem, and the facets count no kind for it."""
    facets, _, entries, tokens = found
    return (
        any(each.problem for each in entries)
        or sum(facets["kinds"].values()) < facets["total"]
        or len(tokens) < len(entries)
    )


@dataclass(frozen=True, slots=True)
class Case:
    """Where a verb begins, what it does, and which part of its operations is struck in each run of the tests."""

    begin: Callable[[Path], Path]
    act: Callable[[Store], object]
    step: int
    writes: bool = True
    warm: bool = False
    refused: type[PromptLibError] | None = None
    tells: Callable[[Any], bool] | None = None


CASES = {
    "save": Case(packed, save, 19),
    "save into a warm store": Case(packed, save, 17, warm=True),
    "save a loose one": Case(loose, save, 19),
    "label": Case(behind, label, 29),
    "transaction": Case(packed, several, 19, warm=True),
    "rename": Case(loose, rename, 19, warm=True),
    "delete": Case(loose, delete, 14),
    "save too late": Case(packed, late, 19, refused=Conflict),
    "read without an index": Case(absent, read, 19, writes=False),
    "read behind": Case(behind, read, 37, writes=False),
    "read in a warm store": Case(packed, read, 19, writes=False, warm=True),
    "fsck": Case(loose, check, 31, writes=False),
    "import": Case(empty, imported, 16),
    "import a table": Case(packed, tabled, 43),
    "import a table in a work tree": Case(application, tabled, 47),
    "facets without an index": Case(absent, counted, 29, writes=False, tells=tells_what_it_lacks),
    "facets in a work tree": Case(application, counted, 31, writes=False, tells=tells_what_it_lacks),
    "lint in a work tree": Case(application, linted, 61, writes=False, tells=looks_no_further),
    "review": Case(loose, reviewed, 61, writes=False, tells=says_what_it_lacks),
    "site": Case(loose, sited, 61, writes=False, tells=looks_no_further),
    "save in a work tree": Case(application, save, 31),
    "transaction in a work tree": Case(application, several, 47, warm=True),
    "delete in a work tree": Case(application, delete, 43),
    "read in a work tree": Case(application, read, 61, writes=False),
}


def swept(name: str, folder: Path, field: Path, shim: Shim) -> Sweep:
    """Return the sweep of a case over copies in *field*."""
    case = CASES[name]
    if case.begin is empty:
        _texts(field / "texts")
    verb = Verb(
        name,
        case.begin(folder),
        case.act,
        writes=case.writes,
        warm=case.warm,
        refused=case.refused,
        tells=case.tells,
    )
    return Sweep(verb, field, shim)


def _texts(path: Path) -> None:
    _repository(path)
    commits: list[dict[str, str | None]] = [{"x": "X", "y": "Y"}, {"x": "XX"}, {"y": None, "z": "Y"}, {"x": None}]
    for at, texts in enumerate(commits):
        for name, text in texts.items():
            if text is None:
                (path / f"{name}.md").unlink()
            else:
                (path / f"{name}.md").write_text(text)
        git(path, "add", "-A")
        git(path, "commit", "-q", "-m", f"Change {at}")


@pytest.mark.parametrize("case", CASES)
def test_some_of_all_faults(case: str, tmp_path: Path, field: Path, shim: Shim) -> None:
    """Positions are struck in turn, each in another way than the one before."""
    sweep = swept(case, tmp_path, field, shim)
    operations = sweep.run(step=CASES[case].step, seed=list(CASES).index(case))
    LOG.info("%s: %d operations, %d strikes, %d faults", case, operations, sweep.strikes, sweep.faults)
    assert sweep.faults > sweep.strikes // 2


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_all_faults(case: str, tmp_path: Path, field: Path, shim: Shim) -> None:
    """Every position fails in all its ways, once and for as long as the verb lasts."""
    sweep = swept(case, tmp_path, field, shim)
    operations = sweep.run_all()
    LOG.info("%s: %d operations, %d strikes, %d faults", case, operations, sweep.strikes, sweep.faults)
    assert sweep.faults > sweep.strikes


# --- making a store ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "in a work tree"])
def test_init_is_begun_again(bare: bool, field: Path, shim: Shim) -> None:  # noqa: FBT001 - a parameter of a test
    """Whatever fails while a store is made: to make it again works, and gives one whole commit."""
    at = count(1, 7 if bare else 25)
    whole = 1 if bare else 2
    while _init_struck(next(at), field, shim, bare=bare, whole=whole).failed:
        pass


def _made(path: Path, *, bare: bool) -> Path:
    """Return where a store will be: nowhere yet, or in the repository of an application."""
    return path if bare else _repository(path)


def _init_struck(at: int, field: Path, shim: Shim, *, bare: bool, whole: int) -> Shot:
    path = _made(field / f"{at}", bare=bare)
    old, before = line(path) if not bare else [], work(path)
    acknowledged = said = False
    with shim.armed(at, turn=at // 7, mode=MODES[at % 3]) as shot, no_longer_than(60, shot):
        try:
            Store.init(path, bare=bare).close()
        except (PromptLibError, Interrupted) as error:
            said = isinstance(error, Interrupted) or is_told(error)
        else:
            acknowledged = True
    assert said or acknowledged
    now = line(path) if path.is_dir() and (path / "HEAD" if bare else path / ".git").exists() else []
    assert now[: len(old)] == old
    assert len(now) in ({whole} if acknowledged else {len(old), whole})
    if not acknowledged and shot.mode == "once" and now == old and not bare:
        assert work(path) == before
    with Store.init(path, bare=bare) as store:
        assert len(line(path)) == whole
        assert store.save("a", prompt("A.")).number == 1
        assert store.fsck().ok
    assert all(process.returncode is not None for process in shim.processes)
    shutil.rmtree(path)
    return shot
