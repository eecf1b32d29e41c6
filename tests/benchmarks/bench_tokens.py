"""Counting and cutting against tiktoken itself."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from promptlib.tokens import encoding, truncate
from promptlib.tokens.build_vocabularies import publish
from promptlib.tokens.vocabulary import dense_form, ranks

from .measure import Figure, figure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 10_000_000
LIMIT = 8_000
ROUNDS = 9
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种，。"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    code = Path(argparse.__file__).read_text(encoding="utf-8")
    words = code.split()
    random = Random(1)
    texts = {
        "code": code * (SIZE // len(code) + 1),
        "English": " ".join(random.choice(words) for _ in range(SIZE // 6)),
        "Chinese": "".join(random.choices(HAN, k=SIZE // 3)),
    }
    for name, text in texts.items():
        yield _cut(name, text)
    yield _first_count()


def _cut(name: str, text: str) -> Figure:
    by = encoding("o200k_base").encoding

    def encode_slice_decode() -> str:
        return by.decode_bytes(by.encode_ordinary(text)[:LIMIT]).decode(errors="ignore")

    assert truncate(text, LIMIT) == encode_slice_decode()
    floor = min(seconds(encode_slice_decode) for _ in range(3))
    ratios = [seconds(lambda: truncate(text, LIMIT)) / floor for _ in range(ROUNDS)]
    return figure(f"10 MB of {name} cut to {LIMIT} tokens", "encode all, slice, decode", 0.01, ratios)


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
