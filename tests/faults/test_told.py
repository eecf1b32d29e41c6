"""What the system refuses is told by what it was about, never as the system's own error."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import GitFailed, NotFound, StoreError
from tests.faults.kinds import Interrupted
from tests.faults.sweeping import forget, git, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.kinds import Shot
    from tests.faults.shim import Shim


def test_opening(tree: Path, shim: Shim) -> None:
    """Whatever cannot be looked at, the error says so, and the same store opens afterwards."""
    with shim.armed() as shot:
        known = repr(Store(tree))
    told = []
    for at in range(1, shot.count + 1):
        for turn in (0, 1):
            with shim.armed(at, turn=turn), suppress(Interrupted):
                try:
                    assert repr(Store(tree)) == known
                except StoreError as error:
                    told.append(error.what)
    assert len(told) > 10
    wrong = [what for what in told if not re.search("cannot be (looked at|read)", what)]
    assert wrong == []
    assert Store(tree).names() == ("team/a",)


def test_a_folder_inside(tree: Path, shim: Shim) -> None:
    """Listing says which folder it was."""
    with Store(tree) as store:
        with (
            shim.armed(on="prompts/team"),
            pytest.raises(StoreError, match=r"prompts/team cannot be read: Input/output error"),
        ):
            store.names()
        assert store.names() == ("team/a",)


def test_settings_that_cannot_be_read(tree: Path, shim: Shim) -> None:
    """They may say where the store is, and that secrets are refused: no store is opened without them."""
    (tree / "pyproject.toml").write_text('[tool.promptlib]\nroot = "prompts"\n')
    for turn in (0, 1):
        with (
            shim.armed(turn=turn, on="pyproject.toml"),
            pytest.raises(StoreError, match=r"pyproject\.toml cannot be read"),
        ):
            Store(tree)
    (tree / "pyproject.toml").unlink()
    (tree / "pyproject.toml").mkdir()
    assert Store(tree).names() == ("team/a",)


def test_a_broken_talk_is_never_gone_on_with(tree: Path, shim: Shim) -> None:
    """Between question and answer a signal arrives: the next question gets its own answer, from another process."""
    with Store(tree) as store:
        for name in "bcd":
            store.save(name, prompt(f"{name}."))
    git(tree, "repack", "-adq")
    pipes = [at for at, what in enumerate(_talked(tree, shim, 0, 0).log, 1) if "pipe:" in what]
    struck = [bool(_talked(tree, shim, at, turn).failed) for at in pipes for turn in range(6)]
    assert sum(struck) > 6  # how often a pipe is read differs a little from run to run


def _talked(tree: Path, shim: Shim, at: int, turn: int) -> Shot:
    """Let something fail while one prompt is read, and read the others through the same store."""
    forget()
    with Store(tree) as store:
        assert store.file("c@v1").count(b"c.") == 1
        with shim.armed(at, turn=turn) as shot, suppress(StoreError, Interrupted):
            store.file("b@v1")
        for name in "dcb":
            assert store.file(f"{name}@v1").count(f"{name}.".encode()) == 1
            assert store.load(f"{name}@v1").messages == prompt(f"{name}.").messages
    return shot


def test_a_version_that_cannot_be_read_is_not_missing(field: Path, shim: Shim) -> None:
    """It may be the one that is asked for: nobody is told that it is not there."""
    with Store.init(field / "start.git", bare=True) as store:
        digests = [store.save("a", prompt(text)).digest.removeprefix("sha256:") for text in ("One.", "Two.", "Three.")]
    (store.path / "promptlib/index.sqlite").unlink()
    forget()
    blob = git(store.path, "rev-parse", "HEAD~2:a.prompty").decode().strip()
    with Store(store.path) as fresh:
        with shim.armed(mode="same", on=blob[2:]), pytest.raises(GitFailed, match="cannot be read: Input/output error"):
            fresh.load(f"a#{digests[0]}")
        assert fresh.load(f"a#{digests[0]}").messages == prompt("One.").messages
    damaged = store.path / "objects" / blob[:2] / blob[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    (store.path / "promptlib/index.sqlite").unlink()
    forget()
    with Store(store.path) as fresh, pytest.raises(NotFound, match="has no version"):
        fresh.load(f"a#{digests[0]}")
