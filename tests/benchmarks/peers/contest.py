"""One library against compiled, sandboxed Jinja, in the environment that holds the library.

`python -m benchmarks.peers.contest MODULE` prints the figures of the module's contestants as JSON, and with a
contestant's number behind it what 100,000 rows cost that one, in a process that did nothing before.
"""

from __future__ import annotations

import json
import resource
import sys
from functools import partial
from importlib import import_module
from importlib.metadata import version
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

from ..measure import fresh, seconds  # noqa: TID252 - tests hold no package that has a name of its own
from . import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .texts import Values

    Render = Callable[[Any], Any]

ROUNDS = 31
IMPORTS = 11
ROWS = 100_000
#: Rows of one turn; memory counts from the first turn's end.
TURN = 1_000


def as_it_is(values: Values) -> Any:
    """Return *values*: most libraries take a dict."""
    return values


class Contestant(NamedTuple):
    """A library, or one of its ways to render. What `write` and the two `given` do is done before the clock runs."""

    name: str
    package: str
    statement: str
    #: The code of a process that makes one tiny text and ends.
    first: str
    #: Makes the library's object from what `write` returned, and gives what renders it to a text.
    parse: Callable[[Any], Render]
    #: Gives what renders the chat, read as pairs of role and text.
    chat: Callable[[], Render]
    #: The text, which has plain variables only, in the library's own way to write them.
    write: Callable[[str], Any] = str
    given: Callable[[Values], Any] = as_it_is
    chat_given: Callable[[Values], Any] = as_it_is
    #: Whether the chat's loops, conditions and filters are beyond the library, and were done before.
    prepared: bool = False


def ratios(work: Render, floor: Render, values: Sequence[tuple[Any, Any]]) -> list[float]:
    """Return what *work* costs over *floor*, once for each of ROUNDS turns; *values* are shared out among these."""
    turn = len(values) // ROUNDS
    found = []
    for at in range(0, turn * ROUNDS, turn):
        part = values[at : at + turn]
        cost = seconds(partial(_each, work, [ours for ours, _ in part]))
        found.append(cost / seconds(partial(_each, floor, [theirs for _, theirs in part])))
    return found


def summary(found: Sequence[float]) -> list[float]:
    """Return the median and where the middle half begins and ends."""
    low, _, high = quantiles(found, n=4)
    return [median(found), low, high]


class Case(NamedTuple):
    """What the floor renders, the values of a number, how many make a turn, and how the results are compared."""

    source: str
    values: Callable[[int], Values]
    turn: int
    shown: Callable[[Any], str] = str


def of_values(work: Render, given: Callable[[Values], Any], case: Case) -> list[float] | None:
    """Return the figure of *work* over the floor, or None where it gives another text than the floor."""
    floor = texts.JINJA.from_string(case.source).render
    for at in range(-3, 0):
        if case.shown(work(given(case.values(at)))) != floor(case.values(at)):
            return None
    made = [case.values(at) for at in range(case.turn * ROUNDS)]
    return summary(ratios(work, floor, [(given(each), each) for each in made]))


def figures(of: Contestant) -> dict[str, list[float] | None]:
    """Return the figures of one contestant; one is None where the contestant's text is another."""
    tiny, document = of.parse(of.write(texts.TINY)), of.parse(of.write(texts.DOCUMENT))
    return {
        "import": _process(of.statement),
        "first text": _process(of.first),
        "tiny": of_values(tiny, of.given, Case(texts.TINY, texts.tiny_values, 200)),
        "chat": of_values(of.chat(), of.chat_given, Case(texts.ONE_TEXT, texts.chat_values, 20, texts.one_text)),
        "200 KB": of_values(document, of.given, Case(texts.DOCUMENT, texts.document_values, 10)),
        "same text": _objects(of, [texts.TINY] * (40 * ROUNDS)),
        "new text": _objects(of, [f"{texts.TINY} {at}" for at in range(40 * ROUNDS)]),
    }


def _process(code: str) -> list[float]:
    """Return what a process pays for *code*, over importing pydantic's `BaseModel`; a bare start is subtracted."""
    found = []
    for _ in range(IMPORTS):
        bare = fresh("pass")
        found.append((fresh(code) - bare) / (fresh("from pydantic import BaseModel") - bare))
    return summary(found)


def _objects(of: Contestant, sources: Sequence[str]) -> list[float]:
    """Return what a new object and its first rendering cost, over Jinja's rendering of a compiled text."""
    values = texts.tiny_values(0)
    given, floor = of.given(values), texts.JINJA.from_string(texts.TINY).render
    of.parse(of.write(texts.TINY))(given)
    written = [(of.write(source), values) for source in sources]
    return summary(ratios(lambda own: of.parse(own)(given), floor, written))


def rows(of: Contestant) -> tuple[list[float], float]:
    """Return the figure of 100,000 rows, and by how many MiB the process grew over the peak of the first turn."""
    render, floor = of.parse(of.write(texts.TINY)), texts.JINJA.from_string(texts.TINY).render
    found: list[float] = []
    begin = 0.0
    for start in range(0, ROWS, TURN):
        plain = [texts.tiny_values(at) for at in range(start, start + TURN)]
        given = list(map(of.given, plain))
        cost = seconds(partial(_each, render, given))
        found.append(cost / seconds(partial(_each, floor, plain)))
        begin = begin or peak()
    return summary(found), peak() - begin


def _each(render: Render, values: Sequence[Any]) -> None:
    for each in values:
        render(each)


def peak() -> float:
    """Return the most MiB that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main(module: str, number: str | None = None) -> None:
    """Print what was measured as one line of JSON."""
    contestants: Sequence[Contestant] = import_module(f"benchmarks.peers.{module}").CONTESTANTS
    if number is not None:
        print(json.dumps(rows(contestants[int(number)])))
        return
    print(
        json.dumps(
            [
                {"name": of.name, "version": version(of.package), "prepared": of.prepared, "figures": figures(of)}
                for of in contestants
            ]
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
