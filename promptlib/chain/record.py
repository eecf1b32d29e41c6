"""The record of a chain that ran: what each step sent and what came, as data that another process can go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from promptlib.errors import InvalidInputs, NotFound, PromptLibError, nearest
from promptlib.plain import Frozen, freeze, thaw
from promptlib.refs import Pin, check_digest
from promptlib.rendering.provenance import Provenance
from promptlib.tokens import TokenCount
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

#: The version of the shape of `to_dict`; it grows when a key changes its meaning or goes.
SHAPE = 1
KIND = "chain run"
_EXACTNESS = ("exact", "provider", "estimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """One step that ran: which content, what was sent by digest and size, and what came.

    `use` is the pin or the label that the chain holds, `provenance` what was rendered, with the version that it was,
    `tokens` the size of what was sent. `answer` is the model's own text, `output` what the step makes of it. The times
    are those of the caller's clock; None without one.
    """

    name: str
    use: str
    provenance: Provenance
    tokens: TokenCount
    answer: str
    output: Frozen
    began: datetime | None = None
    ended: datetime | None = None

    @property
    def digest(self) -> str:
        """The digest of the prompt that ran."""
        return self.provenance.digest

    @property
    def ref(self) -> str:
        """`meetings/summarise@v3#3f9c2a1b`, as far as name and number are known."""
        return _ref(self.provenance.name, self.provenance.version, self.digest)

    def to_dict(self) -> dict[str, object]:
        """Return plain data that JSON can hold."""
        count = self.tokens
        return {
            "step": self.name,
            "use": self.use,
            "provenance": self.provenance.to_dict(),
            "tokens": {
                "count": int(count), "exactness": count.exactness, "engine": count.engine, "profile": count.profile
            },
            "answer": self.answer,
            "output": thaw(self.output),
            "began": self.began.isoformat() if self.began else None,
            "ended": self.ended.isoformat() if self.ended else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRun:
    """A run of a chain: the steps that ran, in their order. Immutable, and JSON both ways.

    `name`, `version` and `digest` say which chain, `inputs_digest` with which inputs: no input is kept, every answer
    is. A run that failed says at which step and why, and `chain.run(..., resume=run)` goes on from there.
    """

    name: str
    version: str | None
    digest: str
    inputs_digest: str
    steps: tuple[StepRun, ...] = ()
    #: The step that failed, and why; empty for a run that came to its end.
    failed: str = ""
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether it came to its end."""
        return not self.failed

    @property
    def output(self) -> Frozen:
        """What the last step that ran gave; empty for none."""
        return self.steps[-1].output if self.steps else Frozen()

    @property
    def text(self) -> str:
        """What the model answered last, as it stands."""
        return self.steps[-1].answer if self.steps else ""

    @property
    def tokens(self) -> int:
        """How many tokens were sent, all steps together; a `TokenCount` once a step ran."""
        return sum((each.tokens for each in self.steps), start=0)

    @property
    def ref(self) -> str:
        """`meetings/decisions@v2#3f9c2a1b`: the chain, as far as name and number are known."""
        return _ref(self.name, self.version, self.digest)

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that had a part in it, the chain first: refs of the steps' prompts and of what they include."""
        found = [self.ref]
        for each in self.steps:
            found.append(each.ref)
            found += [_ref(pin.name, None, pin.digest) for pin in each.provenance.includes]
        return tuple(dict.fromkeys(found))

    def step(self, name: str) -> StepRun:
        """Return the step called *name*; raises `NotFound` for one that did not run."""
        found = next((each for each in self.steps if each.name == name), None)
        if found is None:
            names = [each.name for each in self.steps]
            hint = f"{nearest(name, names)} what ran: {', '.join(names) or 'nothing'}".strip()
            raise NotFound(f"no step {name!r:.80} ran", hint=hint)
        return found

    def output_as(self, model: type[ModelT], step: str = "") -> ModelT:
        """Return the output of *step*, or the last one, as an instance of *model*; raises `InvalidInputs`."""
        from promptlib.inputs import validate  # noqa: PLC0415 - most runs are read as data

        output = self.step(step).output if step else self.output
        return cast("ModelT", validate(model, cast("dict[str, object]", thaw(output))))

    def to_dict(self) -> dict[str, object]:
        """Return plain data that JSON can hold; `from_dict` reads it back."""
        return {
            "promptlib": SHAPE,
            "kind": KIND,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "inputs_digest": self.inputs_digest,
            "steps": [each.to_dict() for each in self.steps],
            "failed": self.failed or None,
            "problem": self.problem or None,
        }

    def to_json(self) -> str:
        """Return it as one line of JSON in ASCII, which no terminal obeys."""
        return json.dumps(self.to_dict(), ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> ChainRun:
        """Read what `to_dict` gave; raises `InvalidInputs` for anything else."""
        try:
            return _run(data)
        except (PromptLibError, ValueError, TypeError, KeyError, AttributeError) as error:
            why = error.what if isinstance(error, PromptLibError) else str(error) or type(error).__name__
            raise InvalidInputs(
                f"this is no run of a chain: {why:.200}", hint="give what ChainRun.to_dict() returned"
            ) from error

    @classmethod
    def from_json(cls, text: str) -> ChainRun:
        """Read what `to_json` gave; raises `InvalidInputs`."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInputs("this is no run of a chain: it is no JSON", hint="give what to_json gave") from error
        return cls.from_dict(data)

    def __str__(self) -> str:
        """Return the chain, and how far it came."""
        done = "complete" if self.complete else f"failed at {self.failed}"
        return f"{self.ref}: {', '.join(each.name for each in self.steps) or 'no step'}, {done}"


def _ref(name: str, version: str | None, digest: str) -> str:
    number = f"@{version}" if version and "+" not in version else ""
    return f"{name}{number}#{digest.removeprefix('sha256:')[:SHORT]}"


def _run(data: Mapping[str, Any]) -> ChainRun:
    if not isinstance(data, Mapping) or data.get("kind") != KIND or data.get("promptlib") != SHAPE:
        raise ValueError("it says another kind or shape")
    steps = data["steps"]
    if not isinstance(steps, list | tuple):
        raise TypeError("its steps are no list")
    return ChainRun(
        name=_text(data, "name"),
        version=_text(data, "version") or None,
        digest=check_digest(data["digest"]),
        inputs_digest=check_digest(data["inputs_digest"]),
        steps=tuple(map(_step, steps)),
        failed=_text(data, "failed"),
        problem=_text(data, "problem"),
    )


def _step(data: Mapping[str, Any]) -> StepRun:
    output = freeze(data["output"], what="its output")
    if not isinstance(output, Frozen):
        raise TypeError("an output is no object")
    return StepRun(
        name=_text(data, "step"),
        use=_text(data, "use"),
        provenance=_provenance(data["provenance"]),
        tokens=_tokens(data["tokens"]),
        answer=_text(data, "answer"),
        output=output,
        began=_time(data, "began"),
        ended=_time(data, "ended"),
    )


def _provenance(data: Mapping[str, Any]) -> Provenance:
    budget = freeze(data.get("budget"), what="its budget")
    return Provenance(
        name=_text(data, "name"),
        version=_text(data, "version") or None,
        digest=check_digest(data["digest"]),
        label=_text(data, "label"),
        commit=_text(data, "commit"),
        includes=tuple(map(Pin.parse, cast("Iterable[str]", data["includes"]))),
        inputs_digest=check_digest(data["inputs_digest"]),
        result_digest=check_digest(data["result_digest"]),
        budget=budget if isinstance(budget, Frozen) else None,
    )


def _tokens(data: Mapping[str, Any]) -> TokenCount:
    count, exactness = data["count"], data["exactness"]
    if type(count) is not int or count < 0 or exactness not in _EXACTNESS:
        raise ValueError("its tokens are no count")
    return TokenCount(count, exactness=exactness, engine=_text(data, "engine"), profile=_text(data, "profile"))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"its {key!r} is no text")
    return value


def _time(data: Mapping[str, Any], key: str) -> datetime | None:
    value = _text(data, key)
    return datetime.fromisoformat(value) if value else None
