"""What a talk with a remote came to: git's words, and those of the server, made into errors without secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib._git.remotes.addresses import cleaned
from promptlib._git.room import MAKE_ROOM, is_missing
from promptlib.errors import GitFailed, NotAuthorised, NotFound, RemoteRefused, RemoteUnreachable, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.errors import PromptLibError

AGAIN = "what was done so far is kept, here and there: run it again when the remote can be reached"
_SERVERS = "remote: "
#: Of git's own words these say nothing that an error of ours does not say.
_EMPTY = re.compile(
    r"(?:error: failed to push some refs|fatal: the remote end hung up|hint: |error: RPC failed; HTTP|To |"
    r"fatal: Could not read from remote repository|Please make sure you have the correct access rights|"
    r"and the repository exists|Everything up-to-date|Pushing to |send-pack: unexpected disconnect).*"
)
_CREDENTIALS = re.compile(
    r"Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|returned error: (?:401|407)|"
    r"HTTP (?:code = )?(?:401|407)|Permission denied \((?:publickey|password|keyboard)|"
    r"Permission denied, please try again|"
    r"Too many authentication failures|no supported authentication",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"returned error: 403|HTTP (?:code = )?403|access denied or repository not exported|service not enabled"
)
_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known")
_NOWHERE = re.compile(
    r"repository '.*' not found|returned error: 404|does not appear to be a git repository|Repository not found|"
    r"no such repository|'.*': No such file or directory",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"returned error: 413|HTTP (?:code = )?413|pack exceeds maximum allowed size")
_UNADVERTISED = re.compile(r"unadvertised object|not our ref")
_LOCAL = re.compile(
    r"^(?:fatal|error): (?!.*unpack failed).*(?:No space left on device|Disk quota exceeded|Read-only file system|"
    r"insufficient permission for adding|unable to create (?:temporary|thread)|unable to write)",
    re.MULTILINE,
)


class Talk:
    """Whom we talk with, by a name that may be shown, and what must not be."""

    def __init__(self, remote: str, place: str, secrets: Iterable[str]) -> None:
        """Talk with *remote*, which is at *place*."""
        self.remote = remote
        self.place = place
        self._secrets = frozenset(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Let *secrets* be shown from now on in no words."""
        self._secrets |= frozenset(secrets)

    def cleaned(self, words: str) -> str:
        """Return *words* as they may be shown."""
        return cleaned(words, self._secrets)

    @property
    def _who(self) -> str:
        return f"the remote {self.remote!r} ({self.place})" if self.remote != self.place else self.place

    def silent(self, patience: float) -> RemoteUnreachable:
        """Return the error for a remote that gave no sign of life."""
        return RemoteUnreachable(
            f"{self._who} gave no sign of life for {patience:g} seconds", hint=AGAIN, remote=self.remote
        )

    def broken(self, words: str) -> PromptLibError:
        """Return the error for a git that ended with *words* and reached no end of the talk."""
        if _LOCAL.search("\n".join(row for row in words.splitlines() if not row.startswith(_SERVERS))):
            return self._local(words)
        if _CREDENTIALS.search(words):
            return self._unauthorised()
        if _FORBIDDEN.search(words):
            return NotAuthorised(
                f"{self._who} lets these credentials do no such thing",
                hint="ask whoever keeps it for the right to; what was done so far is kept here",
                remote=self.remote,
            )
        if _KEY.search(words):
            return RemoteUnreachable(
                f"{self._who} has a key that ssh does not know, or another than it knows",
                hint="look at the key and accept it yourself: connect once with ssh; nothing is accepted unasked",
                remote=self.remote,
            )
        if _NOWHERE.search(words):
            return NotFound(
                f"{self._who} has no such repository, or shows it to others only",
                hint="look at its address: git remote -v; a server may hide what your credentials may not see",
            )
        if _TOO_LARGE.search(words):
            return self.refused(words, "", "the server takes no request of this size")
        if _UNADVERTISED.search(words):
            return self.refused(words, "", "the server gives single objects to nobody")
        said = self.said(words)
        return RemoteUnreachable(
            f"{self._who} did not answer, or not to the end{f': {said}' if said else ''}",
            hint=AGAIN,
            remote=self.remote,
        )

    def _local(self, words: str) -> GitFailed | StoreReadOnly:
        said = self.said(words)
        if is_missing(words):
            return GitFailed(f"what {self._who} sent has no room here: {said}", hint=MAKE_ROOM)
        return StoreReadOnly(
            f"what {self._who} sent cannot be kept here: {said}", hint="check who owns the repository's files"
        )

    def _unauthorised(self) -> NotAuthorised:
        return NotAuthorised(
            f"{self._who} wants credentials, or other ones than it was given",
            hint="promptlib asks for none: let git know them, and try it with git ls-remote; a helper or a command for "
            "ssh is taken from your own configuration only: git config --global credential.helper …",
            remote=self.remote,
        )

    def refused(self, words: str, reference: str, summary: str) -> RemoteRefused:
        """Return the error for a server that has said no, with its own words and git's *summary* of them."""
        own = self.servers(words)
        reason = "\n".join(filter(None, [own, self.cleaned(summary)]))
        what = f" to move {reference.removeprefix('refs/heads/')}" if reference else ""
        return RemoteRefused(
            f"{self._who} refuses{what}: {reason}",
            hint="nothing has changed there, and what you have is kept here",
            remote=self.remote,
            reference=reference,
            reason=reason,
        )

    def servers(self, words: str) -> str:
        """Return what the server itself said."""
        rows = (row.removeprefix(_SERVERS) for row in words.splitlines() if row.startswith(_SERVERS))
        return self.cleaned("\n".join(rows))

    def said(self, words: str) -> str:
        """Return what is worth telling of git's and the server's words; what a helper wrote between them is not."""
        rows = [row for row in words.splitlines() if re.match(r"remote: |fatal: |error: |ssh: |kex_|Connection ", row)]
        told = dict.fromkeys(row for row in rows if not _EMPTY.fullmatch(row))
        return self.cleaned("\n".join(told or dict.fromkeys(rows)))
