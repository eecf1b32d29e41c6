"""Where a prompt treats people differently: the same inputs for one group and another, and proof of that."""

from __future__ import annotations

from promptlib.errors import PairingRefused
from promptlib.fairness.fields import Field
from promptlib.fairness.pairing import Pairing, paired
from promptlib.fairness.variants import Put, Variant
from promptlib.fairness.variantset import VariantSet, shipped_sets
from promptlib.fairness.words import Naming
from promptlib.inputs.demographic import Demographic

__all__ = [
    "Demographic",
    "Field",
    "Naming",
    "Pairing",
    "PairingRefused",
    "Put",
    "Variant",
    "VariantSet",
    "paired",
    "shipped_sets",
]
