"""The commands of the README, in a fresh clone, on machines of several kinds."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Machine


def changed(machine: Machine) -> str:
    """Return what git sees that was not there before."""
    return machine.run("git", "status", "--porcelain").stdout


def test_the_demo_runs_and_runs_again(machine: Machine) -> None:
    assert "Installing promptlib" in machine.run("make", ".venv/.core").stdout
    home = sorted(machine.home.rglob("*"))  # pip keeps its cache there
    for _ in range(2):
        said = machine.run("make", "demo").stdout
        assert "production" in said
        assert "Installing" not in said
    assert changed(machine) == ""
    assert sorted(machine.home.rglob("*")) == home


def test_an_interrupted_installation_is_done_again(machine: Machine) -> None:
    (machine.clone / ".venv" / "bin").mkdir(parents=True)
    (machine.clone / ".venv" / "bin" / "python").write_text("half a file")
    assert "production" in machine.run("make", "demo").stdout


def test_a_moved_clone_makes_its_environment_anew(machine: Machine) -> None:
    machine.run("make", ".venv/.created")
    moved = machine.clone.rename(machine.clone.with_name("moved"))
    said = replace(machine, clone=moved).run("make", ".venv/.created").stdout
    assert "Making .venv" in said


def test_what_the_shell_sets_for_other_pythons_does_no_harm(machine: Machine) -> None:
    machine.run("make", "demo", PYTHONPATH=str(machine.clone), PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1")


def test_a_python_that_is_too_old_is_named(machine: Machine, tmp_path: Path) -> None:
    old = tmp_path / "python2.7"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 2.7.18'\nexit 1\n")
    old.chmod(0o755)
    run = machine.run("make", f"PYTHON={old}", "demo", check=False)
    assert run.returncode != 0
    assert "promptlib needs Python 3.11 or newer with venv and pip; found here: Python 2.7.18" in run.stdout
    assert "make PYTHON=/path/to/python3.11 demo" in run.stdout


def test_the_same_by_hand_without_make(machine: Machine) -> None:
    machine.run("python3", "-m", "venv", "environment")
    machine.run("environment/bin/python", "-m", "pip", "install", "-q", ".")
    assert "production" in machine.run("environment/bin/promptlib", "demo").stdout


def test_the_demo_runs_for_a_user_who_is_not_root(machine: Machine, program: Callable[[str, str], str]) -> None:
    if os.geteuid() != 0:
        assert "production" in machine.run("make", "demo").stdout
        return
    with tempfile.TemporaryDirectory() as place:  # below pytest's own folder nobody may look
        home, clone = Path(place) / "home", Path(place) / "a clone"
        shutil.copytree(machine.clone, clone)
        home.mkdir()
        subprocess.run(["chown", "-R", "nobody", place], check=True, timeout=60)
        nobody = replace(
            machine, home=home, clone=clone, prefix=(program("runuser", "util-linux"), "-u", "nobody", "--")
        )
        environment = {**machine.environment, "HOME": str(home)}
        nobody = replace(nobody, environment=environment)
        if nobody.run("python3", "-c", "", check=False).returncode:
            # The Python of the tests lies where only root may look: take the system's.
            nobody = replace(nobody, environment={**environment, "PATH": "/usr/local/bin:/usr/bin:/bin"})
        assert nobody.run("id", "-un").stdout.strip() == "nobody"
        assert "production" in nobody.run("make", "demo").stdout


def test_the_demo_needs_no_network_once_installed(
    machine: Machine, program: Callable[[str, str], str], lack: Callable[[str], NoReturn]
) -> None:
    machine.run("make", "demo")
    alone = replace(machine, prefix=(program("unshare", "util-linux"), "--map-root-user", "--net", "--"))
    if alone.run("true", check=False).returncode:
        lack("this kernel lets nobody make a network of his own")
    assert "production" in alone.run("make", "demo").stdout


def test_the_archive_holds_what_the_wheel_is_built_from(machine: Machine) -> None:
    machine.run("make", ".venv/.tools")
    machine.run(".venv/bin/python", "-m", "hatchling", "build", "-t", "sdist", "-d", "archive")
    (archive,) = (machine.clone / "archive").glob("promptlib-*.tar.gz")
    shutil.unpack_archive(archive, machine.clone / "unpacked")
    (source,) = (machine.clone / "unpacked").iterdir()
    names = {path.name for path in source.iterdir()}
    assert {"promptlib", "tests", "docs", "README.md", "LICENSE", "NOTICE", "Makefile", "pyproject.toml"} <= names
    machine.run(
        ".venv/bin/python", "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "wheel", source
    )
    assert list((machine.clone / "wheel").glob("promptlib-*.whl"))
