"""The declared fields of a prompt, and what each of them is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt, PairingRefused, nearest
from promptlib.inputs import declare
from promptlib.inputs.conforming import conform
from promptlib.inputs.demographic import DEMOGRAPHIC_KINDS, demographics, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.fairness.holes import FieldPath
    from promptlib.fairness.variantset import Value, VariantSet
    from promptlib.inputs import Demographic, Input, InputType
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

    Raises `PairingRefused` when there is none, and for a name, a form, a kind or a value that cannot be.
    """
    if given is not None and not isinstance(given, Mapping):
        hint = 'write fields={"name": "name"}: the input, and the form of the set that it is given'
        raise PairingRefused(f"fields are a {type(given).__name__}, not a mapping", hint=hint)
    known = dict(parts(prompt.inputs))
    said = _said(prompt)
    forms = {name: each.form for name, each in said.items() if each.axis == variants.axis}
    wanted = dict(given or {})
    problems = [each for name in wanted if (each := _unknown(name, known))]
    forms |= wanted
    if not forms:
        problems.append(_undeclared(prompt, variants, known, said))
    found = tuple(
        Field(name, str(form) or variants.forms[0])
        for name, form in forms.items()
        if name not in wanted or name in known
    )
    problems += [each for one in found if (each := _no_form(one, variants))]
    raise_all(problems)
    raise_all([each for one in found for each in _unfit(one, known[one.name].type, variants)])
    return found


def _said(prompt: Prompt[Any]) -> dict[str, Demographic]:
    """Return what the inputs of *prompt* tell of groups, by name; where its file is silent, its model may tell."""
    own = demographics(prompt.inputs)
    told = demographics(declare(prompt.inputs_model)) if prompt.inputs_model is not None else {}
    return {name: said for name, _ in parts(prompt.inputs) if (said := own.get(name) or told.get(name))}


def _unknown(name: str, known: Mapping[str, Input]) -> PairingRefused | None:
    if name not in known:
        hint = f"{nearest(str(name), known)} inputs here: {', '.join(known) or 'none'}".strip()
        return PairingRefused(f"no input {name!r:.80} to vary", hint=hint)
    kind = known[name].type.kind
    if kind not in DEMOGRAPHIC_KINDS:
        hint = f"what is varied is one value: {', '.join(DEMOGRAPHIC_KINDS)}"
        return PairingRefused(f"the input {name!r} is of kind {kind} and tells no group", hint=hint)
    return None


def _undeclared(
    prompt: Prompt[Any], variants: VariantSet, known: Mapping[str, Input], said: Mapping[str, Demographic]
) -> PairingRefused:
    axes = sorted({each.axis for each in said.values()})
    name = next((name for name, each in known.items() if each.type.kind == "string"), "name")
    form = variants.forms[0]
    hint = (
        f'write {name}: Annotated[str, Demographic("{variants.axis}", "{form}")] in the model, '
        f"`demographic: {variants.axis}` below `{name}:` in the file, or give fields={{{name!r}: {form!r}}}"
    )
    other = f"; its fields tell {', '.join(axes)}" if axes else ""
    what = f"no input of {prompt.name or 'this prompt'} tells the axis {variants.axis!r}{other}"
    return PairingRefused(what, hint=f"{nearest(variants.axis, axes)} {hint}".strip())


def _no_form(field: Field, variants: VariantSet) -> PairingRefused | None:
    if field.form in variants.forms:
        return None
    hint = f"{nearest(field.form, variants.forms)} forms: {', '.join(variants.forms)}".strip()
    what = f"{field.name!r} asks for the form {field.form!r:.80}, which the set for {variants.axis!r} has not"
    return PairingRefused(what, hint=hint)


def _unfit(field: Field, kind_of: InputType, variants: VariantSet) -> Iterator[PairingRefused]:
    """Yield for each group the first of its values that the type of *field* refuses."""
    for group, forms in variants.groups.items():
        refused: list[str] = []
        for row, value in enumerate(forms[field.form]):
            try:
                conform(
                    kind_of, spelled(kind_of, value), f"{group}.{field.form}[{row}], which {field.name!r} is given,"
                )
            except InvalidPrompt as error:
                refused.append(error.what)
        if refused:
            more = f"; so are {len(refused) - 1} more of this group" if refused[1:] else ""
            yield PairingRefused(f"{refused[0]}{more}", hint=_OTHERS)


_OTHERS = "change the type of the input, give a set whose values it takes, or leave groups out: variants.only('…', '…')"

#: Reasons that one error holds: a set of a thousand rows can be refused a thousand times.
MOST_REASONS = 20


def raise_all(problems: Iterable[PairingRefused]) -> None:
    """Raise one `PairingRefused` that holds all *problems*, if there is any."""
    found = list(islice(problems, MOST_REASONS))
    if found:
        first, *others = found
        raise PairingRefused(first.what, where=first.where, hint=first.hint, others=others) from first.__cause__


def spelled(kind_of: InputType, value: Value) -> Value:
    """Return *value* as the type takes it: a number is a text where the input is one."""
    return str(value) if kind_of.kind == "string" and isinstance(value, int) else value


def value_at(values: Mapping[str, object], path: FieldPath) -> object:
    """Return what lies at *path*, or None."""
    found: object = values
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def gives(case: Mapping[str, object], path: FieldPath) -> bool:
    """Return whether *case* itself says what lies at *path*, or says it in a way that cannot be looked into."""
    found: object = case
    for at, step in enumerate(path):
        if not isinstance(found, Mapping):
            return at > 0
        if step not in found:
            return False
        found = found[step]
    return True


def completed(case: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Return the inputs of *case* with *values* at the declared fields, inside of objects too."""
    found = dict(case)
    for name, value in values.items():
        *steps, last = name.split(".")
        inner = found
        for step in steps:
            below = inner.get(step)
            copy: dict[str, object] = dict(below) if isinstance(below, Mapping) else {}
            inner[step] = copy
            inner = copy
        inner[last] = value
    return found
