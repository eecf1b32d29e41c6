"""Small disks that a test can fill to the last block and the last inode."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = os.sysconf("SC_PAGE_SIZE")
AGAIN = "PROMPTLIB_IN_A_NAMESPACE"
#: Whoever is not root may mount in a namespace of their own, where the kernel allows that.
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Disk:
    """A file system in memory."""

    path: Path

    def fill(self, left: int = 0) -> None:
        """Leave exactly *left* blocks free."""
        with open(self.path / "filler", "wb", buffering=0) as file:  # noqa: PTH123 - without a buffer
            chunk = memoryview(bytes(1 << 20))
            try:
                while True:
                    file.write(chunk)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - how writing without end must end
            file.truncate(max(0, file.tell() - left * BLOCK))

    def fill_with_files(self, left: int = 0) -> None:
        """Leave room for exactly *left* more files and folders."""
        folder = self.path / "fillers"
        folder.mkdir()
        made: list[Path] = []
        try:
            for number in count():
                (folder / str(number)).touch()
                made.append(folder / str(number))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - how writing without end must end
        for path in made[:left]:
            path.unlink()

    def make_room(self) -> None:
        """Take away what filled it."""
        (self.path / "filler").unlink(missing_ok=True)
        folder = self.path / "fillers"
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    def remount(self, how: str) -> None:
        """Mount it again: `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True, capture_output=True)


@contextmanager
def mounted(path: Path, options: str) -> Iterator[Disk]:
    """Mount a disk at *path* for as long as the block lasts."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "promptlib-test", path], check=True, capture_output=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True, capture_output=True)


def why_not(folder: Path) -> str:
    """Return why nothing can be mounted at *folder*, or an empty text."""
    return _refusal(["sh", "-c", 'mount -t tmpfs promptlib-test "$0" && umount "$0"', str(folder)])


def why_no_namespace(folder: Path) -> str:
    """Return why nothing can be mounted at *folder* in a namespace of its own, or an empty text."""
    return _refusal([*NAMESPACE, "mount", "-t", "tmpfs", "promptlib-test", str(folder)])


def _refusal(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return (done.stderr.strip() or f"{command[0]} ended with {done.returncode}") if done.returncode else ""


def run_in_a_namespace(test: str) -> None:
    """Run *test* once more where mounting is allowed; it must pass there."""
    command = [*NAMESPACE, sys.executable, "-m", "pytest", "-q", "-m", "system", "-p", "no:cacheprovider", test]
    again = subprocess.run(
        command, cwd=ROOT, env=os.environ | {AGAIN: "1"}, capture_output=True, text=True, check=False, timeout=300
    )
    assert again.returncode == 0, again.stdout + again.stderr
