"""Who brought which line of a file: `git blame`, along a line of descent that is given to it."""

from __future__ import annotations

import re
from ast import literal_eval
from typing import TYPE_CHECKING

from promptlib.errors import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptlib._git.runner import Git

#: What the user's or the repository's configuration could change about the answer, or run for it.
SETTINGS = (
    "blame.ignoreRevsFile=",
    "blame.markIgnoredLines=false",
    "blame.markUnblamableLines=false",
    "core.commitGraph=false",
    "core.quotePath=true",
    "diff.algorithm=myers",
    "diff.indentHeuristic=true",
)
OPTIONS = ("--porcelain", "--no-textconv", "--no-progress", "--ignore-revs-file=")
_LINE = re.compile(rb"([0-9a-f]{40,64}) \d+ \d+(?: \d+)?")


def blame(git: Git, commit: str, path: str, descent: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return for each line of *path* in *commit* the commit that brought it, and its path there.

    *descent* gives the parents of every commit that counts: others are not looked at, however many there are. git
    follows a file that one of them renamed as far as it is similar.
    """
    ties = "".join(f"{' '.join((child, *parents))}\n" for child, parents in descent.items())
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    words = ("blame", *OPTIONS, "-S", "/dev/stdin", commit, "--", path)
    found = list(_lines(git.run(*settings, *words, given=ties.encode()).out))
    if any(each not in descent for each, _ in found):
        raise GitFailed("git blame names a commit that was not given to it", hint="update git, or report this")
    return found


def _lines(out: bytes) -> Iterator[tuple[str, str]]:
    """Yield commit and path of each line; what is told of a commit is told once, before its first line."""
    paths: dict[str, str] = {}
    commit = ""
    for row in out.split(b"\n"):
        if row.startswith(b"\t"):
            yield commit, paths[commit]
        elif begun := _LINE.fullmatch(row):
            commit = begun[1].decode()
        elif row.startswith(b"filename "):
            paths[commit] = _unquoted(row[9:])


def _unquoted(name: bytes) -> str:
    """Return a path as it is; git quotes one with bytes outside of ASCII as C does, and so does Python."""
    plain: bytes = literal_eval(f"b{name.decode('ascii')}") if name.startswith(b'"') else name
    return plain.decode("utf-8", "surrogateescape")
