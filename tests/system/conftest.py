"""Whole environments: fresh clones, other users, servers on loopback, machines that lack something."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[2]
#: Where packages come from is the machine's business; everything else of the caller's environment stays away.
PASSED_ON = ("PIP_", "SSL_", "REQUESTS_", "CURL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def lack() -> Callable[[str], NoReturn]:
    """Return what ends a test that lacks something: failing on a server, where nothing is skipped unseen."""

    def end(what: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)

    return end


@pytest.fixture(scope="session")
def program(lack: Callable[[str], NoReturn]) -> Callable[[str, str], str]:
    """Return a function from a program and its Debian package to the program's path; it installs what is missing."""

    def find(name: str, package: str) -> str:
        # A login shell of root knows the folders for administrators, a server's environment may not.
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        if shutil.which(name, path=path) is None and os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "install", "-y", "-q", package], check=False, timeout=300)
        found = shutil.which(name, path=path)
        if found is None:
            lack(f"{name} is not here and cannot be installed: it is in the package {package}")
        return found

    return find


@dataclass(frozen=True)
class Machine:
    """A stranger's machine: an empty home, no identity, and a fresh clone in a path with a space."""

    home: Path
    clone: Path
    environment: Mapping[str, str]
    prefix: tuple[str, ...] = ()

    def run(
        self, *command: str | Path, check: bool = True, seconds: float = 600, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* in the clone; on failure the test shows what it said."""
        run = subprocess.run(
            [*self.prefix, *command],
            cwd=self.clone,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert run.returncode == 0 or not check, f"{command} ended with {run.returncode}:\n{run.stdout}"
        return run


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with a fresh clone of what is committed here."""
    home = tmp_path / "home"
    home.mkdir()
    clone = tmp_path / "a clone"
    subprocess.run(["git", "clone", "-q", f"file://{ROOT}", clone], check=True, capture_output=True, timeout=120)
    environment = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    # The Python that runs the tests comes first, so that the clone is tried with the same one.
    real = Path(sys.executable).resolve().parent
    environment |= {"PATH": f"{real}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}
    return Machine(home, clone, environment)
