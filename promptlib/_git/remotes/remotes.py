"""Other repositories: what is configured of them, fetching from them and pushing to them, never with force."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from promptlib._git.objects import HEX_DIGITS
from promptlib._git.references import check_name
from promptlib._git.remotes import quarantine
from promptlib._git.remotes.addresses import Address, encoded
from promptlib._git.remotes.answers import Talk
from promptlib._git.remotes.quarantine import THERE
from promptlib._git.remotes.talking import PATIENCE, Silent, surroundings, talk
from promptlib.errors import BadRef, GitFailed, NotFound, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.references import References
    from promptlib._git.runner import Git, Result

HEADS = "refs/heads/"
FETCHED = "refs/fetched/"
#: How the walk through both histories is spared where single objects are wanted.
_SINGLE = ("-c", "fetch.negotiationAlgorithm=noop")
_FETCH = (
    *("fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-write-commit-graph", "--no-show-forced-updates"),
)
_PUSH = (
    *("push", "--porcelain", "--progress", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"),
)
_MISSING_BRANCH = re.compile(r"couldn't find remote ref refs/heads/(\S+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
#: Somebody else has moved the branch in between: fetch, merge, and try again.
_BEHIND = ("fetch first", "non-fast-forward", "stale info", "already exists", "needs force")
#: The same, told by the server; it may say so for want of rights too.
_RACED = re.compile(r"cannot lock ref|failed to update ref|incorrect old value|reference already exists|but expected")

PushOutcome = Literal["pushed", "current", "moved"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a branch is published: a remote's name, and the full name of the branch there."""

    remote: str
    reference: str


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches of a remote with their commits, and which one its HEAD names (an empty text for none)."""

    head: str
    tips: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration says, as `section.subsection.key` -> values; the ends of a key are in lower case."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False)

    def last(self, key: str) -> str:
        """Return the value that holds, an empty text for none."""
        return self.values.get(key, ("",))[-1]

    def below(self, section: str, key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield subsection and values of each `section.<subsection>.key`."""
        for name, values in self.values.items():
            if name.startswith(f"{section}.") and name.endswith(f".{key}") and len(name) > len(section) + len(key) + 2:
                yield name[len(section) + 1 : -len(key) - 1], values

    def true(self, key: str) -> bool:
        """Return whether the value that holds is one of git's words for yes."""
        return key in self.values and self.last(key).lower() in {"true", "yes", "on", "1"}


class Remotes:
    """The remotes of one repository."""

    def __init__(self, layout: Layout, git: Git, objects: Objects, references: References) -> None:
        """Answer for the repository of *layout*."""
        self._layout = layout
        self._git = git
        self._objects = objects
        self._references = references

    # What is configured

    def names(self) -> tuple[str, ...]:
        """Return the names of the remotes, in order."""
        return tuple(sorted({name for name, _ in self._own().below("remote", "url")}))

    def upstream(self, branch: str) -> Upstream | None:
        """Return where *branch* (`main`) is published, None where nothing says so."""
        own = self._own()
        remote, reference = own.last(f"branch.{branch}.remote"), own.last(f"branch.{branch}.merge")
        return Upstream(remote, reference) if remote and remote != "." and reference.startswith(HEADS) else None

    def address(self, remote: str) -> Address:
        """Return the address that *remote*, a name or an address, is fetched from; raises `NotFound`."""
        return self._address(self._own(), remote)[0]

    def promisor(self) -> str:
        """Return the remote that holds what this partial clone has left there; an empty text for a whole one."""
        own = self._own()
        found = own.last("extensions.partialclone")
        return found or next((name for name, values in own.below("remote", "promisor") if values[-1] == "true"), "")

    def add(self, remote: str, url: str, *, partial: bool = False) -> None:
        """Write down that *remote* is at *url*; *partial* says that it holds what this repository leaves there."""
        if not _NAME.fullmatch(remote):
            raise BadRef(f"{remote[:80]!r} is no name of a remote", hint="a name such as origin")
        Address.parse(url)
        settings = {"url": url, "fetch": f"+{HEADS}*:refs/remotes/{remote}/*"}
        if partial:
            settings |= {"promisor": "true", "partialclonefilter": "blob:none"}
        for key, value in settings.items():
            self._git.run("config", "--local", "--end-of-options", f"remote.{remote}.{key}", value)

    def _own(self) -> Settings:
        """Return the repository's own configuration."""
        return _settings(self._git, {b"local", b"worktree"})

    def _address(self, own: Settings, remote: str) -> tuple[Address, Address]:
        """Return where *remote* is fetched from and pushed to, as the repository's configuration says it."""
        if not isinstance(remote, str) or remote.startswith("-"):
            raise BadRef("a remote is a name such as origin, or an address")
        url = own.last(f"remote.{remote}.url")
        if not url and not re.search(r"[:/\\]", remote):
            names = sorted({name for name, _ in own.below("remote", "url")})
            known = f"remotes here: {', '.join(names)}" if names else "this repository has no remote yet"
            raise NotFound(
                f"no remote {remote[:80]!r} here",
                hint="\n".join([f"{nearest(remote, names)} {known}".strip(), "add it: git remote add NAME ADDRESS"]),
            )
        fetched = own.values.get(f"remote.{remote}.url", (remote,))[0]
        pushed = own.values.get(f"remote.{remote}.pushurl", (fetched,))[0]
        return self._whole(Address.parse(fetched)), self._whole(Address.parse(pushed))

    def _whole(self, address: Address) -> Address:
        """Return *address*, a path in it as it is from where git would start."""
        if address.scheme != "file" or address.url.startswith("file:"):
            return address
        return Address.parse(os.path.normpath((self._layout.work_tree or self._layout.git_dir) / address.path))

    # Talking

    def branches(self, remote: str, *, allow: Collection[str] = (), patience: float = PATIENCE) -> Branches:
        """Return the branches of *remote* as it tells them now."""
        with self._talk(remote, allow, patience) as line:
            told = line.ask("ls-remote", "--quiet", "--symref", "--", THERE, "HEAD", f"{HEADS}*").out
        head, tips = "", {}
        for row in told.decode("utf-8", "surrogateescape").splitlines():
            value, _, name = row.partition("\t")
            if name == "HEAD" and value.startswith(f"ref: {HEADS}"):
                head = value.removeprefix(f"ref: {HEADS}")
            elif name.startswith(HEADS) and _is_id(value):
                tips[name.removeprefix(HEADS)] = value
        return Branches(head, tips)

    def fetch(
        self, remote: str, *branches: str, allow: Collection[str] = (), patience: float = PATIENCE, track: bool = True
    ) -> dict[str, str]:
        """Bring *branches* of *remote* here (all when none is named); return the commits of those that it has.

        `refs/remotes/<remote>/<branch>` then names them, if *track*. Nothing else moves, and nothing is kept of a
        fetch that did not come to its end. A partial clone stays one; the depth of a shallow one stays.
        """
        wanted = [f"{HEADS}{branch}" for branch in branches] or [f"{HEADS}*"]
        for each in wanted[: len(branches)]:
            check_name(each)
        with self._talk(remote, allow, patience) as line:
            line.room.know(self._known(remote, branches))
            while wanted:
                pairs = (f"+{name}:{FETCHED}{name.removeprefix(HEADS)}" for name in wanted)
                done = line.ask(*_FETCH, "--end-of-options", THERE, *pairs, check=False)
                missing = _MISSING_BRANCH.search(done.error) if done.code else None
                if missing is None or f"{HEADS}{missing[1]}" not in wanted:
                    line.check(done)
                    break
                wanted.remove(f"{HEADS}{missing[1]}")
            tips = line.fetched() if wanted else {}
            line.take()
        if track and not re.search(r"[:\\]|^/", remote):
            self._track(remote, tips)
        return tips

    def push(
        self,
        remote: str,
        commit: str,
        reference: str,
        *,
        expect: str | None,
        allow: Collection[str] = (),
        patience: float = PATIENCE,
    ) -> PushOutcome:
        """Move *reference* of *remote* from *expect* (None: it is not there yet) to *commit*, which descends from it.

        `pushed`, `current` when it stands there already, `moved` when somebody else has moved it: fetch, merge, push
        again. There is no force. Raises `RemoteRefused` with the server's own words, `NotAuthorised` and
        `RemoteUnreachable`; after the last the remote has either moved or not: fetching tells.
        """
        check_name(reference)
        self._objects.check_id(commit)
        if expect is not None and not self._descends(commit, expect):
            return "moved"
        with self._talk(remote, allow, patience, pushing=True) as line:
            lease = f"--force-with-lease={reference}:{expect or ''}"
            done = line.ask(*_PUSH, lease, "--end-of-options", THERE, f"{commit}:{reference}", check=False)
            outcome = self._outcome(line, done, reference, commit, expect)
        if outcome != "moved" and reference.startswith(HEADS) and not re.search(r"[:\\]|^/", remote):
            self._track(remote, {reference.removeprefix(HEADS): commit})
        return outcome

    def _outcome(self, line: _Line, done: Result, reference: str, commit: str, expect: str | None) -> PushOutcome:
        row = next((row for row in done.out.decode("utf-8", "replace").splitlines() if row[1:2] == "\t"), "")
        flag, _, summary = row[:1], *row[2:].partition("\t")[1:]
        if flag == "=":
            return "current"
        if flag and flag != "!" and not done.code:
            return "pushed"
        told = re.search(r"\((.*)\)", summary)
        why = told[1] if told else summary.strip("[] ")
        if flag != "!" or summary.startswith("[remote failure]"):
            raise line.broken(done)
        if summary.startswith("[rejected]") and why in _BEHIND:
            return "moved"
        if _RACED.search(f"{why}\n{done.error}") and line.stands(reference) not in {expect, commit}:
            return "moved"
        raise line.refused(done, reference, why)

    def follow(self, remote: str, branch: str, *, allow: Collection[str], patience: float) -> str:
        """Let the branches here be those of *remote*: see `Repository.follow`."""
        head = self._references.head()
        if not branch and head.reference and head.commit:
            branch = head.reference.removeprefix(HEADS)
        if not branch:
            there = self.branches(remote, allow=allow, patience=patience)
            branch = there.head or next(iter(there.tips), "main")
        commit = self.fetch(remote, branch, allow=allow, patience=patience).get(branch)
        if commit is None:
            names = ", ".join(sorted(self.branches(remote, allow=allow, patience=patience).tips)[:8]) or "none at all"
            raise NotFound(f"the remote {remote!r} has no branch {branch!r}", hint=f"branches there: {names}")
        self._references.set(f"{HEADS}{branch}", commit)
        if head.reference != f"{HEADS}{branch}":
            self._git.run("symbolic-ref", "HEAD", f"{HEADS}{branch}")
        return commit

    def bring(
        self, remote: str, objects: Iterable[str], *, allow: Collection[str] = (), patience: float = PATIENCE
    ) -> None:
        """Bring single *objects* here that a partial clone has left at *remote*, all of them in one talk."""
        wanted = list(dict.fromkeys(objects))
        for each in wanted:
            self._objects.check_id(each)
        if not wanted:
            return
        with self._talk(remote, allow, patience) as line:
            command = (*_SINGLE, *_FETCH, "--filter=blob:none", "--stdin", "--end-of-options", THERE)
            line.ask(*command, given="".join(f"{each}\n" for each in wanted).encode())
            line.take()

    def absent(self, objects: Iterable[str]) -> frozenset[str]:
        """Return those of *objects* that are not here, without asking any remote: one process for all of them."""
        wanted = list(dict.fromkeys(objects))
        for each in wanted:
            self._objects.check_id(each)
        if not wanted:
            return frozenset()
        # In a folder that knows of no remote, git looks for none.
        with quarantine.blind(self._layout) as room:
            given = "".join(f"{each}\n" for each in wanted).encode()
            told = room.git.run("cat-file", "--batch-check", given=given).out
        rows = told.decode("ascii", "replace").splitlines()
        return frozenset(each for each, row in zip(wanted, rows, strict=True) if row.endswith(" missing"))

    def _descends(self, commit: str, old: str) -> bool:
        """Tell whether *commit* comes after *old*; what is not here was never merged into it."""
        self._objects.check_id(old)
        try:
            return self._references.reaches(commit, old)
        except GitFailed:
            if self.absent([old]):
                return False
            raise

    def _known(self, remote: str, branches: tuple[str, ...]) -> list[str]:
        """Return the commits from which the other side may count on: those of the branches, here and as last seen."""
        names = (f"{HEADS}{branch}" for branch in branches)
        seen = (f"refs/remotes/{remote}/{branch}" for branch in branches if not re.search(r"[:\\]|^/", remote))
        asked = [*names, *seen] or [HEADS, "refs/remotes/"]
        rows = self._git.run("for-each-ref", "--format=%(objectname) %(objecttype)", "--", *asked).out.decode()
        found = [row.removesuffix(" commit") for row in rows.splitlines() if row.endswith(" commit")]
        head = self._references.head().commit
        return [*found, *([head] if head else [])]

    def _track(self, remote: str, tips: Mapping[str, str]) -> None:
        for branch, commit in tips.items():
            reference = f"refs/remotes/{remote}/{branch}"
            old = self._references.tip(reference)
            if old != commit:
                # Who moves it at the same time has fetched as well.
                self._references.swap(reference, old, commit, reflog="fetch", durability="batch")

    @contextmanager
    def _talk(self, remote: str, allow: Collection[str], patience: float, *, pushing: bool = False) -> Iterator[_Line]:
        own = self._own()
        address = self._address(own, remote)[pushing]
        with quarantine.opened(self._layout) as room:
            users = _settings(room.git, None)
            target = _rewritten(address, users, pushing=pushing)
            asked = {scheme for scheme, values in users.below("protocol", "allow") if values[-1] == "always"}
            target.check({*allow, *asked})
            headers = {key: values for key, values in own.values.items() if _is_header(key)}
            room.configure(_configuration(address, own, remote, headers) | _credentials(room, address))
            secrets = {*address.secrets(), *target.secrets()}
            for values in (*headers.values(), *(values for key, values in users.values.items() if _is_header(key))):
                secrets |= {word for value in values for word in _words_of(value)}
            named = remote if f"remote.{remote}.url" in own.values else str(target)
            around = surroundings(target.scheme, users.last("core.sshcommand"), patience)
            yield _Line(room, Talk(named, str(target), secrets), around, (target, patience))


class _Line:
    """A talk that is going on."""

    def __init__(
        self, room: quarantine.Room, told: Talk, around: Mapping[str, str], other: tuple[Address, float]
    ) -> None:
        self.room = room
        self._git = room.git
        self._talk = told
        self._around = around
        self._target, self._patience = other

    def ask(self, *arguments: str, given: bytes = b"", check: bool = True) -> Result:
        """Let git talk; raise what came of it when *check* and it failed."""
        try:
            done = talk(self._git, arguments, self._around, given=given, patience=self._patience)
        except Silent:
            raise self._talk.silent(self._patience) from None
        if check:
            self.check(done)
        return done

    def check(self, done: Result) -> None:
        """Raise the error for a git that did not end well."""
        if done.code:
            raise self.broken(done)

    def broken(self, done: Result) -> Exception:
        """Return the error for a talk that came to no end."""
        self._learn()
        return self._talk.broken(done.error)

    def refused(self, done: Result, reference: str, summary: str) -> Exception:
        """Return the error for a server that said no."""
        self._learn()
        return self._talk.refused(done.error, reference, summary)

    def _learn(self) -> None:
        """Ask the user's helpers once more, so that a server's words are shown without what they gave it."""
        if self._target.scheme not in {"https", "http"}:
            return
        host, _, path = self._target.bare.partition("://")[2].partition("/")
        given = f"protocol={self._target.scheme}\nhost={host}\npath={path.partition('?')[0]}\n\n"
        try:
            told = talk(self._git, ("credential", "fill"), self._around, given=given.encode(), patience=self._patience)
        except Silent:
            return
        found = dict(row.partition("=")[::2] for row in told.out.decode("utf-8", "replace").splitlines())
        user, password = found.get("username", ""), found.get("password", "")
        self._talk.learn({user, password, *encoded(user, password)})

    def stands(self, reference: str) -> str | None:
        """Return where *reference* stands there now."""
        told = self.ask("ls-remote", "--quiet", "--", THERE, reference).out.decode("utf-8", "replace")
        return next((row.partition("\t")[0] for row in told.splitlines() if row.endswith(f"\t{reference}")), None)

    def fetched(self) -> dict[str, str]:
        """Return the branches that came, with their commits."""
        told = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", FETCHED).out
        rows = told.decode("utf-8", "surrogateescape").splitlines()
        return {name.removeprefix(FETCHED): commit for commit, _, name in (row.partition(" ") for row in rows)}

    def take(self) -> None:
        """Give the repository what came."""
        from promptlib._git.room import telling  # noqa: PLC0415 - beside it

        with telling(self.room.folder):
            self.room.move_in()


def _settings(git: Git, scopes: set[bytes] | None) -> Settings:
    """Return what git's configuration says in *scopes*; None is all but the repository's own and the command's."""
    told = git.run("config", "--list", "--null", "--show-scope", "--includes").out.split(b"\0")
    found: dict[str, list[str]] = {}
    for scope, entry in zip(told[::2], told[1::2], strict=False):
        if scope in scopes if scopes else scope in {b"system", b"global"}:
            key, _, value = entry.decode("utf-8", "surrogateescape").partition("\n")
            found.setdefault(key, []).append(value)
    return Settings({key: tuple(values) for key, values in found.items()})


def _rewritten(address: Address, users: Settings, *, pushing: bool) -> Address:
    """Return the address that the user's own `url.*.insteadOf` makes of *address*, by the longest that fits."""
    found = {prefix: base for base, prefixes in users.below("url", "insteadof") for prefix in prefixes}
    if pushing:
        pushed = {prefix: base for base, prefixes in users.below("url", "pushinsteadof") for prefix in prefixes}
        found = pushed if any(address.bare.startswith(prefix) for prefix in pushed) else found
    fitting = max((prefix for prefix in found if prefix and address.bare.startswith(prefix)), key=len, default="")
    return Address.parse(found[fitting] + address.bare[len(fitting) :]) if fitting else address


def _configuration(
    address: Address, own: Settings, remote: str, headers: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, str, str], str | tuple[str, ...]]:
    """Return what a room's configuration says: the address, whether the clone is partial, and headers.

    Of the repository's own configuration headers alone are taken over, as a CI job puts its token into one: they go to
    where that configuration leads, and run nothing.
    """
    found: dict[tuple[str, str, str], str | tuple[str, ...]] = {("remote", THERE, "url"): address.bare}
    if own.true(f"remote.{remote}.promisor") or own.last("extensions.partialclone") == remote:
        found["remote", THERE, "promisor"] = "true"
        found["remote", THERE, "partialclonefilter"] = own.last(f"remote.{remote}.partialclonefilter") or "blob:none"
    for key, values in headers.items():
        found["http", key[len("http.") : -len("extraheader")].rstrip("."), "extraHeader"] = values
    if address.loopback:
        found["http", "", "followRedirects"] = "false"
    return found


def _credentials(room: quarantine.Room, address: Address) -> dict[tuple[str, str, str], str | tuple[str, ...]]:
    return {("credential", "", "helper"): room.keep_credentials(address)} if any(address.credentials) else {}


def _is_header(key: str) -> bool:
    return key.startswith("http.") and key.endswith(".extraheader")


def _words_of(header: str) -> set[str]:
    """Return what in the value of a header could be its secret."""
    from base64 import b64decode  # noqa: PLC0415 - few have headers of their own
    from binascii import Error  # noqa: PLC0415 - beside it

    words = {header.partition(":")[2].strip(), *header.partition(":")[2].split()}
    for word in list(words):
        try:
            text = b64decode(word, validate=True).decode()
        except (Error, ValueError):
            continue
        words |= {text, *text.split(":", 1)}
    return words - {"Basic", "basic", "Bearer", "bearer", "token"}


def _is_id(text: str) -> bool:
    return len(text) in {40, 64} and HEX_DIGITS.issuperset(text)
