"""Whether the values of a set can stand for the same people: every mistake by its place in the set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeGuard, cast

from promptlib.errors import InvalidPrompt, nearest
from promptlib.fairness.folding import look, scripts_of
from promptlib.plain import LARGEST_INTEGER, Frozen
from promptlib.rendering import invisible_in_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.fairness.variantset import Value, VariantSet

#: The steps from the set to the value: `("groups", "female", "name", 2)`.
Path = tuple["str | int", ...]

MOST_GROUPS, MOST_FORMS, MOST_ROWS, LONGEST_VALUE = 32, 32, 1000, 200
#: Mistakes that are told; a broken file can hold thousands.
MOST_MISTAKES = 20


class Mistake(NamedTuple):
    """What is wrong in a set, where in it, and what to do next."""

    path: Path
    what: str
    hint: str


_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SYNTAX = re.compile(r"\{[{%#]|[}%#]\}")
_ROLE_LINE = re.compile(r"\s*(?:system|developer|user|assistant|tool)\s*:", re.IGNORECASE)


def checked_groups(given: VariantSet) -> Frozen:
    """Return the groups of *given*, frozen; raises one `InvalidPrompt` for all that is wrong with it."""
    mistakes = list(
        islice(mistakes_of({each.name: getattr(given, each.name) for each in fields(given)}), MOST_MISTAKES)
    )
    if mistakes:
        errors = [InvalidPrompt(f"{shown(each.path)}: {each.what}", hint=each.hint) for each in mistakes]
        raise InvalidPrompt(errors[0].what, hint=errors[0].hint, others=errors[1:])
    return Frozen({name: Frozen(dict(forms)) for name, forms in expanded(given.groups).items()})


def expanded(groups: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, tuple[Value, ...]]]:
    """Return *groups* with a tuple for each form: one value that stands alone serves for every row."""
    lists = [each for forms in groups.values() for each in forms.values() if isinstance(each, list | tuple)]
    rows = len(lists[0]) if lists else 1
    return {
        name: {
            form: cast("tuple[Value, ...]", tuple(each) if isinstance(each, list | tuple) else (each,) * rows)
            for form, each in forms.items()
        }
        for name, forms in groups.items()
    }


def mistakes_of(given: Mapping[str, object]) -> Iterator[Mistake]:
    """Yield all that is wrong with the parts of a set, by name; what would only repeat a mistake is left out."""
    for name in ("axis", "language", "source", "licence"):
        yield from _text_mistakes(name, given.get(name))
    if not isinstance(given.get("note", ""), str):
        yield Mistake(("note",), f"it is a {_kind(given['note'])}, not a text", "write it in quotes")
    everyday = given.get("everyday", ())
    if not isinstance(everyday, list | tuple) or not all(isinstance(each, str) and each for each in everyday):
        yield Mistake(("everyday",), "it is no list of texts", 'write everyday = ["they", "them"]')
    groups = given.get("groups")
    for at, word in enumerate(everyday if isinstance(everyday, list | tuple) else ()):
        if _is_name(word, groups):
            what = f"{word!r:.80} is a value with a capital, which stands for nobody but its group"
            yield Mistake(("everyday", at), what, "leave it out, or list the spelling that everybody uses")
    yield from _group_mistakes(groups)
    if _are_tables(groups):
        yield from _between_groups(expanded(groups))


def _is_name(word: object, groups: object) -> bool:
    """Return whether *word* is a value of *groups* that begins with a capital."""
    if not isinstance(word, str) or word == word.lower() or not _are_tables(groups):
        return False
    return any(word in values for forms in expanded(groups).values() for values in forms.values())


def _are_tables(groups: object) -> TypeGuard[Mapping[str, Mapping[str, object]]]:
    """Return whether *groups* have a shape in which they can be compared."""
    if not isinstance(groups, Mapping) or not 0 < len(groups) <= MOST_GROUPS:
        return False
    return all(
        isinstance(forms, Mapping)
        and 0 < len(forms) <= MOST_FORMS
        and all(not isinstance(each, list | tuple) or 0 < len(each) <= MOST_ROWS for each in forms.values())
        for forms in groups.values()
    )


def _text_mistakes(name: str, value: object) -> Iterator[Mistake]:
    if not isinstance(value, str):
        what = "it is missing" if value is None else f"it is a {_kind(value)}, not a text"
        yield Mistake((name,), what, _SAYS[name])
    elif not value.strip():
        yield Mistake((name,), "it is empty", _SAYS[name])
    elif name == "axis" and not _WORD.fullmatch(value):
        yield Mistake((name,), f"{value!r:.80} is no axis", _A_WORD)


_A_WORD = "a word of small letters, digits, _ and - that begins with a letter"
_SAYS = {
    "axis": 'say what the groups are groups of: axis = "gender"',
    "language": 'say which language the values are in: language = "en"',
    "source": "say where the values come from, in a sentence",
    "licence": 'say under which licence: licence = "CC0-1.0"',
}


def _group_mistakes(groups: object) -> Iterator[Mistake]:
    """Yield what is wrong inside of the groups, one by one."""
    at: Path = ("groups",)
    if not isinstance(groups, Mapping):
        what = "it is missing" if groups is None else f"it is a {_kind(groups)}, not a table of groups"
        yield Mistake(at, what, "write [groups.female] and its forms below it")
        return
    if len(groups) < 2:  # noqa: PLR2004 - what is compared with what
        yield Mistake(at, f"it has {len(groups)} groups", "a set compares two groups or more")
    if len(groups) > MOST_GROUPS:
        yield Mistake(at, f"it has {len(groups)} groups", f"a set has at most {MOST_GROUPS}")
        return
    for group, forms in groups.items():
        if not _WORD.fullmatch(str(group)):
            yield Mistake((*at, group), f"{str(group)!r:.80} is no name for a group", _A_WORD)
        if not isinstance(forms, Mapping) or not forms or len(forms) > MOST_FORMS:
            yield Mistake((*at, group), f"it holds no forms, or more than {MOST_FORMS}", 'write name = ["…", "…"]')
            continue
        for form, values in forms.items():
            if not _WORD.fullmatch(str(form)):
                yield Mistake((*at, group, form), f"{str(form)!r:.80} is no name for a form", _A_WORD)
            yield from _list_mistakes((*at, group, form), values)


def _list_mistakes(path: Path, values: object) -> Iterator[Mistake]:
    if not isinstance(values, list | tuple):
        yield from _value_mistakes(path, values)
        return
    if not values or len(values) > MOST_ROWS:
        yield Mistake(path, f"it has {len(values)} rows", f"a form has 1 to {MOST_ROWS:,} values")
        return
    for row, value in enumerate(values):
        yield from _value_mistakes((*path, row), value)


def _value_mistakes(path: Path, value: object) -> Iterator[Mistake]:
    if type(value) is int and abs(value) <= LARGEST_INTEGER:
        return
    if not isinstance(value, str):
        yield Mistake(path, f"it is a {_kind(value)}", "a value is a text, a whole number or a date")
    elif not value.strip():
        yield Mistake(path, "it is empty", "write the value, or take its row out of every group")
    elif len(value) > LONGEST_VALUE:
        yield Mistake(path, f"it has {len(value):,} characters", f"a value has at most {LONGEST_VALUE}")
    elif why := _unfit(value):
        yield Mistake(path, *why)


def _unfit(value: str) -> tuple[str, str] | None:
    """Return why a text could say more than what a reader sees in it, and what to do."""
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value):
        return f"{value!r:.80} holds a line break or a control character", "a value is one line of text"
    hidden = next(iter(invisible_in_text(value)), None)
    if hidden is not None or any(unicodedata.category(char) in ("Cf", "Co", "Cn", "Cs") for char in value):
        return f"{ascii(value)[:80]} holds a character that nobody sees", "type the value again"
    if value != value.strip() or "  " in value:
        return f"{value!r:.80} has white space at an edge, or twice", "take the white space out"
    if _SYNTAX.search(value):
        return f"{value!r:.80} holds the syntax of a template", "a value is put in as it is: write plain text"
    if _ROLE_LINE.match(value):
        return f"{value!r:.80} begins like a role line", "a value is what stands in a sentence"
    if len(scripts := scripts_of(value)) > 1:
        return f"{value!r:.80} mixes {' and '.join(scripts)} letters", "type it in one alphabet"
    return None


def _between_groups(groups: dict[str, dict[str, tuple[Value, ...]]]) -> Iterator[Mistake]:
    """Yield where the groups do not stand for the same people."""
    first = next(iter(groups))
    forms = dict.fromkeys(form for each in groups.values() for form in each)
    for group, own in groups.items():
        for form in forms.keys() - own.keys():
            holder = next(name for name, each in groups.items() if form in each)
            hint = f"{nearest(form, own.keys() - groups[holder].keys())} every group has the same forms".strip()
            yield Mistake(("groups", group), f"it has no form {form!r}, which {holder!r} has", hint)
    rows = len(next(iter(groups[first].values())))
    uneven = False
    for group, own in groups.items():
        for form, values in own.items():
            if len(values) != rows:
                uneven = True
                what = f"it has {len(values)} rows, and {first}.{next(iter(groups[first]))} has {rows}"
                yield Mistake(("groups", group, form), what, "row n of every group stands for the same person")
    if not uneven and not any(forms.keys() - own.keys() for own in groups.values()):
        for form in forms:
            yield from _twins(form, groups)


def _twins(form: str, groups: dict[str, dict[str, tuple[Value, ...]]]) -> Iterator[Mistake]:
    kinds = {type(value) for own in groups.values() for value in own[form]}
    if kinds >= {str, int}:
        hint = "all values of a form are texts, or all are numbers"
        yield Mistake(("groups", list(groups)[-1], form), "it holds texts and numbers", hint)
        return
    for row in range(len(next(iter(groups.values()))[form])):
        seen: dict[object, str] = {}
        for group, own in groups.items():
            value = own[form][row]
            if type(value) not in (str, int) or not str(value).strip():
                continue
            other = seen.setdefault(look(value) if isinstance(value, str) else value, group)
            if other == group:
                continue
            same = groups[other][form][row] == value
            what = f"{value!r:.80} is what {other}.{form}[{row}] is" + ("" if same else ", to a reader's eye")
            yield Mistake(("groups", group, form, row), what, "a row has another value in each group")


def _kind(value: object) -> str:
    """Return what *value* is, in the words of somebody who writes a file."""
    if isinstance(value, bool):
        return "truth value"
    if isinstance(value, int):
        return "number" if abs(value) <= LARGEST_INTEGER else "number that is too large"
    if isinstance(value, float):
        return "number with a fraction"
    return (
        "table" if isinstance(value, Mapping) else "list" if isinstance(value, list | tuple) else type(value).__name__
    )


def shown(path: Path) -> str:
    """Return *path* as people write it: `female.name[2]`."""
    steps = path[1:] if len(path) > 1 and path[0] == "groups" else path
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
