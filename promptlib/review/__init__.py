"""What a branch changes about prompts, for those who decide whether it is merged."""

from __future__ import annotations

from promptlib.review.findings import LabelReview, PromptReview, Review
from promptlib.review.gathering import review
from promptlib.review.tracing import Touched

__all__ = ["LabelReview", "PromptReview", "Review", "Touched", "review"]
