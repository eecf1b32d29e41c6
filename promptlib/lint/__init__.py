"""Lint: what can be said of a prompt before it runs, from its types, its syntax tree, its budget and its history."""

from __future__ import annotations

from promptlib.lint.fixing import Mended, mended
from promptlib.lint.linting import IDS, RULES, Report, lint, lint_file, looked_at, subjects_of
from promptlib.lint.pages import Page, page
from promptlib.lint.rule import Edit, Finding, Fix, Rule, Suggestion
from promptlib.lint.settings import Settings
from promptlib.lint.subject import Shelf, Subject
from promptlib.lint.suggesting import SUGGESTING, Proposal, proposed, suggest

__all__ = [
    "IDS",
    "RULES",
    "SUGGESTING",
    "Edit",
    "Finding",
    "Fix",
    "Mended",
    "Page",
    "Proposal",
    "Report",
    "Rule",
    "Settings",
    "Shelf",
    "Subject",
    "Suggestion",
    "lint",
    "lint_file",
    "looked_at",
    "mended",
    "page",
    "proposed",
    "subjects_of",
    "suggest",
]
