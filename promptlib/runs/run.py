"""One run, and the line that it is in a log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from promptlib.errors import PromptLibError
from promptlib.plain import Frozen, Plain, freeze, thaw
from promptlib.refs import Pin, Ref, check_label, check_name
from promptlib.runs.ran import ref_of

#: The version of a line's shape; it grows when a key changes its meaning or goes.
SHAPE = 1
KIND = "run"
EMPTY = Frozen()
#: Keys that say something of ours; all others belong to whoever wrote them, and are kept.
KEYS = (
    "promptlib",
    "kind",
    "run",
    "time",
    "name",
    "ref",
    "digest",
    "edited",
    "label",
    "commit",
    "includes",
    "inputs_digest",
    "result_digest",
    "output_digest",
    "model",
    "tokens",
    "exactness",
    "messages",
    "output",
)
_KNOWN = frozenset(KEYS)
_EXACTNESS = frozenset({"exact", "estimate", "provider"})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
LONGEST_WORD = 1_000
# A log says the same names and pins over and over.
_name = lru_cache(maxsize=1024)(check_name)
_label = lru_cache(maxsize=1024)(check_label)
_pin = lru_cache(maxsize=4096)(Pin.parse)


class NoRunError(ValueError):
    """A line that is no run; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One time that a prompt was rendered and sent: which content, asked for how, what came of it.

    `digest` is the identity of what ran; `number` the position that it had then, None where that was not known or
    the file was `edited`. `label` is what it was asked for by. `includes` are all contents that were put in. Digests
    are empty where there was nothing to tell. `messages` and `output` hold texts only where they were asked for;
    they are never shown. `fields` are keys that promptlib does not know.
    """

    id: str
    time: datetime
    digest: str
    name: str = ""
    number: int | None = None
    edited: bool = False
    label: str = ""
    commit: str = ""
    includes: tuple[Pin, ...] = ()
    inputs_digest: str = ""
    result_digest: str = ""
    output_digest: str = ""
    model: str = ""
    tokens: int | None = None
    exactness: str = ""
    messages: tuple[Plain, ...] | None = field(default=None, repr=False)
    output: Plain = field(default=None, repr=False)
    fields: Frozen = EMPTY

    @property
    def ref(self) -> str:
        """`support/triage@v3#3f9c2a1b`: loads exactly this content, or refuses."""
        return ref_of(self.name, self.number, self.digest)

    @property
    def pin(self) -> Pin:
        """The name with the whole digest."""
        return Pin(self.name, self.digest)

    def used(self, pin: Pin) -> bool:
        """Whether this content, or one that it includes, is the pinned one; a pin without a name is any name's."""
        return any(
            each.digest == pin.digest and (each.name == pin.name or not each.name or not pin.name)
            for each in (self.pin, *self.includes)
        )

    def to_dict(self) -> dict[str, object]:
        """Return the line as plain data, keys without a value left out."""
        told: dict[str, object] = {
            "promptlib": SHAPE,
            "kind": KIND,
            "run": self.id,
            "time": written(self.time),
            "name": self.name,
            "ref": self.ref if self.name else "",
            "digest": self.digest,
            "edited": self.edited,
            "label": self.label,
            "commit": self.commit,
            "includes": list(map(str, self.includes)),
            "inputs_digest": self.inputs_digest,
            "result_digest": self.result_digest,
            "output_digest": self.output_digest,
            "model": self.model,
            "exactness": self.exactness,
        }
        whole = {key: value for key, value in told.items() if value}
        # Nothing, and 0, are values here.
        if self.tokens is not None:
            whole["tokens"] = self.tokens
        if self.messages is not None:
            whole["messages"] = thaw(self.messages)
        if self.output is not None:
            whole["output"] = thaw(self.output)
        return {**whole, **{key: thaw(value) for key, value in self.fields.items()}}

    def to_line(self) -> bytes:
        """Return the line of the log: JSON in ASCII, so that no terminal obeys any of it."""
        return json.dumps(self.to_dict(), ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"

    def __str__(self) -> str:
        """Return time, ref, label and model on one line."""
        parts = (written(self.time), self.ref, f"({self.label})" if self.label else "", self.model)
        return " ".join(filter(None, parts))


def written(time: datetime) -> str:
    """Return *time* as a log holds it: UTC, to the microsecond."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def run_of(line: bytes) -> Run:
    """Return the run that *line* is; raises `NoRunError` with the reason for any other line."""
    try:
        data = _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        raise NoRunError("it is no UTF-8") from error
    except NoRunError:
        raise
    except ValueError as error:
        raise NoRunError("it is no JSON") from error
    except RecursionError as error:
        raise NoRunError("it is nested too deep") from error
    if type(data) is not dict or data.get("kind") != KIND or "promptlib" not in data:
        raise NoRunError("it is something else than a run")
    if data["promptlib"] != SHAPE:
        raise NoRunError(f"it has a shape that this promptlib does not know ({data['promptlib']!r:.20})")
    try:
        return _read(data)
    except (PromptLibError, ValueError, OverflowError) as error:
        raise NoRunError(error.what if isinstance(error, PromptLibError) else str(error)) from error


def _no_number(text: str) -> object:
    raise NoRunError(f"it holds {text}, which is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _read(data: dict[str, Any]) -> Run:
    name, label = _text(data, "name"), _text(data, "label")
    messages, output = data.get("messages"), data.get("output")
    if messages is not None and type(messages) is not list:
        raise NoRunError("its messages are no list")
    others = data.keys() - _KNOWN
    return Run(
        id=_text(data, "run", needed=True),
        time=_time(data.get("time")),
        digest=_matching(data, "digest", _DIGEST, needed=True),
        name=_name(name) if name else "",
        number=_number(data, name),
        edited=data.get("edited") is True,
        label=_label(label) if label else "",
        commit=_matching(data, "commit", _COMMIT),
        includes=tuple(map(_pin, _list(data))),
        inputs_digest=_matching(data, "inputs_digest", _DIGEST),
        result_digest=_matching(data, "result_digest", _DIGEST),
        output_digest=_matching(data, "output_digest", _DIGEST),
        model=_text(data, "model"),
        tokens=_tokens(data.get("tokens")),
        exactness=_one_of(data, "exactness", _EXACTNESS),
        messages=None if messages is None else tuple(freeze(each, what="a message") for each in messages),
        output=None if output is None else freeze(output, what="its output"),
        fields=Frozen({key: freeze(data[key], what=f"its {key[:40]!r}") for key in data if key in others})
        if others
        else EMPTY,
    )


def _text(data: dict[str, Any], key: str, *, needed: bool = False) -> str:
    value = data.get(key)
    if value is None and not needed:
        return ""
    if type(value) is not str or (needed and not value):
        raise NoRunError(f"its {key!r} is no text")
    if len(value) > LONGEST_WORD:
        raise NoRunError(f"its {key!r} is longer than {LONGEST_WORD:,} characters")
    return value


def _matching(data: dict[str, Any], key: str, form: re.Pattern[str], *, needed: bool = False) -> str:
    value = data.get(key)
    if not value and not needed:
        return ""
    if type(value) is not str or not form.fullmatch(value):
        raise NoRunError(f"its {key!r} is none")
    return value


def _one_of(data: dict[str, Any], key: str, words: frozenset[str]) -> str:
    value = _text(data, key)
    if value and value not in words:
        raise NoRunError(f"its {key!r} is none of {', '.join(sorted(words))}")
    return value


def _list(data: dict[str, Any]) -> list[str]:
    value = data.get("includes") or []
    if type(value) is not list or not all(type(each) is str for each in value):
        raise NoRunError("its 'includes' are no list of texts")
    return value


def _number(data: dict[str, Any], name: str) -> int | None:
    """The ref says the number together with the digest, so that a bare number is never stored."""
    text = data.get("ref")
    if not text:
        return None
    ref = Ref.parse(text)
    if ref.name != name or not str(data.get("digest")).startswith(f"sha256:{ref.prefix}"):
        raise NoRunError("its ref names something else than its digest")
    return ref.number


def _tokens(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise NoRunError("its 'tokens' are no number")


def _time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value if type(value) is str else "")
    except ValueError as error:
        raise NoRunError("its 'time' is none") from error
    if time.tzinfo is None:
        raise NoRunError("its 'time' has no zone")
    return time
