"""What every test stands on: a clean environment, no network, and the real libraries where they are at hand."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import promptlib

if TYPE_CHECKING:
    from collections.abc import Callable

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", parent=settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile("ci")


# --- environment ------------------------------------------------------------------------------------------------------


def _clean_environment(home: Path) -> None:
    """Make every test see the machine of a stranger: an empty home, no identity, plain locale, no terminal."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        if name != "GIT_SSL_CAINFO":  # where the machine keeps its certificates says nothing about the user
            del os.environ[name]
    for name in ("EMAIL", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "PAGER", "EDITOR", "VISUAL"):
        os.environ.pop(name, None)
    os.environ |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONSAFEPATH": "1",
    }
    installed_at = Path(promptlib.__file__).resolve().parents[1]
    if not installed_at.is_relative_to(Path(sys.prefix).resolve()):
        os.environ["PYTHONPATH"] = str(installed_at)  # children import the same promptlib as the tests


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment before any test module is imported."""
    home = Path(tempfile.mkdtemp(prefix="promptlib-home-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    _clean_environment(home)
    _guard_sockets()


@pytest.fixture(scope="session", autouse=True)
def tested_promptlib() -> Path:
    """Return where the tested package lies; under `make test` that must be the installed wheel, not the checkout."""
    folder = Path(promptlib.__file__).resolve().parent
    if "PROMPTLIB_WHEEL" in os.environ:
        assert folder.is_relative_to(Path(sys.prefix).resolve()), f"the tests run on {folder}, not on the wheel"
    return folder


# --- chance -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def seed() -> int:
    """Return where a test marked `soak` begins with its numbers: other ones in each round of `make soak`."""
    return int(os.environ.get("PROMPTLIB_SEED", "0"))


# --- network ----------------------------------------------------------------------------------------------------------


class NetworkUsed(AssertionError):
    """A test reached for a machine other than this one."""


_network = {"allowed": False}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let tests marked `network` through."""
    _network["allowed"] = item.get_closest_marker("network") is not None


def _check_host(host: object) -> None:
    if isinstance(host, bytes):
        host = host.decode()
    if _network["allowed"] or host in (None, "", "localhost"):
        return
    try:
        local = ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        local = False
    if not local:
        message = f"no test may reach {host}: promptlib works offline"
        raise NetworkUsed(message)


def _guard_sockets() -> None:
    """Refuse every connection and every name look-up that leaves this machine."""

    def guarded(original: Callable[..., Any], position: int) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _check_host(args[position][0])
            return original(self, *args)

        return call

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        _check_host(host)
        return resolve(host, *args, **options)

    resolve = socket.getaddrinfo
    for name, position in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
        setattr(socket.socket, name, guarded(getattr(socket.socket, name), position))
    socket.getaddrinfo = look_up


# --- real libraries ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real prompt libraries that `PROMPTLIB_CORPUS` names, or skip."""
    named = os.environ.get("PROMPTLIB_CORPUS")
    if not named:
        pytest.skip("real prompt libraries are not in this repository: set PROMPTLIB_CORPUS to their folder")
    folder = Path(named)
    assert (folder / "make_git.py").is_file(), f"PROMPTLIB_CORPUS={named} holds no make_git.py"
    return folder


def _library(corpus: Path, folder: Path, which: str) -> Path:
    repository = folder / which
    subprocess.run(
        [sys.executable, corpus / "make_git.py", repository, which], check=True, capture_output=True, timeout=120
    )
    return repository


@pytest.fixture(scope="session")
def fabric_repository(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository of 853 commits over 235 text prompts; read it, never change it."""
    return _library(corpus, tmp_path_factory.mktemp("library"), "fabric")


@pytest.fixture(scope="session")
def awesome_repository(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository of 516 commits over 267 paths; read it, never change it."""
    return _library(corpus, tmp_path_factory.mktemp("library"), "awesome")
