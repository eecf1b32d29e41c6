"""Erase a text from every commit of a store, for good: `python erase.py STORE < leak.txt`.

The text is one line on standard input, so that no shell remembers it. It becomes as many `x`, and every digest that
changes with it is replaced as well, in labels and pins. What this costs is told in docs/how-to/erase-a-leaked-text.md.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from promptlib import Store, codec

EXPORT = "fast-export --all --use-done-feature --signed-tags=strip --fake-missing-tagger --reencode=no"
IMPORT = "fast-import --force --quiet --done --date-format=raw-permissive"
EVERYTHING = "cat-file --batch-all-objects --batch --buffer"


def git(folder: Path, words: str) -> str:
    """Run git in *folder* and return what it prints."""
    return subprocess.run(
        ["git", *words.split()], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def check(folder: Path) -> None:
    """Stop before anything is changed where the rest could not be done whole."""
    if git(folder, "rev-parse --is-shallow-repository") == "true":
        sys.exit("this clone is shallow: git fetch --unshallow")
    if git(folder, "rev-parse --is-bare-repository") == "false":
        if git(folder, "status --porcelain"):
            sys.exit("there are changes that are not committed: commit them or take them back")
        if git(folder, "worktree list").count("\n"):
            sys.exit("there are linked work trees: git worktree remove")


def replacements(folder: Path, leak: bytes) -> dict[bytes, bytes]:
    """Return what stands for the leak, and for each digest that changes with it; each as long as before."""
    found = {leak: b"x" * len(leak)}
    with Store(folder) as store:
        nodes = [node for node in store.graph().nodes if node.digest and not node.missing]
        files = {node.digest: store.file(f"{node.name}#{node.digest.removeprefix('sha256:')}") for node in nodes}
    changed = True
    while changed:  # a pin is content: what includes a changed prompt changes too
        changed = False
        for digest, data in files.items():
            now = codec.read_stored(put(found, data)).digest
            old, new = (text.removeprefix("sha256:").encode() for text in (digest, now))
            if new != found.get(old, old):
                found[old], changed = new, True
    return found


def put(found: dict[bytes, bytes], data: bytes) -> bytes:
    """Return *data* with everything replaced."""
    for old, new in found.items():
        data = data.replace(old, new)
    return data


def rewrite(folder: Path, found: dict[bytes, bytes]) -> None:
    """Write every commit anew and move every ref; git checks that the stream comes to its end before it moves any."""
    with (
        subprocess.Popen(["git", *EXPORT.split()], cwd=folder, stdout=subprocess.PIPE) as source,
        subprocess.Popen(["git", *IMPORT.split()], cwd=folder, stdin=subprocess.PIPE) as target,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        for line in source.stdout:
            target.stdin.write(put(found, line))
        target.stdin.close()
    if source.returncode or target.returncode:
        sys.exit("git did not come to its end; no ref was moved")


def forget(folder: Path) -> None:
    """Take away what still leads to the old commits, and then the objects themselves."""
    if git(folder, "rev-parse --is-bare-repository") == "false":
        git(folder, "reset --hard --quiet")
    place = folder / git(folder, "rev-parse --git-common-dir")
    for left in ("ORIG_HEAD", "FETCH_HEAD", "COMMIT_EDITMSG"):
        (place / left).unlink(missing_ok=True)
    shutil.rmtree(place / "promptlib", ignore_errors=True)  # the index: it is made again
    git(folder, "reflog expire --expire=now --expire-unreachable=now --all")
    git(folder, "gc --quiet --prune=now")


def main() -> None:
    """Erase, and look whether any object still holds the text."""
    folder, leak = Path(sys.argv[1]), sys.stdin.buffer.readline().strip()
    if not leak:
        sys.exit("give the text on standard input")
    check(folder)
    found = replacements(folder, leak)
    rewrite(folder, found)
    forget(folder)
    everything = subprocess.run(["git", *EVERYTHING.split()], cwd=folder, check=True, capture_output=True).stdout
    print(f"erased; {len(found) - 1} digests changed" if leak not in everything else "it is still in an object")


if __name__ == "__main__":
    main()
