"""From a ticket to an answer, in the words that are live."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from promptlib import Budget, Store, Thread

#: What takes chat messages and returns the model's text: a function around the client of your provider.
Model = Callable[[list[dict[str, object]]], str]

LIVE = "support/triage@production"
BUDGET = Budget(8_000, reserve=1_000)
log = logging.getLogger(__name__)


class Ticket(BaseModel):
    """What the prompt is given; `Store.load` refuses stored words that need anything else."""

    message: str
    product: str = "our shop"
    urgency: Literal["low", "normal", "high"] = "normal"
    history: Thread = ()


@dataclass(frozen=True)
class Answer:
    """The model's text, and the digest of the words that led to it."""

    text: str
    prompt: str


def answer(ticket: Ticket, model: Model, *, prompts: Store | None = None) -> Answer:
    """Answer *ticket* with the words that are live, those of the package unless *prompts* is another store."""
    store = prompts or Store.package("helpdesk")
    prompt = store.load(LIVE, inputs=Ticket)
    rendered = prompt.render(ticket, budget=BUDGET)
    log.info("answering with %s, %d tokens", prompt, rendered.tokens)
    return Answer(model(rendered.to_openai()), prompt.digest)
