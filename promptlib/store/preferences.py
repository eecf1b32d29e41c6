"""How a store is searched where nobody says it: what its settings tell of language, ranking and embedder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, get_args

from promptlib.errors import BadRef, StoreError, nearest
from promptlib.query import LANGUAGES, Ranking
from promptlib.store import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib._git import Repository
    from promptlib.semantic import Embedder

RANKINGS: tuple[str, ...] = get_args(Ranking)
#: Settings come with a clone, so they name what promptlib brings and never code of their own.
EMBEDDERS = ("wordllama", "minilm")
_CHOICES = {"language": LANGUAGES, "ranking": RANKINGS, "embedder": EMBEDDERS}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of which language words and stems are, what orders the hits, and whose vectors tell what is meant."""

    language: str = "english"
    ranking: str = "lexical"
    embedder: str = "wordllama"


@dataclass(frozen=True, slots=True)
class By:
    """What orders the hits of one search, which language the words are of, and whose vectors tell what is meant."""

    ranking: str
    language: str
    embedder: Embedder | str


def preferred(ranking: str | None, embedder: Embedder | str | None, folder: Path, repository: Repository | None) -> By:
    """Return what is asked for, and where nothing is what the settings say; an embedder alone means `fused`.

    Raises `BadRef` for no ranking, and what `preferences` raises.
    """
    if ranking is not None and ranking not in RANKINGS:
        raise BadRef(
            f"ranking={str(ranking)[:40]!r} is none of {', '.join(RANKINGS)}",
            hint=nearest(str(ranking), RANKINGS) or "leave it out: the settings of the store say it",
        )
    told = preferences(folder, repository)
    chosen = ranking or ("fused" if embedder is not None and told.ranking == "lexical" else told.ranking)
    return By(chosen, told.language, told.embedder if embedder is None else embedder)


def preferences(folder: Path, repository: Repository | None) -> Preferences:
    """Return what the settings of the store at *folder* say; raises `StoreError` for what they cannot say.

    They are `[tool.promptlib.search]` of the nearest project, and `git config promptlib.search.*` of a bare store.
    """
    if repository is not None and repository.bare:
        where = f"promptlib.search.{{}} in {repository.common_dir / 'config'}"
        way_out = f"git -C {quote(str(repository.git_dir))} config promptlib.search.{{}} {{}}"
        return _checked(dict(repository.layout.search), where, way_out)
    for each in _places(folder, repository):
        told = settings.table(each).get("search")
        if told is not None:
            where = f"[tool.promptlib.search] {{}} in {each / settings.FILE}"
            if not isinstance(told, dict):
                raise StoreError(
                    f"[tool.promptlib.search] in {each / settings.FILE} is no table",
                    hint='write [tool.promptlib.search], ranking = "fused"',
                )
            return _checked(told, where, '{} = "{}"')
    return Preferences()


def _places(folder: Path, repository: Repository | None) -> list[Path]:
    """Return the folders whose project it may be: up to the top of the repository, if there is one."""
    place = folder.resolve()
    if repository is None:
        return [place]
    top = Path(str(repository.work_tree)).resolve()
    return [each for each in (place, *place.parents) if each.is_relative_to(top)]


def _checked(told: Mapping[str, object], where: str, way_out: str) -> Preferences:
    for key, value in told.items():
        choices = _CHOICES.get(key)
        if choices is None:
            known = f"keys here: {', '.join(_CHOICES)}"
            raise StoreError(f"{where.format(key[:80])} is not known", hint=f"{nearest(key, _CHOICES)} {known}".strip())
        if value not in choices:
            raise StoreError(
                f"{where.format(key)} is {str(value)[:40]!r}, none of {', '.join(choices)}",
                hint=way_out.format(key, choices[0]),
            )
    return replace(Preferences(), **{key: str(value) for key, value in told.items()})
