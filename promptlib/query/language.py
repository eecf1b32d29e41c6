"""The language of a store's prompts: which words say nothing, and what of a word is its stem."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, NotInstalled, nearest
from promptlib.query import stops
from promptlib.query.porter import stem as porter
from promptlib.query.words import unaccented, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.query.words import Word

ENGLISH, NONE = "english", "none"
#: Those of snowballstemmer, which knows their stems.
STEMMED = (
    *("arabic", "armenian", "basque", "catalan", "danish", "dutch", "finnish", "french", "german", "greek", "hindi"),
    *("hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "portuguese", "romanian"),
    *("russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish"),
)
LANGUAGES = (ENGLISH, NONE, *STEMMED)


@dataclass(frozen=True, slots=True)
class Language:
    """How words are compared: *stops* are not searched for, *stem* is what two forms of a word share.

    SQLite stems English itself (`by_sqlite`); for every other language its stems are what is indexed.
    """

    name: str
    stops: frozenset[str]
    stem: Callable[[str], str] = field(compare=False)
    by_sqlite: bool = False

    def words(self, text: str, *, stops: bool = False) -> Iterator[Word]:
        """Yield the words of *text* as they stand in the index, its stop words only where *stops* are wanted."""
        for found in words_of(text):
            if stops or found.word not in self.stops:
                yield found._replace(word=unaccented(found.word if self.by_sqlite else self.stem(found.word)))

    def key(self, word: str) -> str:
        """Return what *word* of a text, in lower case, is compared by in the end."""
        return self.stem(unaccented(word)) if self.by_sqlite else unaccented(self.stem(word))

    def indexed(self, text: str) -> str:
        """Return what the index is given of *text*: all its words, in the form in which they are searched."""
        if not self.by_sqlite:
            return " ".join(found.word for found in self.words(text, stops=True))
        if text.isascii():
            return text  # SQLite parts it just so
        return " ".join([chunk if chunk.isascii() else self._chunk(chunk) for chunk in text.split()])

    def _chunk(self, chunk: str) -> str:
        return " ".join(found.word for found in self.words(chunk, stops=True))


@lru_cache(maxsize=8)
def language(name: str) -> Language:
    """Return the language called *name*; raises `BadRef` for an unknown one, `NotInstalled` without its stemmer."""
    if name not in LANGUAGES:
        known = f"languages: {', '.join(LANGUAGES)}"
        raise BadRef(f"no language {name[:40]!r} for search", hint=f"{nearest(name, LANGUAGES)} {known}".strip())
    listed = frozenset(form for word in stops.LISTS.get(name, "").split() for form in (word, unaccented(word)))
    if name == ENGLISH:
        return Language(name, listed, porter, by_sqlite=True)
    return Language(name, listed, _same if name == NONE else _snowball(name))


def _same(word: str) -> str:
    return word


def _snowball(name: str) -> Callable[[str], str]:
    try:
        from snowballstemmer import stemmer  # noqa: PLC0415 - English needs none
    except ImportError as error:
        raise NotInstalled(
            f"search in {name} needs the package snowballstemmer",
            hint="pip install 'snowballstemmer>=3'; or say language = \"none\": words are then compared as they are",
        ) from error
    stem = stemmer(name).stemWord

    @lru_cache(maxsize=50_000)
    def stemmed(word: str) -> str:
        return str(stem(word))

    return stemmed
