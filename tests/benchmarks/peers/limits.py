"""`make bench-peers`, the second part: ours beside other libraries, all to the same limit. Words choose modules."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from promptlib.tokens.build_vocabularies import publish
from promptlib.tokens.vocabulary import dense_form, ranks

from . import histories
from .environments import LIMIT_PINS, NotInstalled, python_for_limits
from .judging import Row, TextRow, table, verdict, verdict_on_texts

ENCODING = "o200k_base"
URL = f"https://openaipublic.blob.core.windows.net/encodings/{ENCODING}.tiktoken"


def main(chosen: list[str]) -> None:
    """Measure one library after the other, and print the tables when all are done."""
    rows: list[Row] = []
    texts: list[TextRow] = []
    missing: dict[str, str] = {}
    with TemporaryDirectory() as cache:
        put_vocabulary(Path(cache))
        for module in chosen or ["ours", *LIMIT_PINS]:
            print(f"measuring {module} to a limit", file=sys.stderr, flush=True)
            try:
                told = answer(python_for_limits(module), module, cache)
            except NotInstalled as error:
                missing[LIMIT_PINS[module][0]] = str(error)
                continue
            rows += map(row_of, told["trimmers"])
            texts += map(text_row_of, told["cutters"])
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {ENCODING} of tiktoken for all")
    for line in table(rows, texts, missing):
        print(line)


def put_vocabulary(cache: Path) -> None:
    """Put the published file where tiktoken looks for it, so that no library downloads it."""
    place = cache / sha1(URL.encode(), usedforsecurity=False).hexdigest()
    place.write_bytes(publish(ranks(dense_form(ENCODING))))


def answer(python: str, module: str, cache: str) -> Any:
    """Return what the contest tells of *module* in the environment of *python*."""
    command = [python, "-m", "benchmarks.peers.trimming", module]
    environment = os.environ | {"TIKTOKEN_CACHE_DIR": cache}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(run.stdout.splitlines()[-1])


def row_of(told: dict[str, Any]) -> Row:
    """Return the row of one way to cut conversations; raises `ValueError` for another answer."""
    match told:
        case {"name": str(name), "work": dict(work), "plain": list(plain), "tools": list() | None as tools}:
            judged = None if tools is None else verdict(histories.cases(tools=True), tools)
            return Row(name, work, verdict(histories.cases(tools=False), plain), judged)
        case _:
            raise ValueError(f"a contest answers otherwise: {told}")


def text_row_of(told: dict[str, Any]) -> TextRow:
    """Return the row of one way to cut texts; raises `ValueError` for another answer."""
    match told:
        case {"name": str(name), "kept": list(kept), "time": float(time)}:
            return TextRow(name, verdict_on_texts(histories.long_texts(), kept), time)
        case _:
            raise ValueError(f"a contest answers otherwise: {told}")


if __name__ == "__main__":
    main(sys.argv[1:])
