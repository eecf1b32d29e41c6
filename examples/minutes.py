"""A chain of three prompts: from the notes of a meeting to a mail. Nothing is sent: a small function plays the model.

Run it: `python minutes.py`. Put your provider's call in the place of `model`.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel

from promptlib import Chain, ChainRun, Prompt, Store, constant, step, system, user
from promptlib.errors import ChainFailed


class Text(BaseModel):
    """What is summed up."""

    text: str


class Summary(BaseModel):
    """What decisions are found in."""

    summary: str
    tone: str


class Decisions(BaseModel):
    """What was decided, and what a mail is made of."""

    decisions: list[str]


class Notes(BaseModel):
    """What the chain takes."""

    notes: str


def stored(store: Store) -> Chain[Notes]:
    """Save three prompts and the chain that runs them, and load the chain."""
    store.save("meeting/summarise", Prompt.define(Text, user("Summarise:\n{{ text }}")))
    decide = Prompt.define(
        Summary, system("List what was decided. Be {{ tone }}."), user("{{ summary }}"), outputs=Decisions
    )
    store.save("meeting/decide", decide)
    store.save("meeting/mail", Prompt.define(Decisions, user("Write to all: {{ decisions | join('; ') }}")))
    chain = Chain.define(
        Notes,
        step("summarise", store.load("meeting/summarise"), text="notes"),
        step("decide", store.load("meeting/decide"), summary="summarise.text", tone=constant("brief")),
        step("mail", store.load("meeting/mail"), decisions="decide.decisions"),
        description="From the notes of a meeting to a mail with its decisions",
    )
    store.save("meeting/minutes", chain)
    return store.load_chain("meeting/minutes", inputs=Notes)


class Model:
    """Plays a model that at first forgets to answer in JSON."""

    def __init__(self) -> None:
        """Begin forgetful."""
        self.forgetful = True
        self.asked = 0

    def __call__(self, messages: list[dict[str, Any]]) -> str:
        """Return an answer to *messages*."""
        self.asked += 1
        if messages[0]["role"] != "system":
            return f"({messages[-1]['content'].splitlines()[-1]})"
        if self.forgetful:
            self.forgetful = False
            return "They decided to buy tea."
        return json.dumps({"decisions": ["buy tea"]})


def main() -> None:
    """Run the chain; go on after the step that fails."""
    with TemporaryDirectory() as folder, Store.init(Path(folder) / "prompts.git", bare=True) as store:
        chain = stored(store)
        print(chain.to_mermaid())
        model = Model()
        notes = Notes(notes="Sue: let us buy tea.")
        try:
            chain.run(notes, model=model)
        except ChainFailed as error:
            print(f"\n{error.what}\n")
            kept = error.run.to_json()  # a file, a database: whatever outlives this process
            run = chain.run(notes, model=model, resume=ChainRun.from_json(kept))
        print(run.text)
        print(f"{model.asked} answers for {len(run.steps)} steps; {', '.join(run.versions)}")


if __name__ == "__main__":
    main()
