"""Where a version came from, what came of it, and whom a change of it touches."""

from __future__ import annotations

from promptlib.lineage.finding import Which
from promptlib.lineage.graph import Compare, Graph, Lineage, Source
from promptlib.lineage.impact import Impact, impacts
from promptlib.lineage.joining import Told, joined, web_of
from promptlib.lineage.nodes import KINDS, LINE, ORIGINS, USES, Edge, Fields, Kind, Node
from promptlib.lineage.web import Web

__all__ = [
    "KINDS",
    "LINE",
    "ORIGINS",
    "USES",
    "Compare",
    "Edge",
    "Fields",
    "Graph",
    "Impact",
    "Kind",
    "Lineage",
    "Node",
    "Source",
    "Told",
    "Web",
    "Which",
    "impacts",
    "joined",
    "web_of",
]
