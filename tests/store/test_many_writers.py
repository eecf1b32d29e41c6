"""Eight processes, one store: nothing that was acknowledged is absent, and each version is on top of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from tests.store.crew import assert_all_is_there, crew, git, made, prompt_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.crew import Way


@pytest.mark.parametrize("one_name", [True, False], ids=["same name", "different names"])
@pytest.mark.parametrize("way", ["on top", "edit"])
def test_eight_writers_of_a_bare_store(tmp_path: Path, way: Way, *, one_name: bool) -> None:
    """Fifty saves each (a dozen edits); an edit of what is no longer the newest is a conflict, kept, on no branch."""
    path = tmp_path / "prompts.git"
    Store.init(path, bare=True).close()
    old = git(path, "rev-parse", "HEAD").strip()
    crew_of(path, 50 if way == "on top" else 12, way, old, "", one_name=one_name)


@pytest.mark.parametrize("one_name", [True, False], ids=["same name", "different names"])
@pytest.mark.parametrize("way", ["on top", "expect"])
def test_eight_writers_of_a_work_tree(application: Path, way: Way, *, one_name: bool) -> None:
    """Three saves each, through git itself; the user's own work stays as it was (the whole of it: tests/system)."""
    Store.init(application).close()
    before = git(application, "status", "--porcelain")
    old = git(application, "rev-parse", "HEAD").strip()
    crew_of(application, 3, way, old, "prompts/", one_name=one_name)
    assert git(application, "status", "--porcelain") == before


def crew_of(path: Path, saves: int, way: Way, old: str, root: str, *, one_name: bool) -> None:
    """Let eight writers save, and compare; a name that is edited has a version already."""
    names = ["shared"] if one_name else [f"of/writer{who}" for who in range(8)]
    with Store(path) as store:
        told = [made(name, "begin", store.save(name, prompt_of("begin"))) for name in names if way != "on top"]
    told += crew(path, writers=8, saves=saves, one_name=one_name, way=way)
    late = sum(not one.commit for one in told)
    assert late == 0 if way == "on top" or not one_name else 0 < late < len(told)
    assert_all_is_there(path, old, told, root)
