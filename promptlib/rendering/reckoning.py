"""How large the value of an expression can be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes

from promptlib.rendering.amounts import EMPTY, Reason, Size, amount, endless, text_size
from promptlib.rendering.bounds import (
    MISSING,
    TRUTH,
    WIDEST,
    Bound,
    Listed,
    Mapped,
    any_part,
    counted,
    either,
    light,
    listing,
    mapping,
    numbers,
    of_constant,
    part,
    rounds,
    textual,
    unknown,
    whole,
    written,
)
from promptlib.rendering.filtering import filtered
from promptlib.rendering.gathering import added, multiplied
from promptlib.rendering.growth import Call, formatted
from promptlib.rendering.intervals import MOST_BITS, edge, furthest, negative, positive, product, ranged, slice_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptlib.rendering.amounts import Scale
    from promptlib.rendering.positions import Span, Spans

FUNCTIONS = frozenset({"range", "dict", "namespace"})
#: Nodes that are looked at: macros that call macros can be small to write and endless to follow.
MOST_STEPS = 60_000
_DEEPEST_LOOP = 1_000
#: A value of so many bounds takes a step.
_LIGHT = 8
_TEXTS = "a text is repeated without limit"


class Followed(Exception):
    """So much was followed that the rest is not."""


class Scope:
    """Names of a statement's body, in those of what is around it."""

    __slots__ = ("around", "names")

    def __init__(self, around: Scope | None = None, names: Mapping[str, Bound] | None = None) -> None:
        """Begin with *names*."""
        self.around = around
        self.names: dict[str, Bound] = dict(names or {})

    def find(self, name: str) -> Bound | None:
        """Return what *name* is here, or None where the template does not define it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return None


@dataclass(frozen=True, eq=False, slots=True)
class Closure:
    """A macro, or the body of a call block, and the names around it."""

    node: nodes.Macro | nodes.CallBlock
    scope: Scope


@dataclass(slots=True)
class Spaces:
    """What was ever put into namespaces, whatever the order: by where the namespace was made, and the name."""

    held: dict[tuple[int, str], Bound] = field(default_factory=dict)
    changed: set[tuple[int, str]] = field(default_factory=set)

    def put(self, space: int, name: str, bound: Bound) -> None:
        """Put *bound* beside what was there."""
        before = self.held.get((space, name), MISSING)
        if before.anything is not None:
            return
        after = either(before, replace(bound, known=()))
        if after != before:
            self.held[space, name] = after
            self.changed.add((space, name))

    def give_up(self) -> None:
        """Take what was changed for what has no limit."""
        for key in self.changed:
            hint = "compute it in the application, or with a filter such as sum"
            self.held[key] = unknown(
                Reason(f"{key[1]!r} of a namespace", "it grows while the prompt is rendered", hint)
            )

    def get(self, spaces: Iterable[int], name: str) -> Bound:
        """Return what may be there."""
        return either(*[self.held.get((space, name), MISSING) for space in sorted(spaces)])


class Reckoning(ABC):
    """Reads expressions in the scope of the statements around them."""

    def __init__(self, values: Mapping[str, Bound], spans: Spans, scale: Scale, spaces: Spaces) -> None:
        """Begin outside of every scope, with the *values* of inputs."""
        self.scope = Scope()
        self._values = values
        self._spans = spans
        self._scale = scale
        self._spaces = spaces
        self._steps = 0
        self._active: list[int] = []
        self._rules: dict[type[nodes.Node], Callable[[Any], Bound]] = {
            nodes.Name: self._name,
            nodes.Const: self._constant,
            nodes.TemplateData: lambda node: textual(self._literal(node.data)),
            nodes.List: self._list,
            nodes.Tuple: self._list,
            nodes.Dict: self._dict,
            nodes.Getattr: lambda node: self._attribute(self.bound(node.node), node.attr),
            nodes.Getitem: self._item,
            nodes.Filter: self._filter,
            nodes.Concat: self._concatenated,
            nodes.CondExpr: self._condition,
            nodes.And: self._either,
            nodes.Or: self._either,
            nodes.Call: self._call,
            nodes.Add: lambda node: added(self.bound(node.left), self.bound(node.right)),
            nodes.Sub: self._difference,
            nodes.Mul: self._product,
            nodes.Div: self._quotient,
            nodes.FloorDiv: self._quotient,
            nodes.Mod: self._remainder,
            nodes.Pow: self._power,
            nodes.Neg: lambda node: negative(self.bound(node.node)),
            nodes.Pos: lambda node: negative(negative(self.bound(node.node))),
        }

    def bound(self, node: nodes.Node) -> Bound:
        """Return what the value of *node* can be."""
        self.step()
        rule = self._rules.get(type(node))
        if rule is not None:
            found = light(rule(node))
            self.step(found.weight // _LIGHT)
            return found
        for child in node.iter_child_nodes():
            self.bound(child)
        return TRUTH  # tests, comparisons, not

    def step(self, steps: int = 1) -> None:
        """Count one node more, or what a heavy value takes; raises `Followed` after too many."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise Followed

    def span(self, node: nodes.Node) -> Span:
        """Return the token of *node*."""
        return self._spans[node.lineno]

    @abstractmethod
    def run(self, closure: Closure, names: Mapping[str, Bound]) -> Size:
        """Return the size of what the body of *closure* puts out."""

    def _literal(self, text: str, source: str = "") -> Size:
        in_bytes = amount(len(text.encode(errors="surrogatepass")), source)
        tokens = amount(self._scale.literal(text, opens=False, closes=False), source)
        return Size(in_bytes, tokens, amount(len(text), source))

    def _name(self, node: nodes.Name) -> Bound:
        found = self.scope.find(node.name)
        found = self._values.get(node.name) if found is None else found
        if found is None:
            return Bound(calls=(node.name,)) if node.name in FUNCTIONS else MISSING
        return found

    def _constant(self, node: nodes.Const) -> Bound:
        if isinstance(node.value, str):
            return Bound(text=self._literal(node.value), known=(node.value,))
        return of_constant(node.value)

    def _list(self, node: nodes.List | nodes.Tuple) -> Bound:
        fields = tuple(self.bound(each) for each in node.items)
        return listing(amount(len(fields)), either(*fields), fields)

    def _dict(self, node: nodes.Dict) -> Bound:
        pairs = [(self.bound(each.key), self.bound(each.value)) for each in node.items]
        if all(key.known for key, _ in pairs):
            return mapping((key.known[0], value) for key, value in pairs)
        keys, items = either(*[key for key, _ in pairs]), either(*[value for _, value in pairs])
        return Bound(mapped=Mapped(amount(len(pairs)), replace(keys, known=()), items))

    def _attribute(self, base: Bound, name: str) -> Bound:
        found = part(base, name)
        if base.spaces:
            found = either(found, self._spaces.get(base.spaces, name))
        return found if base.loop is None else either(found, _of_loop(base.loop, name))

    def _item(self, node: nodes.Getitem) -> Bound:
        base = self.bound(node.node)
        if isinstance(node.arg, nodes.Slice):
            return self._sliced(base, node.arg)
        key = self.bound(node.arg)
        if not key.known:
            return any_part(base)
        return part(base, key.known[0])

    def _sliced(self, base: Bound, node: nodes.Slice) -> Bound:
        edges = [None if each is None else self.bound(each) for each in (node.start, node.stop, node.step)]
        most = slice_length(*[edge(each) for each in edges[:2]]) if edges[2] is None else None
        if base.anything is not None and most is None:
            return unknown(base.anything)
        text = written(base) if base.anything is not None else base.text
        found = MISSING
        if text is not None:
            in_bytes = text.bytes if most is None else text.bytes.capped(WIDEST * most)
            found = textual(text_size(in_bytes, text.characters.capped(most)))
        rest = replace(base, text=None, mapped=None)
        count, item = rounds(rest)
        return either(found, listing(count.capped(most), item)) if rest.listed or rest.anything else found

    def _filter(self, node: nodes.Filter) -> Bound:
        return self.filtered(node, MISSING if node.node is None else self.bound(node.node))

    def filtered(self, node: nodes.Filter, value: Bound) -> Bound:
        """Return what the filter makes of *value*."""
        arguments, keywords = self._arguments(node)
        call = Call(node.name, value, arguments or (), keywords, self.span(node))
        return filtered(call) if arguments is not None else call.open(_STARS, "write the arguments out")

    def _arguments(
        self, node: nodes.Filter | nodes.Call
    ) -> tuple[tuple[Bound, ...] | None, tuple[tuple[str, Bound], ...]]:
        """Return the arguments; None for those that are computed as a whole."""
        arguments = tuple(self.bound(each) for each in node.args)
        words = cast("list[nodes.Keyword]", node.kwargs)  # Jinja declares pairs and makes keywords
        keywords = tuple((each.key, self.bound(each.value)) for each in words)
        stars = [self.bound(each) for each in (node.dyn_args, node.dyn_kwargs) if each is not None]
        return (None if stars else arguments), keywords

    def _concatenated(self, node: nodes.Concat) -> Bound:
        return textual(EMPTY.plus(*[written(self.bound(each)) for each in node.nodes]))

    def _condition(self, node: nodes.CondExpr) -> Bound:
        self.bound(node.test)
        other = MISSING if node.expr2 is None else self.bound(node.expr2)
        return either(self.bound(node.expr1), other)

    def _either(self, node: nodes.BinExpr) -> Bound:
        return either(self.bound(node.left), self.bound(node.right))

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(self, node: nodes.Call, caller: Bound | None = None) -> Bound:
        """Return what a call makes; *caller* is the body of its block."""
        arguments, given = self._arguments(node)
        keywords = dict(given) if caller is None else {**dict(given), "caller": caller}
        name = node.node.name if isinstance(node.node, nodes.Name) else cast("nodes.Getattr", node.node).attr
        if arguments is None:
            return self._lost(node, name, _STARS)
        if isinstance(node.node, nodes.Getattr):
            return either(*arguments) if name == "cycle" else TRUTH  # nothing but `loop` has what can be called
        called = self.bound(node.node)
        found = [self._called(each, node, arguments, keywords) for each in called.calls]
        if called.loop is not None:
            found.append(self._lost(node, name, "a loop that calls itself has no limit"))
        return either(*found)

    def _lost(self, node: nodes.Node, name: str, why: str) -> Bound:
        hint = "write it out, or let a budget cut it with a segment"
        return unknown(Reason(f"the call of {name!r}", why, hint, place=self.span(node)))

    def _called(
        self, what: object, node: nodes.Node, arguments: tuple[Bound, ...], keywords: dict[str, Bound]
    ) -> Bound:
        """Return what a macro makes, the body of a call block, or a function by its name."""
        if not isinstance(what, Closure):
            return self._built(str(what), node, arguments, keywords)
        inner = what.node
        name = inner.name if isinstance(inner, nodes.Macro) else "caller"
        if id(inner) in self._active:
            return self._lost(node, name, "a macro that calls itself has no limit")
        known = {each.name for each in inner.args}
        given = {each.name: bound for each, bound in zip(inner.args, arguments, strict=False)}
        given |= {key: bound for key, bound in keywords.items() if key in known}
        rest = arguments[len(inner.args) :]
        special = {
            "caller": keywords.get("caller", MISSING),
            "varargs": listing(amount(len(rest)), either(*rest), rest),
            "kwargs": mapping((key, bound) for key, bound in keywords.items() if key not in {*known, "caller"}),
        }
        self._active.append(id(inner))
        # An argument of such a name is an argument like any other.
        made = self.run(what, {key: bound for key, bound in special.items() if key not in known} | given)
        self._active.pop()
        return textual(made)

    def _built(self, name: str, node: nodes.Node, arguments: tuple[Bound, ...], keywords: dict[str, Bound]) -> Bound:
        if name == "range":
            return ranged(arguments)
        given = arguments[0] if arguments else MISSING
        if name == "namespace":
            space = node.lineno
            for key, bound in [*_entries(given), *keywords.items()]:
                self._spaces.put(space, str(key), bound)
            return Bound(spaces=frozenset({space}))
        if given == MISSING or (given.mapped is not None and given.mapped.closed):
            return mapping([*_entries(given), *keywords.items()])
        count, item = rounds(given)
        inside = given.mapped.item if given.mapped is not None else any_part(item)
        keys = either(item if given.mapped is not None else any_part(item), *map(of_constant, keywords))
        items = either(inside, *keywords.values())
        total = count.plus(amount(len(keywords)))
        return Bound(mapped=Mapped(total, replace(keys, known=()), items), anything=given.anything)

    # --- operators ----------------------------------------------------------------------------------------------------

    def _operands(self, node: nodes.BinExpr) -> tuple[Bound, Bound, Bound]:
        """Return both operands, and what stands for their result where nothing is known of one."""
        left, right = self.bound(node.left), self.bound(node.right)
        reason = left.anything or right.anything
        return left, right, MISSING if reason is None else unknown(reason)

    def _difference(self, node: nodes.BinExpr) -> Bound:
        left, right, lost = self._operands(node)
        return either(lost, added(replace(left, text=None, listed=None), negative(right)))

    def _product(self, node: nodes.BinExpr) -> Bound:
        left, right, lost = self._operands(node)
        made = [lost]
        for many, times in ((left, right), (right, left)):
            found = numbers(times)
            if found is not None and (many.text is not None or many.listed is not None):
                why = Reason(times.source or "a number", _TEXTS, "declare it with le", times.source)
                count = endless(why) if found.high is None else amount(found.high, times.source)
                made.append(multiplied(Bound(text=many.text, listed=many.listed), count))
        source = left.source or right.source
        one, other = numbers(left), numbers(right)
        if one is not None and other is not None:
            made.append(product(one, other, source))
        return either(*made, _real(left, right))

    def _quotient(self, node: nodes.BinExpr) -> Bound:
        left, right, lost = self._operands(node)
        one, other = numbers(left), numbers(right)
        if isinstance(node, nodes.Div) or one is None or other is None:
            return either(lost, Bound(real=True, source=left.source or right.source))
        most = furthest(one)
        low = 0 if positive(one) and positive(other) else None if most is None else -most - 1
        return either(lost, whole(low, most, left.source or right.source), _real(left, right))

    def _remainder(self, node: nodes.BinExpr) -> Bound:
        left, right, lost = self._operands(node)
        made = [lost, _real(left, right)]
        divisor = numbers(right)
        if numbers(left) is not None and divisor is not None:
            most = furthest(divisor)
            low = 0 if positive(divisor) else None if most is None else -most
            made.append(whole(low, most, left.source or right.source))
        if left.text is not None or left.anything is not None:
            made.append(self._filled(left, right, node))
        return either(*made)

    def _filled(self, left: Bound, right: Bound, node: nodes.BinExpr) -> Bound:
        """Return what a text makes of `text % values`."""
        pattern = left.known[0] if left.known else None
        if isinstance(pattern, str):
            fields = right.listed.fields if right.listed is not None else ()
            arguments = tuple(either(each, right) for each in fields) or (right,)
            words = dict(right.mapped.entries) if right.mapped is not None else {}
            found = formatted(pattern, arguments, words) if right.mapped is None or right.mapped.closed else None
            if found is not None:
                return found
        why = "a format that is not written out can be of any width"
        return unknown(Reason("the operator %", why, "use ~ instead", place=self.span(node)))

    def _power(self, node: nodes.BinExpr) -> Bound:
        left, right, lost = self._operands(node)
        one, other = numbers(left), numbers(right)
        real = Bound(real=True, source=left.source or right.source)
        if right.real and (left.real or one is None or not positive(one)):
            why, hint = "a root of a negative number is no number", "write a positive number, or round it first"
            lost = either(lost, unknown(Reason("the operator **", why, hint, place=self.span(node))))
        if one is None or other is None:
            return either(lost, real)
        most, times = furthest(one), other.high
        found = None
        if most is not None and times is not None and most.bit_length() * max(times, 0) <= MOST_BITS:
            found = max(1, most ** max(times, 0))
        low = 0 if positive(one) else None if found is None else -found
        made = whole(low, found, left.source or right.source)
        return either(lost, made, MISSING if positive(other) and not (left.real or right.real) else real)


_STARS = "what stands behind a star is not known"


def _real(*bounds: Bound) -> Bound:
    if any(each.real for each in bounds):
        return Bound(real=True, source=next((each.source for each in bounds if each.source), ""))
    return MISSING


def _entries(bound: Bound) -> tuple[tuple[object, Bound], ...]:
    return bound.mapped.entries if bound.mapped is not None else ()


def _of_loop(loop: Listed, name: str) -> Bound:
    """Return what `loop` knows under *name*."""
    if name in ("index", "index0", "revindex", "revindex0", "length"):
        return counted(loop.count)
    if name in ("depth", "depth0"):
        return whole(0, _DEEPEST_LOOP)
    return loop.item if name in ("previtem", "nextitem") else TRUTH
