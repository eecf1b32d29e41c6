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
FOLDER = Path("build", "peers")


class NotInstalled(Exception):
    """A library could not be installed here; the text is the installer's last word."""


def python_of(module: str) -> str:
    """Return the Python that has the library of *module*, made if need be; raises `NotInstalled`."""
    if module == "ours":
        return sys.executable
    folder = (FOLDER / module).absolute()
    python, stamp = folder / "bin" / "python", folder / "holds.txt"
    wanted = [PINS[module], *(f"{name}=={version(name)}" for name in SHARED)]
    if not stamp.is_file() or stamp.read_text("utf-8").split() != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", *wanted)
        stamp.write_text("\n".join(wanted), "utf-8")
    return str(python)


def _run(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotInstalled((run.stderr.strip() or run.stdout.strip() or "no word of why").splitlines()[-1])
