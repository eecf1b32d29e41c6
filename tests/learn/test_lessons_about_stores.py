"""Lessons whose exercise is a folder with a store: what is laid out, wrong and right answers, and one's own store."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, codec
from promptlib.learn import LESSONS, checked, lesson, page_of
from promptlib.learn.applying import applied
from promptlib.learn.desk import work_at
from promptlib.learn.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.learn import Report

HERE = Path(__file__).parent
FOLDERS = tuple(each.name for each in LESSONS if each.lay is not None)
FILES = ("includes", "chains")
TABLES: dict[str, dict[str, Any]] = {name: tomllib.loads((HERE / f"{name}.toml").read_text("utf-8")) for name in FILES}
LAST = "versions-and-labels"


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of each lesson, laid out once."""
    folders = {name: tmp_path_factory.mktemp(name) for name in FOLDERS}
    for name, folder in folders.items():
        lay = lesson(name).lay
        assert lay is not None
        lay(folder)
    return folders


def report(name: str, folder: Path) -> Report:
    return checked(lesson(name), work_at(lesson(name), folder))


def handed_in(name: str, folder: Path, text: str) -> Report:
    for part in ("head", "foot"):
        text = text.replace(f"{{{part}}}", TABLES[name].get(part, "").strip("\n"))
    return checked(lesson(name), Work(text.removeprefix("\n").encode(), "mine.prompty", folder=folder))


def rows(kind: str) -> list[Any]:
    return [pytest.param(name, row, id=f"{name}: {row['name']}") for name in FILES for row in TABLES[name][kind]]


def test_every_lesson_about_stores_is_here() -> None:
    assert set(FOLDERS) == {*FILES, LAST}


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_laid_out_is_what_its_page_shows_and_fails(name: str, laid_out: dict[str, Path]) -> None:
    folder = laid_out[name]
    *stored, last = page_of(name).blocks("Broken")
    assert (folder / last.file).read_text("utf-8") == last.text == page_of(name).broken
    assert last.file == lesson(name).file
    with Store(folder / "prompts.git") as store:
        for each in dict.fromkeys(each.file for each in stored):
            digests = [codec.read(block.text.encode()).digest for block in stored if block.file == each]
            assert [version.digest for version in store.history(each)] == digests
    findings = report(name, folder).findings
    assert findings
    assert {each.check for each in findings} <= {each.id for each in lesson(name).checks}


@pytest.mark.parametrize("name", FILES)
def test_the_answer_passes(name: str, laid_out: dict[str, Path]) -> None:
    assert handed_in(name, laid_out[name], page_of(name).answer).findings == ()


@pytest.mark.parametrize(("name", "row"), rows("wrong"))
def test_a_wrong_answer_is_told_what_is_wrong(name: str, row: dict[str, Any], laid_out: dict[str, Path]) -> None:
    found = handed_in(name, laid_out[name], row["text"])
    told = [each for each in found.findings if each.check == row["check"]]
    assert told, found
    assert any(row["words"] in each.message for each in told)
    for each in found.findings:
        assert each.hint
        assert (each.where.source, bool(each.where.line)) == ("mine.prompty", True)


@pytest.mark.parametrize(("name", "row"), rows("right"))
def test_other_sound_solutions_pass(name: str, row: dict[str, Any], laid_out: dict[str, Path]) -> None:
    assert handed_in(name, laid_out[name], row["text"]).findings == ()


@pytest.mark.parametrize("name", FILES)
def test_there_are_wrong_answers_of_five_kinds_and_for_every_check(name: str, laid_out: dict[str, Path]) -> None:
    assert len(TABLES[name]["wrong"]) >= 5
    assert len(TABLES[name]["right"]) >= 2
    spoken = {row["check"] for row in TABLES[name]["wrong"]}
    spoken |= {each.check for each in report(name, laid_out[name]).findings}
    spoken |= {"stale-pin"}  # of one's own store: below
    assert {each.id for each in lesson(name).checks} <= spoken


@pytest.mark.parametrize("name", FOLDERS)
def test_a_store_that_is_gone_is_a_finding(name: str, tmp_path: Path) -> None:
    page = page_of(name)
    (tmp_path / lesson(name).file).write_text(page.answer, "utf-8")
    found = report(name, tmp_path)
    assert not found.ok
    assert all(each.hint for each in found.findings)
    alone = checked(lesson(name), Work(page.answer.encode(), "a.prompty"))
    assert any(each.message == "this exercise is a folder with a store in it" for each in alone.findings)


# --- versions and labels: what is handed in is a history --------------------------------------------------------------

NAME = "support/refund"


class Learner:
    """Somebody at work in the folder of the lesson."""

    def __init__(self, folder: Path) -> None:
        """Work in *folder*, which is laid out."""
        self.folder = folder
        self.file = folder / "refund.prompty"

    def store(self) -> Store:
        return Store.open(self.folder / "prompts.git")

    def edit(self, text: str | None = None) -> None:
        self.file.write_text(page_of(LAST).answer if text is None else text, "utf-8")

    def save(self, message: str = "Promise no refunds again") -> None:
        data = self.file.read_bytes()
        with self.store() as store:
            store.save(NAME, codec.read(data), file=data, message=message)

    def label(self, version: str, label: str = "production") -> None:
        with self.store() as store:
            store.label(NAME, label, version)

    def mend(self) -> None:
        self.edit()
        self.save()
        self.label("v4")


def only_back(learner: Learner) -> None:
    learner.label("v2")


def only_edited(learner: Learner) -> None:
    learner.edit()


def only_saved(learner: Learner) -> None:
    learner.edit()
    learner.save()


def another_label(learner: Learner) -> None:
    only_saved(learner)
    learner.label("v4", "prod")


def reverted(learner: Learner) -> None:
    with learner.store() as store:
        store.revert(NAME, "v2", message="Back to v2")
    learner.edit(page_of(LAST).blocks("Broken")[1].text)
    learner.label("v4")


def no_reason(learner: Learner) -> None:
    learner.edit()
    learner.save("")
    learner.label("v4")


def half_mended(learner: Learner) -> None:
    learner.edit(page_of(LAST).answer.replace("Ask for the order number where it is missing.\n", ""))
    learner.save()
    learner.label("v4")


def begun_anew(learner: Learner) -> None:
    shutil.rmtree(learner.folder / "prompts.git")
    Store.init(learner.folder / "prompts.git", bare=True).close()
    learner.edit()
    learner.save()
    learner.label("v1")


def deleted(learner: Learner) -> None:
    with learner.store() as store:
        store.delete(NAME)


@pytest.mark.parametrize(
    ("act", "check", "words", "hint"),
    [
        (
            only_back,
            "not-live",
            "production is v2, which does not say to be warm",
            "for the first minutes that is right",
        ),
        (only_edited, "unsaved", "no version in the store says what it says", "promptlib save support/refund"),
        (only_saved, "not-live", "production is v3, which does not say never to promise", "production v4"),
        (another_label, "not-live", "production is v3", "v4 says it all"),
        (reverted, "not-live", "production is v4, which does not say to be warm", "put the lost sentence back"),
        (half_mended, "not-live", "does not say to ask for the order number", "put the lost sentence back"),
        (no_reason, "no-why", "v4 does not say why it was made", "with a change and -m"),
        (begun_anew, "rewritten", "v1 of support/refund is no longer what it was", "lay the exercise out anew"),
        (deleted, "not-live", "no version of support/refund is labelled production", "move the label"),
    ],
)
def test_a_wrong_history_is_told_what_is_wrong(
    act: Callable[[Learner], None], check: str, words: str, hint: str, laid_out: dict[str, Path], tmp_path: Path
) -> None:
    learner = Learner(shutil.copytree(laid_out[LAST], tmp_path / "mine"))
    act(learner)
    told = {each.check: each for each in report(LAST, learner.folder).findings}
    assert check in told, told
    assert words in told[check].message
    assert hint in told[check].hint
    assert told[check].where.line


@pytest.mark.parametrize("back_first", [True, False])
def test_a_mended_version_that_is_live_passes(laid_out: dict[str, Path], tmp_path: Path, *, back_first: bool) -> None:
    learner = Learner(shutil.copytree(laid_out[LAST], tmp_path / "mine"))
    if back_first:
        learner.label("v2")
    learner.mend()
    assert report(LAST, learner.folder).findings == ()
    with learner.store() as store:
        assert store.version(f"{NAME}@production").number == 4


def test_the_commands_of_the_answer_do_what_they_say(
    laid_out: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    from typer.testing import CliRunner

    from promptlib.cli.app import app

    folder = shutil.copytree(laid_out[LAST], tmp_path / "promptlib-lessons" / LAST)
    (folder / "refund.prompty").write_text(page_of(LAST).answer, "utf-8")
    commands = page_of(LAST).sections["Answer"].split("```text\n")[1].split("```")[0].splitlines()
    assert commands[0] == f"cd promptlib-lessons/{LAST}/prompts.git"
    monkeypatch.chdir(folder / "prompts.git")
    for command in commands[1:]:
        program, *words = shlex.split(command)
        assert program == "promptlib"
        ended = CliRunner().invoke(app, words)
        assert ended.exit_code == 0, ended.output
    assert report(LAST, folder).findings == ()


# --- a learner's own store --------------------------------------------------------------------------------------------


def test_own_prompts_are_told_of_old_pins_and_stale_descriptions(laid_out: dict[str, Path]) -> None:
    with Store(laid_out["includes"] / "prompts.git") as store:
        old = next(iter(store.history("part/voice")))
        text = page_of("includes").answer
        newest = store.version("part/voice@latest").digest
        behind = text.replace(newest.removeprefix("sha256:"), old.digest.removeprefix("sha256:")).encode()
        store.save("own/answer", codec.read(behind), file=behind)
        reading = applied(behind, name="own/answer", view=store)
        assert [each.check for each in reading.findings if each.lesson == "includes"] == ["stale-pin"]


def test_own_chains_are_told_of_labels(laid_out: dict[str, Path]) -> None:
    row = next(row for row in TABLES["chains"]["wrong"] if row["check"] == "floating-step")
    data = row["text"].replace("{head}", TABLES["chains"]["head"].strip("\n")).encode()
    with Store(laid_out["chains"] / "prompts.git") as store:
        reading = applied(data, name="own/mail", view=store)
    assert [(each.lesson, each.check) for each in reading.findings] == [("chains", "floating-step")]


def test_own_prompts_are_told_what_grows_without_an_end() -> None:
    head = "---\ndescription: Answers\ninputs:\n"
    body = "---\nsystem:\nAnswer in {{ tones | join(' and ') }} words.\n\n{{ turns }}\n\nuser:\nGo on.\n"
    tones = "  tones: {kind: array, description: Tones, items: {kind: string, enumValues: [warm, plain]}}\n"
    turns = "  turns: {kind: thread, description: What was said}\n"
    reading = applied(f"{head}{tones}{turns}{body}".encode(), name="own/answer")
    told = [each.message for each in reading.findings if each.check == "nothing-goes"]
    assert len(told) == 1
    assert told[0].startswith("200 items of turns take")
    cut = "metadata: {promptlib: {segments: {turns: {priority: 1}}}}\n"
    reading = applied(f"{head}{tones}{turns}{cut}{body}".encode(), name="own/answer")
    assert [each for each in reading.findings if each.check == "nothing-goes"] == []
