"""An environment of its own for each library, with the same Jinja and the same pydantic as ours."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

#: The only place that says which versions are compared; the keys are the modules that drive them.
PINS = {
    "langchain": "langchain-core==1.7.0",
    "banks": "banks==2.5.1",
    "prompty": "prompty==2.1.0",
    "llama_index": "llama-index-core==0.14.25",
    "langfuse": "langfuse==5.0.4",
}
SHARED = ("jinja2", "pydantic")
#: What cuts to a limit, by the modules `trim_…` that drive it, in environments of their own: the splitter would slow
#: down the import of langchain-core.
LIMIT_PINS = {
    "langchain": (PINS["langchain"], "langchain-text-splitters==1.1.3"),
    "llama_index": (PINS["llama_index"],),
    "promptbudget": ("promptbudget==0.2.1",),
}
LIMIT_SHARED = ("tiktoken",)
#: What people move here from, by the guides docs/how-to/move-from-….md; a registry of MLflow in a file needs all
#: three, and Prompty's Mustache needs chevron.
MOVED_PINS = {
    "langchain": ("langchain-core==1.8.3",),
    "langfuse": (PINS["langfuse"],),
    "mlflow": ("mlflow-skinny==3.17.2", "sqlalchemy==2.1.9", "alembic==1.20.1"),
    "prompty": (PINS["prompty"], "chevron==0.14.0"),
}
FOLDER = Path("build", "peers")


class NotInstalled(Exception):
    """A library could not be installed here; the text is the installer's last word."""


def python_of(module: str) -> str:
    """Return the Python that has the library of *module*, made if need be; raises `NotInstalled`."""
    if module == "ours":
        return sys.executable
    return _made(module, [PINS[module], *map(_as_here, SHARED)])


def python_for_limits(module: str) -> str:
    """Return the Python that has what of *module* cuts to a limit, made if need be; raises `NotInstalled`."""
    if module == "ours":
        return sys.executable
    return _made(f"{module}-limits", [*LIMIT_PINS[module], *map(_as_here, LIMIT_SHARED)])


def python_with(name: str, *wanted: str) -> str:
    """Return the Python of an environment *name* that holds what is *wanted*; raises `NotInstalled`.

    What is said without a version is the one that is installed here.
    """
    return _made(name, [each if "=" in each else _as_here(each) for each in wanted])


def packages_for_moving(module: str) -> Path:
    """Return the folder of packages that holds what people move here from; raises `NotInstalled`."""
    wanted = [*MOVED_PINS[module], *map(_as_here, SHARED)]
    python = _made(f"{module}-moved", wanted)
    return next(Path(python).parents[1].glob("lib/python*/site-packages"))


def _as_here(name: str) -> str:
    return f"{name}=={version(name)}"


def _made(name: str, wanted: list[str]) -> str:
    """Return the Python of the environment *name*, which holds what is *wanted*."""
    folder = (FOLDER / name).absolute()
    python, stamp = folder / "bin" / "python", folder / "holds.txt"
    if not stamp.is_file() or stamp.read_text("utf-8").split() != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", *wanted)
        stamp.write_text("\n".join(wanted), "utf-8")
    return str(python)


def _run(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotInstalled((run.stderr.strip() or run.stdout.strip() or "no word of why").splitlines()[-1])
