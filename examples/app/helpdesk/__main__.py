"""`python -m helpdesk "Where is my parcel?"`: answer one message, with a model that always says the same.

In a checkout the prompts are those of the repository, and each answer is logged. `--trace` prints what the span says.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from helpdesk import Ticket, answer
from promptlib import PromptLibError, Store

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from promptlib.runs import RunLog

TOP = Path(__file__).parents[1]


def main(words: list[str]) -> None:
    """Answer the message that *words* are."""
    if "--trace" in words:
        words.remove("--trace")
        print_spans()
    prompts, log = places()
    found = answer(Ticket(message=" ".join(words)), lambda _: "It is on its way.", prompts=prompts, log=log)
    print(found.text)


def places() -> tuple[Store | None, RunLog | None]:
    """Return the store and its log; without a repository the package has the prompts, and nothing is logged."""
    try:
        store = Store.open(TOP)
        log = store.runs
    except PromptLibError:
        return None, None
    return store, log


def print_spans() -> None:
    """Let each finished span print what it says of prompts. An application sends its spans to a collector instead."""
    from opentelemetry import trace  # noqa: PLC0415 - only --trace needs an SDK
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - beside it
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor  # noqa: PLC0415 - beside it

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=shown)))
    trace.set_tracer_provider(provider)


def shown(span: ReadableSpan) -> str:
    """Return a line for each attribute of *span*."""
    return "".join(f"{name}  {value!s}\n" for name, value in sorted((span.attributes or {}).items()))


if __name__ == "__main__":
    main(sys.argv[1:])
