"""The git-backed home of prompts: one model, in a bare repository, an application's repository or a folder."""

from promptlib.store.checking import Problem, Report
from promptlib.store.store import Store
from promptlib.store.transaction import Transaction

__all__ = ["Problem", "Report", "Store", "Transaction"]
