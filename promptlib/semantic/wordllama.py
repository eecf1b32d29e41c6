"""The embedder `wordllama`: a table of word vectors, out of the published package of that name.

Its 16 MB table of 32,000 tokens was distilled from the token embeddings of Llama 2; it is neither part of promptlib nor
changed by it. A text is the weighted mean of the rows of its tokens. The package's own `load()` asks a server, so the
two files are read as they lie there.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from promptlib.semantic import packages

try:
    import numpy as np
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer
except ModuleNotFoundError as error:
    raise packages.needs("numpy", error) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Frequent tokens say little of a text: a token counts RARE / (RARE + its share of all text), after Arora, Liang and Ma
#: (ICLR 2017). Merges of the vocabulary were learned in the order of their frequency, so that a token's place in it
#: gives its share by Zipf's law. Measured: hit@5 of 0.73 for the plain mean, 0.78 for anything from 1e-4 to 3e-4.
RARE = 2e-4
#: Before them lie the special tokens and the single bytes.
FIRST_MERGE = 259


class WordLlama:
    """256 numbers a text, in about half a millisecond."""

    def __init__(self) -> None:
        """Read the table; raises `NotInstalled` where the package is missing."""
        folder = packages.folder("wordllama", packages.EXTRA)
        self.id = f"wordllama {version('wordllama')} l2_supercat_256 weighted 1"
        (self._table,) = load_file(packages.file(folder, "weights", "l2_supercat_256.safetensors")).values()
        self._tokenizer = Tokenizer.from_file(packages.file(folder, "tokenizers", "l2_supercat_tokenizer_config.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        share = 1 / np.maximum(np.arange(len(self._table)) - FIRST_MERGE + 1, 1)
        self._weights = (RARE / (RARE + share / share.sum())).astype(np.float32)

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Return one row for each of *texts*; a text without a token is a row of zeros."""
        rows = np.zeros((len(texts), self._table.shape[1]), np.float32)
        for row, text in zip(rows, texts, strict=True):
            # One by one: a batch would start threads for texts that take half a millisecond.
            tokens = self._tokenizer.encode(text, add_special_tokens=False).ids
            if tokens:
                np.einsum("i,ij->j", self._weights[tokens], self._table[tokens].astype(np.float32), out=row)
        return rows
