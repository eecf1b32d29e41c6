"""The workflow and the hooks: they parse, hold what the page promises, and their commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from promptlib import Prompt, Store, system

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "examples" / "review" / "review-prompts.yml"
CONFIG = ROOT / "examples" / "review" / "pre-commit-config.yaml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"

OTHERS = """\
[{"id": 5, "user": {"login": "mallory"}, "body": "<!-- promptlib review -->"},
 {"id": 6, "user": {"login": "github-actions[bot]"}, "body": "other"},
 {"id": 8, "user": {"login": "github-actions[bot]"}, "body": "<!-- promptlib review -->\\nold"}]
"""
GH = """\
#!/bin/sh
# Stands for GitHub's own program: it keeps what it is asked, and answers a list of comments.
printf '%s\\n' "$*" >> "$ASKED"
case "$*" in
    *--paginate*) cat "$COMMENTS" ;;
    *body=@*) cat review.md >> "$ASKED" ;;
esac
"""


def loaded(text: str) -> Any:
    return YAML(typ="safe").load(text)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def jobs() -> dict[str, Any]:
    """Return the workflow's jobs."""
    document: dict[str, Any] = loaded(WORKFLOW.read_text("utf-8"))["jobs"]
    return document


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """Return an application's repository on a branch that breaks callers."""
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.org")
    with Store.init(folder) as store:
        store.save("a", Prompt.define(system("One.")))
        store.save("b", Prompt.define(system("Two.")))
        git(folder, "switch", "-q", "-c", "feature")
        store.save("a", Prompt.define(system("One more.")))
        store.delete("b")
    git(folder, "update-ref", "refs/remotes/origin/main", "main")
    return folder


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the forge does, with the tested promptlib as `promptlib`."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    start = "from promptlib.cli import main; import sys; sys.argv[0] = 'promptlib'; main()"
    (programs / "promptlib").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{start}" "$@"\n')
    (programs / "promptlib").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    known = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )


def steps_of(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_nothing_of_a_branch_runs_where_something_can_be_written(jobs: dict[str, Any]) -> None:
    document = loaded(WORKFLOW.read_text("utf-8"))
    assert document["on"] == {"pull_request": {"paths": ["prompts/**"]}}
    assert document["permissions"] == {}
    assert "pull_request_target" not in {str(key) for key in document["on"]}
    for job in jobs.values():
        writes = "write" in job["permissions"].values()
        assert not (writes and any("checkout" in step.get("uses", "") for step in job["steps"]))
        for step in job["steps"]:
            # What a branch, a title or a name says never becomes a part of a command.
            assert "${{" not in step.get("run", "")
    assert jobs["review"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    checkout = jobs["review"]["steps"][0]["with"]
    assert checkout["persist-credentials"] is False
    assert checkout["fetch-depth"] == 0


def test_actions_are_pinned_by_commit() -> None:
    used = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text("utf-8"))
    assert len(used) == 4
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    ours = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert all(action in ours for action, _ in used if "checkout" in action or "setup-python" in action)


def test_the_steps_of_the_review_run(jobs: dict[str, Any], branch: Path) -> None:
    install, *steps = steps_of(jobs["review"])
    assert install.startswith("python -m pip install ")
    summary = branch.parent / "summary.md"
    known = {"BASE": git(branch, "rev-parse", "main"), "HEAD": git(branch, "rev-parse", "feature")}
    codes = []
    for step in steps:
        done = run(step, branch, GITHUB_STEP_SUMMARY=str(summary), **known)
        assert done.stderr == ""
        codes.append(done.returncode)
        if " lint " in step:
            place = "file=prompts/a.prompty,line=1,col=1,title=missing-description"
            assert done.stdout.startswith(f"::warning {place}::there is no description. ")
    assert codes == [0, 0, 0, 1]  # the last one says that something breaks
    text = (branch / "review.md").read_text("utf-8")
    assert text.startswith("<!-- promptlib review -->\n## Prompts\n\n**1 changed, 1 removed**, **1 breaking**")
    assert summary.read_text("utf-8") == text


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is on every runner of the forge, and not here")
@pytest.mark.parametrize(
    ("comments", "asked"),
    [
        ("[]", "api --silent repos/you/shop/issues/7/comments -F body=@review.md"),
        (
            OTHERS,
            "api --silent -X PATCH repos/you/shop/issues/comments/8 -F body=@review.md",
        ),
    ],
)
def test_the_comment_is_written_once_and_then_anew(
    jobs: dict[str, Any], tmp_path: Path, comments: str, asked: str
) -> None:
    (step,) = steps_of(jobs["comment"])
    folder = tmp_path / "comment"
    folder.mkdir()
    (folder / "review.md").write_text("<!-- promptlib review -->\n$(touch pwned) `touch pwned`\n")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "gh").write_text(GH)
    (tmp_path / "programs" / "gh").chmod(0o755)
    (tmp_path / "comments.json").write_text(comments)
    told = tmp_path / "asked"
    done = run(
        step,
        folder,
        ASKED=str(told),
        COMMENTS=str(tmp_path / "comments.json"),
        GITHUB_REPOSITORY="you/shop",
        NUMBER="7",
        GH_TOKEN="t",  # noqa: S106 - a word that opens nothing
    )
    assert done.returncode == 0, done.stderr
    lines = told.read_text("utf-8").splitlines()
    assert lines == [
        "api --paginate repos/you/shop/issues/7/comments",
        asked,
        *(folder / "review.md").read_text().splitlines(),
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["review.md"]


@pytest.mark.parametrize(
    ("hook", "code", "words"), [("promptlib-check", 0, "all can be read"), ("promptlib-review", 1, "the name is gone")]
)
def test_each_hook_runs(branch: Path, hook: str, code: int, words: str) -> None:
    (told,) = [each for each in loaded(HOOKS.read_text("utf-8")) if each["id"] == hook]
    (asked,) = [each for each in loaded(CONFIG.read_text("utf-8"))["repos"][0]["hooks"] if each["id"] == hook]
    done = run(shlex.join([*shlex.split(told["entry"]), *asked.get("args", [])]), branch)
    assert done.returncode == code, done.stderr
    assert words in done.stdout


def test_a_prompt_that_cannot_be_read_stops_a_commit(branch: Path) -> None:
    (branch / "prompts" / "a.prompty").write_text("---\n---\nuser:\n{{ nobody }}\n")
    (told,) = [each for each in loaded(HOOKS.read_text("utf-8")) if each["id"] == "promptlib-check"]
    done = run(told["entry"], branch)
    assert done.returncode == 1
    assert re.search(told["files"], "prompts/a.prompty")
    assert re.search(told["files"], "prompts/.labels/production/a.label")
    assert not re.search(told["files"], "src/a.py")
