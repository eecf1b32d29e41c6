"""What a comparison of groups found: a frozen value, as data both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, cast, get_args

from promptlib.errors import InvalidInputs, PromptLibError
from promptlib.fairness.verdicts import DIFFERS, UNITS, Scale, Unit, Verdict
from promptlib.plain import LARGEST_INTEGER, freeze
from promptlib.plain import digest as digest_of
from promptlib.refs import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable

#: The version of the shape of `to_dict`; it grows when a key changes its meaning or goes.
SHAPE = 1
KIND = "fairness report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure of one group, against the reference group or, in the baseline, of that group against itself.

    `effect` is the mean difference within matched pairs, group minus reference; `low` and `high` are the ends of its
    interval at the level 1 - alpha, each comparison by itself, None where so few pairs cannot tell. `size` is Cliff's
    delta, from -1 to 1. `corrected` is `p` corrected for all comparisons of the report, and decides. `smallest` is the
    difference that this n would have found in eight of ten reports, None where n is too small or nothing scattered. `n`
    counts independent units, and `lacking` those left out because an answer had no such figure.
    """

    measure: str
    scale: Scale
    group: str
    against: str
    n: int
    lacking: int
    mean: float
    against_mean: float
    effect: float
    low: float | None
    high: float | None
    size: float
    p: float
    corrected: float
    smallest: float | None
    verdict: Verdict

    def __post_init__(self) -> None:
        """Check what was read from a file."""
        _check(self, _CHECKS)
        if self.scale not in get_args(Scale) or self.verdict not in get_args(Verdict):
            raise InvalidInputs(f"a comparison has the scale {self.scale!r:.40} and the verdict {self.verdict!r:.40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one figure lies in the answers to one group: of a rate `mean` is all there is to say.

    `again` is the second run of the reference group; `n` counts answers.
    """

    measure: str
    group: str
    again: bool
    n: int
    mean: float
    least: float
    quarter: float
    median: float
    three_quarters: float
    most: float

    def __post_init__(self) -> None:
        """Check what was read from a file."""
        _check(self, _CHECKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One answer, where the report was asked to keep them; `case`, `row` and `repeat` count from 0."""

    group: str
    case: int
    row: int
    repeat: int
    again: bool
    text: str

    def __post_init__(self) -> None:
        """Check what was read from a file."""
        _check(self, _CHECKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where a prompt treats groups of people differently, and by how much: what was asked, and what was found.

    Immutable, and JSON both ways. `name`, `version` and `digest` say which prompt, `model_id` is as the caller gave it.
    `variants`, `variants_digest`, `language`, `source` and `licence` are of the set of groups; `fields` are the inputs
    that differ. `baseline` is the same group twice: where it differs, nothing can be concluded from that measure.
    `time` is the caller's, None without one.
    """

    name: str
    version: str | None
    digest: str
    model_id: str
    variants: str
    variants_digest: str
    language: str
    source: str
    licence: str
    fields: tuple[str, ...]
    groups: tuple[str, ...]
    against: str
    cases: int
    rows: int
    repeats: int
    unit: Unit
    seed: int
    alpha: float
    correction: str
    permutations: int
    time: datetime | None
    baseline: tuple[Comparison, ...]
    comparisons: tuple[Comparison, ...]
    spreads: tuple[Spread, ...] = ()
    texts: tuple[Text, ...] = ()
    #: What the pairs could not be looked at for, and which inputs were allowed to name a group.
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what was read from a file."""
        _check(self, _CHECKS)
        check_digest(self.digest)
        check_digest(self.variants_digest)
        if self.unit not in UNITS:
            raise InvalidInputs(f"a report has the unit {self.unit!r:.40}", hint=f"units: {', '.join(UNITS)}")

    @property
    def ref(self) -> str:
        """`hiring/screen@v3#3f9c2a1b`: the prompt, as far as name and number are known."""
        number = f"@{self.version}" if self.version and self.name and "+" not in self.version else ""
        return f"{self.name}{number}#{self.digest[7:15]}"

    @property
    def calls(self) -> int:
        """How often the model was asked."""
        return self.cases * self.rows * self.repeats * (len(self.groups) + 1)

    @property
    def differing(self) -> tuple[Comparison, ...]:
        """The comparisons that differ."""
        return tuple(each for each in self.comparisons if each.verdict == DIFFERS)

    @property
    def unsettled(self) -> tuple[Comparison, ...]:
        """The baselines that differ: the same group is told from itself."""
        return tuple(each for each in self.baseline if each.verdict == DIFFERS)

    def over(self, thresholds: Mapping[str, float] | None = None) -> tuple[Comparison, ...]:
        """Return the comparisons that differ by more than their threshold: `differs` and `abs(effect) > threshold`.

        *thresholds* are by measure; a measure without one has 0, so that every difference counts. Raises
        `InvalidInputs` for a measure that is not in the report.
        """
        thresholds = thresholds or {}
        known = tuple(dict.fromkeys(each.measure for each in self.comparisons))
        for name in thresholds:
            if name not in known:
                raise InvalidInputs(
                    f"this report does not measure {name!r:.80}", hint=f"measures here: {', '.join(known)}"
                )
        return tuple(each for each in self.differing if abs(each.effect) > thresholds.get(each.measure, 0.0))

    @property
    def identity(self) -> str:
        """`sha256:<hex>` of all that it says; the same report has the same identity wherever it lies."""
        return digest_of(freeze(self.to_dict(), what="report"))

    def to_dict(self) -> dict[str, object]:
        """Return plain data that JSON can hold, with the version of its shape."""
        return {"promptlib": SHAPE, "kind": KIND} | {
            each.name: _plain(getattr(self, each.name)) for each in fields(self)
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text with a line end, two blanks to a level: made for a diff."""
        return json.dumps(self.to_dict(), ensure_ascii=True, indent=2) + "\n"

    def to_html(self) -> str:
        """Return one page that needs no other file, with plots; every text in it is shown, never obeyed."""
        from promptlib.fairness.page import page  # noqa: PLC0415 - few reports become pages

        return page(self)

    def _repr_html_(self) -> str:
        from promptlib.fairness.page import framed  # noqa: PLC0415 - only a notebook asks

        return framed(self)

    @classmethod
    def from_dict(cls, data: object, *, source: str = "the report") -> Report:
        """Read what `to_dict` gives; raises `InvalidInputs` for anything else, and for a shape of a later promptlib."""
        if not isinstance(data, Mapping) or data.get("kind") != KIND:
            raise InvalidInputs(f"{source} is no fairness report", hint="give what Report.to_dict or to_json gave")
        shape = data.get("promptlib")
        if shape != SHAPE:
            raise InvalidInputs(
                f"{source} has the format {shape!r:.20}, and this promptlib reads {SHAPE}",
                hint="read it with the newer promptlib that wrote it",
            )
        parts = {name: value for name, value in data.items() if name not in ("promptlib", "kind")}
        try:
            read = _parts(cls, parts)
            for name, kind in (
                ("baseline", Comparison),
                ("comparisons", Comparison),
                ("spreads", Spread),
                ("texts", Text),
            ):
                read[name] = tuple(kind(**_parts(kind, each)) for each in _list(read.get(name, ()), name))
            for name in ("fields", "groups"):
                read[name] = tuple(_list(read.get(name), name))
            read["notes"] = tuple(_list(read.get("notes", ()), "notes"))
            if read.get("time") is not None:
                read["time"] = datetime.fromisoformat(str(read["time"]))
            return cls(**read)
        except (TypeError, ValueError) as error:
            if isinstance(error, PromptLibError):
                raise InvalidInputs(f"{source} cannot be read: {error.what}", hint=error.hint) from error
            raise InvalidInputs(
                f"{source} cannot be read: {error}", hint="it was changed by hand, or cut off"
            ) from error

    @classmethod
    def from_json(cls, text: str, *, source: str = "the report") -> Report:
        """Read what `to_json` gives; raises `InvalidInputs`."""
        try:
            return cls.from_dict(json.loads(text), source=source)
        except (ValueError, RecursionError) as error:
            if isinstance(error, PromptLibError):
                raise
            raise InvalidInputs(f"{source} is no JSON", hint="give what Report.to_json gave") from error


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Comparison | Spread | Text):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value.isoformat() if isinstance(value, datetime) else value


def _parts(kind: type[Any], data: object) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidInputs(f"{kind.__name__} is a {type(data).__name__}, not an object")
    names = [each.name for each in fields(kind)]
    unknown = [name for name in data if name not in names]
    if unknown:
        raise InvalidInputs(f"{kind.__name__} has no {unknown[0]!r:.80}")
    return dict(data)


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidInputs(f"{name} is a {type(value).__name__}, not a list")
    return list(value)


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, float) and isfinite(value))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER


def _is_count(value: object) -> bool:
    return _is_whole(value) and cast("int", value) >= 0


#: By the annotation of a field: what it may hold.
_CHECKS: dict[str, Callable[[object], bool]] = {
    "str": lambda value: isinstance(value, str),
    "str | None": lambda value: value is None or isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": _is_count,
    "float": _is_number,
    "float | None": lambda value: value is None or _is_number(value),
    "tuple[str, ...]": lambda value: isinstance(value, tuple) and all(isinstance(each, str) for each in value),
    "datetime | None": lambda value: value is None or isinstance(value, datetime),
}


def _check(value: object, checks: Mapping[str, Callable[[object], bool]]) -> None:
    for each in fields(cast("Any", value)):
        check = _is_whole if each.name == "seed" else checks.get(str(each.type))
        if check is not None and not check(getattr(value, each.name)):
            raise InvalidInputs(f"{type(value).__name__}.{each.name} cannot be {getattr(value, each.name)!r:.80}")
