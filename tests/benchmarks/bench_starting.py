"""Importing, and a whole process that loads one prompt and prints it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from promptlib import Prompt, Store, system, user

from .measure import Figure, figure, fresh, output

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 21
NOTHING = "pass"
PYDANTIC = "from pydantic import BaseModel"
MODEL = """
class Triage(BaseModel):
    ticket: str
    tone: str = "plain"
"""
OURS = f"""
import sys
from pydantic import BaseModel
from promptlib import Store
{MODEL}
prompt = Store(sys.argv[1]).load("support/triage@production", inputs=Triage)
print(prompt.render(Triage(ticket=sys.argv[2])).text)
"""
THEIRS = f"""
import sys
import pygit2
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel
{MODEL}
repository = pygit2.Repository(sys.argv[1])
file = repository.revparse_single("main:.labels/production/support/triage.label").data.decode()
template = SandboxedEnvironment().from_string(file.split("---\\n", 2)[2])
rendered = template.render(Triage(ticket=sys.argv[2]).model_dump())
print("\\n".join(line for line in rendered.splitlines() if line not in {{"system:", "user:"}}))
"""


class Triage(BaseModel):
    """What the stored prompt takes."""

    ticket: str
    tone: str = "plain"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    yield _import()
    with tempfile.TemporaryDirectory() as folder:
        yield _cold(Path(folder, "prompts.git"))


def _import() -> Figure:
    ratios = []
    for _ in range(ROUNDS):
        bare = fresh(NOTHING)
        ratios.append((fresh("import promptlib") - bare) / (fresh(PYDANTIC) - bare))
    return figure("import promptlib", PYDANTIC, 1.6, ratios)


def _cold(path: Path) -> Figure:
    with Store.init(path, bare=True) as store:
        prompt = Prompt.define(Triage, system("Sort tickets. Answer in a {{ tone }} voice."), user("{{ ticket }}"))
        store.save("support/triage", prompt)
        store.label("support/triage", "production", "v1")
    words = (str(path), "It does not start")
    assert output(OURS, *words).split() == output(THEIRS, *words).split()
    ratios = [fresh(OURS, *words) / fresh(THEIRS, *words) for _ in range(ROUNDS)]
    return figure("cold process: open, load by label, render, print", "pydantic + pygit2 + Jinja", 0.95, ratios)
