"""Where the published packages keep their models. They are found without running a line of theirs, and never loaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from promptlib.errors import NotInstalled

EXTRA = "pip install '.[semantic]' in a checkout of promptlib"


def folder(package: str, hint: str) -> Path:
    """Return the folder of the installed *package*; raises `NotInstalled` with *hint* where there is none."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise NotInstalled(f"search by meaning needs the package {package}, and it is not installed", hint=hint)
    return Path(places[0])


def needs(package: str, error: ModuleNotFoundError) -> NotInstalled:
    """Return what to raise where *package* cannot be imported."""
    named = (error.name or package).partition(".")[0]
    return NotInstalled(f"search by meaning needs the package {named}, and it is not installed", hint=EXTRA)


def file(folder: Path, *parts: str) -> str:
    """Return the path of a file of a model; raises `NotInstalled` where this version of the package lacks it."""
    path = folder.joinpath(*parts)
    if not path.is_file():
        raise NotInstalled(
            f"the installed {folder.name} has no {'/'.join(parts)}: it is another version than promptlib knows",
            hint=EXTRA,
        )
    return str(path)
