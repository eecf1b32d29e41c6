"""The whole story: edit the file, review, release, see what ran, find who met a bad version, take it back."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from helpdesk import Ticket, answer

from promptlib.runs import RunLog

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Model
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from promptlib import Store

ASK = "Ask for the order number when it is missing."
PROMPT = "helpdesk/prompts/support/triage.prompty"


def test_from_an_edit_to_the_trace_and_back(project: Store, model: Model, spans: InMemorySpanExporter) -> None:
    """Every step with real git, as a team would take it."""
    folder = project.path
    first = project.version("support/triage@v1")
    assert answer(Ticket(message="Hi"), model, prompts=project, log=project.runs).prompt == first.digest

    # Edit the file on a branch. The application goes on with the words that are live.
    git(folder, "switch", "-q", "-c", "order-number")
    edit(folder)
    assert answer(Ticket(message="Hi"), model, prompts=project).prompt == first.digest
    assert shell(folder, "diff", "support/triage", "--exit-code", code=1).count(ASK) == 1
    git(folder, "commit", "-q", "-a", "-m", "Ask for the order number")

    # Review what the branch changes, as the pull request shows it: the words, what they cost, and whom they break.
    review = shell(folder, "review", "main..order-number", "--exit-code", code=1)
    assert "**1 changed**, none breaking, +10 tokens" in review
    assert f"+ {ASK}" in review
    git(folder, "switch", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "--no-edit", "order-number")
    assert answer(Ticket(message="Hi"), model, prompts=project).prompt == first.digest
    assert ASK not in str(model.messages[0]["content"])

    # Label production: one commit, in which the words that go live are to be read.
    shell(folder, "label", "support/triage", "production", "latest", "-m", "Release: ask for the order number")
    assert f"+{ASK}" in git(folder, "show", "--format=")
    second = project.version("support/triage@production")
    assert (second.number, second.message.strip()) == (2, "Ask for the order number")

    # The application loads production; trace and log say which version ran, and hold no word of the customer's.
    spans.clear()
    given = Ticket(message="My card is 4111 1111", urgency="high")
    assert answer(given, model, prompts=project, log=project.runs).prompt == second.digest
    assert ASK in str(model.messages[0]["content"])
    (span,) = spans.get_finished_spans()
    told = dict(span.attributes or {})
    assert (told["gen_ai.prompt.name"], told["gen_ai.prompt.version"]) == ("support/triage", second.digest)
    assert (told["promptlib.prompt.ref"], told["promptlib.prompt.label"]) == (second.ref, "production")
    assert told["gen_ai.prompt.variable.urgency"] == "high"
    *_, run = project.runs
    assert (run.ref, run.label, run.model) == (second.ref, "production", "gpt-4o")
    assert run.fields["trace_id"] == f"{span.context.trace_id:032x}"
    assert "4111" not in str(told) + project.runs.path.read_text()

    # The version was bad: which runs met it? Only those, and an answer leads to the versions that gave it.
    assert [met.id for met in project.runs.with_version("support/triage@v2")] == [run.id]
    assert run.id in shell(folder, "runs", "support/triage@v2")
    gave = project.runs.producing("Normal. It is on its way.").versions()
    assert [str(used.version) for used in gave] == [str(first), str(project.version("support/triage@v2"))]

    # Take it back by moving the label; the history keeps both.
    shell(folder, "label", "support/triage", "production", "v1", "-m", "Take the release back")
    assert answer(Ticket(message="Hi"), model, prompts=project, log=project.runs).prompt == first.digest
    assert [met.label for met in project.runs.of("support/triage@v1")] == ["production", "production"]
    assert git(folder, "status", "--porcelain") == ""
    assert project.fsck().problems == ()


def test_without_git_the_log_says_which_words_too(model: Model, tmp_path: Path, project: Store) -> None:
    """A line of an image without git is found again in the checkout, by its digest."""
    log = RunLog(tmp_path / "runs.jsonl")
    answer(Ticket(message="Hi"), model, log=log)
    (run,) = log
    assert (run.name, run.number, run.label) == ("support/triage", None, "production")
    (used,) = project.runs.in_file(log.path).versions()
    assert used.version == project.version("support/triage@v1")


def edit(folder: Path) -> None:
    """Change the prompt as an editor would."""
    path = folder / PROMPT
    text = path.read_text("utf-8")
    path.write_text(text.replace("then answer it.\n", f"then answer it.\n{ASK}\n"), "utf-8")


def git(folder: Path, *arguments: str) -> str:
    """Run git in the application."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def shell(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run promptlib in the application; it ends with *code*."""
    command = [sys.executable, "-m", "promptlib", *arguments]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout
