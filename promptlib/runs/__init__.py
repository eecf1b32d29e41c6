"""What ran: one line of JSON for each rendered prompt that was sent, and the questions that such a log answers."""

from __future__ import annotations

from promptlib.runs.log import RunLog, Runs, UsedVersion
from promptlib.runs.outputs import output_digest
from promptlib.runs.reading import Skipped
from promptlib.runs.run import Run

__all__ = ["Run", "RunLog", "Runs", "Skipped", "UsedVersion", "output_digest"]
