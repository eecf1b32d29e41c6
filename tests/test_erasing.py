"""A leaked text is erased as the page says: no byte of the repository holds it, and the rest is as it was."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, codec, system, user
from promptlib.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(__file__).parents[1] / "examples" / "erase.py"
LEAK = "acme-4f1d2c3b5a69788796a5b4c3d2e1f00f"
MASK = "x" * len(LEAK)


def git(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def erase(folder: Path, text: str = LEAK) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], input=text, capture_output=True, text=True, check=False, timeout=100
    )


def holding(folder: Path, text: str) -> Iterator[str]:
    """Yield everything in *folder* that holds *text*: files, inflated files, objects."""
    wanted = text.encode()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if wanted in data:
                yield str(path)
            try:
                if wanted in zlib.decompress(data):
                    yield f"{path}, inflated"
            except zlib.error:
                continue
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--buffer"]
    if wanted in subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout:
        yield "an object"


@pytest.fixture(params=["bare", "application", "sha256"])
def leaky(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a store with a key in a comment, a text, a label, an include, a message, a pending ref and a reflog."""
    folder = tmp_path / "store"
    folder.mkdir()
    kind = ["--bare"] if request.param != "application" else []
    kind += ["--object-format=sha256"] if request.param == "sha256" else []
    git(folder, "init", "-q", "-b", "main", *kind)
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.com")
    git(folder, "config", "core.logAllRefUpdates", "always")
    if request.param == "application":
        (folder / "settings.py").write_text(f"KEY = '{LEAK}'\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "Settings")
    with Store.init(folder, bare=request.param != "application") as store:
        _fill(store)
    git(folder, "tag", "-a", "-m", f"Release with {LEAK}", "v1.0")
    git(folder, "repack", "-q")
    with Store(folder) as store:
        store.save("plain", Prompt.define(user("Plain 3.")), message=f"Never say {LEAK}")
        store.history("support/style")
        store.maintain()
        store.save("support/style", Prompt.define(system(f"The newest: {LEAK}.")))
    return folder


def _fill(store: Store) -> None:
    for number in (1, 2):
        store.save("plain", Prompt.define(user(f"Plain {number}.")))
    store.label("plain", "production", "v1")
    store.save("support/style", Prompt.define(system("Be kind.")))
    store.save("support/style", Prompt.define(system(f"Be kind. Our key is {LEAK}.")))
    store.save("support/style", Prompt.define(system("Be kind and brief.")))
    part = {"style": store.version("support/style@v2")}
    store.save("support/answer", Prompt.define(system("{% include 'style' %}"), user("Answer."), includes=part))
    store.label("support/answer", "production", "v1")
    store.label("support/style", "canary", "v2")
    store.save("support/copy", store.load("support/style@v2").derive(description="A copy"))
    commented = f"---\n# {LEAK}\n---\nuser:\nCommented.\n".encode()
    store.save("commented", codec.read(commented), file=commented)
    with pytest.raises(Conflict):
        store.save("plain", Prompt.define(user(f"Late {LEAK}.")), expect="v1")


def test_no_byte_is_left(leaky: Path) -> None:
    with Store(leaky) as store:
        told = {name: store.history(name) for name in store.names()}
        clean = store.version("support/style@v3")
        tainted = store.version("support/style@v2")
    places = set(holding(leaky, LEAK))
    assert "an object" in places
    assert any("index.sqlite" in place for place in places)
    assert any("inflated" in place for place in places)
    assert any("logs" in place for place in places) == (leaky / ".git").exists(), "a bare store notes no messages"
    done = erase(leaky)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "erased; 3 digests changed\n"
    with Store(leaky) as store:
        assert {name: len(store.history(name)) for name in store.names()} == {
            name: len(versions) for name, versions in told.items()
        }
        assert store.load("support/style@v3").digest == clean.digest, "other versions keep their digests"
        assert [version.digest for version in store.history("plain")] == [version.digest for version in told["plain"]]
        assert store.load("plain@production").digest == store.load("plain@v1").digest
        assert store.load("support/style@canary").messages[0].text == f"Be kind. Our key is {MASK}."
        assert MASK in store.load("support/answer@production").render().text
        assert store.load("support/copy").derived_from is not None
        assert store.version("support/copy@v1").derived_from.digest == store.version("support/style@v2").digest  # type: ignore[union-attr] # it is derived
        assert f"# {MASK}".encode() in store.file("commented")
        assert f"Never say {MASK}" in [version.message for version in store.history("plain")]
        with pytest.raises(NotFound):
            store.load(f"support/style#{tainted.digest.removeprefix('sha256:')}")
        assert store.fsck().ok
        (kept,) = store.maintain().waiting
        assert MASK in git(leaky, "show", kept.reference)
        store.save("plain", Prompt.define(user("Plain 4.")))
    assert list(holding(leaky, LEAK)) == []
    assert git(leaky, "fsck", "--strict", "--no-dangling") == ""
    if (leaky / ".git").exists():
        assert git(leaky, "status", "--porcelain") == ""
        assert MASK in (leaky / "settings.py").read_text()


def edited(folder: Path) -> Path:
    (folder / "new.txt").write_text("new")
    return folder


def linked(folder: Path) -> Path:
    git(folder, "worktree", "add", "-q", "../other", "-b", "other")
    return folder


def cloned(folder: Path) -> Path:
    git(folder.parent, "clone", "-q", "--depth=1", folder.as_uri(), "clone")
    return folder.parent / "clone"


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (edited, "changes that are not committed"),
        (linked, "linked work trees"),
        (cloned, "shallow"),
    ],
)
def test_what_cannot_be_done_whole_is_not_begun(tmp_path: Path, prepare: Callable[[Path], Path], words: str) -> None:
    folder = tmp_path / "store"
    git(tmp_path, "init", "-q", "-b", "main", "store")
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.com")
    with Store.init(folder) as store:
        store.save("a", Prompt.define(user(LEAK)))
    folder = prepare(folder)
    before = git(folder, "for-each-ref")
    done = erase(folder)
    assert done.returncode == 1
    assert words in done.stderr
    assert git(folder, "for-each-ref") == before
    assert "give the text" in erase(folder, "\n").stderr
