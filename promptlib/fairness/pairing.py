"""The same inputs for one group and another, rendered, and the proof that nothing else differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.errors import PairingRefused, nearest
from promptlib.fairness.fields import raise_all
from promptlib.fairness.proving import Proof
from promptlib.fairness.variantset import check_set
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.fairness.fields import Field
    from promptlib.fairness.variants import Variant
    from promptlib.fairness.variantset import VariantSet
    from promptlib.fairness.words import Naming
    from promptlib.prompt import Resolve
    from promptlib.tokens import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Variants of one prompt of which it is proven that they differ only where a declared field is put out.

    `variants` stand by case, by row in a case, and by group in a row. `allowed` tells which inputs name a group and
    were allowed to, `note` what could not be looked for; a report of such variants has to say both.
    """

    prompt: Prompt[Any]
    set: VariantSet
    fields: tuple[Field, ...]
    cases: tuple[Mapping[str, object], ...]
    variants: tuple[Variant, ...]
    allowed: tuple[Naming, ...] = ()
    note: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups, in the order of the set."""
        return tuple(self.set.groups)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report of these variants has to say besides: what was not looked for, and what was allowed."""
        words: dict[str, list[str]] = {}
        for each in self.allowed:
            words.setdefault(each.input, []).extend(each.words)
        allowed = (
            f"the input {name!r} names a group, and was allowed to: {', '.join(map(repr, dict.fromkeys(found)))}"
            for name, found in words.items()
        )
        return (*([self.note] if self.note else []), *allowed)

    def rows(self) -> Iterator[tuple[Variant, ...]]:
        """Yield the variants that stand for the same case and the same person, one for each group."""
        many = len(self.groups)
        for at in range(0, len(self.variants), many):
            yield self.variants[at : at + many]


def paired(  # noqa: PLR0913 - what is paired, and how it is rendered, all by keyword
    prompt: Prompt[Any],
    cases: Iterable[Mapping[str, object]],
    variants: VariantSet,
    *,
    fields: Mapping[str, str] | None = None,
    budget: Budget | None = None,
    resolve: Resolve | None = None,
    allow: Collection[str] = (),
) -> Pairing:
    """Return every case rendered for every row and group of *variants*, with the proof that only the group differs.

    *cases* give the inputs that are no declared field. A declared field is an input of *prompt* that says
    `Demographic` with the axis of the set; *fields* declares others, or other forms, by name: `{"name": "name"}`, and
    `"applicant.name"` for a field of an object. Each is given the value of its form, of the same row and group.

    Raises `PairingRefused`, with each reason and its place, unless the messages of a row are equal to the byte but for
    the places where a declared field is put out, and unless nothing else tells the group: no word of the template, its
    tools, and the other inputs. *allow* names inputs that may, such as a letter that cannot be had without.
    """
    if not isinstance(prompt, Prompt):
        what = f"a {type(prompt).__name__} cannot be paired"
        raise PairingRefused(what, hint="give one prompt; of a chain each step, since a later one holds answers")
    proof = Proof(prompt, check_set(variants), fields, budget, resolve)
    given, allowed = checked_cases(cases), _checked_allow(prompt, proof.fields, allow)
    namings: list[Naming] = []
    found = [each for at, case in enumerate(given) for each in proof.variants(at, case, allowed, namings)]
    raise_all(_hidden(proof.fields, found))
    return Pairing(
        prompt=prompt,
        set=variants,
        fields=proof.fields,
        cases=given,
        variants=tuple(found),
        allowed=tuple(namings),
        note=proof.note,
    )


def _hidden(fields: tuple[Field, ...], variants: list[Variant]) -> Iterator[PairingRefused]:
    """Yield the fields that no case puts out; what a budget has cut says nothing of that."""
    if any(not each.put for each in variants):
        return
    shown = {put.field for each in variants for put in each.put}
    for each in fields:
        if each.name not in shown:
            what = f"no message of any case puts out {each.name!r}"
            yield PairingRefused(what, hint="give a case in which it is put out, or take the field out of the pairing")


def checked_cases(cases: object) -> tuple[Mapping[str, object], ...]:
    """Return *cases* as a tuple of mappings, at least one; raises `PairingRefused`."""
    if isinstance(cases, Mapping | str) or not isinstance(cases, Iterable):
        hint = "write [{…}], or [{}] for a prompt without other inputs"
        raise PairingRefused(f"cases are a {type(cases).__name__}, not a list of mappings", hint=hint)
    found = tuple(cases)
    for at, each in enumerate(found):
        if not isinstance(each, Mapping):
            hint = "a case gives the other inputs by name; the declared fields come from the set"
            raise PairingRefused(f"cases[{at}] is a {type(each).__name__}, not a mapping", hint=hint)
    if not found:
        raise PairingRefused("there are no cases", hint="write [{}] for a prompt without other inputs")
    return found


def _checked_allow(prompt: Prompt[Any], fields: tuple[Field, ...], allow: Collection[str]) -> frozenset[str]:
    names = [each.name for each in prompt.inputs]
    for name in (allow,) if isinstance(allow, str) else allow:
        if name not in names or name in {each.name for each in fields}:
            hint = f"{nearest(name, names)} inputs here: {', '.join(names)}".strip()
            raise PairingRefused(f"allow names {name!r:.80}, which is no other input", hint=hint)
    return frozenset((allow,) if isinstance(allow, str) else allow)
