"""Folders of lessons about stores: a bare store that holds the prompts of a page, and beside it the file to mend."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.errors import NotFound
from promptlib.learn.pages import page_of
from promptlib.store import Store
from promptlib.store.putting import put_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptlib.learn.work import Work
    from promptlib.prompt import Prompt
    from promptlib.store import View

#: The store in the folder of a lesson.
STORE = "prompts.git"


def laid(lesson: str, folder: Path, messages: tuple[str, ...] = ()) -> None:
    """Save the prompts of the broken section in a new store, in their order, and write the last one as a file.

    *messages* say why of each, in order. The contents are those of the page, so their digests are the same everywhere.
    """
    *stored, last = page_of(lesson).blocks("Broken")
    with Store.init(folder / STORE, bare=True) as store:
        for number, (name, text) in enumerate(stored):
            why = messages[number] if number < len(messages) else ""
            store.save(name, codec.read_stored(text.encode()), message=why, file=text.encode())
    put_whole(folder / last.file, [last.text.encode()])


@contextmanager
def opened(work: Work) -> Iterator[View]:
    """Open the store of the lesson's folder, or the one that *work* comes from; raises `NotFound` without either."""
    if work.folder is not None:
        with Store.open(work.folder / STORE) as store:
            yield store
    elif work.view is not None:
        yield work.view
    else:
        raise NotFound("this exercise is a folder with a store in it", hint="check the folder, and not its file alone")


def resolving(work: Work) -> Callable[[object], Prompt[Any]]:
    """Return what finds the prompts that *work* pins."""

    def found(ref: object) -> Prompt[Any]:
        with opened(work) as view:
            return view.load(str(ref))

    return found
