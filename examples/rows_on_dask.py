"""Many rows on Dask: the prompt travels to the workers with its task, and each process compiles it once.

Run it with the address of a scheduler, or without one to start a small cluster on this machine.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import dask.bag
from distributed import Client

from promptlib import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from promptlib import Prompt

TRIAGE = b"""---
inputs:
  text: {kind: string}
  tags: {kind: array, items: {kind: string}}
---
system:
Sort the ticket into one of: {{ tags | join(", ") }}.
user:
{{ text | delimited("ticket") }}
"""


def chats(rows: Iterable[Mapping[str, object]], prompt: Prompt[BaseModel]) -> Iterator[list[dict[str, object]]]:
    """Yield the messages of each row: what a provider's client takes, and what any serializer can carry."""
    return (rendered.to_openai() for rendered in prompt.render_many(rows))


def main(address: str | None) -> None:
    """Render ten thousand rows in eight partitions."""
    prompt = codec.read(TRIAGE, source="triage.prompty")
    tags = ["billing", "delivery", "other"]
    with Client(address) if address else Client(n_workers=2, threads_per_worker=2, dashboard_address=None):
        rows = dask.bag.from_sequence(({"text": f"Ticket {at}", "tags": tags} for at in range(10_000)), npartitions=8)
        rendered = rows.map_partitions(chats, prompt)
        print("chats", rendered.count().compute())
        print("first", rendered.take(1)[0])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
