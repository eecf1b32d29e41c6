"""Fairness reports beside the versions that they speak of."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, system
from promptlib.errors import BadRef, InvalidInputs, NotFound, SaveRefused, StoreDamaged, StoreReadOnly
from promptlib.fairness import Report, Text
from promptlib.store import KeptReport

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "0" * 64
ONE = Prompt.define(system("You rate applications."), description="Rate")
TWO = Prompt.define(system("You rate applications with care."), description="Rate")


def report(digest: str, seed: int = 1, **parts: object) -> Report:
    made = Report(
        name="rate", version="v1", digest=digest, model_id="fake", variants="gender", variants_digest=DIGEST,
        language="en", source="s", licence="l", fields=("name",), groups=("a", "b"), against="a", cases=1, rows=2,
        repeats=3, unit="pair", seed=seed, alpha=0.05, correction="Holm", permutations=99, time=None, baseline=(),
        comparisons=(),
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type] # what a test changes


def git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def made(path: Path, *, bare: bool) -> Store:
    if not bare:
        git(path.parent, "init", "-q", "-b", "main", str(path))
        git(path, "config", "user.name", "Ada")
        git(path, "config", "user.email", "ada@example.com")
    return Store.init(path, bare=bare)


@pytest.fixture(params=[True, False], ids=["bare", "application"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return made(tmp_path / "store", bare=request.param)


@pytest.fixture
def bare(tmp_path: Path) -> Store:
    return made(tmp_path / "store", bare=True)


def test_a_report_is_kept_in_a_commit_of_its_own_and_found_by_its_content(store: Store) -> None:
    with store:
        version = store.save("rate", ONE)
        kept = store.keep_report("rate", report(version.digest), message="Measured")
        assert kept.path == f".fairness/{version.digest[7:]}/{report(version.digest).identity[7:]}.json"
        assert store.reports("rate") == store.reports(version) == store.reports("rate@v1") == (kept,)
        assert Report.from_dict(kept.data) == report(version.digest)
        assert kept.identity == report(version.digest).identity
        assert store.measured() == {version.digest}
        where = store.path if (store.path / "HEAD").exists() else store.path / ".git"
        assert git(where, "log", "-1", "--format=%s", "main") == "Measured"
        assert len(store.history("rate")) == 1
        assert store.fsck().problems == ()
        assert store.check().ok


def test_the_same_report_is_kept_once_and_another_one_beside_it(bare: Store) -> None:
    with bare as store:
        version = store.save("rate", ONE)
        tip = store.state()
        for seed in (1, 1, 2):
            store.keep_report(version, report(version.digest, seed))
        assert store.state() != tip
        assert sorted(each.data["seed"] for each in store.reports("rate")) == [1, 2]  # type: ignore[type-var] # they are numbers
        assert store.reports("rate")[0].data["seed"] in (1, 2)


def test_it_goes_along_with_the_content_whatever_it_is_called(store: Store) -> None:
    with store:
        version = store.save("rate", ONE)
        store.keep_report("rate", report(version.digest))
        store.rename("rate", "hiring/rate")
        assert len(store.reports("hiring/rate")) == 1
        store.save("hiring/rate", TWO)
        assert store.reports("hiring/rate@latest") == ()
        assert len(store.reports("hiring/rate@v1")) == 1
        store.delete("hiring/rate")
        assert len(store.reports(version)) == 1


def test_the_oldest_comes_first(bare: Store) -> None:
    from datetime import UTC, datetime

    with bare as store:
        version = store.save("rate", ONE)
        for day in (3, 1, 2):
            store.keep_report(version, report(version.digest, time=datetime(2026, 5, day, tzinfo=UTC)))
        assert [str(each.data["time"])[:10] for each in store.reports(version)] == [
            "2026-05-01", "2026-05-02", "2026-05-03"
        ]  # fmt: skip


def test_a_report_of_other_content_is_refused(bare: Store) -> None:
    with bare as store:
        version = store.save("rate", ONE)
        with pytest.raises(InvalidInputs, match=f"this report is of the content #{TWO.digest[7:15]}, and rate v1"):
            store.keep_report("rate", report(TWO.digest))
        with pytest.raises(InvalidInputs, match="a dict is no fairness report"):
            store.keep_report(version, {})  # type: ignore[arg-type] # the wrong type is the test
        with pytest.raises(NotFound):
            store.keep_report("no/such", report(version.digest))
        assert store.reports("rate") == ()
        assert store.measured() == frozenset()


def test_two_clones_that_each_keep_a_report_meet_without_a_conflict(tmp_path: Path) -> None:
    for bare in (True, False):
        folder = tmp_path / str(bare)
        folder.mkdir()
        hub = folder / "hub.git"
        with made(folder / "first", bare=bare) as first:
            version = first.save("rate", ONE)
            git(folder, "init", "-q", "--bare", "-b", "main", str(hub))
            first.sync(str(hub), allow=["file"])
            git(folder, "clone", "-q", *(["--bare"] if bare else []), str(hub), str(folder / "second"))
            second_folder = folder / "second"
            git(second_folder, "config", "user.name", "Bob")
            git(second_folder, "config", "user.email", "bob@example.com")
            with Store(second_folder) as second:
                first.keep_report("rate", report(version.digest, 1))
                second.keep_report("rate", report(version.digest, 2))
                first.sync(str(hub), allow=["file"])
                second.sync(str(hub), allow=["file"])
                first.sync(str(hub), allow=["file"])
                for each in (first, second):
                    assert len(each.reports("rate")) == 2
                    assert len(each.history("rate")) == 1
                    assert each.fsck().problems == ()


def test_a_lock_a_bundle_and_the_index_know_nothing_of_reports(bare: Store, tmp_path: Path) -> None:
    with bare as store:
        version = store.save("rate", ONE)
        plain = store.export_bundle(tmp_path / "plain.bundle")
        locked = store.lock(path=tmp_path / "promptlib.lock")
        store.keep_report("rate", report(version.digest))
        assert store.export_bundle(tmp_path / "kept.bundle").digest == plain.digest
        assert store.lock(path=tmp_path / "promptlib.lock").to_dict() == locked.to_dict()
        assert store.names() == ("rate",)
        assert len(store.entries()) == 1
    with Store(tmp_path / "kept.bundle") as bundle:
        assert bundle.reports("rate") == ()
        with pytest.raises(StoreReadOnly):
            bundle.keep_report("rate", report(version.digest))


def test_a_report_that_was_changed_is_found_out(tmp_path: Path) -> None:
    with made(tmp_path / "store", bare=False) as store:
        version = store.save("rate", ONE)
        kept = store.keep_report("rate", report(version.digest))
        file = store.path / "prompts" / kept.path
        file.write_text(file.read_text("utf-8").replace('"seed": 1', '"seed": 2'), "utf-8")
        with pytest.raises(StoreDamaged, match="its name is the digest of what it said when it was kept") as caught:
            store.reports("rate")
        assert caught.value.hint.startswith("take back what was kept: git log -- prompts/.fairness/")
        (problem,) = store.fsck().problems
        assert problem.place == kept.path
        assert "git restore" in problem.remedy
        for text in ("{", "[1]", '{"seed": 1e999}'):
            file.write_text(text, "utf-8")
            with pytest.raises(StoreDamaged):
                store.reports("rate")
        git(store.path, "commit", "-qam", "Damaged")
        (problem,) = store.fsck().problems
        assert problem.remedy.startswith("take back what was kept, or take the file away")


def test_a_plain_folder_has_the_reports_that_lie_in_it(tmp_path: Path) -> None:
    with made(tmp_path / "store", bare=False) as store:
        version = store.save("rate", ONE)
        kept = store.keep_report("rate", report(version.digest))
        shutil.copytree(store.path / "prompts", tmp_path / "copy" / "prompts")
    with Store(tmp_path / "copy") as copy:
        assert copy.reports("rate") == (kept,)
        assert copy.measured() == {version.digest}


def test_a_report_that_holds_a_key_is_refused_as_a_prompt_would_be(tmp_path: Path) -> None:
    answer = Text(group="a", case=0, row=0, repeat=0, again=False, text="use acme-0123abcd")
    with Store.init(tmp_path / "store", bare=True, refuse_secrets=["acme-[0-9a-f]{8}"]) as store:
        version = store.save("rate", ONE)
        with pytest.raises(SaveRefused):
            store.keep_report("rate", report(version.digest, texts=(answer,)))
        assert store.reports("rate") == ()


def test_line_ends_that_git_changes_are_no_damage(tmp_path: Path) -> None:
    with made(tmp_path / "store", bare=False) as store:
        version = store.save("rate", ONE)
        kept = store.keep_report("rate", report(version.digest))
        file = store.path / "prompts" / kept.path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        assert store.reports("rate") == (kept,)


def test_another_store_is_asked_for_its_own(tmp_path: Path) -> None:
    with made(tmp_path / "shared", bare=True) as shared:
        version = shared.save("rate", ONE)
        kept = shared.keep_report("rate", report(version.digest))
    with made(tmp_path / "own", bare=False) as own:
        (own.path / "pyproject.toml").write_text('[tool.promptlib.stores]\nshared = "../shared"\n', "utf-8")
        assert own.reports("shared:rate") == (kept,)
        assert own.reports(own.stores["shared"].version("rate")) == ()
        with pytest.raises(BadRef, match="shared:rate lies in the store 'shared', which is read here, not written"):
            own.keep_report("shared:rate", report(version.digest))


def test_an_earlier_moment_has_the_reports_of_then(bare: Store) -> None:
    with bare as store:
        version = store.save("rate", ONE)
        store.keep_report("rate", report(version.digest, 1))
        assert store.at(version).reports("rate") == ()


def test_what_is_kept_is_plain_data_that_any_reader_understands(bare: Store) -> None:
    with bare as store:
        version = store.save("rate", ONE)
        kept = store.keep_report("rate", report(version.digest))
        assert isinstance(kept, KeptReport)
        assert json.loads(json.dumps(dict(kept.data), default=list))["kind"] == "fairness report"
