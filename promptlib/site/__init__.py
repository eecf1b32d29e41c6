"""A store as a static site: a page for each prompt, and one that finds them; no server, and nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.chain import Chain
from promptlib.columns import safe
from promptlib.errors import BadRef, InvalidInputs, NotFetched, NotFound, PromptLibError, raise_if_passing
from promptlib.query.language import language
from promptlib.refs import check_label
from promptlib.site.gathering import Gatherer
from promptlib.site.markup import address
from promptlib.site.pages import LeafPage
from promptlib.site.shelf import Card, shelf, whole_list
from promptlib.site.words import Words
from promptlib.site.writing import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from promptlib.site.gathering import Leaf
    from promptlib.site.writing import Folder
    from promptlib.store import View

__all__ = ["Report", "write"]

TITLE = "Prompts"
#: The newest versions that a page tells of.
VERSIONS = 50
#: How much a word weighs in a name, a description or tag, an input, and the text.
_NAME, _SAID, _INPUT, _TEXT = 4, 3, 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was written: how many prompts and versions, files and bytes.

    `unreadable` are the names of files that are no prompts, with the reason: the site has no page of them. `searched`
    is how many characters of each text the search knows; 0 stands for all. `secrets` are refs of what is published now
    and seems to hold a key or token, each with its kind.
    """

    out: Path
    prompts: int
    versions: int
    files: int
    size: int
    unreadable: tuple[tuple[str, str], ...] = ()
    searched: int = 0
    secrets: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "out": str(self.out),
            "prompts": self.prompts,
            "versions": self.versions,
            "files": self.files,
            "size": self.size,
            "unreadable": [{"name": name, "why": why} for name, why in self.unreadable],
            "searched": self.searched,
            "secrets": [{"ref": ref, "kind": kind} for ref, kind in self.secrets],
        }


def write(  # noqa: PLR0913 - one keyword for each thing that a site can leave out
    store: View,
    out: str | PathLike[str],
    *,
    title: str = TITLE,
    only: str = "",
    label: str = "",
    versions: int = VERSIONS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Write *store*, as it is or as it was (`store.at(…)`), as a static site into the folder *out*.

    *only* takes the names that begin so; *label* takes what it carries, in the version that it points at, with the
    history up to there. A page tells of the newest *versions* of its prompt; 0 leaves history and lineage out. The
    same store and moment give the same bytes. *progress* is called with how many pages are made, of how many.

    The site is made beside *out* and then put in its place: *out* is never half a site. Raises `SiteRefused` where
    *out* holds anything but an earlier site, `NotFound` where no prompt is left, `BadRef` for what is no label and
    for names of another store, and what a store raises that cannot be read.
    """
    if versions < 0:
        raise InvalidInputs(f"versions is {versions}", hint="how many a page tells of: 0 or more")
    if ":" in only:
        raise BadRef(
            f"{only!r:.80} is of another store", hint="open that one and write its own site: store.stores[NAME]"
        )
    if label:
        check_label(label)
    gatherer = Gatherer(store, label=label, versions=versions)
    names = gatherer.names(only)
    if not names:
        raise NotFound(f"no prompt here{_which(only, label)}", hint="promptlib ls shows what there is")
    with replaced(Path(out)) as folder:
        words = Words(language(store.language), len(names))
        report = _written(folder, gatherer, names, words, title, progress)
    return Report(out=Path(out), **report)  # type: ignore[arg-type] # its own words


def _which(only: str, label: str) -> str:
    return f"{f' below {only!r:.80}' if only else ''}{f' carries the label {label!r}' if label else ''}"


def _written(
    folder: Folder,
    gatherer: Gatherer,
    names: tuple[str, ...],
    words: Words,
    title: str,
    progress: Callable[[int, int], None] | None,
) -> dict[str, object]:
    """Write every page, and return what the report says of them."""
    pages = LeafPage(title, names)
    cards: list[Card] = []
    unreadable: list[tuple[str, str]] = []
    secrets: list[tuple[str, str]] = []
    versions = 0
    newest = None
    for done, name in enumerate(names, 1):
        try:
            leaf = gatherer.leaf(name)
        except NotFetched:
            raise
        except PromptLibError as error:
            raise_if_passing(error)  # a page would say it for as long as the site stands
            unreadable.append((name, error.what))
            continue
        folder.write(address(name), pages.html(leaf))
        cards.append(_card(leaf))
        words.add(_fields(leaf))
        secrets += _held(leaf)
        versions += len(leaf.changes)
        newest = max(filter(None, (newest, leaf.time)), default=None)
        if progress is not None:
            progress(done, len(names))
    told = f"{len(cards):,} prompts, {versions:,} versions"
    foot = f"The newest change is of {newest.isoformat(' ', 'minutes')}." if newest else ""
    folder.write("index.html", shelf(title, cards, words.data(), told, foot))
    folder.write("all.html", whole_list(title, cards))
    return {
        "prompts": len(cards),
        "versions": versions,
        "files": len(folder.files),
        "size": folder.size,
        "unreadable": tuple(unreadable),
        "searched": words.share if words.cut else 0,
        "secrets": tuple(secrets),
    }


def _held(leaf: Leaf) -> Iterator[tuple[str, str]]:
    """Yield the refs of what the page of *leaf* shows and that seems to hold a secret, with its kind."""
    told = {kind for change in leaf.changes for kind in change.secrets}
    for change in leaf.changes:
        yield from ((change.version.ref, kind) for kind in change.secrets)
    yield from ((leaf.ref, kind) for kind in leaf.secrets if kind not in told)


def _card(leaf: Leaf) -> Card:
    """Return the card of *leaf*; what is invisible is made visible here, for the page and for its script."""
    prompt = leaf.prompt
    if isinstance(prompt, Chain):
        text = prompt.description or " → ".join(each.name for each in prompt.steps)
    else:
        text = prompt.description or next((begun for piece in prompt.messages if (begun := _begun(piece.text))), "")
    return Card(
        name=leaf.name,
        kind="chain" if isinstance(prompt, Chain) else "prompt",
        text=safe(" ".join(text[:2_000].split())),
        tags=tuple(map(safe, prompt.tags)),
        labels=tuple(leaf.labels),
        inputs=tuple(each.name for each in prompt.inputs),
        number=leaf.version.number if leaf.version else None,
        day=leaf.time.date().isoformat() if leaf.time else "",
        size=leaf.total,
    )


def _begun(text: str) -> str:
    """Return how *text* begins, its headings apart: these are alike on half a shelf."""
    lines = text[:4_000].split("\n")
    return " ".join(line for line in lines if not line.lstrip().startswith("#")).strip()


def _fields(leaf: Leaf) -> Iterator[tuple[int, str]]:
    prompt = leaf.prompt
    yield _NAME, leaf.name
    yield _SAID, prompt.description
    yield _SAID, " ".join(prompt.tags)
    for each in prompt.inputs:
        yield _INPUT, f"{each.name} {each.description}"
    if isinstance(prompt, Chain):
        for step in prompt.steps:
            yield _INPUT, f"{step.name} {step.use.name}"
        return
    for piece in prompt.messages:
        yield _TEXT, piece.text
