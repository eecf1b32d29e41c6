"""Four clones that write at once: in the end all are equal, nothing acknowledged is missing, published numbers hold."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.store.fleet import cruise, fleet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.fleet import Fleet

#: pytest -o log_cli=true --log-cli-level=INFO tells what each came to.
LOG = logging.getLogger("promptlib.fleet")


def told(found: Fleet) -> None:
    """Tell the figures."""
    LOG.info(
        "%d saves, %d merges, %d decisions, %d tries, %d cuts",
        found.saves,
        found.merges,
        found.decided,
        found.tries,
        found.line.cuts,
    )


@pytest.mark.parametrize(
    "bare", [pytest.param(True, id="bare"), pytest.param(False, id="repositories", marks=pytest.mark.soak)]
)
def test_four_clones(tmp_path: Path, bare: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Ten saves each on few names, so that they meet, and two cuts of the wire."""
    with fleet(tmp_path, seed=7) as found:
        cruise(found, clones=4, saves=10 if bare else 5, names=4, cuts=2)
        told(found)
        assert found.merges
        assert found.decided
        assert found.line.cuts >= 2


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(3))
def test_four_clones_in_full(tmp_path: Path, turn: int, seed: int) -> None:
    """Fifty saves each on thirty shared names, two network cuts."""
    with fleet(tmp_path, seed=seed * 10 + turn) as found:
        cruise(found, clones=4, saves=50, names=30, cuts=2)
        told(found)
        assert found.saves > 150
        assert found.line.cuts >= 2
