"""The same inputs for one group and another, rendered, and the proof that nothing else differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from promptlib.errors import InvalidPrompt, PairingRefused
from promptlib.fairness.fields import Field, checked_values, fields_of, given_for
from promptlib.fairness.holes import skeleton_of
from promptlib.fairness.marks import Marked
from promptlib.fairness.variantset import VariantSet, check_set
from promptlib.plain import Frozen
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.prompt import Resolve
    from promptlib.rendering import RenderedPrompt
    from promptlib.tokens import Budget


class Put(NamedTuple):
    """Where a declared field stands in rendered messages: offsets into the text of message number `message`."""

    field: str
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One case, rendered for one row of one group; `case` and `row` count from 0.

    `values` are what the declared fields were given, by field.
    """

    group: str
    row: int
    case: int
    values: Mapping[str, str | int]
    rendered: RenderedPrompt
    #: Where the fields stand; empty where a budget has cut something.
    put: tuple[Put, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Variants of one prompt of which it is proven that they differ only where a declared field is put out.

    `variants` stand by case, by row in a case, and by group in a row.
    """

    prompt: Prompt[Any]
    set: VariantSet
    fields: tuple[Field, ...]
    cases: tuple[Mapping[str, object], ...]
    variants: tuple[Variant, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups, in the order of the set."""
        return tuple(self.set.groups)

    def rows(self) -> Iterator[tuple[Variant, ...]]:
        """Yield the variants that stand for the same case and the same person, one for each group."""
        many = len(self.groups)
        for at in range(0, len(self.variants), many):
            yield self.variants[at : at + many]


def paired(
    prompt: Prompt[Any],
    cases: Iterable[Mapping[str, object]],
    variants: VariantSet,
    *,
    fields: Mapping[str, str] | None = None,
    budget: Budget | None = None,
    resolve: Resolve | None = None,
) -> Pairing:
    """Return every case rendered for every row and group of *variants*, with the proof that only the group differs.

    *cases* give the inputs that are no declared field. A declared field is an input of *prompt* that says
    `Demographic` with the axis of the set; *fields* declares others, or other forms, by name: `{"name": "name"}`, and
    `"applicant.name"` for a field of an object. Each is given the value of its form, of the same row and group.

    Raises `PairingRefused`, with each reason and its place, unless the messages of a row are equal to the byte but for
    the places where a declared field is put out.
    """
    return _Pairing(_checked(prompt), check_set(variants), fields, budget, resolve).paired(cases)


def _checked(prompt: object) -> Prompt[Any]:
    if not isinstance(prompt, Prompt):
        raise InvalidPrompt(f"a {type(prompt).__name__} cannot be paired", hint="give a Prompt")
    return prompt


class _Pairing:
    """One way through all cases, rows and groups."""

    def __init__(
        self,
        prompt: Prompt[Any],
        variants: VariantSet,
        fields: Mapping[str, str] | None,
        budget: Budget | None,
        resolve: Resolve | None,
    ) -> None:
        """Check what can be seen before anything is rendered."""
        self._prompt = prompt
        self._set = variants
        self._budget = budget
        self._resolve = resolve
        self._fields = fields_of(prompt, variants, fields)
        self._paths = frozenset(each.path for each in self._fields)
        skeleton, refused = skeleton_of(prompt, self._paths, resolve)
        _raise(refused)
        self._skeleton = skeleton
        checked_values(self._fields, prompt, variants)

    def paired(self, cases: Iterable[Mapping[str, object]]) -> Pairing:
        """Return the pairing of *cases*."""
        given = tuple(cases)
        found = [variant for at, case in enumerate(given) for variant in self._case(at, case)]
        return Pairing(prompt=self._prompt, set=self._set, fields=self._fields, cases=given, variants=tuple(found))

    def _case(self, number: int, case: Mapping[str, object]) -> Iterator[Variant]:
        marked: Marked | None = None
        for row in range(self._set.rows):
            for group in self._set.groups:
                values = {each.name: self._set.groups[group][each.form][row] for each in self._fields}
                rendered = self._prompt.render(given_for(case, values), resolve=self._resolve)
                plain = dict(rendered.source.values) if rendered.source else {}
                if marked is None:
                    marked = Marked(self._skeleton, plain)
                expected, fillings = marked.filled(plain)
                if expected != rendered.messages:
                    what = f"the messages for {group}[{row}] in cases[{number}] differ outside of the declared fields"
                    raise PairingRefused(what)
                put = tuple(Put(*each) for each in fillings)
                told = cast("Mapping[str, str | int]", Frozen(values))
                yield Variant(group=group, row=row, case=number, values=told, rendered=rendered, put=put)


def _raise(refused: list[PairingRefused]) -> None:
    if refused:
        first, *others = refused
        raise PairingRefused(first.what, where=first.where, hint=first.hint, others=others)
