"""How much a template can put out at most: its tree, walked with the bounds of the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes

from promptlib.messages import Message, Placeholder
from promptlib.rendering.amounts import EMPTY, Reason, Size, endless, largest, text_size
from promptlib.rendering.bounds import (
    MISSING,
    Bound,
    Listed,
    either,
    fields_of,
    rounds,
    shown,
    textual,
    written,
)
from promptlib.rendering.gathering import joined_item
from promptlib.rendering.growth import Call, fence
from promptlib.rendering.marking import is_fence, is_join, told
from promptlib.rendering.measuring import Items, Row, kept, newest_stays, put_out, thread_size
from promptlib.rendering.parsing import opened
from promptlib.rendering.positions import Span
from promptlib.rendering.reckoning import Closure, Followed, Reckoning, Scope, Spaces
from promptlib.rendering.segmenting import stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptlib.rendering.measuring import Task
    from promptlib.rendering.positions import Spans

#: How often a template is walked until namespaces hold no more than before; what still grows then, grows on.
MOST_WALKS = 4
_ENDLESS = Reason("the template", "it does more than can be followed", "take it apart, or loop over less")


def most_of_tree(tree: nodes.Template, spans: Spans, task: Task, *, cut: bool) -> Size:
    """Return the size of all messages of *tree*, and of what the chat puts around them.

    *cut* says that messages hold segments, with which all of a message can go.
    """
    spaces = Spaces()
    try:
        size = _Walk(tree, spans, task, spaces, cut=cut).size
        walks = 1
        while spaces.changed:
            if walks >= MOST_WALKS:
                spaces.give_up()
            spaces.changed.clear()
            size = _Walk(tree, spans, task, spaces, cut=cut).size
            walks += 1
    except (Followed, RecursionError):
        return text_size(endless(_ENDLESS))
    return size


class _Walk(Reckoning):
    """One way through the statements of a tree."""

    def __init__(self, tree: nodes.Template, spans: Spans, task: Task, spaces: Spaces, *, cut: bool) -> None:
        """Walk through *tree*."""
        super().__init__(task.values, spans, task.scale, spaces)
        self._task = task
        self._captured = 0
        self._inside = 0
        self._opened = 0
        self._listed: Size | None = None
        self._framing = False
        self._statements: dict[type[nodes.Node], Callable[[Any, Row], None]] = {
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
            nodes.ExprStmt: self._opening,
        }
        row = Row(task)
        self._body(tree.body, row)
        size = row.end(closes=True)
        self.size = size if self._stands(tree.body, cut=cut) else size.plus(*self._newest())

    def _newest(self) -> Iterable[Size]:
        for at, piece in enumerate(self._spans.pieces):
            if isinstance(piece, Placeholder) and piece.name in self._task.segments:
                yield Size(tokens=newest_stays(piece.name).at(Span(at, 0, 0)))

    def _stands(self, body: Iterable[nodes.Node], *, cut: bool) -> bool:
        """Say whether a message is certain to be sent: where some can go, one with literal text outside of segments."""
        if not cut:
            numbers = [opened(node) for node in body]
            return any(number is not None and isinstance(self._spans.pieces[number], Message) for number in numbers)
        texts = [child for node in body if isinstance(node, nodes.Output) for child in node.nodes]
        return any(isinstance(child, nodes.TemplateData) and child.data.strip() for child in texts)

    def _body(self, body: Iterable[nodes.Node], row: Row) -> None:
        for node in body:
            self.step()
            rule = self._statements.get(type(node))
            if rule is not None:
                rule(node, row)

    def _within(self, names: Mapping[str, Bound], body: Iterable[nodes.Node], row: Row) -> None:
        """Walk through *body* in a scope of its own."""
        self.scope = Scope(self.scope, names)
        self._body(body, row)
        self.scope = cast("Scope", self.scope.around)

    def _captured_size(self, names: Mapping[str, Bound], body: Iterable[nodes.Node]) -> Size:
        """Return the size of what *body* puts out where it makes a text."""
        row = Row(self._task)
        self._captured += 1
        self._within(names, body, row)
        self._captured -= 1
        return row.end()

    def run(self, closure: Closure, names: Mapping[str, Bound]) -> Size:
        """Return the size of what the body of *closure* puts out."""
        outside, self.scope = self.scope, Scope(closure.scope, names)
        node = closure.node
        optional = node.args[len(node.args) - len(node.defaults) :]
        for argument, default in zip(optional, node.defaults, strict=True):
            if argument.name not in names:
                self.scope.names[argument.name] = self.bound(default)
        made = self._captured_size({}, node.body)
        self.scope = outside
        return made

    # --- what is put out ----------------------------------------------------------------------------------------------

    def _opening(self, node: nodes.ExprStmt, row: Row) -> None:
        number = cast("int", opened(node))
        piece = self._spans.pieces[number]
        self._opened += 1
        if isinstance(piece, Message):
            row.message(piece)
        elif isinstance(piece, Placeholder):
            row.break_off(thread_size(self._task, piece.name).at(Span(number, 0, 0)))

    def _output(self, node: nodes.Output, row: Row) -> None:
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                row.literal(str(child.data) if self._captured else child.data)
                continue
            if isinstance(child, nodes.Const) and isinstance(child.value, str):
                row.literal(child.value)
                continue
            name = told(child)
            if name is not None and not self._captured:
                row.value(self._put_out(child, name).at(self.span(child)))
            else:
                row.value(put_out(self.bound(child), self._scale).at(self.span(child)))

    def _put_out(self, node: nodes.Expr, name: str) -> Size:
        """Return the size of what must stay of a value that a budget may cut: by its own segment, or that around it."""
        size = put_out(self.bound(node), self._scale)
        inner = node.node if is_fence(node) else node
        item = self._item_of(inner) if is_join(inner) else None
        outside = text_size(fence(self._label(node))) if is_fence(node) else EMPTY
        if not name:
            return self._part_of_segment(size, item, outside)
        if not self._task.segmented:
            return size
        if is_fence(node) and inner is not None:
            size = written(self.bound(inner))
        segment = self._task.segments[name]
        return outside.plus(kept(self._task, segment, size, None if item is None else Items(item, EMPTY.bytes)))

    def _label(self, node: nodes.Filter) -> Bound | None:
        arguments, keywords = self._arguments(node)
        return Call(node.name, MISSING, arguments or (), keywords).given(0, "label")

    def _item_of(self, node: nodes.Filter) -> Size:
        value = MISSING if node.node is None else self.bound(node.node)
        arguments, keywords = self._arguments(node)
        return joined_item(Call(node.name, value, arguments or (), keywords))

    def _part_of_segment(self, size: Size, item: Size | None, other: Size) -> Size:
        """Return *size*, or when only the frame of a list is asked for, *other*, which stands where there are none."""
        if item is not None and self._framing:
            self._listed = item
            return other
        return size

    def _include(self, node: nodes.Include, row: Row) -> None:
        alias = cast("nodes.Const", node.template).value
        segmented = self._task.segmented and not (self._captured or self._inside)
        row.value(self._task.include(alias, segmented).at(self.span(node.template)))

    def _call_block(self, node: nodes.CallBlock, row: Row) -> None:
        caller = Bound(calls=(Closure(node, self.scope),))
        row.value(shown(self._call(node.call, caller)).at(self.span(node)))

    def _filter_block(self, node: nodes.FilterBlock, row: Row) -> None:
        body = textual(self._captured_size({}, node.body))
        row.value(shown(self._through(node.filter, body)).at(self.span(node)))

    def _through(self, node: nodes.Filter, value: Bound) -> Bound:
        """Return what filters, one behind the other, make of *value*."""
        inner = node.node
        return self.filtered(node, self._through(inner, value) if isinstance(inner, nodes.Filter) else value)

    # --- branches and scopes ------------------------------------------------------------------------------------------

    def _for(self, node: nodes.For, row: Row) -> None:
        before = self._opened
        count, item = rounds(self.bound(node.iter))
        count = count.at(self.span(node.iter))
        names = self._taken(node.target, item)
        names["loop"] = Bound(loop=Listed(count, item))
        if node.test is not None:
            self.scope = Scope(self.scope, names)
            self.bound(node.test)
            self.scope = cast("Scope", self.scope.around)
        if node.recursive:
            once = self._captured_size(names, node.body)
        else:
            inner = Row(self._task)
            self._inside += bool(told(node))
            self._within(names, node.body, inner)
            self._inside -= bool(told(node))
            once = inner.end()
        rest = Row(self._task)
        self._within({}, node.else_, rest)
        row.value(self._looped(node, once, once.times(count), rest.end()), opened=self._opened != before)

    def _looped(self, node: nodes.For, once: Size, size: Size, other: Size) -> Size:
        name = None if self._captured else told(node)
        if name is None:
            return largest(size, other)
        if not name:
            return self._part_of_segment(largest(size, other), once, other)
        required = kept(self._task, self._task.segments[name], size, Items(once, EMPTY.bytes))
        return largest(required, other)

    def _if(self, node: nodes.If, row: Row) -> None:
        opened_before, scope = self._opened, self.scope
        before = dict(scope.names)
        sizes, ends = [], []
        for branch in (node, *node.elif_):
            self.bound(branch.test)
        for body in (node.body, *(branch.body for branch in node.elif_), node.else_):
            scope.names = dict(before)
            inner = Row(self._task)
            self._body(body, inner)
            sizes.append(inner.end())
            ends.append(scope.names)
        scope.names = before
        names = dict.fromkeys([name for end in ends for name in end])
        scope.names = {name: either(*[self._after(name, end) for end in ends]) for name in names}
        row.value(largest(*sizes), opened=self._opened != opened_before)

    def _after(self, name: str, names: Mapping[str, Bound]) -> Bound:
        """Return what *name* is after a branch that may not have set it."""
        if name in names:
            return names[name]
        outside = self.scope.around.find(name) if self.scope.around is not None else None
        return self._values.get(name, MISSING) if outside is None else outside

    def _with(self, node: nodes.With, row: Row) -> None:
        names: dict[str, Bound] = {}
        for target, value in zip(node.targets, node.values, strict=True):
            names |= self._taken(target, self.bound(value))
        self._within(names, node.body, row)

    def _segment(self, node: nodes.Scope, row: Row) -> None:
        statement = stated(node)
        if statement is None or not self._task.segmented:
            self._within({}, node.body, row)
            return
        size = self._segment_size(node)
        items = None
        if statement.segment.truncate == "items":
            self._framing, self._listed = True, None
            frame = self._segment_size(node)
            self._framing = False
            items = None if self._listed is None else Items(self._listed, frame.bytes)
        row.value(kept(self._task, statement.segment, size, items).at(self.span(node)))

    def _segment_size(self, node: nodes.Scope) -> Size:
        inner = Row(self._task)
        self._inside += 1
        self._within({}, node.body, inner)
        self._inside -= 1
        return inner.end()

    # --- names --------------------------------------------------------------------------------------------------------

    def _taken(self, target: nodes.Node, bound: Bound) -> dict[str, Bound]:
        """Return what the names in *target* get of a value; a name in a namespace is put there."""
        if isinstance(target, nodes.Name):
            return {target.name: bound}
        if isinstance(target, nodes.NSRef):
            holder = self.scope.find(target.name) or MISSING
            for space in holder.spaces:
                self._spaces.put(space, target.attr, bound)
            return {}
        names: dict[str, Bound] = {}
        inside = cast("nodes.Tuple", target).items
        for each, field in zip(inside, fields_of(bound, len(inside)), strict=True):
            names |= self._taken(each, field)
        return names

    def _assign(self, node: nodes.Assign, _: Row) -> None:
        self.scope.names |= self._taken(node.target, self.bound(node.node))

    def _assign_block(self, node: nodes.AssignBlock, _: Row) -> None:
        body = textual(self._captured_size({}, node.body))
        made = body if node.filter is None else self._through(node.filter, body)
        self.scope.names |= self._taken(node.target, made)

    def _macro(self, node: nodes.Macro, _: Row) -> None:
        self.scope.names[node.name] = Bound(calls=(Closure(node, self.scope),))
