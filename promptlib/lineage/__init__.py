"""Where a version came from, and what came of it."""

from __future__ import annotations

from promptlib.lineage.graph import KINDS, Edge, Graph, Kind, Lineage, Node, Told, joined

__all__ = ["KINDS", "Edge", "Graph", "Kind", "Lineage", "Node", "Told", "joined"]
