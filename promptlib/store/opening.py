"""Where a store is: finding its root in a repository, a folder or a package, and making a new one."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib._git import Repository
from promptlib.errors import NotAStore, SaveRefused, StoreError, StoreReadOnly
from promptlib.store.homes import Folder
from promptlib.store.layout import ATTRIBUTES, ATTRIBUTES_TEXT, LABELS, PROMPT
from promptlib.store.settings import checked_root, configured_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.resources.abc import Traversable

    from promptlib.bundle import Bundle

DEFAULT_ROOT = "prompts"
SYSTEM = 0


#: What the system says of a text that can be no path here.
_NO_PATH = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EILSEQ})


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Let what the system refuses inside be an error of ours about *path*."""
    try:
        yield
    except StoreError:
        raise  # one of them is a PermissionError too
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at: {error.strerror}", hint="try again") from error


def root_in(folder: Path) -> str | None:
    """Return the root's path below *folder* (empty: the folder itself), or None when *folder* is no store.

    The root is what `[tool.promptlib] root` says, else `prompts`, else the folder itself when it is the checkout of
    a bare store.
    """
    named = configured_root(folder)
    if named is not None:
        return named if (folder / named).is_dir() else None
    if (folder / DEFAULT_ROOT).is_dir():
        return DEFAULT_ROOT
    return "" if _is_root(folder) else None


def _is_root(folder: Path) -> bool:
    if (folder / LABELS).is_dir() or next(folder.glob(f"*{PROMPT}"), None) is not None:
        return True
    return _is_marked(folder)


def _is_marked(folder: Path) -> bool:
    attributes = folder / ATTRIBUTES
    return attributes.is_file() and ATTRIBUTES_TEXT.splitlines()[0] in attributes.read_bytes().splitlines()


def _is_ours(folder: Path) -> bool:
    """Whether *folder* is the user's or the system's, as git asks of a repository that it comes upon."""
    return not hasattr(os, "geteuid") or folder.stat().st_uid in {os.geteuid(), SYSTEM}


#: The bundle that a shell works on: nobody can go into a file.
_standing: ContextVar[Path | None] = ContextVar("standing", default=None)


def stand_at(bundle: Path) -> Callable[[], None]:
    """Let a store without a path be *bundle*, until what this returns is called."""
    token = _standing.set(bundle)
    return lambda: _standing.reset(token)


def find(path: Path | None) -> tuple[Path, Repository | None, str]:
    """Return (folder, repository, root below the folder) of the store at *path*, or around the working directory.

    Raises `NotAStore`, which says what was looked for and how to make a store.
    """
    path = path or _standing.get()
    if path is not None:
        return _at(checked_path(path))
    here = Path.cwd()
    for folder in (here, *here.parents):
        found = _try(folder)
        # Above, a folder without git is a store only where one was made: a stray prompts/ in /tmp is nobody's store.
        if found is not None and (folder == here or found[1] is not None or _is_left(folder / found[2])):
            return found
    raise NotAStore(
        f"no store in {here} or above it",
        hint="make one: promptlib init (in an application's repository) or promptlib init --bare prompts.git",
    )


def checked_path(path: Path) -> Path:
    """Return *path* when it can be one on this system; raises `NotAStore` for what is too long or no file's name.

    Raises `StoreError` where the system could not look: that is no proof that there is no store.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return path
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_PATH:
            raise StoreError(f"{path} cannot be looked at: {error.strerror}", hint="try again") from error
        shown = ascii(str(path)[:80])
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotAStore(f"{shown} is no path of this system: {reason}", hint="give the path of a folder") from error
    return path


def _is_left(root: Path) -> bool:
    return _is_marked(root) and _is_ours(root)


def files_at(folder: Path, root: str) -> Folder | Bundle:
    """Return the files of a store without git: those of a folder, or of the bundle that *folder* is."""
    if folder.is_dir():
        return Folder(folder / root, f"{root}/" if root else "")
    from promptlib.bundle import Bundle  # noqa: PLC0415 - most stores are none

    return Bundle.open(folder)


def files_in(root: Traversable, shown: str) -> Folder | Bundle:
    """Return the files that a package carries at *root*: in a folder, or in a bundle."""
    if root.is_dir():
        return Folder(root, f"{shown}/")
    from promptlib.bundle import Bundle  # noqa: PLC0415 - most stores are none

    return Bundle.open(root) if isinstance(root, Path) else Bundle.of(root.read_bytes(), shown)


def _try(folder: Path) -> tuple[Path, Repository | None, str] | None:
    try:
        return _at(folder)
    except NotAStore:
        return None


def _at(path: Path) -> tuple[Path, Repository | None, str]:
    if path.is_file():
        return path, None, ""
    if not path.is_dir():
        raise NotAStore(f"{path} does not exist", hint=f"make a store there: promptlib init --bare {path}")
    repository = _repository(path)
    if repository is not None and repository.bare:
        _check_bare(path, repository)
        return path, repository, ""
    root = root_in(path)
    if root is not None and repository is not None:
        _check_inside(path / root, repository)
    if root is None:
        _check_left_out(path, repository)
        kind = "folder" if repository is None else "repository"
        raise NotAStore(
            f"{path} is no store: this {kind} has no {DEFAULT_ROOT}/", hint=f"make one: promptlib init {path}"
        )
    return path, repository, root


def _check_bare(path: Path, repository: Repository) -> None:
    """Refuse to take the files around a `.git` for nothing, only because its configuration says that it is bare."""
    if repository.git_dir != path and root_in(path) is not None:
        raise StoreError(
            f"{path} has prompts, and core.bare in {repository.git_dir / 'config'} says that there are no files",
            hint=f"git -C {path} config core.bare false; or open the repository alone: {repository.git_dir}",
        )


def _check_left_out(path: Path, repository: Repository | None) -> None:
    """Say so when the root is committed and is not on disk, as in a sparse checkout."""
    if repository is None or not path.resolve().is_relative_to(top := Path(str(repository.work_tree)).resolve()):
        return
    root = (path.resolve() / (configured_root(path) or DEFAULT_ROOT)).relative_to(top).as_posix()
    head = repository.head().commit if checked_root(root) else None
    if head is not None and next(repository.files(head, root), None) is not None:
        raise StoreError(
            f"{root}/ is committed in {top} and is not on disk",
            hint=f"a sparse checkout leaves it out: git sparse-checkout add {root}; else: git checkout HEAD -- {root}",
        )


def _check_inside(root: Path, repository: Repository) -> None:
    top = Path(str(repository.work_tree)).resolve()
    if not root.resolve().is_relative_to(top):
        raise StoreError(
            f"{root} leads out of its repository {top}",
            hint="replace the link by a folder; git keeps no file behind it",
        )


def _repository(path: Path) -> Repository | None:
    try:
        return Repository.open(path)
    except NotAStore:
        return _around(path)


def _around(path: Path) -> Repository | None:
    """A store may lie in a folder of a larger repository, such as a package of a monorepo."""
    found = Repository.discover(path)
    return found if found is not None and not found.bare and found.work_tree else None


def make_bare(path: Path, *, refuse_secrets: bool = False) -> None:
    """Make an empty bare repository at *path*; one that is there already stays as it is.

    *refuse_secrets* is written into its configuration, so that whoever opens it is held to it.
    """
    with _made_bare(path) as repository:
        if refuse_secrets:
            repository.configure("promptlib.refuseSecrets", "true")


def _made_bare(path: Path) -> Repository:
    checked_path(path)
    if path.exists() and not path.is_dir():
        raise NotAStore(f"{path} is a file", hint="choose another path")
    try:
        found = Repository.open(path) if path.is_dir() else None
    except NotAStore:
        found = None
    if found is not None:
        if not found.bare:
            raise NotAStore(f"{path} is a repository with a work tree", hint=f"leave --bare out: promptlib init {path}")
        return found
    if path.is_dir() and any(path.iterdir()):
        raise NotAStore(f"{path} is not empty", hint="choose an empty or a new folder")
    return Repository.init(made_folder(path), bare=True)


def make_in_work_tree(path: Path) -> Repository:
    """Return the repository around *path*, or a new one at *path*; raises `SaveRefused` without an identity."""
    found = Repository.discover(path) if path.is_dir() else None
    if found is not None and found.bare:
        raise NotAStore(f"{path} is a bare repository", hint=f"say so: promptlib init --bare {path}")
    repository = found or Repository.init(path, bare=False)
    if repository.identity() is None:
        if found is None:
            from shutil import rmtree  # noqa: PLC0415 - a load removes nothing

            rmtree(repository.git_dir)
        raise SaveRefused(
            "git does not know who you are, and a save in an application's repository carries your name",
            hint='tell it:\n  git config --global user.name "Your Name"\n  git config --global user.email you@example.org',  # noqa: E501 - the two commands as they are typed
        )
    return repository


def made_folder(path: Path) -> Path:
    """Return the folder *path*, made where there is none; raises `NotAStore` for a file and `StoreReadOnly`."""
    checked_path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotAStore(f"{path} is a file", hint="choose another path") from error
    except OSError as error:
        raise StoreReadOnly(
            f"{path} cannot be made: {error.strerror}", hint="choose a folder that you may write"
        ) from error
    return path


def root_for(folder: Path, repository: Repository) -> str:
    """Return where a new store's root goes below *folder*."""
    found = root_in(folder)
    if found is None:
        _check_left_out(folder, repository)
    return configured_root(folder) or found or DEFAULT_ROOT
