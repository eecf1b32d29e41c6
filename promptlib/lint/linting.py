"""One run: every rule over every prompt, and what of it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from itertools import chain, islice
from typing import TYPE_CHECKING

from promptlib.chain import Chain
from promptlib.errors import InvalidInputs, PromptLibError
from promptlib.lint.rule import Finding
from promptlib.lint.settings import Settings
from promptlib.lint.silences import silences
from promptlib.lint.subject import Shelf, Subject
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored
    from promptlib.lint.rule import Family, Hit, Rule
    from promptlib.store import View
    from promptlib.tokens import Budget

#: The modules of rules, in the order in which findings of one place are told.
FAMILIES = (
    "unreadable",
    "inputs",
    "delimiters",
    "roles",
    "outputs",
    "sizes",
    "past",
    "shelf",
    "characters",
    "wording",
    "people",
    "silences",
)
#: Findings of one rule in one prompt that are told: nobody reads more, and a hostile file has thousands.
MOST = 50
UNREADABLE, SILENCES = "unreadable", "silences"


def _rules() -> tuple[Rule, ...]:
    families: list[Family] = [import_module(f"promptlib.lint.{name}").FAMILY for name in FAMILIES]
    return tuple(chain.from_iterable(families))


RULES = _rules()
IDS = tuple(each.id for each in RULES)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: in the order of the prompts, and in each by line.

    `prompts` is how many were looked at, `silenced` how many findings somebody has silenced.
    """

    findings: tuple[Finding, ...]
    prompts: int
    silenced: int

    @property
    def ok(self) -> bool:
        """Whether nothing but notes (of severity `info`) was found."""
        return all(each.severity == "info" for each in self.findings)

    @property
    def by_rule(self) -> dict[str, int]:
        """How often each rule has spoken, the most frequent first."""
        return dict(Counter(each.rule for each in self.findings).most_common())

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "prompts": self.prompts,
            "silenced": self.silenced,
            "by_rule": self.by_rule,
            "findings": [each.to_dict() for each in self.findings],
        }


def lint(what: View | Stored | Iterable[Stored], *names: str, settings: Settings | None = None) -> Report:
    """Look at the prompts and chains of a store (those of *names*, or all), at one, or at several.

    Nothing is changed. Prompts without a name are called `prompts[0]` and so on. Of a store, *settings* are those of
    its project unless they are given. Raises `NotFound` for a name or rule that there is not, and `StoreError` for
    settings that say nothing.
    """
    if isinstance(what, str | bytes):
        hint = f"name it behind its store, lint(store, {what!r:.80}); lint_file(data) looks at the bytes of a file"
        raise InvalidInputs("lint looks at a store, or at prompts and chains, and this is a text", hint=hint)
    if isinstance(what, Prompt | Chain):
        return looked_at([Subject.of_stored(what, what.name or "prompt", Shelf())], settings or Settings())
    if isinstance(what, Iterable):
        shelf, called = Shelf(), enumerate(what)
        subjects = (Subject.of_stored(each, each.name or f"prompts[{at}]", shelf) for at, each in called)
        return looked_at(subjects, settings or Settings())
    chosen = settings or Settings.of_project(what.path)
    return looked_at(subjects_of(what, names), chosen)


def lint_file(data: bytes, *, source: str = "", settings: Settings | None = None) -> Report:
    """Look at the prompt file *data*; *source* names it in findings."""
    chosen = settings or Settings()
    return looked_at([Subject(source, data, source, Shelf())], chosen)


def subjects_of(view: View, names: Iterable[str]) -> Iterator[Subject]:
    """Yield the prompts *names* of a store, or all of it."""
    shelf = Shelf(view)
    for name in list(names) or view.names():
        source, data = view.raw(name)
        yield Subject(name, data, source, shelf)


def _budget(settings: Settings) -> Budget | None:
    """Return what worst cases must fit into; None where nothing is said."""
    if settings.budget is None:
        return None
    from promptlib.tokens import Budget  # noqa: PLC0415 - without a budget nothing is counted

    return Budget(settings.budget, settings.reserve, settings.encoding)


def looked_at(subjects: Iterable[Subject], settings: Settings, *, mending: bool = False, most: int = MOST) -> Report:
    """Run the rules that *settings* choose over *subjects*; for *mending* only those that can mend something.

    At most *most* findings of a rule in one prompt are told.
    """
    rules, budget = settings.rules(RULES), _budget(settings)
    if mending:
        rules = tuple(each for each in rules if each.fixes)
    findings: list[Finding] = []
    prompts = silenced = 0
    for subject in subjects:
        subject.shelf.budget = budget
        told, kept_back = _one(subject, rules, settings, most)
        findings += told
        silenced += kept_back
        prompts += 1
    return Report(tuple(findings), prompts, silenced)


def _one(subject: Subject, rules: tuple[Rule, ...], settings: Settings, most: int) -> tuple[list[Finding], int]:
    silent = settings.silent(subject.name, RULES)
    rules = tuple(each for each in rules if each.id not in silent)
    try:
        subject.silences = silences(subject)
    except PromptLibError:
        return [
            _finding(subject, rule, hit) for rule in rules if rule.id == UNREADABLE for hit in rule.check(subject)
        ], 0
    if subject.is_chain:
        rules = tuple(each for each in rules if each.chains)
    subject.known_rules = IDS
    subject.looked = frozenset(each.id for each in rules)
    told: list[Finding] = []
    kept_back = 0
    # What is said about silences depends on what all others had to say.
    for rule in sorted(rules, key=lambda each: each.family == SILENCES):
        for hit in islice(rule.check(subject), most):
            over = [each for each in subject.silences if each.covers(rule.id, hit.where.line)]
            for each in over:
                each.used.add(rule.id)
            if over and rule.family != SILENCES:
                kept_back += 1
            else:
                told.append(_finding(subject, rule, hit))
    return sorted(told, key=_order), kept_back


def _order(finding: Finding) -> tuple[int, int, int]:
    return finding.where.line or 0, finding.where.column or 0, IDS.index(finding.rule)


def _finding(subject: Subject, rule: Rule, hit: Hit) -> Finding:
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        name=subject.name,
        where=hit.where,
        message=hit.message,
        advice=hit.advice,
        fix=hit.fix,
        suggestion=hit.suggestion,
    )
