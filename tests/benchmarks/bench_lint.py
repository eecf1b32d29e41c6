"""What lint costs, beside reading the same prompts; of real libraries where `PROMPTLIB_CORPUS` names them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.demo import events
from promptlib.lint import Settings, lint, lint_file
from promptlib.query import duplicates

from .lint_rates import PATTERNS, imported
from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 9
ALONE = Settings(ignore=("near-duplicate",))


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    files = [each.data for each in events()]
    ratios = paired(
        lambda: [lint_file(each) for each in files], lambda: [codec.read_stored(each) for each in files], rounds=ROUNDS
    )
    yield figure(f"lint {len(files)} templates and chains", "reading their files", None, ratios)
    if "PROMPTLIB_CORPUS" in os.environ:
        yield from _real(Path(os.environ["PROMPTLIB_CORPUS"]))


def _real(corpus: Path) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        stores = [imported(corpus, which, Path(folder)) for which in PATTERNS]
        files = [(name, store.file(name)) for store in stores for name in store.names()]
        texts = [(name, data.decode()) for name, data in files]

        def looked(settings: Settings) -> list[Any]:
            return [lint(store, settings=settings) for store in stores]

        def parsed() -> list[Any]:
            return [codec.read_stored(data) for _, data in files]

        def shingled() -> object:
            return duplicates(texts)

        what = f"lint {len(files)} literal texts in stores"
        alone = paired(lambda: looked(ALONE), parsed, rounds=ROUNDS)
        yield figure(f"{what}, duplicates apart", "reading their files", None, alone)
        whole = paired(lambda: looked(Settings()), shingled, rounds=ROUNDS)
        yield figure(what, "finding their near-duplicates alone", None, whole)
        for store in stores:
            store.close()
