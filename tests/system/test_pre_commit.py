"""The hooks, as pre-commit itself installs and runs them from a clone of what is committed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Machine

PROMPT = "---\n---\nsystem:\n{}\n"
CONFIG = """\
repos:
  - repo: {clone}
    rev: {commit}
    hooks:
      - id: promptlib-check
      - id: promptlib-review
        args: ["main...HEAD"]
"""


@pytest.fixture
def programs(machine: Machine, lack: Callable[[str], NoReturn]) -> str:
    """Return the folder of pre-commit's own environment."""
    machine.run("python3", "-m", "venv", "checks")
    if machine.run("checks/bin/python", "-m", "pip", "install", "-q", "pre-commit>=4", check=False).returncode:
        lack("pre-commit cannot be installed: no package index can be reached")
    machine.run("python3", "-m", "venv", "environment")
    machine.run("environment/bin/python", "-m", "pip", "install", "-q", ".")
    return str(machine.clone)


def test_a_commit_that_cannot_be_read_and_a_push_that_breaks_are_stopped(machine: Machine, programs: str) -> None:
    identity = {f"GIT_{who}_{what}": "u@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{programs}/checks/bin:{programs}/environment/bin:{machine.environment['PATH']}"
    known = [f"{name}={value}" for name, value in {"PATH": path, **identity}.items()]

    def run(*command: str, check: bool = True) -> str:
        done = machine.run("env", "-C", "shop", *known, *command, check=check)
        return f"{done.returncode}\n{done.stdout}"

    commit = machine.run("git", "rev-parse", "HEAD").stdout.strip()
    machine.run("git", "init", "-q", "-b", "main", "shop")
    machine.run("git", "init", "-q", "--bare", "remote.git")
    shop = machine.clone / "shop"
    run("promptlib", "init")
    (shop / "prompts" / "a.prompty").write_text(PROMPT.format("Words."))
    run("promptlib", "save", "a", "-m", "First")
    (shop / ".pre-commit-config.yaml").write_text(CONFIG.format(clone=f"file://{machine.clone}", commit=commit))
    run("git", "add", ".pre-commit-config.yaml")
    run("git", "commit", "-qm", "Hooks")
    run("pre-commit", "install", "--hook-type", "pre-commit", "--hook-type", "pre-push")
    run("git", "remote", "add", "origin", str(machine.clone / "remote.git"))

    run("git", "switch", "-q", "-c", "feature")
    (shop / "prompts" / "b.prompty").write_text("---\n---\nuser:\n{{ nobody }}\n")
    run("git", "add", "prompts/b.prompty")
    said = run("git", "commit", "-qm", "Broken", check=False)
    assert said.startswith("1\n"), said
    assert "prompts can be read" in said
    assert "undeclared variable 'nobody'" in said

    (shop / "prompts" / "b.prompty").write_text(PROMPT.format("Hello."))
    run("git", "add", "prompts/b.prompty")
    run("git", "commit", "-qm", "Sound")
    assert run("git", "push", "-q", "origin", "feature").startswith("0\n")

    run("git", "rm", "-q", "prompts/a.prompty")
    run("git", "commit", "-qm", "Gone")
    said = run("git", "push", "-q", "origin", "feature", check=False)
    assert said.startswith("1\n"), said
    assert "- `a`: the name is gone: a load of it fails" in said
    assert run("git", "rev-parse", "origin/feature") != run("git", "rev-parse", "HEAD")
