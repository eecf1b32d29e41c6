"""Keys and tokens of known shapes in a text: few shapes, each so narrow that what it finds is one.

The shapes follow what their makers publish (GitHub's "Behind GitHub's new authentication token formats", AWS's "IAM
identifiers", Slack's "Token types", Stripe's "API keys", PyPI's and GitLab's token prefixes, RFC 7468 for PEM, RFC 7515
for JWT, RFC 3986 for user information in URLs) and, for those who publish none, the rules of gitleaks
(`config/gitleaks.toml`). Documented examples and placeholders are no secrets: `AKIAIOSFODNN7EXAMPLE`, `sk-...`,
`ghp_xxxxxxxx`, `https://user:password@host`. Not looked for: test keys, ids without power, passwords without a shape.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: A project's own expression sees pieces of a line of this length, half of each in the next piece as well.
PIECE = 2_000
#: Nobody looks at a longer line.
LONGEST_SHOWN = 2_000
MASK = "*"

_FEWEST_CHARACTERS = 8
_SHORTEST_PASSWORD = 6
_KINDS_IN_A_PASSWORD = 2
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|redacted|x{5}|changeme|dummy|sample|insert|replace|secret|token|password|passwd|s3cret"
    r"|apikey|api[-_]key|abcdef|123456|012345|foobar|(?:^|[^a-z])(?:your|here|fake|my|the)(?:[^a-z]|$)"
)
#: What looks as if a machine had made it: shown to nobody when it stands on one line with a secret.
_MACHINE_MADE = re.compile(
    r"(?=[A-Za-z+/=_.~-]*[0-9])(?=[0-9+/=_.~-]*[A-Za-z])[A-Za-z0-9+/=_.~-]{11,}[A-Za-z0-9+/=_~-]"
)
#: Hosts that are nobody's, or only one's own (RFC 2606, RFC 6761).
_NOBODYS_HOST = re.compile(r"(?i)(?:.*\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)\.?$|127\.|\[?::1")


def _random(secret: str) -> bool:
    """Whether a machine may have made *secret*, rather than a person who explains something."""
    return len(set(secret)) >= _FEWEST_CHARACTERS and not _PLACEHOLDER.search(secret)


def _signed(token: str) -> bool:
    """Whether *token* is a JWT: its header is JSON that names an algorithm. The specimen of jwt.io is none."""
    header, payload, _ = token.split(".")
    return isinstance(_decoded(header).get("alg"), str) and _decoded(payload).get("name") != "John Doe"


def _decoded(part: str) -> dict[str, object]:
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _password(found: str) -> bool:
    """Whether the `user:password@host` of a URL would let anybody in."""
    account, _, host = found.rpartition("@")
    user, _, password = account.partition(":")
    kinds = [r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]"]
    return (
        len(password) >= _SHORTEST_PASSWORD
        and password != user
        and sum(bool(re.search(kind, password)) for kind in kinds) >= _KINDS_IN_A_PASSWORD
        and not _PLACEHOLDER.search(password)
        and not _NOBODYS_HOST.match(host)
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of secret: literal texts of which it holds one, and what it looks like; group 1 is what is random."""

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    real: Callable[[str], bool] = _random
    #: Whether the rest of the line belongs to it.
    to_the_end: bool = False


def _shape(kind: str, marks: str, pattern: str, real: Callable[[str], bool] = _random) -> Shape:
    # In a quoted text of a file's front matter the letter of an escape may stand right before it.
    begin = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt]))"
    return Shape(kind, tuple(marks.split()), re.compile(rf"{begin}{pattern}(?![A-Za-z0-9])"), real)


SHAPES = (
    _shape("an AWS access key id", "AKIA ASIA", r"(?:AKIA|ASIA)([A-Z2-7]{16})"),
    Shape(
        "an AWS secret access key",
        ("ecret",),
        re.compile(r"(?i)secret_?access_?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"),
    ),
    _shape("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_([A-Za-z0-9]{36,255})"),
    _shape("a GitHub token", "github_pat_", r"github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})"),
    _shape("a GitLab token", "glpat-", r"glpat-([A-Za-z0-9_-]{20,300}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?)"),
    _shape("a Slack token", "xox", r"xox[abeoprs]-(?:\d-)?([A-Za-z0-9]{8,64}(?:-[A-Za-z0-9]{8,200}){1,4})"),
    _shape("a Slack token", "xapp-", r"xapp-\d-([A-Z0-9]{8,}-\d{8,}-[a-z0-9]{32,})"),
    _shape("a Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/services/(T\w{8,}/B\w{8,}/\w{24})"),
    _shape("an OpenAI key", "sk-", r"sk-([A-Za-z0-9]{32,64})"),
    _shape("an OpenAI key", "sk-", r"sk-(?:proj|svcacct|admin)-([A-Za-z0-9_-]{40,200})"),
    _shape("an OpenRouter key", "sk-or-", r"sk-or-v1-([0-9a-f]{64})"),
    _shape("an Anthropic key", "sk-ant-", r"sk-ant-[a-z]{2,8}[0-9]{2}-([A-Za-z0-9_-]{32,200})"),
    _shape("a Google API key", "AIza", r"AIza([A-Za-z0-9_-]{35})"),
    _shape("a Stripe key", "k_live_", r"[sr]k_live_([A-Za-z0-9]{16,250})"),
    _shape("a Hugging Face token", "hf_", r"hf_([A-Za-z0-9]{34})"),
    _shape("an npm token", "npm_", r"npm_([A-Za-z0-9]{36})"),
    _shape("a PyPI token", "pypi-AgE", r"pypi-AgE[IN]([A-Za-z0-9_-]{50,1000})"),
    _shape("a SendGrid key", "SG.", r"SG\.([A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})"),
    _shape("a Twilio API key", "SK", r"SK([0-9a-f]{32})"),
    _shape(
        "a signed token (JWT)",
        "eyJ",
        r"(?<!-)(eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})",
        real=_signed,
    ),
    Shape(
        "a URL with a password",
        ("://",),
        re.compile(
            r"(?<=://)([^\s/?#:@,'\"`<>{}()$%*]{0,128}:[^\s/?#@,'\"`<>{}()$*]{1,256}@[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]{0,255})"
        ),
        _password,
    ),
    Shape(
        "a private key",
        ("PRIVATE KEY",),
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----)[\s\S]){0,400}?([A-Za-z0-9+/]{40})"
        ),
        to_the_end=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in a text: its kind and place, and the line without it and without what looks like another."""

    kind: str
    line: int
    column: int
    width: int
    shown: str


def leaks(text: str, own: Sequence[re.Pattern[str]] = ()) -> list[Leak]:
    """Return the secrets in *text* by their place; *own* are expressions beside the built-in shapes."""
    found = sorted({*_of_known_shape(text), *_of_own_shape(text, own)})
    if not found:
        return []
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    spans: dict[int, list[tuple[int, int]]] = {}
    for start, end, _ in found:
        at = bisect_right(starts, start) - 1
        while at < len(lines) and starts[at] < end:
            begin = max(0, start - starts[at])
            spans.setdefault(at, []).append((begin, min(end - starts[at], len(lines[at]))))
            at += 1
    return [_leak(kind, start, end, lines, starts, spans) for start, end, kind in found]


def _leak(
    kind: str, start: int, end: int, lines: list[str], starts: list[int], spans: dict[int, list[tuple[int, int]]]
) -> Leak:
    at = bisect_right(starts, start) - 1
    column = start - starts[at]
    width = min(end - starts[at], len(lines[at])) - column
    return Leak(kind, at + 1, column + 1, max(1, width), _masked(lines[at], spans[at]))


def _masked(line: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return *line* with each of *spans*, and each run that looks random, behind stars."""
    if len(line) > LONGEST_SHOWN:
        return ""
    hidden = [*spans, *(match.span() for match in _MACHINE_MADE.finditer(line))]
    masked = list(line.rstrip("\r"))
    for start, end in hidden:
        masked[start:end] = MASK * (min(end, len(masked)) - start)
    return "".join(masked)


def _of_known_shape(text: str) -> Iterator[tuple[int, int, str]]:
    for shape in SHAPES:
        if not any(mark in text for mark in shape.marks):
            continue
        for match in shape.pattern.finditer(text):
            if shape.real(match[1]):
                yield match.start(), _end(text, match.end(), to_the_end=shape.to_the_end), shape.kind


def _end(text: str, end: int, *, to_the_end: bool) -> int:
    if not to_the_end:
        return end
    of_line = text.find("\n", end)
    return len(text) if of_line < 0 else of_line


def _of_own_shape(text: str, own: Sequence[re.Pattern[str]]) -> Iterator[tuple[int, int, str]]:
    if not own:
        return
    start = 0
    for line in text.split("\n"):
        for begin in range(0, max(1, len(line) - PIECE // 2), PIECE // 2):
            piece = line[begin : begin + PIECE]
            for number, pattern in enumerate(own, 1):
                kind = f"what expression {number} of refuse_secrets describes"
                for match in pattern.finditer(piece):
                    if match[0]:
                        yield start + begin + match.start(), start + begin + match.end(), kind
        start += len(line) + 1
