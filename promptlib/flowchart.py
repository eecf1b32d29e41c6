"""Texts inside a Mermaid flowchart."""

from __future__ import annotations

_PLAIN = frozenset(" _./-,:()")


def escaped(text: str) -> str:
    """Write everything but letters, digits and a few signs as character codes, which Mermaid shows and never reads."""
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in text)
