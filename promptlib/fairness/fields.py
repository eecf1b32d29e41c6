"""The declared fields of a prompt, and what each of them is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt, PairingRefused, nearest
from promptlib.inputs.conforming import conform
from promptlib.inputs.demographic import DEMOGRAPHIC_KINDS

if TYPE_CHECKING:
    from promptlib.fairness.holes import FieldPath
    from promptlib.fairness.variantset import Value, VariantSet
    from promptlib.inputs import Input, InputType
    from promptlib.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field: its name, with dots inside of objects, and the form of the set that it is given."""

    name: str
    form: str

    @property
    def path(self) -> FieldPath:
        """The steps to it."""
        return tuple(self.name.split("."))


def fields_of(prompt: Prompt[Any], variants: VariantSet, given: Mapping[str, str] | None) -> tuple[Field, ...]:
    """Return the fields that say `Demographic` with the axis of *variants*, and those that are *given*.

    Raises `PairingRefused` when there is none, and for a name, a form or a kind that cannot be.
    """
    known = dict(declared(prompt.inputs))
    forms = {
        name: each.demographic.form
        for name, each in known.items()
        if each.demographic is not None and each.demographic.axis == variants.axis
    }
    problems = [each for name in given or {} if (each := _unknown(name, known))]
    forms |= dict(given or {})
    if not forms and not problems:
        problems.append(_undeclared(prompt, variants, known))
    found = tuple(Field(name, form or variants.forms[0]) for name, form in forms.items() if name in known)
    problems += [each for one in found if (each := _unfit(one, known[one.name].type, variants))]
    if problems:
        first, *others = problems
        raise PairingRefused(first.what, hint=first.hint, where=first.where, others=others)
    return found


def declared(inputs: tuple[Input, ...], before: str = "") -> Iterator[tuple[str, Input]]:
    """Yield each input by its name, and the properties of objects behind a dot."""
    for each in inputs:
        yield f"{before}{each.name}", each
        if each.type.kind == "object":
            yield from declared(each.type.properties, f"{before}{each.name}.")


def type_at(inputs: tuple[Input, ...], name: str) -> InputType:
    """Return the type of the field called *name*."""
    return dict(declared(inputs))[name].type


def _unknown(name: str, known: Mapping[str, Input]) -> PairingRefused | None:
    if name not in known:
        hint = f"{nearest(name, known)} inputs here: {', '.join(known) or 'none'}".strip()
        return PairingRefused(f"no input {name!r:.80} to vary", hint=hint)
    kind = known[name].type.kind
    if kind not in DEMOGRAPHIC_KINDS:
        hint = f"what is varied is one value: {', '.join(DEMOGRAPHIC_KINDS)}"
        return PairingRefused(f"the input {name!r} is of kind {kind} and tells no group", hint=hint)
    return None


def _undeclared(prompt: Prompt[Any], variants: VariantSet, known: Mapping[str, Input]) -> PairingRefused:
    axes = {each.demographic.axis for each in known.values() if each.demographic is not None}
    name = next((name for name, each in known.items() if each.type.kind == "string"), "name")
    hint = (
        f'write {name}: Annotated[str, Demographic("{variants.axis}", "{variants.forms[0]}")] in the model, '
        f"`demographic: {variants.axis}` below `{name}:` in the file, "
        f"or give fields={{{name!r}: {variants.forms[0]!r}}}"
    )
    said = f"; its fields tell {', '.join(sorted(axes))}" if axes else ""
    what = f"no input of {prompt.name or 'this prompt'} tells the axis {variants.axis!r}{said}"
    return PairingRefused(what, hint=f"{nearest(variants.axis, axes)} {hint}".strip())


def _unfit(field: Field, kind_of: InputType, variants: VariantSet) -> PairingRefused | None:
    if field.form not in variants.forms:
        hint = f"{nearest(field.form, variants.forms)} forms: {', '.join(variants.forms)}".strip()
        what = f"{field.name!r} asks for the form {field.form!r:.80}, which the set for {variants.axis!r} has not"
        return PairingRefused(what, hint=hint)
    del kind_of
    return None


def checked_values(fields: tuple[Field, ...], prompt: Prompt[Any], variants: VariantSet) -> None:
    """Raise `PairingRefused` for each value of the set that the type of its field refuses."""
    problems = []
    for field in fields:
        kind_of = type_at(prompt.inputs, field.name)
        for group, forms in variants.groups.items():
            for row, value in enumerate(forms[field.form]):
                try:
                    conform(kind_of, spelled(kind_of, value), f"{group}.{field.form}[{row}], for {field.name!r},")
                except InvalidPrompt as error:
                    problems.append(PairingRefused(error.what, hint="change the type of the input, or use another set"))
    if problems:
        raise PairingRefused(problems[0].what, hint=problems[0].hint, others=problems[1:MOST_TOLD])


MOST_TOLD = 20


def spelled(kind_of: InputType, value: Value) -> Value:
    """Return *value* as the type takes it: a number is a text where the input is one."""
    return str(value) if kind_of.kind == "string" and isinstance(value, int) else value


def given_for(case: Mapping[str, object], values: Mapping[str, Value]) -> dict[str, object]:
    """Return the inputs of *case* with *values* at the declared fields, inside of objects too."""
    found = dict(case)
    for name, value in values.items():
        *steps, last = name.split(".")
        inner = found
        for step in steps:
            below = inner.get(step)
            inner[step] = below = dict(below) if isinstance(below, Mapping) else {}
            inner = below
        inner[last] = value
    return found
