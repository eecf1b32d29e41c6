"""Names and labels for the shell's completion: a walk over the folder, because a person waits at each TAB."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib import Store

PROMPT, LABEL, LABELS = ".prompty", ".label", ".labels"


def names(incomplete: str) -> list[str]:
    """Return the names of the store around the working directory that begin with *incomplete*.

    Behind `shared:` these are the names of that other store; its own name is offered among the first.
    """
    if ":" in incomplete:
        return _of_another(incomplete)
    return sorted([*(name for name in _known() if name.startswith(incomplete)), *_stores(incomplete)])


def fetched(incomplete: str) -> list[str]:
    """Return what can be fetched."""
    return names(incomplete)


def refs(incomplete: str) -> list[str]:
    """Return names, or after `name@` that name's labels, `latest` with them."""
    name, mark, _ = incomplete.partition("@")
    if not mark:
        return names(incomplete)
    found = [f"{name}@{which}" for which in (*_labels(name), "latest")]
    return [ref for ref in found if ref.startswith(incomplete)]


def labels(ctx: Any, args: list[str], incomplete: str) -> list[str]:  # noqa: ANN401, ARG001 - typer's own signature
    """Return the labels on the name that is given already."""
    return [label for label in _labels(str(ctx.params.get("name") or "")) if label.startswith(incomplete)]


def rules(incomplete: str) -> list[str]:
    """Return the rules of lint that begin with *incomplete*."""
    from promptlib.lint import IDS  # noqa: PLC0415 - names are completed without it

    return [rule for rule in IDS if rule.startswith(incomplete)]


def lessons(incomplete: str) -> list[str]:
    """Return the lessons that begin with *incomplete*."""
    from promptlib.learn import NAMES  # noqa: PLC0415 - names are completed without it

    return [name for name in NAMES if name.startswith(incomplete)]


def rankings(incomplete: str) -> list[str]:
    """Return what hits of a search can be ordered by, as far as it begins as typed."""
    return [each for each in ("lexical", "semantic", "fused") if each.startswith(incomplete)]


def embedders(incomplete: str) -> list[str]:
    """Return the embedders that have a name, as far as it begins as typed."""
    return [each for each in ("wordllama", "minilm") if each.startswith(incomplete)]


def tags(incomplete: str) -> list[str]:
    """Return the tags of the store that begin with *incomplete*, the most frequent first."""
    return _counted("tags", incomplete)


def all_labels(incomplete: str) -> list[str]:
    """Return the labels that any name carries and that begin with *incomplete*, the most frequent first."""
    return _counted("labels", incomplete)


def _counted(facet: str, incomplete: str) -> list[str]:
    from promptlib import PromptLibError  # noqa: PLC0415 - names are completed without it

    store = _store()
    if store is None:
        return []
    with store:
        try:
            found = getattr(store.facets(), facet)
        except PromptLibError:
            return []  # what cannot be read is told by the verb
    return [word for word in found if word.startswith(incomplete) and word.isprintable()]


def moments(incomplete: str) -> list[str]:
    """Return this minute, as a moment is written in the zone of this machine: the rest is typed over it."""
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    return [now] if now.startswith(incomplete) else []


def _known() -> Iterator[str]:
    root = _root()
    if root is None:
        yield from _of_bare_store()
        return
    for path in root.rglob(f"*{PROMPT}"):
        name = path.relative_to(root).as_posix().removesuffix(PROMPT)
        if not name.startswith("."):
            yield name


def _stores(incomplete: str) -> list[str]:
    project = _project()
    told = _table(project[0]).get("stores", {}) if project is not None else {}
    return [f"{name}:" for name in told if f"{name}:".startswith(incomplete)] if isinstance(told, dict) else []


def _of_another(incomplete: str) -> list[str]:
    from promptlib import PromptLibError  # noqa: PLC0415 - beside it

    store = _store()
    if store is None:
        return []
    with store:
        try:
            return list(store.names(incomplete))
        except PromptLibError:
            return []  # no such store, or it was never fetched


def _labels(name: str) -> list[str]:
    root = _root()
    if root is not None and ":" not in name:
        found = (path.relative_to(root / LABELS).parts[0] for path in (root / LABELS).glob(f"*/{name}{LABEL}"))
        return sorted(found)
    store = _store()
    if store is None:
        return []
    with store:
        return sorted(store.labels(name))


def _root() -> Path | None:
    """Return the folder of prompts around the working directory; None where there is none, such as a bare store."""
    project = _project()
    return project[1] if project is not None else None


def _project() -> tuple[Path, Path] | None:
    """Return the folder of the project around the working directory, and that of its prompts."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return None
        setting = _table(folder).get("root", "prompts")
        root = folder / (setting if isinstance(setting, str) else "prompts")
        if root.is_dir():
            return folder, root
    return None


def _table(folder: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = table.get("tool", {}).get("promptlib", {})
    return found if isinstance(found, dict) else {}


def _of_bare_store() -> tuple[str, ...]:
    store = _store()
    if store is None:
        return ()
    with store:
        return store.names()


def _store() -> Store | None:
    from promptlib import PromptLibError, Store  # noqa: PLC0415 - a folder is completed without it

    try:
        return Store.open()
    except PromptLibError:
        return None
