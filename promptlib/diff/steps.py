"""What changed in the steps of a chain: which came, went, moved, run other words, or take their inputs elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.diff.contract import compare_outputs
from promptlib.diff.rows import FieldChange
from promptlib.diff.wording import matches
from promptlib.plain import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.chain import Chain, Step
    from promptlib.diff.bumped import Compare
    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.rows import Change, InputChange
    from promptlib.inputs import Input
    from promptlib.plain import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """One step of a chain that came, went, or is another one under the same name.

    `before` and `after` are positions from 1, None where there is no such step; `old_use` and `new_use` what it runs,
    a pin or `name@label`, with their versions where the store can tell. `difference` is what another content of the
    prompt changes, None where it is the same or one of the two is not at hand. `wires` are rows by input, `outputs`
    rows of what it answers: those of the last step stand among the outputs of the whole.
    """

    change: Change
    step: str
    before: int | None = None
    after: int | None = None
    moved: bool = False
    old_use: str = ""
    new_use: str = ""
    old_version: str = ""
    new_version: str = ""
    difference: PromptDiff | None = None
    wires: tuple[FieldChange, ...] = ()
    outputs: tuple[InputChange, ...] = ()

    @property
    def path(self) -> str:
        """The name of the step."""
        return self.step

    @property
    def bumped(self) -> bool:
        """Whether it is in both chains and runs something else."""
        return self.change == "changed" and self.old_use != self.new_use

    @property
    def breaking(self) -> bool:
        """Whether code that reads the outputs of a run by step can fail now."""
        return self.change == "removed" or any(row.breaking for row in self.outputs)

    @property
    def reason(self) -> str:
        """Why it is breaking, or an empty text."""
        if self.change == "removed":
            return "readers of a run do not find its output any more"
        return "; ".join(f"output {row.path!r}: {row.reason}" for row in self.outputs if row.breaking)

    @property
    def summary(self) -> str:
        """What happened to it, in words: `moved from 3, bumped, rewired`."""
        if self.change != "changed":
            return f"{self.change} at {self.after}" if self.after else self.change
        parts = (
            f"moved from {self.before} to {self.after}" if self.moved else "",
            self._turned if self.bumped else "",
            "rewired" if self.wires else "",
            "answers otherwise" if self.outputs else "",
        )
        return ", ".join(filter(None, parts))

    @property
    def _turned(self) -> str:
        pinned = "#" in self.old_use, "#" in self.new_use
        if pinned == (True, False):
            return "follows a label now"
        return "pinned now" if pinned == (False, True) else "bumped" if all(pinned) else "follows another label"

    def to_dict(self) -> dict[str, object]:
        """Return the row as JSON data; `difference` is a whole document, or null."""
        return {
            "step": self.step,
            "change": self.change,
            "before": self.before,
            "after": self.after,
            "moved": self.moved,
            "old_use": self.old_use or None,
            "new_use": self.new_use or None,
            "old_version": self.old_version,
            "new_version": self.new_version,
            "wires": [row.to_dict() for row in self.wires],
            "outputs": [row.to_dict() for row in self.outputs],
            "breaking": self.breaking,
            "reason": self.reason,
            "difference": None if self.difference is None else self.difference.to_dict(),
        }


def answers_of(chain: Chain[Any]) -> tuple[Input, ...]:
    """Return what the last step declares of its answer; none for text."""
    return _answers(chain.steps[-1])


def _answers(step: Step) -> tuple[Input, ...]:
    return step.outputs or (step.prompt.outputs if step.prompt is not None else ())


def compare_steps(before: Chain[Any] | None, after: Chain[Any], compare: Compare | None) -> tuple[StepChange, ...]:
    """Return a row for each step that differs, in the order of *after*, then those that are gone.

    *compare* tells what another content of a prompt changes, None for nobody who asks.
    """
    old = {each.name: (at, each) for at, each in enumerate(before.steps if before else (), 1)}
    new = {each.name: (at, each) for at, each in enumerate(after.steps, 1)}
    common, now = [name for name in old if name in new], [name for name in new if name in old]
    stayed = {common[at] for at, _ in matches(common, now)}
    last = {before.steps[-1].name if before else "", after.steps[-1].name}
    rows: list[StepChange] = []
    for name, (at, each) in new.items():
        if name not in old:
            use, version = str(each.use), _version(each)
            rows.append(StepChange(change="added", step=name, after=at, new_use=use, new_version=version))
            continue
        was, one = old[name]
        row = StepChange(
            change="changed",
            step=name,
            before=was,
            after=at,
            moved=name not in stayed,
            old_use=str(one.use),
            new_use=str(each.use),
            old_version=_version(one),
            new_version=_version(each),
            difference=_within(one, each, compare),
            wires=tuple(_wires(one.wires, each.wires)),
            outputs=compare_outputs(_answers(one), _answers(each)) if last != {name} else (),
        )
        if row.summary:
            rows.append(row)
    gone = [(name, *old[name]) for name in old if name not in new]
    return (
        *rows,
        *(
            StepChange(change="removed", step=name, before=at, old_use=str(each.use), old_version=_version(each))
            for name, at, each in gone
        ),
    )


def _version(step: Step) -> str:
    origin = step.prompt.origin if step.prompt is not None else None
    return (origin.version or "") if origin else ""


def _within(old: Step, new: Step, compare: Compare | None) -> PromptDiff | None:
    if compare is None or old.prompt is None or new.prompt is None or old.prompt.digest == new.prompt.digest:
        return None
    return compare(old.prompt, new.prompt)


def _wires(before: Mapping[str, Plain], after: Mapping[str, Plain]) -> Iterator[FieldChange]:
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if canonical(old) != canonical(new):
            change: Change = "added" if key not in before else "removed" if key not in after else "changed"
            yield FieldChange(layer="steps", path=key, change=change, before=old, after=new)
