"""From a ticket to an answer, in the words that are live; the trace and the log say which words those were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opentelemetry import trace
from pydantic import BaseModel

from promptlib import Budget, Store, Thread, otel

if TYPE_CHECKING:
    from promptlib.runs import RunLog

#: What takes chat messages and returns the model's text: a function around the client of your provider.
Model = Callable[[list[dict[str, object]]], str]

LIVE = "support/triage@production"
MODEL = "gpt-4o"
BUDGET = Budget(8_000, reserve=1_000)
#: Inputs that a trace may show; what a customer writes is none of them.
TRACED = ("urgency", "product")
tracer = trace.get_tracer("helpdesk")


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


def answer(ticket: Ticket, model: Model, *, prompts: Store | None = None, log: RunLog | None = None) -> Answer:
    """Answer *ticket* with the words that are live, those of the package unless *prompts* is another store.

    The span says which words they were, and so does a line of *log*, where one is given.
    """
    store = prompts or Store.package("helpdesk")
    prompt = store.load(LIVE, inputs=Ticket)
    rendered = prompt.render(ticket, budget=BUDGET)
    with tracer.start_as_current_span("answer a ticket"):
        otel.record(rendered, variables=TRACED)
        text = model(rendered.to_openai())
        if log is not None:
            log.record(rendered, output=text, model=MODEL, fields=otel.trace_context())
    return Answer(text, prompt.digest)
