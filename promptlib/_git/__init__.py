"""The only home of git."""

from promptlib._git.records import Author, BulkCommit, BulkResult, Change, Commit, Durability, Head, Moment
from promptlib._git.repository import Repository

__all__ = ["Author", "BulkCommit", "BulkResult", "Change", "Commit", "Durability", "Head", "Moment", "Repository"]
