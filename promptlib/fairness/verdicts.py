"""What a comparison can come to, how a figure is compared, and what is independent of what."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Verdict: TypeAlias = Literal["differs", "no difference found at this n", "nothing can be concluded"]
DIFFERS: Final = "differs"
NOT_FOUND: Final = "no difference found at this n"
INCONCLUSIVE: Final = "nothing can be concluded"
#: How a figure is compared: as a mean, as a rate, or as what two answers have in common.
Scale: TypeAlias = Literal["mean", "rate", "pair"]
#: What is independent of what: a case with a row, its repeats averaged; or all of a row; or all of a case.
Unit: TypeAlias = Literal["pair", "row", "case"]
UNITS: tuple[Unit, ...] = get_args(Unit)
