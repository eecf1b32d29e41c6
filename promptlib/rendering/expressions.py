"""Expressions of a template: the inputs that they use, and what their types say against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from jinja2 import nodes

from promptlib.errors import nearest
from promptlib.rendering.allowed import NAMES_FILTER, NAMES_TEST
from promptlib.rendering.dating import format_problem
from promptlib.rendering.environment import ENVIRONMENT
from promptlib.rendering.shapes import (
    MOST_PROBLEMS,
    NUMBER,
    TEXT,
    TRUTH,
    UNKNOWN,
    Problem,
    Shape,
    Use,
    attribute_argument,
    attribute_filter,
    attribute_of,
    comparison_problem,
    filtered,
    item_of,
)
from promptlib.rendering.words import INSTEAD_OF_METHODS, LOOP_WORDS, UNKNOWN_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.inputs import InputType
    from promptlib.rendering.positions import Span, Spans

LOOP: Final = Shape()
MACRO: Final = Shape(TEXT)
_EQUALITIES = frozenset({"eq", "ne", "in", "notin"})


class Enough(Exception):
    """So many problems were found that the walk ends."""


class Expressions:
    """Reads expressions in the scope of the statements around them."""

    def __init__(self, declared: Mapping[str, InputType], spans: Spans) -> None:
        """Begin outside of every scope; names that are not *declared* have no known type."""
        self.uses: list[Use] = []
        self.problems: list[tuple[Span, Problem]] = []
        self.scopes: list[dict[str, Shape]] = [{}]
        self._declared = declared
        self._spans = spans
        self._rules: dict[type[nodes.Node], Callable[..., Shape]] = {
            nodes.Name: self._name,
            nodes.Getattr: self._attribute,
            nodes.Getitem: self._item,
            nodes.Const: self._constant,
            nodes.Concat: self._text,
            nodes.Filter: self._filter,
            nodes.Test: self._test,
            nodes.Compare: self._compare,
            nodes.Not: self._truth,
            nodes.Call: self._call,
        }

    def shape(self, node: nodes.Node) -> Shape:
        """Return what is known of the value of *node*; uses and problems are kept."""
        rule = self._rules.get(type(node))
        return rule(node) if rule else self._children(node)

    def report(self, span: Span, problem: Problem | None) -> None:
        """Keep *problem*, if there is one; raises `Enough` when nobody would read more."""
        if problem is not None:
            self.problems.append((span, problem))
            if len(self.problems) >= MOST_PROBLEMS:
                raise Enough

    def span(self, node: nodes.Node) -> Span:
        """Return the token of *node*."""
        return self._spans[node.lineno]

    def bound(self, name: str) -> Shape | None:
        """Return the shape of a name that the template itself defines, or None."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def refuse_private(self, node: nodes.Node, name: str) -> None:
        """Report a name that begins with an underscore."""
        if name.startswith("_"):
            hint = f"choose a name without it; a key of data is read as value[{name!r}]"
            self.report(self.span(node), Problem(f"{name!r} begins with an underscore", hint))

    def _children(self, node: nodes.Node) -> Shape:
        for child in node.iter_child_nodes():
            self.shape(child)
        return UNKNOWN

    def _text(self, node: nodes.Node) -> Shape:
        self._children(node)
        return Shape(TEXT)

    def _truth(self, node: nodes.Node) -> Shape:
        self._children(node)
        return Shape(TRUTH)

    def _constant(self, node: nodes.Const) -> Shape:
        kinds = {str: TEXT, int: NUMBER, bool: TRUTH}
        return Shape(kinds.get(type(node.value)))

    def _name(self, node: nodes.Name) -> Shape:
        self.refuse_private(node, node.name)
        shape = self.bound(node.name)
        if shape is not None:
            if shape.name:
                self.uses.append(Use(shape.name, shape.path, self.span(node)))
            return shape
        if node.name in ENVIRONMENT.globals and node.name not in self._declared:
            return UNKNOWN
        if node.name in ("self", "super"):
            self.report(self.span(node), Problem(f"{node.name!r} is not here: a prompt has no parent template"))
            return UNKNOWN
        self.uses.append(Use(node.name, (), self.span(node)))
        return Shape(self._declared.get(node.name), node.name)

    def _attribute(self, node: nodes.Getattr) -> Shape:
        base = self.shape(node.node)
        span = self._spans.word(node.lineno, node.attr)
        if node.attr.startswith("_"):
            hint = f"write [{node.attr!r}] for a key of data"
            self.report(span, Problem(f"the attribute {node.attr!r} begins with an underscore", hint))
            return UNKNOWN
        if base is LOOP and node.attr not in LOOP_WORDS:
            hint = f"{nearest(node.attr, LOOP_WORDS)} loop has: {', '.join(sorted(LOOP_WORDS))}".strip()
            self.report(span, Problem(f"loop has no {node.attr!r}", hint))
            return UNKNOWN
        return UNKNOWN if base is LOOP else self._part(base, node.attr, span)

    def _part(self, base: Shape, attribute: str, span: Span) -> Shape:
        shape, problem = attribute_of(base, attribute)
        method = INSTEAD_OF_METHODS.get(attribute)
        if problem is not None and not problem.hint:
            written = method.format(value=base) if method else str(base)
            problem = Problem(problem.what, f"write {{{{ {written} }}}}")
        self.report(span, problem)
        if base.name and shape.name:
            if self.uses and (self.uses[-1].name, self.uses[-1].path) == (base.name, base.path):
                self.uses.pop()
            self.uses.append(Use(shape.name, shape.path, span))
        return shape

    def _item(self, node: nodes.Getitem) -> Shape:
        base = self.shape(node.node)
        self.shape(node.arg)
        kind = base.type.kind if base.type else "json"
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._part(base, node.arg.value, self.span(node.arg))
        if isinstance(node.arg, nodes.Slice):
            return base
        if kind in ("array", "thread"):
            return item_of(base)[0]
        return base.inside("[]", base.type.items if base.type else None)

    def _filter(self, node: nodes.Filter) -> Shape:
        base = self.shape(node.node) if node.node is not None else Shape(TEXT)
        self._arguments(node)
        if node.name not in ENVIRONMENT.filters:
            reason = UNKNOWN_FILTERS.get(node.name) or nearest(node.name, ENVIRONMENT.filters)
            self.report(
                self.span(node), Problem(f"no filter {node.name!r}", reason or "the filters are those of Jinja")
            )
            return UNKNOWN
        shape, problem = filtered(base, node.name)
        self.report(self.span(node), problem)
        self._named(node, base)
        if attribute_filter(node.name):
            self._attribute_of_items(node, base)
        return shape

    def _named(self, node: nodes.Filter, base: Shape) -> None:
        """Look at the constants that name filters and tests, and at the format of a date."""
        first = [each.value if isinstance(each, nodes.Const) else None for each in node.args[:2]]
        for what, known, places in (
            ("filter", ENVIRONMENT.filters, NAMES_FILTER),
            ("test", ENVIRONMENT.tests, NAMES_TEST),
        ):
            at = places.get(node.name, len(first))
            name = first[at] if at < len(first) else None
            if isinstance(name, str) and name not in known:
                problem = Problem(f"no {what} {name!r}", nearest(name, known) or f"the {what}s are those of Jinja")
                self.report(self.span(node.args[at]), problem)
        if node.name == "date" and first and isinstance(first[0], str):
            wrong = format_problem(first[0], timed=base.type is None or base.type.kind != "date")
            self.report(self.span(node.args[0]), Problem(*wrong) if wrong else None)

    def _attribute_of_items(self, node: nodes.Filter, base: Shape) -> None:
        positional: list[object] = [_value(each) for each in node.args]
        keywords: dict[str, object] = {each.key: _value(each.value) for each in _keywords(node)}
        path = attribute_argument(node.name, positional, keywords)
        if path is None or base.type is None or base.type.kind not in ("array", "thread"):
            return
        shape = item_of(base)[0]
        for part in path.split("."):
            if not part.isdigit():
                shape = self._part(shape, part, self.span(node))

    def _test(self, node: nodes.Test) -> Shape:
        self.shape(node.node)
        self._arguments(node)
        if node.name not in ENVIRONMENT.tests:
            hint = nearest(node.name, ENVIRONMENT.tests) or "the tests are those of Jinja"
            self.report(self._spans.word(node.lineno, node.name), Problem(f"no test {node.name!r}", hint))
        return Shape(TRUTH)

    def _arguments(self, node: nodes.Filter | nodes.Test | nodes.Call) -> None:
        for each in (*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs):
            if each is not None:
                self.shape(each)

    def _compare(self, node: nodes.Compare) -> Shape:
        left = self.shape(node.expr)
        for operand in node.ops:
            right = self.shape(operand.expr)
            if operand.op not in _EQUALITIES:
                continue
            for value, constant in _constants(operand.expr):
                if operand.op in ("eq", "ne") or not isinstance(operand.expr, nodes.Const):
                    self.report(self.span(constant), comparison_problem(left, value))
            if isinstance(node.expr, nodes.Const) and operand.op in ("eq", "ne"):
                self.report(self.span(node.expr), comparison_problem(right, node.expr.value))
        return Shape(TRUTH)

    def _call(self, node: nodes.Call) -> Shape:
        called = node.node
        if isinstance(called, nodes.Name):
            shape = self._called_name(called)
        elif isinstance(called, nodes.Getattr):
            shape = self._called_attribute(called)
        else:
            self.shape(called)
            self.report(self.span(node), Problem("only macros can be called", "call a macro by its name"))
            shape = UNKNOWN
        self._arguments(node)
        return shape

    def _called_name(self, called: nodes.Name) -> Shape:
        shape = self.bound(called.name)
        if shape is not None:
            return Shape(TEXT) if shape is MACRO else UNKNOWN
        if called.name not in ENVIRONMENT.globals:
            macros = [name for scope in self.scopes for name, known in scope.items() if known is MACRO]
            hint = f"{nearest(called.name, macros)} only macros can be called; an input stands without ( )".strip()
            self.report(self.span(called), Problem(f"no macro {called.name!r}", hint))
        return UNKNOWN

    def _called_attribute(self, called: nodes.Getattr) -> Shape:
        inner = called.node
        if called.attr in ("cycle", "changed") and isinstance(inner, nodes.Name) and self.bound(inner.name) is LOOP:
            return UNKNOWN
        base = self.shape(called.node)
        said = str(base) if base.name else "value"
        method = INSTEAD_OF_METHODS.get(called.attr)
        hint = f"write {{{{ {method.format(value=said)} }}}}" if method else "data has no methods; use a filter"
        self.report(
            self._spans.word(called.lineno, called.attr),
            Problem(f"{called.attr}() cannot be called: values are data without methods", hint),
        )
        return UNKNOWN


def _keywords(node: nodes.Filter) -> list[nodes.Keyword]:
    return cast("list[nodes.Keyword]", node.kwargs)  # Jinja declares pairs and makes keywords


def _value(node: nodes.Node) -> object:
    return node.value if isinstance(node, nodes.Const) else None


def _constants(node: nodes.Node) -> list[tuple[object, nodes.Const]]:
    """Return the constants that *node* is, or lists."""
    items = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    return [(each.value, each) for each in items if isinstance(each, nodes.Const)]
