"""Where a remote is: what an address may be, how it may be shown, and what in it is secret."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from promptlib.columns import safe
from promptlib.errors import BadRef, GitFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Scheme = Literal["https", "http", "ssh", "git", "file"]

SCHEMES: dict[str, Scheme] = {
    "https": "https",
    "http": "http",
    "git": "git",
    "file": "file",
    **dict.fromkeys(("ssh", "git+ssh", "ssh+git"), "ssh"),
}
#: What hides nothing on its way, and whose other end proves to be itself.
SAFE: frozenset[str] = frozenset({"https", "ssh"})
#: Plain text: only what never leaves this machine is spoken so unasked.
PLAIN: frozenset[str] = frozenset({"http", "git"})
HIDDEN = "***"
LONGEST = 4096
#: What is shorter is no secret, and would be found in words that are none.
SHORTEST_SECRET = 4
#: Longer texts of a server are cut: nobody reads more of them, and they may have no end.
LONGEST_WORDS = 4000

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_SCP = re.compile(r"(?P<place>[^/:]*\[[^\]/]*\]|[^/:]+):(?P<path>.*)", re.DOTALL)
_IN_WORDS = re.compile(
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]+://)(?P<user>[^/\s'\"<>@]*@)?(?P<rest>[^\s'\"<>?#]*)(?P<query>[?#][^\s'\"<>]*)?"
)
#: What servers and helpers are known to repeat: headers, and words by the form of a credential. Each run of characters
#: is looked at from its beginning alone: a server must not make its reader look at a long one again and again.
_ECHOES = (
    re.compile(
        r"(?i)((?:proxy-)?authori[sz]ation|(?:set-)?cookie|(?<![\w-])[\w-]*(?:token|secret|password|passwd|api[_-]?key))"
        r"([ \t]*[:=][ \t]*)(?=\S).+"
    ),
    re.compile(r"(?i)\b(basic|bearer|digest|negotiate|token)(\s+)[A-Za-z0-9+/=._~-]{8,}"),
    re.compile(r"()()\b(?:gh[a-z]_|github_pat_|glpat-|gl[a-z]{2,5}-|xox[a-z]-|sk-|ATBB|AKIA|eyJ)[A-Za-z0-9_./+=-]{8,}"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """An address that git may be given. Neither `str` nor `repr` shows what could be secret in it."""

    url: str
    scheme: Scheme
    host: str = ""
    user: str = ""
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read *text* as git does; raises `BadRef` for what is no address, or names a program to run."""
        if not isinstance(text, str) or not text or len(text) > LONGEST or not text.isprintable():
            raise BadRef("the address of a remote is one line of text", hint=_ADDRESSES)
        if text.startswith("-"):
            raise BadRef("the address of a remote begins with no '-'", hint=_ADDRESSES)
        if found := _URL.fullmatch(text):
            return _of_url(text, found["scheme"].lower(), found["rest"])
        if re.match(r"[A-Za-z0-9][A-Za-z0-9+.-]*::", text):
            raise BadRef(
                f"an address with {safe(text.partition('::')[0][:40])}:: names a program to run, and none is run",
                hint=_ADDRESSES,
            )
        found = _SCP.fullmatch(text)
        if found and not re.fullmatch(r"[A-Za-z]", found["place"]):
            user, _, host = found["place"].rpartition("@")
            return cls(text, "ssh", _sound_host(host), user, found["path"])
        return cls(text, "file", path=text)

    def __str__(self) -> str:
        """Return the address without user, password, path and query; a path of this machine is no secret."""
        return safe(self.path) if self.scheme == "file" else f"{self.scheme}://{safe(self.host)}/…"

    def __repr__(self) -> str:
        """Return what `str` does."""
        return f"<{self}>"

    @property
    def loopback(self) -> bool:
        """Tell whether the other end is this machine."""
        name = re.sub(r":[0-9]*$", "", self.host).strip("[]")
        try:
            return name == "localhost" or ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password that stand in an address of http or https."""
        if self.scheme not in {"https", "http"}:
            return "", ""
        user, _, password = self.user.partition(":")
        return unquote(user), unquote(password)

    @property
    def bare(self) -> str:
        """The address without user and password where they could be secret: what a process may be started with."""
        if self.scheme not in {"https", "http"} or not self.user:
            return self.url
        head, _, rest = self.url.partition("://")
        return f"{head}://{rest.partition('@')[2]}"

    def secrets(self) -> set[str]:
        """Return all that is not to be shown, in the forms in which a server may repeat it."""
        if self.scheme not in {"https", "http"}:
            return set()
        user, password = self.credentials
        path, _, query = self.path.partition("?")
        found = {self.user, user, password, *self.user.split(":"), path.strip("/"), unquote(path).strip("/"), query}
        found |= {value for part in query.split("&") for value in (part.rpartition("=")[2],)}
        found |= {part.removesuffix(".git") for part in path.split("/") if len(part) >= 2 * SHORTEST_SECRET}
        return found | encoded(user, password)

    def check(self, allowed: Collection[str]) -> None:
        """Raise `GitFailed` unless this may be spoken to: it is safe, on this machine, or *allowed* by who asked."""
        if self.scheme in SAFE or self.scheme in allowed or (self.scheme in PLAIN and self.loopback):
            return
        why = "a folder of this machine is taken only" if self.scheme == "file" else "it is sent as plain text, so only"
        raise GitFailed(
            f"{self} is not spoken to: {why} when you ask for it",
            hint=f"ask for it: git config --global protocol.{self.scheme}.allow always",
        )


_ADDRESSES = "https://example.org/prompts.git, git@example.org:prompts.git, ssh://example.org/prompts.git"


def check_address(text: str) -> None:
    """Raise `BadRef` unless *text* is the address of another machine, without a password, fit to be committed."""
    address = Address.parse(text)
    if address.scheme == "file":
        raise BadRef("it names a folder", hint="write the path to it, from the project: ../shared/prompts.git")
    user, password = address.credentials
    if user or password or ":" in address.user:
        raise BadRef(
            "it holds a name or password, and this file is committed",
            hint="leave it out: git's own credential helper gives it (git config --global credential.helper …)",
        )


def shown_address(text: str) -> str:
    """Return *text*, the address of a remote, without anything that could be secret."""
    return str(Address.parse(text))


def _of_url(text: str, scheme: str, rest: str) -> Address:
    if scheme not in SCHEMES:
        raise BadRef(f"{safe(scheme[:40])}:// is no address that is spoken to", hint=_ADDRESSES)
    if scheme == "file":
        return Address(text, "file", path=rest)
    place, slash, path = rest.partition("/")
    user, _, host = place.rpartition("@")
    if "?" in place or "#" in place:
        raise BadRef("this address has no path", hint=_ADDRESSES)
    return Address(text, SCHEMES[scheme], _sound_host(host), user, slash + path)


def _sound_host(host: str) -> str:
    if not host or host.startswith("-"):
        raise BadRef("this address names no machine", hint=_ADDRESSES)
    return host


def encoded(user: str, password: str) -> set[str]:
    """Return how http sends *user* and *password*."""
    return {b64encode(f"{user}:{password}".encode()).decode()} if password else set()


def cleaned(words: str, secrets: Iterable[str]) -> str:
    """Return *words* of a server or of git without *secrets*, and without what has the form of one.

    Control characters and changes of direction are shown, not obeyed; a long text is cut.
    """
    text = words[: 4 * LONGEST_WORDS]
    for secret in sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _IN_WORDS.sub(lambda found: found["scheme"] + found["rest"] + (f"?{HIDDEN}" if found["query"] else ""), text)
    for pattern in _ECHOES:
        text = pattern.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", text)
    rows = (safe(row.expandtabs(4)).rstrip() for row in text.splitlines())
    return "\n".join(row for row in rows if row)[:LONGEST_WORDS]
