"""The workflow of a review, looked at by zizmor, which knows how workflows are attacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Machine


def test_zizmor_finds_nothing(machine: Machine, lack: Callable[[str], NoReturn]) -> None:
    machine.run("python3", "-m", "venv", "audit")
    if machine.run("audit/bin/python", "-m", "pip", "install", "-q", "zizmor>=1.32", check=False).returncode:
        lack("zizmor cannot be installed: no package index can be reached")
    for file in ("examples/review/review-prompts.yml", ".github/workflows/ci.yml"):
        persona = "--persona=pedantic" if file.startswith("examples") else "--persona=regular"
        run = machine.run("audit/bin/zizmor", "--offline", persona, file, check=False)
        assert run.returncode == 0, run.stdout
