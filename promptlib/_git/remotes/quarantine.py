"""A git folder of its own for each talk with a remote: the repository's configuration has no say in it.

A repository can name programs for git to run while it fetches and pushes: `core.sshCommand`, `credential.helper`,
`core.gitProxy`, `remote.*.uploadpack`, `core.alternateRefsCommand`. A fetch therefore runs in an empty git folder
inside the repository's own. It borrows the repository's objects, and its configuration is written here; the user's own,
global configuration holds as always, `includeIf "gitdir:…"` too. What a server sends lies there first, and comes to the
repository only when all of it is there and has been checked: a cut connection leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib._git.room import telling
from promptlib._git.runner import Git
from promptlib.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib._git.layout import Layout
    from promptlib._git.remotes.addresses import Address

PREFIX = "remote-"
#: How the remote is called in there: a name that no global configuration says anything of.
THERE = "promptlib-there"
#: A talk that a kill has ended, and that its room has outlived.
LEFT_SECONDS = 24 * 3600
#: What a reader needs to use a pack comes last, so that no pack is ever found in part.
_LAST = (".idx",)


class Room:
    """The git folder of one talk."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        """Take the empty *folder* for a talk about the repository of *layout*."""
        self.folder = folder
        self.git = Git(folder, (f"--git-dir={folder}",))
        self._layout = layout
        for name in ("refs", "objects/info", "objects/pack"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        alternates = f"{layout.common_dir / 'objects'}\n"
        (folder / "objects/info/alternates").write_text(alternates, "utf-8", "surrogateescape")
        if layout.shallow:
            shutil.copyfile(layout.common_dir / "shallow", folder / "shallow")
        self.configure({})

    def configure(self, settings: Mapping[tuple[str, str, str], str | tuple[str, ...]]) -> None:
        """Write the configuration: (section, subsection, key) -> values."""
        version = {("core", "", "repositoryformatversion"): "1", ("core", "", "bare"): "true"}
        ours: dict[tuple[str, str, str], str | tuple[str, ...]] = {
            **version,
            # git would ask the repository whose objects are borrowed for its refs, in a process with its configuration.
            ("core", "", "alternateRefsCommand"): "true",
            ("extensions", "", "objectFormat"): self._layout.object_format,
        }
        if self._layout.shared:
            ours["core", "", "sharedRepository"] = f"0{self._layout.shared:o}"
        rows = []
        for (section, subsection, key), value in {**ours, **settings}.items():
            head = f'[{section} "{_escaped(subsection)}"]' if subsection else f"[{section}]"
            rows += [
                head,
                *(f'\t{key} = "{_escaped(each)}"' for each in ((value,) if isinstance(value, str) else value)),
            ]
        config = self.folder / "config"
        config.write_text("\n".join([*rows, ""]), "utf-8", "surrogateescape")

    def keep_credentials(self, address: Address) -> tuple[str, ...]:
        """Keep what stands in the address where git finds it and no list of processes shows it; return the helpers."""
        file = self.folder / "credentials"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as lines:
            lines.write(f"{address.scheme}://{address.user}@{address.host}\n")
        # The empty one takes away the helpers before it: the address has the word.
        return "", f"store --file={_shell(os.fspath(file))}"

    def know(self, commits: Iterable[str]) -> None:
        """Let the other side hear that these commits are here, and git stop at them when it looks what is new."""
        rows = [f"{commit} refs/known/{number}\n" for number, commit in enumerate(dict.fromkeys(commits))]
        (self.folder / "packed-refs").write_text("".join(rows))

    def move_in(self) -> None:
        """Give the repository the objects that lie here, each whole or not at all."""
        objects = self.folder / "objects"
        home = self._layout.common_dir / "objects"
        for folder in sorted(objects.iterdir()):
            if len(folder.name) == 2:  # noqa: PLR2004 - the first two digits of an id
                self._move(folder, home / folder.name)
        self._move(objects / "pack", home / "pack")

    def _move(self, folder: Path, home: Path) -> None:
        if not home.is_dir():
            home.mkdir(exist_ok=True)
            if self._layout.shared:
                home.chmod(0o2000 | self._layout.shared | (self._layout.shared & 0o444) >> 2)
        for file in sorted(folder.iterdir(), key=lambda file: (file.suffix in _LAST, file.name)):
            if not file.name.startswith("tmp_"):
                file.replace(home / file.name)


@contextmanager
def opened(layout: Layout) -> Iterator[Room]:
    """Have a room for one talk; it goes with all that is in it."""
    with telling(layout.common_dir):
        own = layout.own_folder()
        sweep(own)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=own))
    try:
        with telling(layout.common_dir):
            room = Room(folder, layout)
        yield room
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def blind(layout: Layout) -> Iterator[Room]:
    """Have a room in which nothing is said to anybody; elsewhere, for a moment, where this cannot be written."""
    with ExitStack() as stack:
        try:
            room = stack.enter_context(opened(layout))
        except StoreError:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"promptlib-{PREFIX}"))
            room = Room(Path(folder), layout)
        yield room


def sweep(own: Path) -> None:
    """Take away the rooms of talks that a kill has ended: an address with a password may lie in one."""
    old = time.time() - LEFT_SECONDS
    with suppress(OSError), os.scandir(own) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.stat(follow_symlinks=False).st_mtime < old:
                shutil.rmtree(entry.path, ignore_errors=True)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
