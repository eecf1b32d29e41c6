"""Finding prompts by what they mean, alone or together with their words."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from promptlib import query
from promptlib.errors import StoreError
from promptlib.forking import ForkableLock
from promptlib.query import Hit, Hits
from promptlib.semantic import Vectors, embedder, fused, gist
from promptlib.store import searching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptlib.query import Language, Need
    from promptlib.semantic import Embedder, Kept
    from promptlib.store.loading import Reader
    from promptlib.store.past import History
    from promptlib.store.preferences import By
    from promptlib.store.searching import Place, Wanted

#: How many hits by words are laid beside those by meaning, for each that is wanted, and at least.
DEEPER, DEEP = 3, 50
FILE = "vectors.sqlite"
_held: WeakKeyDictionary[History, dict[str, Vectors]] = WeakKeyDictionary()
#: Of folders and bundles, whose files go by their digest: the same wherever it lies.
_loose: dict[str, Vectors] = {}
_lock = ForkableLock()


class Chosen(NamedTuple):
    """A prompt that is to be shown: at its place on the shelf, or as it was found by its words."""

    score: float
    at: int
    worded: int | None


class Shelf(NamedTuple):
    """What may be found, each at its place: its name, and a key that changes with its text.

    `texts` yields what is to be embedded of the prompts at these places. `worded` returns the best so many by their
    words, by name. `hits` yields the hits that were chosen: by name, each with its score, and what is known of it.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    texts: Callable[[Sequence[int]], Iterator[str]]
    worded: Callable[[int], Mapping[str, int]]
    hits: Callable[[Mapping[str, Chosen]], Iterator[Hit]]


def search(place: Place, text: str, wanted: Wanted, by: By, *, prefix: bool) -> Hits:
    """Return what means most nearly what *text* says.

    A prompt that is called what the need says comes first. Where the embedder knows no word of the need, its words are
    searched for.
    """
    language = query.language(place.language)
    need = query.read(text, language, prefix=prefix)
    history = place.history.now() if place.history is not None else None
    shelf = (
        _files(place.reader, need, wanted, language) if history is None else _versions(history, need, wanted, language)
    )
    deep = max(DEEP, DEEPER * wanted.limit)
    near = _vectors(place.history, by.embedder).nearest(text, shelf.keys, shelf.texts, deep)
    if not near:
        return searching.search(place, text, wanted, prefix=prefix)
    meant = {shelf.names[at]: (likeness, at) for at, likeness in near}
    if (called := text.strip()) in shelf.names:
        meant = {called: meant.get(called, (0.0, shelf.names.index(called)))} | meant
    found = _Found(shelf, {name: at for name, (_, at) in meant.items()}, need, wanted)
    if by.ranking == "semantic":
        return found.shown([(name, likeness) for name, (likeness, _) in meant.items()])
    if worded := shelf.worded(deep):
        return found.shown(fused(meant, worded), worded)
    respelled = searching.search(place, text, replace(wanted, limit=deep), prefix=prefix)
    hits = {hit.name: hit for hit in respelled}
    shown = found.shown(fused(meant, hits), hits=hits)
    return replace(shown, spelled=respelled.spelled, words=respelled.words)


class _Found(NamedTuple):
    """What stands on a shelf, and at which places what is meant."""

    shelf: Shelf
    places: Mapping[str, int]
    need: Need
    wanted: Wanted

    def shown(
        self,
        order: Sequence[tuple[str, float]],
        worded: Mapping[str, int] = MappingProxyType({}),
        hits: Mapping[str, Hit] = MappingProxyType({}),
    ) -> Hits:
        """Return the best of *order* as hits: as they were *worded*, as *hits* that are there, or as what is meant.

        By meaning, all that stands on the shelf is found.
        """
        best = dict(order[: self.wanted.limit])
        chosen = {
            name: Chosen(score, self.places.get(name, -1), worded.get(name))
            for name, score in best.items()
            if name not in hits
        }
        found = {hit.name: hit for hit in self.shelf.hits(chosen)}
        found |= {name: replace(hits[name], score=score) for name, score in best.items() if name in hits}
        total = len(self.shelf.names)
        if self.wanted.versions == "all":
            total = len({*self.shelf.names, *worded, *hits})
        return Hits(tuple(found[name] for name in best), total, (), self.need.typed)


def _vectors(history: History | None, chosen: Embedder | str) -> Vectors:
    """Return the vectors of one embedder: held as long as the store is, and kept beside its index."""
    model = embedder(chosen) if isinstance(chosen, str) else chosen
    with _lock:
        held = _loose if history is None else _held.setdefault(history, {})
        if model.id not in held:
            held[model.id] = Vectors(model, _kept(history))
        return held[model.id]


def _kept(history: History | None) -> Kept | None:
    if history is None:
        return None
    from promptlib._index import VectorFile  # noqa: PLC0415 - a folder keeps none

    return VectorFile(history.repository.common_dir / "promptlib" / FILE)


def _versions(history: History, need: Need, wanted: Wanted, language: Language) -> Shelf:
    """Return the versions that *history* knows and that are *wanted*; a version goes by its file's id in git."""
    index = history.index
    question, labelled = searching.asked(index, need, wanted)
    found = index.words.standing(question, language)

    def texts(places: Sequence[int]) -> Iterator[str]:
        blobs = [found.blobs[at] for at in places]
        told, contents = index.descriptions(blobs), dict(index.contents.read(blobs))
        for blob in blobs:
            data = contents[blob]
            if isinstance(data, StoreError):
                raise data
            yield gist(told[blob].description, query.body_of(data))

    def worded(most: int) -> Mapping[str, int]:
        matches = index.words.matching(question._replace(limit=most), language).best
        return {labelled.get(match.row.id, match.row.name): match.row.id for match in matches}

    def hits(chosen: Mapping[str, Chosen]) -> Iterator[Hit]:
        by_words = {each.worded: each.score for each in chosen.values() if each.worded is not None}
        told = index.words.told(by_words, language, need.match)
        yield from searching.hits_of(history, told, query.Marker(need, language), labelled)
        by_meaning = {found.events[each.at]: each.score for each in chosen.values() if each.worded is None}
        told = index.words.told(by_meaning, language)
        yield from map(_meant, searching.hits_of(history, told, _nothing(language), labelled))

    names = found.names
    if labelled:
        names = tuple(labelled.get(event, name) for event, name in zip(found.events, names, strict=True))
    return Shelf(names, found.blobs, texts, worded, hits)


def _files(reader: Reader | None, need: Need, wanted: Wanted, language: Language) -> Shelf:
    """Return the files that *reader* reads and that are *wanted*; a file goes by the digest of what is embedded."""
    filed = searching.filed_in(reader, wanted) if reader is not None else {}
    found = [each for each in filed.values() if each.fits(wanted)]
    gists = [gist(each.document.description, each.document.body) for each in found]

    def texts(places: Sequence[int]) -> Iterator[str]:
        return (gists[at] for at in places)

    def worded(most: int) -> Mapping[str, int]:
        matches = searching.shelf_of(dict(enumerate(found)), language).found(need.match, range(len(found)))
        return {found[at].name: at for at, _ in matches[:most]}

    def hits(chosen: Mapping[str, Chosen]) -> Iterator[Hit]:
        by_words, by_meaning = query.Marker(need, language), _nothing(language)
        for each in chosen.values():
            if each.worded is not None:
                yield searching.hit_of(found[each.worded], each.score, by_words)
            else:
                yield _meant(searching.hit_of(found[each.at], each.score, by_meaning))

    keys = [sha256(text.encode()).hexdigest() for text in gists]
    return Shelf(tuple(each.name for each in found), tuple(keys), texts, worded, hits)


def _nothing(language: Language) -> query.Marker:
    """Return what finds no word anywhere: a prompt is then shown by what it says of itself."""
    return query.Marker(query.Need((), ()), language)


def _meant(hit: Hit) -> Hit:
    return replace(hit, field="meaning")
