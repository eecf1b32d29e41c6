"""Saves under limits of the system that rise until one succeeds; run as a process of its own.

`limited.py STORE files|size` prints a line of JSON for each limit: the limit, what became of it, and the error's text.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys

from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import PromptLibError

LIMITS = {
    "files": (resource.RLIMIT_NOFILE, range(3, 40)),
    "size": (resource.RLIMIT_FSIZE, [0, 1, 40, 41, 64, 96, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 1 << 20]),
}


class Question(BaseModel):
    """What every prompt here asks for."""

    question: str


def prompt(text: str) -> Prompt[Question]:
    """Return a prompt of some kilobytes that do not compress."""
    words = random.Random(text).randbytes(2000).hex()
    return Prompt.define(Question, system(f"{text} {words}"), user("{{ question }}"))


def attempt(path: str, name: str) -> str:
    """Save under the limit and return why that failed, or an empty text."""
    try:
        with Store(path) as store:
            store.save(name, prompt(name))
    except PromptLibError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main(path: str, kind: str) -> None:
    """Try each limit, and then without."""
    which, limits = LIMITS[kind]
    usual = resource.getrlimit(which)
    with Store(path) as store:
        store.save("before", prompt("before"))
        store.load("before@v1")  # everything is imported by now
    for limit in limits:
        # Each limit has a process of its own: the subprocess module of some Pythons (3.11.2 is one) never closes the
        # pipes of what could not be started, and the next limit would meet those.
        if not (child := os.fork()):
            meet(path, which, (limit, usual[1]), usual)
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"the process of limit {limit} failed")


def meet(path: str, which: int, limits: tuple[int, int], usual: tuple[int, int]) -> None:
    """Try to save under *limits*, and go on in the same process without."""
    limit = limits[0]
    resource.setrlimit(which, limits)
    try:
        failed = attempt(path, f"at-{limit}")
    finally:
        resource.setrlimit(which, usual)
    sys.stdout.write(json.dumps([limit, not failed, failed]) + "\n")
    with Store(path) as store:
        store.save(f"after-{limit}", prompt(f"after {limit}"))
        loaded = store.load("before@v1")
    assert loaded == prompt("before")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
