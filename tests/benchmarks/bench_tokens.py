"""Counting against tiktoken itself; `bench_budgets` is about cutting."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.tokens.build_vocabularies import publish
from promptlib.tokens.vocabulary import dense_form, ranks

from .measure import Figure, figure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 9


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    yield _first_count()


def _first_count() -> Figure:
    """Compare the first count of a process, both packages imported, with tiktoken's own from its warm cache."""
    head = "import time, tiktoken, promptlib.tokens\nbegin = time.process_time()\n"
    foot = "\nprint(time.process_time() - begin)"
    ours = head + "promptlib.tokens.count_tokens('hello world')" + foot
    theirs = head + "tiktoken.get_encoding('o200k_base').encode_ordinary('hello world')" + foot
    with tempfile.TemporaryDirectory() as cache:
        url = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
        place = Path(cache, sha1(url.encode(), usedforsecurity=False).hexdigest())
        place.write_bytes(publish(ranks(dense_form("o200k_base"))))
        environment = os.environ | {"TIKTOKEN_CACHE_DIR": cache}
        ratios = [_told(ours, environment) / _told(theirs, environment) for _ in range(ROUNDS)]
    return figure("first o200k count of a process", "tiktoken, warm cache", 0.85, ratios)


def _told(code: str, environment: dict[str, str]) -> float:
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(found.stdout)
