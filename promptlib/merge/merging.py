"""Two prompts that were made of one, merged part by part into a prompt that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.chain import Chain, Step
from promptlib.codec.header import header_of
from promptlib.codec.properties import write_properties
from promptlib.codec.reconciling import same
from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input
from promptlib.merge.chains import FIELD as STEPS
from promptlib.merge.chains import given_steps, merge_steps, shown_steps
from promptlib.merge.deciding import Decisions, Three
from promptlib.merge.declarations import merge_declarations, merge_text
from promptlib.merge.mappings import merge_includes, merge_mapping, merge_tools, merge_words
from promptlib.merge.pieces import FIELD as MESSAGES
from promptlib.merge.pieces import merge_messages, same_piece
from promptlib.plain import Frozen, freeze
from promptlib.prompt import Prompt
from promptlib.refs import Pin
from promptlib.trust import FOREIGN, OWN, Vouched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.chain import Stored
    from promptlib.merge.conflicts import FieldConflict
    from promptlib.merge.deciding import Choose
    from promptlib.merge.texts import Side
    from promptlib.plain import Plain

#: The parts that hang together: a template uses inputs, includes and segments, and each refuses a wrong use.
_TOGETHER = (MESSAGES, "inputs", "tools", "includes", "segments")
#: And those of a chain: steps use inputs and each other.
_CHAIN_TOGETHER = (STEPS, "inputs")
#: Past so many parts that hang together they are contested together, and nobody looks for the fewest.
MOST_UNITS = 64


def same_prompt(one: Stored, other: Stored) -> bool:
    """Tell whether two prompts, or two chains, have the same content and say the same beside it."""
    if one is other:
        return True
    content = one.digest == other.digest
    if isinstance(one, Prompt) and isinstance(other, Prompt):
        content = content and same_piece(one.messages, other.messages)
    return content and same(header_of(one), header_of(other))


class Course:
    """The merge of one prompt, or chain, from three: how each part goes, and the prompt that comes out for a choice.

    *forced* are parts that are contested whatever their own rule says, by key, with the reason: when it is not given,
    those are found without which the prompt could not be.
    """

    def __init__(
        self,
        base: Stored | None,
        ours: Stored,
        theirs: Stored,
        forced: Mapping[str, str] | None = None,
    ) -> None:
        """Find what is contested."""
        self.base = base
        self.ours = ours
        self.theirs = theirs
        is_prompt = isinstance(ours, Prompt)
        self._rules = _RULES if is_prompt else _CHAIN_RULES
        self._main = MESSAGES if is_prompt else STEPS
        self._together: tuple[str, ...] = _TOGETHER if is_prompt else _CHAIN_TOGETHER
        self._memo: dict[object, Any] = {}
        self._taken: tuple[Any, tuple[FieldConflict, ...]] | None = None
        self.forced = self._found() if forced is None else forced

    def made(self, choose: Choose) -> tuple[Any, tuple[FieldConflict, ...]]:
        """Return the prompt with what *choose* says for each conflict, and the conflicts that it was asked about.

        Raises `InvalidPrompt` when there can be no such prompt.
        """
        prompt, contested = self._made(choose, self.forced)
        check_written(prompt)
        return prompt, contested

    def _made(self, choose: Choose, forced: Mapping[str, str]) -> tuple[Any, tuple[FieldConflict, ...]]:
        decisions = Decisions(choose, forced, self._memo)
        return self._built(self._parts(decisions)), tuple(decisions.conflicts)

    def taking_ours(self) -> tuple[Any, tuple[FieldConflict, ...]]:
        """Return the prompt with ours chosen in all conflicts, and the conflicts in order."""
        return self._taken or self.made(taking_ours)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _parts(self, decisions: Decisions) -> dict[str, Any]:
        """Return the parts of the merged prompt, as the constructor takes them."""
        parts: dict[str, Any] = {}
        for part, (absent, merge) in self._rules.items():
            base = absent if self.base is None else getattr(self.base, part)
            three = Three(base, getattr(self.ours, part), getattr(self.theirs, part))
            if part in decisions.forced and part != MESSAGES:
                why = decisions.forced[part]
                parts[part] = decisions.contest(part, three, why, shown=_shown_part, given=_GIVEN.get(part, _as_given))
            else:
                parts[part] = merge(decisions, three)
        return parts

    # --- the prompt -------------------------------------------------------------------------------------------------

    def _built(self, parts: dict[str, Any]) -> Stored:
        if parts["inputs"] == self.ours.inputs:
            parts["inputs_model"] = self.ours.inputs_model
        if isinstance(self.ours, Chain):
            return self._trusted({**parts, "origin": self.ours.origin})
        included = {
            str(Pin(each.name, each.digest)): each for side in (self.theirs, self.ours) for _, each in side.included
        }
        pins = {alias: str(pin) for alias, pin in parts["includes"].items()}
        parts["included"] = tuple((alias, included[pin]) for alias, pin in pins.items() if pin in included)
        return self._trusted({**parts, "origin": self.ours.origin})

    def _trusted(self, parts: dict[str, Any]) -> Stored:
        """Return the prompt with the trust that it has: foreign when a side is, unless it is the own side's content."""
        kind: type[Stored] = type(self.ours)
        if self.ours.trust == self.theirs.trust:
            return kind(**parts, trust=self.ours.trust)
        own, foreign = (self.ours, self.theirs) if self.ours.trust == OWN else (self.theirs, self.ours)
        unread = kind(**parts, trust=OWN)
        if unread.digest == own.digest:
            # Somebody has vouched for this very content.
            return kind(**parts | {"vouched": own.vouched}, trust=OWN)
        return kind(**parts | {"vouched": foreign.vouched}, trust=FOREIGN)

    # --- what makes no valid prompt together --------------------------------------------------------------------------

    def _found(self) -> Mapping[str, str]:
        """Return the parts that are contested because the merged prompt could not be, by key, with the reason."""
        problem = self._problem({})
        if problem is None:
            return {}
        place = f" ({problem.where})" if str(problem.where or "") else ""
        why = f"merged, it would be no valid prompt: {problem.what}{place}"
        decisions = Decisions(taking_ours, {}, self._memo)
        self._parts(decisions)
        together = [key for key in decisions.units if key.startswith(self._together) and key != self._main]
        around = [key for key in together if not key.startswith(self._main)]
        for keys in (together, [self._main, *around]):
            forced = dict.fromkeys(keys, why)
            if keys and self._problem(forced) is None:
                return self._fewest(forced)
        return self._fewest(dict.fromkeys(self._rules, why))

    def _fewest(self, forced: Mapping[str, str]) -> Mapping[str, str]:
        """Return *forced* without those that can be merged after all."""
        whole = forced
        size = len(forced) if len(forced) <= MOST_UNITS else 0
        while size:
            keys = list(forced)
            for at in range(0, len(keys), size):
                fewer = {key: why for key, why in forced.items() if key not in keys[at : at + size]}
                if fewer and self._problem(fewer, written=False) is None:
                    forced = fewer
            size //= 2
        return forced if self._problem(forced) is None else whole

    def _problem(self, forced: Mapping[str, str], *, written: bool = True) -> InvalidPrompt | None:
        """Return why the prompt could not be with all conflicts decided for one side; None when it could.

        *written* says whether it is also to be held against its file.
        """
        try:
            taken = self._made(taking_ours, forced)
            prompts = [taken[0]] + ([self._made(taking_theirs, forced)[0]] if taken[1] else [])
            if written:
                for prompt in prompts:
                    check_written(prompt)
                self._taken = taken
        except InvalidPrompt as error:
            return error
        return None


def taking_ours(_: FieldConflict) -> Side:
    """Choose ours, whatever it is."""
    return "ours"


def taking_theirs(_: FieldConflict) -> Side:
    """Choose theirs, whatever it is."""
    return "theirs"


def check_written(prompt: Stored) -> None:
    """Raise `InvalidPrompt` unless *prompt* can be written as a file that reads as the same prompt."""
    back = codec.read_stored(codec.write(prompt))
    if not same_prompt(back, prompt):
        raise InvalidPrompt("its file would read as another prompt", hint="choose one side for all of it")


# --- rules of the parts -----------------------------------------------------------------------------------------------


def _shown_part(part: Any) -> Plain:  # noqa: ANN401 - any part of a prompt
    if isinstance(part, Pin | Vouched):
        return _shown_pin(part) if isinstance(part, Pin) else _shown_vouched(part)
    if isinstance(part, tuple) and any(isinstance(each, Step) for each in part):
        return shown_steps(part)
    if isinstance(part, tuple) and any(isinstance(each, Input) for each in part):
        return freeze(write_properties(part))
    return None if part in ("", ()) else freeze(part)


def _shown_pin(pin: Pin | None) -> Plain:
    return None if pin is None else str(pin)


def _given_pin(value: object) -> Pin | None:
    return None if value is None else Pin.parse(str(value))


def _shown_vouched(vouched: Vouched | None) -> Plain:
    return None if vouched is None else freeze(vouched.to_dict())


def _given_vouched(value: object) -> Vouched | None:
    if value is None or isinstance(value, Vouched):
        return value
    raise InvalidPrompt("who vouched for a prompt is decided by a side", hint="choose 'ours' or 'theirs'")


def _merged_pin(decisions: Decisions, three: Three) -> Any:  # noqa: ANN401 - a pin or None
    return decisions.settle("derived_from", three, same, shown=_shown_pin, given=_given_pin)


def _merged_vouched(decisions: Decisions, three: Three) -> Any:  # noqa: ANN401 - a record or None
    return decisions.settle("vouched", three, same, shown=_shown_vouched, given=_given_vouched)


def _merged_name(decisions: Decisions, three: Three) -> Any:  # noqa: ANN401 - a text
    return decisions.settle(
        "renamed_from", three, same, shown=lambda name: name or None, given=lambda value: "" if value is None else value
    )


def _as_given(value: object) -> Any:  # noqa: ANN401 - the constructor takes it, or says why not
    return value


_GIVEN: dict[str, Callable[[object], Any]] = {
    "derived_from": _given_pin,
    "vouched": _given_vouched,
    STEPS: given_steps,
}

#: By part: what stands for it where there is no base, and how it is merged.
_RULES: dict[str, tuple[Any, Callable[[Decisions, Three], Any]]] = {
    MESSAGES: ((), merge_messages),
    "inputs": ((), lambda decisions, three: merge_declarations(decisions, "inputs", three)),
    "tools": ((), merge_tools),
    "includes": (Frozen(), merge_includes),
    "segments": (Frozen(), lambda decisions, three: merge_mapping(decisions, "segments", three)),
    "settings": (Frozen(), lambda decisions, three: merge_mapping(decisions, "settings", three)),
    "outputs": ((), lambda decisions, three: merge_declarations(decisions, "outputs", three)),
    "description": ("", lambda decisions, three: merge_text(decisions, "description", three)),
    "tags": ((), lambda _, three: merge_words(three, ordered=False)),
    "authors": ((), lambda _, three: merge_words(three, ordered=True)),
    "derived_from": (None, _merged_pin),
    "renamed_from": ("", _merged_name),
    "vouched": (None, _merged_vouched),
    "extra": (Frozen(), lambda decisions, three: merge_mapping(decisions, "extra", three)),
}
_CHAIN_RULES: dict[str, tuple[Any, Callable[[Decisions, Three], Any]]] = {
    STEPS: ((), merge_steps),
    **{
        part: _RULES[part]
        for part in ("inputs", "description", "tags", "authors", "derived_from", "renamed_from", "vouched", "extra")
    },
}
