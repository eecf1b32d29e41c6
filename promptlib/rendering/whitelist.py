"""A foreign template against the list of what it may use, before anything of it runs."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, cast

from jinja2 import nodes

from promptlib.errors import nearest
from promptlib.rendering import allowed, limits
from promptlib.rendering.parsing import opened
from promptlib.rendering.shapes import MOST_PROBLEMS, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.rendering.positions import Span, Spans

_COMPUTED = "write the name in quotes, or choose with {% if %}"
#: What own templates have besides, and what does the same.
_INSTEAD = {"pprint": "write tojson(indent=2)", "callable": "leave it out", "escaped": "leave it out"}
_INSTEAD_OF_RECURSION = "write the levels out, or give the finished text as an input"


class Whitelist:
    """Everything in a tree that a foreign template may not use, in `problems`."""

    def __init__(self, tree: nodes.Template, spans: Spans) -> None:
        """Look at every node of *tree*."""
        self.problems: list[tuple[Span, Problem]] = []
        self._spans = spans
        self._macros = {node.name for node in tree.find_all(nodes.Macro)}
        self._called: set[int] = set()
        self._loops = {"loop"} | {
            node.target.name
            for node in tree.find_all(nodes.Assign)
            if isinstance(node.target, nodes.Name) and isinstance(node.node, nodes.Name) and node.node.name == "loop"
        }
        self._rules: dict[type[nodes.Node], Callable[..., None]] = {
            nodes.For: self._for,
            nodes.Name: self._name,
            nodes.Getattr: self._attribute,
            nodes.NSRef: self._attribute,
            nodes.Const: self._constant,
            nodes.Dict: self._dict,
            nodes.Assign: self._assign,
            nodes.Call: self._call,
            nodes.Filter: self._filter,
            nodes.Test: self._test,
            nodes.Keyword: self._keyword,
        }
        waiting: list[nodes.Node] = [tree]
        while waiting and len(self.problems) < MOST_PROBLEMS:
            node = waiting.pop()
            if type(node) not in allowed.NODES:
                self._report(node, "syntax", f"{type(node).__name__} is not for foreign templates", "leave it out")
            elif opened(node) is None:
                rule = self._rules.get(type(node))
                if rule is not None:
                    rule(node)
                waiting.extend(reversed(list(node.iter_child_nodes())))
        self._recursion(tree)

    def _report(self, node: nodes.Node, rule: str, what: str, hint: str) -> None:
        span = self._spans[node.lineno]
        if isinstance(node, nodes.Getattr):
            span = self._spans.word(node.lineno, node.attr)
        elif isinstance(node, nodes.Test):
            span = self._spans.word(node.lineno, node.name)
        self.problems.append((span, Problem(what, hint, rule)))

    def _for(self, node: nodes.For) -> None:
        if node.recursive:
            self._report(node, "recursion", "a loop that calls itself", _INSTEAD_OF_RECURSION)

    def _name(self, node: nodes.Name) -> None:
        if node.ctx == "load" and id(node) not in self._called and node.name in {*self._macros, "caller"}:
            what = f"the macro {node.name!r} as a value"
            self._report(node, "call", what, f"call it: {node.name}(…)")
        elif node.ctx == "load" and id(node) not in self._called and node.name in self._loops:
            self._report(node, "loop", f"{node.name!r} as a value", f"write what you need of it: {node.name}.index")

    def _attribute(self, node: nodes.Getattr | nodes.NSRef) -> None:
        name = node.attr
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in self._loops:
            self._called.add(id(node.node))
        if name.startswith("_"):
            hint = f"choose another name; a key of data is read as value[{name!r}]"
            self._report(node, "name", f"the attribute {name!r} begins with an underscore", hint)

    def _assign(self, node: nodes.Assign) -> None:
        if isinstance(node.target, nodes.Name) and isinstance(node.node, nodes.Name) and node.node.name == "loop":
            self._called.add(id(node.node))

    def _constant(self, node: nodes.Const) -> None:
        value = node.value
        large = isinstance(value, int) and abs(value) > limits.LARGEST_NUMBER
        if large or (isinstance(value, float) and not isfinite(value)):
            self._report(node, "number", "a number that is too large", "write it as a text, or a smaller one")

    def _dict(self, node: nodes.Dict) -> None:
        for pair in node.items:
            if isinstance(pair.key, nodes.Tuple | nodes.List | nodes.Dict):
                self._report(pair.key, "value", "a key that is a list", "keys are texts and numbers")

    def _keyword(self, node: nodes.Keyword) -> None:
        if node.key.startswith("_"):
            what = f"the argument {node.key!r} begins with an underscore"
            self._report(node, "name", what, "choose a name without it")

    def _stars(self, node: nodes.Call | nodes.Filter | nodes.Test) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self._report(node, "star", "arguments behind * or **", "write the arguments out")
        names = [each.key for each in cast("list[nodes.Keyword]", node.kwargs)]
        twice = next((name for name in names if names.count(name) > 1), None) if len(names) < MOST_ARGUMENTS else "…"
        if twice is not None:
            self._report(
                node, "syntax", f"the argument {twice!r} is given twice, or there are too many", "give it once"
            )

    def _call(self, node: nodes.Call) -> None:
        self._stars(node)
        called = node.node
        if isinstance(called, nodes.Name):
            self._called.add(id(called))
            if called.name not in {*self._macros, *allowed.GLOBALS, "caller"}:
                hint = f"{nearest(called.name, self._macros)} only macros can be called".strip()
                self._report(called, "call", f"no macro {called.name!r}", hint)
        elif not isinstance(called, nodes.Getattr) or called.attr not in allowed.LOOP_CALLS:
            word = f"{called.attr}()" if isinstance(called, nodes.Getattr) else "this"
            self._report(called, "call", f"{word} cannot be called", "values have no methods; use a filter")

    def _filter(self, node: nodes.Filter) -> None:
        self._stars(node)
        self._word(node, node.name, "filter")
        if node.name in allowed.NAMING:
            self._naming(node)

    def _test(self, node: nodes.Test) -> None:
        self._stars(node)
        self._word(node, node.name, "test")
        if node.name in ("defined", "undefined") and isinstance(node.node, nodes.Name):
            self._called.add(id(node.node))

    def _word(self, node: nodes.Node, name: str, what: str) -> None:
        known = allowed.FILTERS if what == "filter" else allowed.TESTS
        if name not in known:
            self._report(
                node,
                what,
                f"the {what} {name!r} is not for foreign templates",
                _INSTEAD.get(name)
                or nearest(name, known)
                or f"{what}s here: {', '.join(sorted(filter(str.isidentifier, known)))}",
            )

    def _naming(self, node: nodes.Filter) -> None:
        positions, keyword = allowed.NAMING[node.name]
        for at, given in self._given(node, positions, keyword):
            if not isinstance(given, nodes.Const) or not isinstance(given.value, str | int | None):
                self._report(given, "computed", f"a computed name for the filter {node.name!r}", _COMPUTED)
            elif isinstance(given.value, str):
                self._named(node.name, at, given)

    def _named(self, name: str, at: int, given: nodes.Const) -> None:
        if at >= 0 and allowed.NAMES_FILTER.get(name) == at:
            self._word(given, given.value, "filter")
        elif at >= 0 and allowed.NAMES_TEST.get(name) == at:
            self._word(given, given.value, "test")
        elif any(part.strip().startswith("_") for word in given.value.split(",") for part in word.split(".")):
            what = f"the attribute {given.value[:60]!r} begins with an underscore"
            self._report(given, "name", what, "choose another name")

    def _given(self, node: nodes.Filter, positions: tuple[int, ...], keyword: str) -> Iterator[tuple[int, nodes.Expr]]:
        for at in positions:
            if at < len(node.args):
                yield at, node.args[at]
        for each in cast("list[nodes.Keyword]", node.kwargs):
            if each.key == keyword:
                yield -1, each.value

    def _recursion(self, tree: nodes.Template) -> None:
        """Refuse macros that reach themselves, by any names that they might have, and long ways through macros."""
        if len(self.problems) >= MOST_PROBLEMS or not self._macros:
            return
        calls: dict[str, set[str]] = {}
        where: dict[str, nodes.Node] = {}
        for macro in tree.find_all(nodes.Macro):
            where[macro.name] = macro
            inside = calls.setdefault(macro.name, set())
            inside.update(
                call.node.name
                for call in macro.find_all(nodes.Call)
                if isinstance(call.node, nodes.Name) and call.node.name in self._macros
            )
        for name, depth in _depths(calls).items():
            if depth > limits.DEEPEST_MACRO:
                what = f"the macro {name!r} calls itself, or macros more than {limits.DEEPEST_MACRO} deep"
                self._report(where[name], "recursion", what, _INSTEAD_OF_RECURSION)
                return


MOST_ARGUMENTS = 100


def _depths(calls: dict[str, set[str]]) -> dict[str, int]:
    """Return how deep each macro's calls go; whoever goes past the limit is told as just past it."""
    depths = dict.fromkeys(calls, 1)
    for _ in range(limits.DEEPEST_MACRO + 1):
        changed = {name: 1 + max((depths[each] for each in inside), default=0) for name, inside in calls.items()}
        if changed == depths:
            break
        depths = changed
    return depths
