"""The only home of git.

The engine is ours: objects and refs are read from their files, everything else is asked of git itself, through one
hardened runner and processes that live as long as the thread that uses them. Compared with dulwich 1.2.21 (10,000
prompts, pygit2 = 1, medians of one run): a save without sync 1.2, dulwich 2.4; with one sync for all 1.6; a loose
object 0.5, dulwich 1.4; a packed one 1.0 to 3.3 (a pipe to git that answers from its cache, or not), dulwich 1.1. A
damaged object, a held lock and a failed read of a ref raise in both. Against dulwich speak a repository of SHA-256 (it
stored an object under its SHA-1 name, where git does not find it), reftable (5 of 100,000 refs listed), a large blob
(2.5 times its size in memory before its size can be asked; here git streams it and is stopped), and a lock left behind
by 8 of 46 kills where git, whose input ends with us, lets go of its own. pygit2 opens neither SHA-256 nor reftable, and
GitPython is not needed: `.git`, its config's format keys and HEAD are read in a tenth of a millisecond, `git var` knows
the identity.
"""

from promptlib._git.records import Author, BulkCommit, BulkResult, Change, Commit, Durability, Entry, Head, Moment
from promptlib._git.remotes.addresses import check_address, shown_address
from promptlib._git.repository import Repository

__all__ = [
    "Author",
    "BulkCommit",
    "BulkResult",
    "Change",
    "Commit",
    "Durability",
    "Entry",
    "Head",
    "Moment",
    "Repository",
    "check_address",
    "shown_address",
]
