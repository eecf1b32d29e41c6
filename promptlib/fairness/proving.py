"""The proof that variants of a prompt differ only where a declared field is put out.

Three things hold together. The syntax: a declared field is put out, and read on no other way. The messages: they are
made a second time, out of a skeleton that is given no declared field, and have to be equal to the byte. The words:
nothing but the declared fields tells the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from promptlib.errors import BudgetExceeded, InvalidInputs, InvalidPrompt, PairingRefused, RenderFailed
from promptlib.fairness.cutting import alike, otherwise, same_from
from promptlib.fairness.fields import completed, fields_of, gives, raise_all, spelled, value_at
from promptlib.fairness.holes import bound, skeleton_of, without
from promptlib.fairness.marks import Fillers, Marked
from promptlib.fairness.texts import holds_files, place_in, texts_in
from promptlib.fairness.variants import Put, Variant
from promptlib.fairness.words import Words, fixed_in, sent_beside, told_in, told_together
from promptlib.inputs.conforming import conform
from promptlib.inputs.demographic import parts
from promptlib.inputs.wording import shown
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.fairness.variantset import Value, VariantSet
    from promptlib.fairness.words import Naming
    from promptlib.messages import Message
    from promptlib.plain import Plain
    from promptlib.prompt import Prompt, Resolve
    from promptlib.rendering import RenderedPrompt
    from promptlib.tokens import Budget


class _Case(NamedTuple):
    """What is the same for every group of a case."""

    number: int
    #: The other inputs as the template gets them.
    others: Mapping[str, object]
    marked: Marked
    namings: list[Naming]


class _Person(NamedTuple):
    """What the fields are given for one row of one group: by name as the set says it, as a caller gives it, and plain.

    `texts` is what each expression puts out for that.
    """

    group: str
    row: int
    values: Mapping[str, str | int]
    spelt: Mapping[str, Value]
    wanted: Mapping[str, Plain]
    texts: Mapping[str, str]


class _Made(NamedTuple):
    """What was rendered, and what the fields put out in it before anything was cut, in its order."""

    rendered: RenderedPrompt
    texts: tuple[str, ...]


class Proof:
    """A prompt, a set and the declared fields, of which all is right that can be seen before anything is rendered."""

    def __init__(
        self,
        prompt: Prompt[Any],
        variants: VariantSet,
        fields: Mapping[str, str] | None,
        budget: Budget | None,
        resolve: Resolve | None,
    ) -> None:
        """Look at the syntax and at the words; raises `PairingRefused` with every reason that either gives."""
        self.fields = fields_of(prompt, variants, fields)
        self.words = Words(variants, self.fields)
        self._prompt = prompt
        self._set = variants
        self._budget = budget
        self._resolve = resolve
        self._types = {name: each.type for name, each in parts(prompt.inputs)}
        self._paths = frozenset(each.path for each in self.fields)
        #: The inputs that held what cannot be looked into.
        self.unseen: set[str] = set()
        self._skeleton, refused = skeleton_of(prompt, self._paths, resolve)
        said = [*fixed_in(self._skeleton, self.words), *sent_beside(prompt, self.words)]
        raise_all([*refused, *bound(prompt, self._paths), *said])
        fillers = Fillers(self._skeleton)
        self._rows = [[self._person(group, row, fillers) for group in variants.groups] for row in range(variants.rows)]

    def _person(self, group: str, row: int, fillers: Fillers) -> _Person:
        forms = self._set.groups[group]
        values = {each.name: forms[each.form][row] for each in self.fields}
        spelt = {name: spelled(self._types[name], value) for name, value in values.items()}
        wanted = {name: conform(self._types[name], value, name) for name, value in spelt.items()}
        given = cast("Mapping[str, str | int]", Frozen(values))
        try:
            return _Person(group, row, given, spelt, wanted, fillers.texts(completed({}, wanted)))
        except RenderFailed as error:
            hint = error.hint or "give a set whose values the template can put out"
            raise PairingRefused(f"{group}[{row}] cannot be put out: {error.what}", hint=hint) from error

    @property
    def note(self) -> str:
        """What was not looked at, in a sentence each; empty where everything was."""
        unseen = ", ".join(map(repr, sorted(self.unseen)))
        said = [self.words.note, f"the images and files of {unseen} were not looked into" if unseen else ""]
        return "; ".join(filter(None, said))

    def variants(
        self, number: int, given: Mapping[str, object], allow: frozenset[str], namings: list[Naming]
    ) -> Iterator[Variant]:
        """Yield the variants of a case, proven; what is allowed to tell a group goes to *namings*."""
        raise_all(
            PairingRefused(f"cases[{number}] gives {each.name!r} itself", hint="leave it out: the set has its values")
            for each in self.fields
            if gives(given, each.path)
        )
        case: _Case | None = None
        for people in self._rows:
            first: _Made | None = None
            for person in people:
                what = f"{person.group}[{person.row}] in cases[{number}]"
                rendered, plain = self._rendered(given, person, what, None)
                if case is None:
                    case = self._begun(number, plain, allow)
                    namings += case.namings
                self._check_values(case, plain, person, what)
                put = _checked_messages(case, rendered.messages, person, what)
                if self._budget is not None:
                    whole = _Made(rendered, _put_out(rendered, put))
                    made = self._fitted(whole, first, given, person, what)
                    put = put if made.rendered.messages == rendered.messages else ()
                    rendered, first = made.rendered, first or made
                yield Variant(
                    group=person.group, row=person.row, case=number, values=person.values, rendered=rendered, put=put
                )

    def _rendered(
        self, given: Mapping[str, object], person: _Person, what: str, budget: Budget | None
    ) -> tuple[RenderedPrompt, dict[str, object]]:
        """Return what a case renders to for *person*, and the plain values that the template was given."""
        try:
            rendered = self._prompt.render(completed(given, person.spelt), budget=budget, resolve=self._resolve)
        except (InvalidInputs, InvalidPrompt, RenderFailed, BudgetExceeded) as error:
            hint = error.hint or "mend the case or the template: prompt.render(…) fails on it alike"
            refused = PairingRefused(f"{what}: {error.what}", where=error.where, hint=hint, others=error.others)
            raise refused from error
        return rendered, dict(rendered.source.values) if rendered.source else {}

    def _begun(self, number: int, plain: Mapping[str, object], allow: frozenset[str]) -> _Case:
        """Return what is the same for every group of the case that was given *plain* for one of them."""
        others = without(plain, self._paths)
        self.unseen |= {name for name, value in others.items() if holds_files(value)}
        refused, namings = told_in(number, others, self.words, allow)
        raise_all(refused)
        try:
            marked = Marked(self._skeleton, plain)
        except (RenderFailed, InvalidPrompt) as error:
            what = f"cases[{number}]: the template reads a declared field on a way that it does not show: {error.what}"
            raise PairingRefused(what, where=error.where, hint="put the field out where it is declared") from error
        texts = [
            each
            for at, message in enumerate(marked.messages, 1)
            for each in texts_in(marked.plain(message), f"message {at} ({message.role})")
        ]
        raise_all(told_together(number, texts, self.words, namings))
        if not marked.has_holes:
            what = f"no message of cases[{number}] puts out a declared field"
            raise PairingRefused(what, hint="all groups would be sent the same: give a case in which one is put out")
        return _Case(number, others, marked, namings)

    def _check_values(self, case: _Case, plain: Mapping[str, object], person: _Person, what: str) -> None:
        """Refuse a model that makes something else of a field, or of another input."""
        for each in self.fields:
            wanted, found = person.wanted[each.name], value_at(plain, each.path)
            if found != wanted:
                said = f"{what}: the model makes {shown(found)} of {shown(wanted)} for {each.name!r}"
                raise PairingRefused(
                    said, hint="pair with a model whose validators leave the declared fields as they are"
                )
        others = without(plain, self._paths)
        if others != case.others:
            name = next(name for name in {**others, **case.others} if others.get(name) != case.others.get(name))
            here, there = shown(others.get(name)), shown(case.others.get(name))
            said = f"{what}: the model changes {name!r} with the group: it is {here}, and was {there}"
            raise PairingRefused(said, hint="pair with a model whose validators leave the other inputs as they are")

    def _fitted(
        self, whole: _Made, first: _Made | None, given: Mapping[str, object], person: _Person, what: str
    ) -> _Made:
        """Return what the budget leaves of *whole*, cut like *first*, which is of the same person in another group."""
        rendered, _ = self._rendered(given, person, what, self._budget)
        made = _Made(rendered, whole.texts)
        if first is None:
            return made
        pairs = tuple(zip(first.texts, made.texts, strict=True))
        if not alike(first.rendered.messages, rendered.messages, pairs):
            said = f"{what}: the budget cuts it otherwise than the first group: {otherwise(first.rendered, rendered)}"
            raise PairingRefused(
                said, hint="raise max_tokens, or shorten the case, until the same is left for every group"
            )
        return made


def _checked_messages(case: _Case, messages: tuple[Message, ...], person: _Person, what: str) -> tuple[Put, ...]:
    """Return where the fields stand in *messages*; refuses what is not the skeleton with its holes filled."""
    expected, put = case.marked.filled(person.texts)
    if expected == messages:
        return put
    if len(expected) != len(messages):
        said = f"{what}: it has {len(messages)} messages, and {len(expected)} without a declared field"
        raise PairingRefused(said, hint=_ELSEWHERE)
    at = next(at for at, (one, other) in enumerate(zip(expected, messages, strict=True)) if one != other)
    title = f"message {at + 1} ({messages[at].role})"
    offset = same_from(expected[at].text, messages[at].text)
    where = place_in(f"{what}, {title}", messages[at].text, offset, offset + 1)
    raise PairingRefused(f"{what}: {title} differs where no declared field is put out", where=where, hint=_ELSEWHERE)


_ELSEWHERE = "put the declared fields out, and read them nowhere else"


def _put_out(rendered: RenderedPrompt, put: tuple[Put, ...]) -> tuple[str, ...]:
    return tuple(rendered.messages[each.message].text[each.start : each.end] for each in put)
