"""Versions and labels: what was live stays in the history, and what is live is said by a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.errors import NotFound, PromptLibError
from promptlib.learn.laying import STORE, laid, opened
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.pages import page_of
from promptlib.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.learn.work import Work
    from promptlib.store import View
    from promptlib.version import Version

NAME, LABEL = "support/refund", "production"
_WHY = ("First cut", "Ask for the order number", "Warmer")
#: What the mended version says: words of each of the three versions, and what they are for.
_SAYS = {
    "never promise": "never to promise a refund, which v3 lost",
    "order number": "to ask for the order number, which v2 brought",
    "warm": "to be warm, which v3 brought",
}


def _lay(folder: Path) -> None:
    laid("versions-and-labels", folder, _WHY)
    with Store.open(folder / STORE) as store:
        store.label(NAME, LABEL, "v2")
        store.label(NAME, LABEL, "v3")


LESSON = Lesson("versions-and-labels", rules=("stale-description",), lay=_lay, file="refund.prompty")


@LESSON.check("rewritten", "what was live has to stay: lay the exercise out anew, and save on top")
def rewritten(work: Work) -> Iterator[Flaw]:
    """Nobody can ask what customers were told in May when May was rewritten."""
    laid_out = [codec.read(each.text.encode()).digest for each in page_of(LESSON.name).blocks("Broken")[:-1]]
    with opened(work) as view:
        found = [each.digest for each in _history(view)]
    for number, digest in enumerate(laid_out, 1):
        if found[number - 1 : number] != [digest]:
            yield Flaw(work.subject.place(1), f"v{number} of {NAME} is no longer what it was")
            return


@LESSON.check("unsaved", f"promptlib save {NAME} with the file: an edited file is no version yet")
def unsaved(work: Work) -> Iterator[Flaw]:
    """What is only on somebody's disk is in no history."""
    with opened(work) as view:
        known = {each.digest for each in _history(view)}
    if work.prompt.digest not in known:
        yield Flaw(work.subject.place(1), "the file is edited, and no version in the store says what it says")


@LESSON.check("not-live", f"move the label to the mended version: promptlib label {NAME} {LABEL} VERSION")
def not_live(work: Work) -> Iterator[Flaw]:
    """Saving changes nothing for anybody who loads by label."""
    with opened(work) as view:
        history = _history(view)
        live = _live(view)
        if live is None:
            yield Flaw(work.subject.place(1), f"no version of {NAME} is labelled {LABEL}, so nothing is live")
            return
        text = " ".join(view.load(f"{NAME}@{LABEL}").messages[0].text.split()).lower()
        lacks = [what for words, what in _SAYS.items() if words not in text]
        mended = [each for each in history if not _lacks(view, each)]
    if not lacks:
        return
    what = f"{LABEL} is v{live.number}, which does not say {' nor '.join(lacks)}"
    if mended:
        hint = f"v{mended[-1].number} says it all: promptlib label {NAME} {LABEL} v{mended[-1].number}"
    elif (live.number or 0) < len(_WHY):
        hint = "for the first minutes that is right; then save a version that keeps the warmer words too"
    else:
        hint = "put the lost sentence back into refund.prompty, save it, and move the label to it"
    yield Flaw(work.subject.place(1), what, hint)


@LESSON.check("no-why", "save it once more, with a change and -m: the reason is what the next one reads in a hurry")
def no_why(work: Work) -> Iterator[Flaw]:
    """A history of versions without reasons is a heap."""
    with opened(work) as view:
        for each in _history(view)[len(_WHY) :][-1:]:
            if each.message.strip() in ("", f"Save {NAME}"):
                yield Flaw(work.subject.place(1), f"v{each.number} does not say why it was made")


@LESSON.check("stale-description", "say in the description what the prompt does now", own=True)
def stale_description(work: Work) -> Iterator[Flaw]:
    """In a store of one's own: a description that is older than what the prompt does."""
    if work.view is not None:
        for hit in work.hits("stale-description"):
            yield Flaw(hit.where, hit.message, hit.advice)


def _history(view: View) -> tuple[Version, ...]:
    try:
        return tuple(view.history(NAME))
    except NotFound:
        return ()


def _live(view: View) -> Version | None:
    try:
        return view.version(f"{NAME}@{LABEL}")
    except NotFound:
        return None


def _lacks(view: View, version: Version) -> bool:
    try:
        text = " ".join(view.load(f"{NAME}{version.digest.replace('sha256:', '#')}").messages[0].text.split()).lower()
    except PromptLibError:
        return True
    return any(words not in text for words in _SAYS)
