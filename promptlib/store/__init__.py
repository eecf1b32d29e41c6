"""The git-backed home of prompts: one model, in a bare repository, an application's repository or a folder."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptlib.store.store import Store

if TYPE_CHECKING:
    from promptlib.lockfile import Drift, Lock
    from promptlib.store.bundling import Exported
    from promptlib.store.checking import Problem, Report
    from promptlib.store.elsewhere import OtherStore, Stores
    from promptlib.store.fetching import Fetched
    from promptlib.store.maintaining import Maintained, Waiting
    from promptlib.store.merging.meeting import MergeResult
    from promptlib.store.merging.syncing import SyncResult
    from promptlib.store.movement import MovedNumber, Movement
    from promptlib.store.reports import KeptReport
    from promptlib.store.shelving import Entry, Facets
    from promptlib.store.transaction import Transaction
    from promptlib.store.verdict import Checked, ForeignLabel, Unreadable
    from promptlib.store.view import EarlierView, View

__all__ = [
    "Checked",
    "Drift",
    "EarlierView",
    "Entry",
    "Exported",
    "Facets",
    "Fetched",
    "ForeignLabel",
    "KeptReport",
    "Lock",
    "Maintained",
    "MergeResult",
    "MovedNumber",
    "Movement",
    "OtherStore",
    "Problem",
    "Report",
    "Store",
    "Stores",
    "SyncResult",
    "Transaction",
    "Unreadable",
    "View",
    "Waiting",
]

#: What a load does not need is imported when it is first asked for.
_HOMES = {
    "Checked": "promptlib.store.verdict",
    "Drift": "promptlib.lockfile",
    "EarlierView": "promptlib.store.view",
    "Exported": "promptlib.store.bundling",
    "Entry": "promptlib.store.shelving",
    "Facets": "promptlib.store.shelving",
    "Fetched": "promptlib.store.fetching",
    "ForeignLabel": "promptlib.store.verdict",
    "KeptReport": "promptlib.store.reports",
    "Lock": "promptlib.lockfile",
    "MovedNumber": "promptlib.store.movement",
    "Movement": "promptlib.store.movement",
    "Unreadable": "promptlib.store.verdict",
    "Maintained": "promptlib.store.maintaining",
    "MergeResult": "promptlib.store.merging.meeting",
    "Problem": "promptlib.store.checking",
    "Report": "promptlib.store.checking",
    "OtherStore": "promptlib.store.elsewhere",
    "Stores": "promptlib.store.elsewhere",
    "SyncResult": "promptlib.store.merging.syncing",
    "Transaction": "promptlib.store.transaction",
    "View": "promptlib.store.view",
    "Waiting": "promptlib.store.maintaining",
}


def __getattr__(name: str) -> object:
    """Import the module of *name* and keep what it gives."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
