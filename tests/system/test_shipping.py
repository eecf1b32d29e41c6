"""The application among the examples, shipped: as a wheel in a new environment, and as its Containerfile says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.system.conftest import PASSED_ON, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION = ROOT / "examples" / "app"
ASK = (
    "import shutil; assert shutil.which('git') is None; import runpy; runpy.run_module('helpdesk', run_name='__main__')"
)


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Return what *command* prints, in the environment of a stranger."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    environment |= {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the application, with the wheel of promptlib that its Containerfile asks for."""
    folder = tmp_path_factory.mktemp("build") / "app"
    shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "wheels", ROOT, folder=folder)
    return folder


@pytest.fixture(scope="module")
def image(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file system after the last stage of the Containerfile, Python's own files apart.

    Each instruction is done as it stands, with paths below a folder of their own: what this knows no way to do fails.
    """
    stages: list[Path] = []
    names: dict[str, Path] = {}
    lines = (APPLICATION / "Containerfile").read_text("utf-8").splitlines()
    for line in filter(lambda line: line and not line.startswith("#"), lines):
        word, rest = line.split(" ", 1)
        if word == "FROM":
            stages.append(tmp_path_factory.mktemp("stage"))
            names |= {rest.partition(" AS ")[2]: stages[-1]}
        elif word == "COPY":
            source, target = rest.removeprefix("--from=build ").split()
            place = (names["build"] / source.lstrip("/")) if "--from=build" in rest else context / source
            _copied(place, stages[-1], target)
        elif word == "RUN":
            # An environment knows its own place, so it is made where it will be: below the root of the image.
            words = [re.sub(r"^/(?=app|wheels|source)", f"{stages[-1]}/", each) for each in rest.split()]
            words[0] = sys.executable if words[0] == "python" else words[0]
            words = [str(found) for each in words for found in _expanded(each)]
            run(*words, folder=stages[-1])
        else:
            assert word in {"USER", "ENTRYPOINT"}, line
    return stages[-1]


def _copied(source: Path, stage: Path, target: str) -> None:
    place = stage / target.lstrip("/")
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
    else:
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def _expanded(word: str) -> list[Path | str]:
    return list(Path("/").glob(word.lstrip("/"))) if "*" in word else [word]


def test_a_wheel_in_a_new_environment_loads_what_is_live_without_git(context: Path, tmp_path: Path) -> None:
    """As the how-to guide has it: built, installed from the package index, and run where there is no git."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "wheels", context, folder=tmp_path)
    run(sys.executable, "-m", "venv", "fresh", folder=tmp_path)
    wheels = [*(context / "wheels").glob("*.whl"), *(tmp_path / "wheels").glob("*.whl")]
    assert len(wheels) == 2
    run(tmp_path / "fresh" / "bin" / "pip", "install", "-q", *wheels, folder=tmp_path)
    live = "from promptlib import Store; print(Store.package('helpdesk').load('support/triage@production').digest)"
    environment = {"PATH": str(tmp_path / "fresh" / "bin"), "PYTHONSAFEPATH": "1"}
    digest = run(tmp_path / "fresh" / "bin" / "python", "-c", live, folder=tmp_path, **environment)
    label = APPLICATION / "helpdesk" / "prompts" / ".labels" / "production" / "support" / "triage.label"
    assert digest.strip() == label.read_text("utf-8").splitlines()[0]
    said = run(tmp_path / "fresh" / "bin" / "python", "-c", ASK, "Hello?", folder=tmp_path, **environment)
    assert said == "It is on its way.\n"


def test_the_image_runs_where_there_is_nothing_else(
    image: Path, tmp_path: Path, lack: Callable[[str], NoReturn]
) -> None:
    """An empty root with Python, what it links to, and what the Containerfile puts there."""
    if os.geteuid() != 0 or sys.platform != "linux":
        lack("only root on Linux may change the root of the file system")
    root = tmp_path / "root"
    shutil.copytree(image / "app", root / "app", symlinks=True)
    _python_into(root)
    python = root / "app" / "bin" / "python"
    python.unlink()
    python.symlink_to(Path(sys.base_prefix, "bin", Path(sys.executable).resolve().name))
    assert not list(root.rglob("git")), "there is a git in the image"
    before = {path for path in root.rglob("*") if path.is_file()}
    # It lies in /usr/sbin, which is not on everybody's PATH.
    chroot = shutil.which("chroot", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]))
    if chroot is None:
        lack("no chroot on this system")
    said = run(chroot, "--userspec=65534:65534", root, "/app/bin/python", "-m", "helpdesk", "Hello?", folder=tmp_path)
    assert said == "It is on its way.\n"
    assert {path for path in root.rglob("*") if path.is_file()} == before, "something was written"


def _python_into(root: Path) -> None:
    """Copy the Python of these tests, and every library that it is linked to, to the same places below *root*."""
    standard = Path(sysconfig.get_path("stdlib"))
    left_out = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "tkinter", "ensurepip")
    shutil.copytree(standard, root / standard.relative_to("/"), ignore=left_out)
    program = Path(sys.base_prefix, "bin", Path(sys.executable).resolve().name)
    binaries = [program, *standard.rglob("*.so"), *(root / "app").rglob("*.so")]
    found = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    for library in {program, *map(Path, re.findall(r"(/\S+) \(0x", found))}:
        place = root / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
