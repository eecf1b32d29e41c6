"""Finding prompts: what is searched, what is asked of it, and hits out of what is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from promptlib import query
from promptlib.errors import BadRef, NotFound, PromptLibError
from promptlib.refs import check_label
from promptlib.store.describing import outlined, version_of
from promptlib.store.layout import prompt_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from promptlib._index import Description, Findings, Index, Question, Shelf
    from promptlib.query import Document, Hit, Hits, Language, Need
    from promptlib.refs import Ref
    from promptlib.store.loading import Reader
    from promptlib.store.past import History

MOST_HITS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a hit must be, besides meeting the need."""

    tags: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    label: str = ""
    author: str = ""
    since: datetime | None = None
    versions: str = "current"
    limit: int = 10


class Place(NamedTuple):
    """What is searched: a history, or files without one; and the language of what stands there."""

    reader: Reader | None
    history: History | None
    language: str = query.ENGLISH


class Filed(NamedTuple):
    """A prompt as its file tells of it."""

    name: str
    document: Document
    told: Description

    def fits(self, wanted: Wanted) -> bool:
        """Return whether its tags and inputs are those that are *wanted*."""
        forms = {
            form for each in self.told.inputs for form in (each, each.partition(":")[0], f":{each.partition(':')[2]}")
        }
        return set(wanted.tags) <= set(self.told.tags) and set(wanted.inputs) <= forms


def checked(wanted: Wanted) -> Wanted:
    """Return *wanted* if it can be asked; raises `BadRef` for what cannot."""
    if wanted.versions not in ("current", "all"):
        raise BadRef(f"versions={str(wanted.versions)[:40]!r} is neither 'current' nor 'all'")
    if wanted.label:
        check_label(wanted.label)
    if wanted.since is not None and wanted.since.utcoffset() is None:
        raise BadRef("changed_since has no zone: whose noon is it?", hint="give it one: time.replace(tzinfo=UTC)")
    return replace(
        wanted,
        tags=tuple(map(_encodable, wanted.tags)),
        inputs=tuple(map(_encodable, wanted.inputs)),
        author=_encodable(wanted.author),
        limit=max(0, min(wanted.limit, MOST_HITS)),
    )


def _encodable(text: str) -> str:
    """Return *text* as SQLite can be given it: half a character, which no stored text has, is written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def search_files(reader: Reader, need: Need, wanted: Wanted, language: Language) -> Hits:
    """Return what meets *need* among the files that *reader* reads, in a home without history."""
    filed = filed_in(reader, wanted)
    fitting = [at for at, each in filed.items() if each.fits(wanted)]
    found = shelf_of(filed, language).found(need.match, fitting)
    marker = query.Marker(need, language)
    hits = tuple(hit_of(filed[at], score, marker) for at, score in found[: wanted.limit])
    return query.Hits(hits, len(found), (), need.typed)


def filed_in(reader: Reader, wanted: Wanted) -> dict[int, Filed]:
    """Return what *reader* has with the label that is *wanted*; raises `NotFound` for what no file tells."""
    if wanted.author or wanted.since is not None:
        raise NotFound(
            f"who made a prompt and when is not known here: this {reader.files.what} has no history",
            hint="search by tags, inputs or label; authors and times are in the repository it was copied from",
        )
    return dict(enumerate(_filed(reader, wanted.label)))


def _filed(reader: Reader, label: str) -> Iterator[Filed]:
    for name in reader.names():
        if label and label not in reader.label_names(name):
            continue
        yield told(name, reader.files.read(prompt_path(name)) or b"")


def told(name: str, data: bytes) -> Filed:
    """Return what the file *data* tells of the prompt *name*; of a file that is no prompt its text alone."""
    from promptlib._index import Description  # noqa: PLC0415 - a load searches nothing

    try:
        said = outlined(data)
    except PromptLibError as error:
        said = Description(problem=error.what)
    return Filed(name, query.document(name, said, data), said)


def shelf_of(filed: Mapping[int, Filed], language: Language) -> Shelf:
    """Return the words of what is *filed*, in memory."""
    from promptlib._index import Shelf  # noqa: PLC0415 - a load searches nothing

    return Shelf(((at, each.document) for at, each in filed.items()), language)


def _kind(told: Description) -> query.Kind:
    return "chain" if told.kind == "chain" else "prompt"


def hit_of(filed: Filed, score: float, marker: query.Marker) -> Hit:
    """Return the hit that the file *filed* is."""
    field, snippet = marker.shown(filed.document)
    return query.Hit(
        name=filed.name,
        version=None,
        score=score,
        field=field,
        snippet=snippet,
        description=filed.told.description,
        tags=filed.told.tags,
        kind=_kind(filed.told),
    )


def duplicates_among(texts: Iterable[tuple[str, str]], threshold: float) -> tuple[query.Duplicate, ...]:
    """Return the pairs of *texts*, (name, text), that say almost the same; raises `BadRef` for no share."""
    if not 0 < threshold <= 1:
        raise BadRef(f"a threshold is a share above 0 and up to 1, not {threshold!r}")
    return query.duplicates(texts, threshold)


def search_history(history: History, need: Need, wanted: Wanted, language: Language) -> Hits:
    """Return what meets *need* among the versions that *history* knows."""
    index = history.index
    question, names = asked(index, need, wanted)
    found = index.words.search(question, language)
    make = partial(_hits, _readable(history, found), query.Marker(need, language), names)
    return query.Hits(query.Later(len(found.best), lambda: tuple(make())), found.total, (), need.typed)


def asked(index: Index, need: Need, wanted: Wanted) -> tuple[Question, dict[int, str]]:
    """Return what *index* is asked, and of versions that carry the label the names that are labelled, by event."""
    from promptlib._index import Question  # noqa: PLC0415 - a load searches nothing

    carrying = _carrying(index, wanted.label) if wanted.label else None
    question = Question(
        need.match,
        wanted.limit,
        wanted.tags,
        wanted.inputs,
        wanted.author,
        ceil(wanted.since.timestamp()) if wanted.since is not None else None,
        tuple(carrying) if carrying is not None else None,
        before=wanted.versions == "all" or carrying is not None,
    )
    return question, carrying or {}


def _carrying(index: Index, label: str) -> dict[int, str]:
    """Return the events of the versions that carry *label*, each with the name that is labelled."""
    found = {}
    for (name, each), digest in index.labelled().items():
        if each == label and digest and (row := index.by_digest(name, digest.removeprefix("sha256:"))):
            found[row.id] = name
    return found


class _Readable(NamedTuple):
    """What was found, with every text of it at hand: hits are made of this and of nothing else."""

    found: Findings
    texts: list[bytes]
    published: int | None
    numbered: bool


def _readable(history: History, found: Findings) -> _Readable:
    texts = [text if text is not None else history.content(row.blob or "") for row, _, _, text in found.best]
    return _Readable(found, texts, history.published(), history.numbered)


def hits_of(history: History, found: Findings, marker: query.Marker, names: Mapping[int, str]) -> Iterator[Hit]:
    """Yield the versions that were *found* as hits, under their own names or, by event, under *names*."""
    return _hits(_readable(history, found), marker, names)


def _hits(readable: _Readable, marker: query.Marker, names: Mapping[int, str]) -> Iterator[Hit]:
    from promptlib._index import Description  # noqa: PLC0415 - loaded by now

    found, texts, published, numbered = readable
    for (row, score, told, _), data in zip(found.best, texts, strict=True):
        name, said = names.get(row.id, row.name), told or Description()
        labels = found.labels.get(name, {})
        field, snippet = marker.shown(query.document(row.name, said, data, row.message))
        yield query.Hit(
            name=name,
            version=version_of(row, found.story, labels, published=published, numbered=numbered),
            score=score,
            field=field,
            snippet=snippet,
            description=said.description,
            tags=said.tags,
            older=found.older.get(row.id, 0),
            kind=_kind(said),
        )


def search(place: Place, text: str, wanted: Wanted, *, prefix: bool) -> Hits:
    """Return what meets the need *text* in *place*.

    Where nothing does, the last word may be the beginning of one; then words that stand nowhere are taken for the
    nearest ones that do.
    """
    language = query.language(place.language)
    need = query.read(text, language, prefix=prefix)
    found = _once(place, need, wanted, language)
    if found.total or not need.words:
        return found
    begun = _once(place, query.read(text, language, prefix=True), wanted, language)
    if begun.total:
        return begun
    corrected = need.respelled(language, _known(place, wanted, language))
    meant = _once(place, corrected, wanted, language) if corrected != need else found
    if not meant.total:
        return found
    replaced = need.replaced(corrected)
    spelled = tuple((typed, query.surface(word, meant, language)) for typed, word in replaced.items())
    words = (dict(spelled).get(word, word) for word in need.typed)
    return replace(meant, spelled=spelled, words=tuple(words))


def _once(place: Place, need: Need, wanted: Wanted, language: Language) -> Hits:
    if place.history is not None:
        return search_history(place.history.now(), need, wanted, language)
    return search_files(place.reader, need, wanted, language) if place.reader is not None else query.Hits()


def _known(place: Place, wanted: Wanted, language: Language) -> query.Known:
    if place.history is not None:
        words = place.history.now().index.words
        return lambda ranges: words.between(ranges, language)
    return shelf_of(filed_in(place.reader, wanted), language).between if place.reader is not None else lambda _: []


def related(place: Place, ref: Ref, data: bytes, limit: int) -> Hits:
    """Return the prompts in *place* that are most like the version *ref*, whose file is *data*."""
    language = query.language(place.language)
    wanted = checked(Wanted(limit=limit + 1))
    own = told(ref.name, data).document
    names = len(place.history.now().index.names()) if place.history is not None else len(_names(place.reader))
    need = query.whole(own[1:-1], language).particular(language, _known(place, wanted, language), names)
    found = _once(place, need, wanted, language)
    others = tuple(hit for hit in found if hit.name != ref.name)
    return replace(found, hits=others[:limit], total=found.total - (len(others) < len(found)))


def _names(reader: Reader | None) -> tuple[str, ...]:
    return reader.names() if reader is not None else ()


def duplicates(reader: Reader, threshold: float) -> tuple[query.Duplicate, ...]:
    """Return the pairs of prompts that *reader* reads which say almost the same."""
    texts = ((name, query.body_of(reader.files.read(prompt_path(name)) or b"")) for name in reader.names())
    return duplicates_among(texts, threshold)
