"""Where a repository keeps its parts, read without starting git."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from promptlib.errors import GitFailed, NotAStore, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator

ObjectFormat = Literal["sha1", "sha256"]
ReferenceFormat = Literal["files", "reftable"]

NEWEST_FORMAT = 1
TRUE = frozenset({"true", "yes", "on", "1"})
# Extensions that change nothing in what is read here without git; any other makes git itself the judge.
KNOWN_EXTENSIONS = frozenset(
    {"noop", "partialclone", "preciousobjects", "worktreeconfig", "objectformat", "refstorage", "relativeworktrees"}
)
#: The section that `git config promptlib.search.<key>` writes to.
SEARCH = 'promptlib "search"'


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and formats of one repository."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    object_format: ObjectFormat = "sha1"
    reference_format: ReferenceFormat = "files"
    #: The mode that `core.sharedRepository` asks of every file, for a repository that several users write; or 0.
    shared: int = 0
    #: What `promptlib.refuseSecrets` says in the repository's own configuration, as it stands there.
    refuse_secrets: str = ""
    #: Whether this is a clone that has left objects at its remote, to be fetched when they are asked for.
    partial: bool = False
    #: What `promptlib.search.*` says there, by key.
    search: tuple[tuple[str, str], ...] = ()

    @property
    def bare(self) -> bool:
        """Tell whether there is no work tree."""
        return self.work_tree is None

    def own_folder(self) -> Path:
        """Return the folder for what promptlib itself keeps in a repository: made when it is not there."""
        folder = self.common_dir / "promptlib"
        try:
            folder.mkdir()
        except FileExistsError as error:
            if folder.is_symlink():
                raise StoreReadOnly(
                    f"{str(folder)!r} is a link, and nothing is written through one", hint=f"take it away: rm {folder}"
                ) from error
            return folder
        if self.shared:
            folder.chmod(0o2000 | self.shared | (self.shared & 0o444) >> 2)
        return folder

    @property
    def shallow(self) -> bool:
        """Tell whether the history was cut off when this was cloned."""
        # The hot path: most are not shallow, and `exists` would raise and catch an error to say so.
        return os.access(f"{self.common_dir}/shallow", os.F_OK)

    def cut_off(self) -> frozenset[str]:
        """Return the commits of a shallow clone whose parents git leaves out."""
        if not self.shallow:
            return frozenset()
        return frozenset((self.common_dir / "shallow").read_text("ascii", "replace").split())


def find(path: Path) -> Layout:
    """Return the layout of the bare repository, or of the work tree, whose root is exactly *path*."""
    try:
        layout = _layout(path.absolute())
    except OSError as error:
        raise _unreadable(path, error) from error
    if layout is None:
        raise NotAStore(
            f"{str(path)!r} is no git repository",
            hint=f"make one: promptlib init --bare {path}" if not path.exists() else f"make one: promptlib init {path}",
        )
    return layout


def search(path: Path) -> Layout | None:
    """Return the layout around *path*, looking upwards as git does, or None."""
    start = path.absolute()
    for folder in (start, *start.parents):
        try:
            layout = _layout(folder)
        except PermissionError:
            continue
        except OSError as error:
            raise _unreadable(folder, error) from error
        if layout is not None:
            return layout
    return None


def _unreadable(path: Path, error: OSError) -> GitFailed:
    """What cannot be read is no proof that there is no store."""
    hint = f"whose is it? try: ls -ld {path}" if isinstance(error, PermissionError) else "try again"
    return GitFailed(f"{str(path)!r} cannot be read: {error.strerror}", hint=hint)


def _layout(folder: Path) -> Layout | None:
    marker = folder / ".git"
    if (git_dir := _git_dir(marker)) is not None:
        return _read(git_dir, folder, owned=(folder, marker, git_dir))
    if _is_git_dir(folder):
        return _read(folder, None, owned=(folder,))
    return None


def _git_dir(marker: Path) -> Path | None:
    """Return the folder that `.git` is, or that the file `.git` of a linked work tree or submodule names."""
    if marker.is_dir():
        return marker if _is_git_dir(marker) else None
    if not marker.is_file():
        return None
    text = marker.read_text("utf-8", "surrogateescape")
    if not text.startswith("gitdir: "):
        raise NotAStore(f"{str(marker)!r} is no link to a git repository", hint="it should begin with 'gitdir: '")
    git_dir = Path(os.path.normpath(marker.parent / text.removeprefix("gitdir: ").rstrip("\r\n")))
    if not _is_git_dir(git_dir):
        raise NotAStore(
            f"{str(marker)!r} names {str(git_dir)!r}, which is no git repository", hint="try: git worktree repair"
        )
    return git_dir


def _common_dir(git_dir: Path) -> Path:
    try:
        text = (git_dir / "commondir").read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return git_dir
    return Path(os.path.normpath(git_dir / text.rstrip("\r\n")))


def _is_git_dir(folder: Path) -> bool:
    if not (folder / "HEAD").exists() and not (folder / "HEAD").is_symlink():
        return False
    common = _common_dir(folder)
    return (common / "objects").is_dir() and ((common / "refs").is_dir() or (common / "reftable").is_dir())


def _read(git_dir: Path, work_tree: Path | None, *, owned: tuple[Path, ...]) -> Layout:
    common = _common_dir(git_dir)
    settings = dict(_settings(common / "config"))
    if settings.get("extensions.worktreeconfig", "").lower() == "true":
        settings |= dict(_settings(git_dir / "config.worktree"))
    _check_owner(owned)
    object_format, reference_format = _formats(settings, common)
    tree = _work_tree(git_dir, work_tree, settings)
    refused = settings.get("promptlib.refusesecrets", "")
    partial = "extensions.partialclone" in settings or settings.get("remote.promisor", "").lower() in TRUE
    search = tuple((key.removeprefix(f"{SEARCH}."), value) for key, value in settings.items() if key.startswith(SEARCH))
    return Layout(git_dir, common, tree, object_format, reference_format, _shared(settings), refused, partial, search)


def _shared(settings: dict[str, str]) -> int:
    value = settings.get("core.sharedrepository", "umask").lower()
    if value in {"group", "true", "1"}:
        return 0o660
    if value in {"all", "world", "everybody", "2"}:
        return 0o664
    return int(value, 8) if value.startswith("0") and value.isdecimal() and "8" not in value and "9" not in value else 0


def _work_tree(git_dir: Path, found: Path | None, settings: dict[str, str]) -> Path | None:
    bare = settings.get("core.bare", "").lower() in TRUE
    if found is None:
        # A folder `.git` opened by its own name stands for the work tree around it.
        return git_dir.parent if git_dir.name == ".git" and not bare else None
    # A linked work tree shares the configuration of its repository, which may well be bare.
    if bare and _common_dir(git_dir) == git_dir:
        return None
    named = settings.get("core.worktree")
    if named and os.path.realpath(git_dir / named) != os.path.realpath(found):
        raise NotAStore(
            f"the work tree of {str(git_dir)!r} is not {str(found)!r}: core.worktree says {named!r}",
            hint="open the work tree that git names, or remove the setting: git config --unset core.worktree",
        )
    return found


def _formats(settings: dict[str, str], common: Path) -> tuple[ObjectFormat, ReferenceFormat]:
    version = settings.get("core.repositoryformatversion", "0")
    if not version.isdecimal() or int(version) > NEWEST_FORMAT:
        raise GitFailed(f"{str(common)!r} has repository format {version}, which is newer than promptlib knows")
    if int(version) == 0:
        return "sha1", "files"
    unknown = sorted(
        key for key in settings if key.startswith("extensions.") and key.split(".", 1)[1] not in KNOWN_EXTENSIONS
    )
    objects = settings.get("extensions.objectformat", "sha1").lower()
    references = settings.get("extensions.refstorage", "files").lower()
    if unknown or objects not in {"sha1", "sha256"} or references not in {"files", "reftable"}:
        words = ", ".join(unknown) or f"{objects} objects and {references} references"
        raise GitFailed(f"{str(common)!r} is stored in a way that promptlib does not know: {words}")
    return ("sha256" if objects == "sha256" else "sha1"), ("reftable" if references == "reftable" else "files")


def _settings(config: Path) -> Iterator[tuple[str, str]]:
    """Yield `section.key` and value; of git's syntax only what the keys of a repository's format and ours use."""
    try:
        text = config.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    section = ""
    for row in text.splitlines():
        line = row.strip()
        if line.startswith("["):
            head, _, line = line[1:].partition("]")
            section = head.strip().lower()
            line = line.strip()
        if section.startswith("remote ") and line.lower().startswith("promisor"):
            yield "remote.promisor", _value(line.partition("=")[2] or "true")
        if not line or line[0] in "#;" or section not in {"core", "extensions", "promptlib", SEARCH}:
            continue
        key, equals, value = line.partition("=")
        yield f"{section}.{key.strip().lower()}", _value(value) if equals else "true"


def _value(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        return text[1:].partition('"')[0].replace("\\\\", "\\")
    return text.partition(" #")[0].partition(" ;")[0].strip()


def _check_owner(paths: tuple[Path, ...]) -> None:
    """Refuse another user's repository unless git allows it: its configuration can name programs to run."""
    if not hasattr(os, "geteuid"):
        return
    allowed = {os.geteuid()}
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        allowed.add(int(os.environ["SUDO_UID"]))
    if all(os.lstat(path).st_uid in allowed for path in paths):
        return
    from promptlib._git.runner import Git  # noqa: PLC0415 - starting a process is the rare case

    result = Git.at(paths[0]).run("rev-parse", "--absolute-git-dir", check=False)
    if result.code:
        what, _, remedy = result.error.strip().partition("\n")
        raise GitFailed(what.removeprefix("fatal: "), hint=" ".join(remedy.split()))


def _mounted_read_only(folder: Path) -> str:
    if not hasattr(os, "statvfs"):
        return ""
    return os.strerror(errno.EROFS) if os.statvfs(folder).f_flag & os.ST_RDONLY else ""


def check_writable(layout: Layout) -> None:
    """Refuse early, and by name, where no object could be written."""
    folder = layout.common_dir / "objects"
    if not os.access(folder, os.W_OK | os.X_OK):
        try:
            why = _mounted_read_only(folder) or stat.filemode(folder.stat().st_mode)
        except OSError as error:
            raise _unreadable(folder, error) from error
        raise StoreReadOnly(
            f"{str(folder)!r} cannot be written ({why})", hint="reading works; to save, open a copy of your own"
        )
