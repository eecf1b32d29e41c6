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
from promptlib.refs import Pin, check_label, check_name, split_store
from promptlib.runs.ran import ref_of
from promptlib.version import SHORT

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
_SAID = ("name", "ref", "digest", "label", "commit", "model", "exactness")
_DIGESTS = ("inputs_digest", "result_digest", "output_digest")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}").fullmatch
_COMMIT = re.compile(r"[0-9a-f]{40,64}").fullmatch
_NUMBER = re.compile(r"[1-9][0-9]{0,8}").fullmatch
LONGEST_WORD = 1_000
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

    A prompt of another store has its name behind that of the store, `shared:support/triage`; what it includes lies in
    the same store.
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
            for each in (self.pin, *self.included())
        )

    def included(self) -> tuple[Pin, ...]:
        """Return what `includes` holds, each name behind that of its store as the run's own is."""
        store = split_store(self.name)[0]
        if not store:
            return self.includes
        return tuple(Pin(f"{store}:{pin.name}" if pin.name else "", pin.digest) for pin in self.includes)

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
        text = line.decode()
        data, end = _DECODER.raw_decode(text)
    except UnicodeDecodeError as error:
        raise NoRunError("it is no UTF-8") from error
    except NoRunError:
        raise
    except (ValueError, RecursionError) as error:
        raise NoRunError("it is no JSON" if isinstance(error, ValueError) else "it is nested too deep") from error
    if text[end:].strip():
        raise NoRunError("it is no JSON")
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
    get = data.get
    said = [get(key) for key in _SAID]
    try:
        name, number, digest, label, commit, model, exactness = _known_said(*said)
    except TypeError:  # a list cannot be looked up, and is wrong in any of these places
        name, number, digest, label, commit, model, exactness = _known_said.__wrapped__(*said)
    inputs_digest, result_digest, output_digest = _digests(data)
    messages, output, tokens = get("messages"), get("output"), get("tokens")
    if messages is not None and type(messages) is not list:
        raise NoRunError("its messages are no list")
    if tokens is not None and (type(tokens) is not int or tokens < 0):
        raise NoRunError("its 'tokens' are no number")
    return Run(
        id=_id(get("run")),
        time=_time(get("time")),
        digest=digest,
        name=name,
        number=number,
        edited=get("edited") is True,
        label=label,
        commit=commit,
        includes=_includes(get("includes")),
        inputs_digest=inputs_digest,
        result_digest=result_digest,
        output_digest=output_digest,
        model=model,
        tokens=tokens,
        exactness=exactness,
        messages=None if messages is None else tuple(freeze(each, what="a message") for each in messages),
        output=None if output is None else freeze(output, what="its output"),
        fields=EMPTY if data.keys() <= _KNOWN else _fields(data),
    )


def _said(*values: object) -> tuple[str, int | None, str, str, str, str, str]:
    name, ref, digest, label, commit, model, exactness = map(_word, _SAID, values)
    if not _DIGEST(digest):
        raise NoRunError("its 'digest' is none")
    if commit and not _COMMIT(commit):
        raise NoRunError("its 'commit' is none")
    if exactness and exactness not in _EXACTNESS:
        raise NoRunError(f"its 'exactness' is none of {', '.join(sorted(_EXACTNESS))}")
    return (
        _checked(name) if name else "",
        _number(ref, name, digest) if ref else None,
        digest,
        check_label(label) if label else "",
        commit,
        model,
        exactness,
    )


def _checked(name: str) -> str:
    check_name(split_store(name)[1])
    return name


#: What a log says over and over, of each version that runs, is looked at once.
_known_said = lru_cache(maxsize=4096)(_said)


def _word(key: str, value: object) -> str:
    if value is None:
        return ""
    if type(value) is not str:
        raise NoRunError(f"its {key!r} is no text")
    if len(value) > LONGEST_WORD:
        raise NoRunError(f"its {key!r} is longer than {LONGEST_WORD:,} characters")
    return value


def _number(ref: str, name: str, digest: str) -> int | None:
    """The ref says the number together with the digest, so that a bare number is never stored."""
    before, _, prefix = ref.rpartition("#")
    named, mark, number = before.partition("@v")
    sound = named == name and len(prefix) >= SHORT and digest.startswith(f"sha256:{prefix}")
    if not sound or (mark and not _NUMBER(number)):
        raise NoRunError("its 'ref' names something else than its digest")
    return int(number) if mark else None


def _digests(data: dict[str, Any]) -> list[str]:
    found = [data.get(key) or "" for key in _DIGESTS]
    for key, value in zip(_DIGESTS, found, strict=True):
        if value and (type(value) is not str or not _DIGEST(value)):
            raise NoRunError(f"its {key!r} is none")
    return found


def _id(value: object) -> str:
    if type(value) is not str or not value:
        raise NoRunError("its 'run' is no text")
    if len(value) > LONGEST_WORD:
        raise NoRunError(f"its 'run' is longer than {LONGEST_WORD:,} characters")
    return value


def _includes(value: object) -> tuple[Pin, ...]:
    if not value:
        return ()
    if type(value) is not list or not all(type(each) is str for each in value):
        raise NoRunError("its 'includes' are no list of texts")
    return tuple(map(_pin, value))


def _fields(data: dict[str, Any]) -> Frozen:
    return Frozen({key: freeze(data[key], what=f"its {key[:40]!r}") for key in data if key not in _KNOWN})


def _time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value if type(value) is str else "")
    except ValueError as error:
        raise NoRunError("its 'time' is none") from error
    if time.tzinfo is None:
        raise NoRunError("its 'time' has no zone")
    return time
