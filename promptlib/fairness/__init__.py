"""Where a prompt treats people differently: the same inputs for one group and another, proof of that, and a report."""

from __future__ import annotations

from promptlib.errors import PairingRefused, VaryFailed
from promptlib.fairness.fields import Field
from promptlib.fairness.gaps import Gap, gaps
from promptlib.fairness.measures import (
    Answer,
    Characters,
    Function,
    Measure,
    Mentions,
    Outputs,
    Overlap,
    PairMeasure,
    Readability,
    Refusals,
    Words,
)
from promptlib.fairness.pairing import Pairing, paired
from promptlib.fairness.report import Comparison, Report, Spread, Text
from promptlib.fairness.running import Answers
from promptlib.fairness.variants import Put, Variant
from promptlib.fairness.variantset import VariantSet, shipped_sets
from promptlib.fairness.varying import standard, vary
from promptlib.fairness.words import Naming
from promptlib.inputs.demographic import Demographic

__all__ = [
    "Answer",
    "Answers",
    "Characters",
    "Comparison",
    "Demographic",
    "Field",
    "Function",
    "Gap",
    "Measure",
    "Mentions",
    "Naming",
    "Outputs",
    "Overlap",
    "PairMeasure",
    "Pairing",
    "PairingRefused",
    "Put",
    "Readability",
    "Refusals",
    "Report",
    "Spread",
    "Text",
    "Variant",
    "VariantSet",
    "VaryFailed",
    "Words",
    "gaps",
    "paired",
    "shipped_sets",
    "standard",
    "vary",
]
