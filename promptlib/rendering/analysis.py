"""Statements of a template: scopes, loops and macros, walked once for what the template uses."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jinja2 import nodes

from promptlib.rendering.expressions import LOOP, MACRO, Enough, Expressions
from promptlib.rendering.parsing import opened
from promptlib.rendering.shapes import UNKNOWN, Problem, Shape, item_of, output_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptlib.inputs import InputType
    from promptlib.rendering.positions import Span, Spans


class Analysis(Expressions):
    """What one template uses and where that cannot be, seen with the types of the inputs (or with none known)."""

    def __init__(self, tree: nodes.Template, declared: Mapping[str, InputType], spans: Spans) -> None:
        """Walk through *tree*."""
        super().__init__(declared, spans)
        self.includes: list[tuple[str, Span]] = []
        self._frames: list[list[nodes.Node]] = [tree.body]
        self._captured = 0
        self._conditions = 0
        self._statements: dict[type[nodes.Node], Callable[..., None]] = {
            nodes.Output: self._output,
            nodes.For: self._for,
            nodes.If: self._if,
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.Macro: self._macro,
            nodes.CallBlock: self._call_block,
            nodes.FilterBlock: self._filter_block,
            nodes.With: self._with,
            nodes.Scope: self._segment,
            nodes.Include: self._include,
        }
        with suppress(Enough):
            self._body(tree.body)

    def _body(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            rule = self._statements.get(type(node))
            if rule is not None:
                rule(node)
            elif opened(node) is None:
                self.shape(node)

    def _scoped(self, body: list[nodes.Node], names: Mapping[str, Shape], *, captured: bool = False) -> None:
        self.scopes.append(dict(names))
        self._frames.append(body)
        outside, self._conditions = self._conditions, 0
        self._captured += captured
        self._body(body)
        self._captured -= captured
        self._conditions = outside
        self._frames.pop()
        self.scopes.pop()

    def _output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData):
                self.report(self.span(child), output_problem(self.shape(child), captured=self._captured > 0))

    def _for(self, node: nodes.For) -> None:
        shape, problem = item_of(self.shape(node.iter))
        self.report(self.span(node.iter), problem)
        names = dict.fromkeys(self._targets(node.target), UNKNOWN)
        if isinstance(node.target, nodes.Name):
            names[node.target.name] = shape
        if node.test is not None:
            self.scopes.append(names)
            self.shape(node.test)
            self.scopes.pop()
        self._scoped(node.body, {**names, "loop": LOOP}, captured=node.recursive)
        self._scoped(node.else_, {})

    def _if(self, node: nodes.If) -> None:
        for branch in (node, *node.elif_):
            self.shape(branch.test)
        self._conditions += 1
        for body in (node.body, *(branch.body for branch in node.elif_), node.else_):
            self._body(body)
        self._conditions -= 1

    def _assign(self, node: nodes.Assign) -> None:
        shape = self.shape(node.node)
        names = self._targets(node.target)
        certain = isinstance(node.target, nodes.Name) and not self._conditions
        self.scopes[-1].update(dict.fromkeys(names, shape if certain else UNKNOWN))

    def _assign_block(self, node: nodes.AssignBlock) -> None:
        if node.filter is not None:
            self.shape(node.filter)
        self._scoped(node.body, {}, captured=True)
        self.scopes[-1].update(dict.fromkeys(self._targets(node.target), UNKNOWN))

    def _macro(self, node: nodes.Macro) -> None:
        self.refuse_private(node, node.name)
        self.scopes[-1][node.name] = MACRO
        self._callable(node)

    def _call_block(self, node: nodes.CallBlock) -> None:
        self.shape(node.call)
        self._callable(node)

    def _callable(self, node: nodes.Macro | nodes.CallBlock) -> None:
        # A macro sees what its surroundings define later, too: it runs when it is called.
        later = {name: MACRO if macro else UNKNOWN for body in self._frames for name, macro in _defined(body)}
        own = dict.fromkeys(("caller", "varargs", "kwargs", *(each.name for each in node.args)), UNKNOWN)
        for name in node.args:
            self.refuse_private(name, name.name)
        self.scopes.append({**later, **own})
        for default in node.defaults:
            self.shape(default)
        self.scopes.pop()
        self._scoped(node.body, {**later, **own}, captured=True)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        self.shape(node.filter)
        self._scoped(node.body, {}, captured=True)

    def _with(self, node: nodes.With) -> None:
        names: dict[str, Shape] = {}
        for target, value in zip(node.targets, node.values, strict=True):
            shape = self.shape(value)
            names.update({name: shape if isinstance(target, nodes.Name) else UNKNOWN for name in self._targets(target)})
        self._scoped(node.body, names)

    def _segment(self, node: nodes.Scope) -> None:
        self._scoped(node.body, {})

    def _include(self, node: nodes.Include) -> None:
        alias = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(alias, str) or node.ignore_missing or not node.with_context:
            self.report(
                self.span(node),
                Problem(
                    "an include is one alias in quotes and nothing else", 'write {% include "alias" %}, once for each'
                ),
            )
            return
        self.includes.append((alias, self.span(node.template)))

    def _targets(self, target: nodes.Node) -> list[str]:
        """Return the names that *target* binds; an attribute of a namespace binds none and uses one."""
        found = []
        for node in (target, *target.find_all((nodes.Name, nodes.NSRef))):
            if isinstance(node, nodes.Name):
                self.refuse_private(node, node.name)
                found.append(node.name)
            elif isinstance(node, nodes.NSRef) and self.bound(node.name) is None:
                problem = Problem(f"no namespace {node.name!r}", f"{{% set {node.name} = namespace(…) %}} before")
                self.report(self.span(node), problem)
        return found


def _defined(body: Iterable[nodes.Node]) -> Iterable[tuple[str, bool]]:
    """Yield the names that the statements of *body* define in its own scope, and whether each is a macro."""
    for node in body:
        if isinstance(node, nodes.Macro):
            yield node.name, True
        elif isinstance(node, nodes.Assign | nodes.AssignBlock):
            yield from (
                (name.name, False)
                for name in (node.target, *node.target.find_all(nodes.Name))
                if isinstance(name, nodes.Name)
            )
        elif isinstance(node, nodes.If):
            for branch in (node.body, node.elif_, node.else_):
                yield from _defined(branch)
