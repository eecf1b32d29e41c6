"""The environment of foreign templates, and code that weighs each thing before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes
from jinja2.runtime import Undefined
from jinja2.tests import TESTS
from jinja2.utils import Namespace, pass_context

from promptlib.rendering import allowed, limits
from promptlib.rendering.environment import Function, PromptEnvironment, RenderContext
from promptlib.rendering.generating import PieceGenerator
from promptlib.rendering.metering import refuse
from promptlib.rendering.weighedfilters import WEIGHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment
    from jinja2.compiler import Frame

LARGEST_RANGE = 100_000


class ForeignEnvironment(PromptEnvironment):
    """Only what is on the list, and each filter, test and function weighed."""

    def __init__(self) -> None:
        """Take in what is on the list."""
        super().__init__()
        self.filters = {name: WEIGHED[name] for name in sorted(allowed.FILTERS)}
        self.tests = {name: _TESTS.get(name, TESTS[name]) for name in sorted(allowed.TESTS)}
        self.globals = {name: _Weighed(name, call) for name, call in _CALLS.items()}
        self._callables = tuple(self.globals.values())

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - Jinja's own signature
        """Return an item; what can be no key is not there."""
        if argument.__class__ is not str and argument.__class__ is not int and not _is_key(argument):
            return self.undefined(obj=obj, name=f"a {type(argument).__name__}")
        return super().getitem(obj, argument)


def _is_key(value: object) -> bool:
    return value is None or isinstance(value, bool | float | Undefined)


class _Weighed(Function):
    """A function that gets the context, and with it the meter."""

    __slots__ = ()

    @pass_context
    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call it."""
        return self._call(*args, **kwargs)


def _range(context: RenderContext, *args: Any) -> range:  # noqa: ANN401 - whatever a template gives
    context.meter.spend(1)
    made = range(*args)
    if not -limits.LARGEST_NUMBER < made.start < limits.LARGEST_NUMBER or len(made) > LARGEST_RANGE:
        refuse("range", f"a range of more than {LARGEST_RANGE:,} numbers", "count less far")
    return made


def _copied(context: RenderContext, args: tuple[Any, ...]) -> list[dict[Any, Any]]:
    """Return the one mapping that `dict` and `namespace` take besides keywords."""
    if len(args) > 1:
        message = f"expected at most 1 argument, got {len(args)}"
        raise TypeError(message)
    meter = context.meter
    found = []
    for given in args:
        pairs = list(given.items()) if given.__class__ is dict else meter.items(given)
        meter.make(len(pairs) * limits.OBJECT)
        meter.spend(len(pairs) * 4)
        found.append({meter.key(key): value for key, value in pairs})
    return found


def _dict(context: RenderContext, *args: Any, **kwargs: Any) -> dict[Any, Any]:  # noqa: ANN401 - whatever a template gives
    context.meter.spend(10)
    context.meter.make(limits.OBJECT * (4 + 2 * len(kwargs)))
    return dict(*_copied(context, args), **kwargs)


def _namespace(context: RenderContext, *args: Any, **kwargs: Any) -> Namespace:  # noqa: ANN401 - whatever a template gives
    context.meter.spend(20)
    context.meter.make(limits.OBJECT * (8 + 2 * len(kwargs)))
    return Namespace(*_copied(context, args), **kwargs)


_CALLS: dict[str, Callable[..., object]] = {"range": _range, "dict": _dict, "namespace": _namespace}

# --- tests ------------------------------------------------------------------------------------------------------------


def _comparing(name: str) -> Callable[..., Any]:
    work = cast("Callable[..., Any]", TESTS[name])

    @pass_context
    def compare(context: RenderContext, value: Any, other: Any) -> Any:  # noqa: ANN401 - whatever a template gives
        return work(context.meter.operand(value), context.meter.operand(other))

    return compare


def _counting(name: str) -> Callable[..., Any]:
    work = cast("Callable[..., Any]", TESTS[name])

    @pass_context
    def count(context: RenderContext, value: Any, *args: Any) -> Any:  # noqa: ANN401 - whatever a template gives
        # With a text on the left, Python's remainder would fill in a format.
        for each in (value, *args):
            if isinstance(each, str):
                message = f"{name} needs a number, not a text"
                raise TypeError(message)
            context.meter.number(each)
        return work(value, *args)

    return count


def _reading(name: str) -> Callable[..., Any]:
    work = cast("Callable[..., Any]", TESTS[name])

    @pass_context
    def read(context: RenderContext, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
        text = context.meter.text(value)
        context.meter.spend(len(text) // limits.SLOW)
        return work(text)

    return read


@pass_context
def _in(context: RenderContext, value: Any, other: Any) -> bool:  # noqa: ANN401 - whatever a template gives
    return context.meter.within(value, other)


_COMPARISONS = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "equalto",
    "lessthan",
    "greaterthan",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
)
_TESTS: dict[str, Callable[..., Any]] = {
    **{name: _comparing(name) for name in _COMPARISONS},
    **{name: _counting(name) for name in ("odd", "even", "divisibleby")},
    **{name: _reading(name) for name in ("lower", "upper")},
    "in": _in,
}

FOREIGN_ENVIRONMENT = ForeignEnvironment()


# --- code -------------------------------------------------------------------------------------------------------------

#: What one evaluation of a node takes, in tenths of a step: measured, and rounded up.
_WEIGHTS: dict[type[nodes.Node], int] = {
    nodes.Const: 2,
    nodes.TemplateData: 3,
    nodes.Name: 3,
    nodes.Output: 6,
    nodes.Getattr: 12,
    nodes.Getitem: 18,
    nodes.Slice: 40,
    nodes.Compare: 20,
    nodes.Filter: 60,
    nodes.Test: 40,
    nodes.Concat: 40,
    nodes.Add: 30,
    nodes.Sub: 30,
    nodes.Mul: 50,
    nodes.Div: 30,
    nodes.FloorDiv: 30,
    nodes.Mod: 30,
    nodes.Pow: 40,
    nodes.List: 20,
    nodes.Tuple: 20,
    nodes.Dict: 25,
    nodes.Call: 220,
    nodes.CallBlock: 250,
    nodes.Macro: 100,
    nodes.For: 120,
    nodes.AssignBlock: 40,
    nodes.FilterBlock: 40,
    nodes.Include: 50,
    nodes.With: 15,
    nodes.Scope: 15,
}
_OTHERS = 4
_TENTHS = 10


def weight_of(body: Iterable[nodes.Node]) -> int:
    """Return how many steps one round through *body* takes, the rounds of loops and macros inside apart."""
    total = _TENTHS
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        total += _WEIGHTS.get(type(node), _OTHERS)
        if isinstance(node, nodes.For):
            waiting.append(node.iter)
        elif isinstance(node, nodes.CallBlock):
            waiting.append(node.call)
        elif not isinstance(node, nodes.Macro):
            waiting.extend(node.iter_child_nodes())
    return -(-total // _TENTHS)


class GuardedGenerator(PieceGenerator):
    """Code in which loops, macros, operators and blocks ask the meter first."""

    def __init__(self, environment: Environment, name: str | None, filename: str) -> None:
        """Begin without a tree."""
        super().__init__(environment, name, filename)
        self._loops: dict[int, int] = {}
        self._rounds: dict[int, int] = {}
        self._compared: set[int] = set()

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja's name
        """Weigh every loop and macro of the tree, then write the code."""
        for loop in node.find_all(nodes.For):
            test = [loop.test] if loop.test is not None else []
            self._loops[id(loop.iter)] = weight_of([*loop.body, *test]) + weight_of([loop.target])
        macros: list[nodes.Macro | nodes.CallBlock] = [*node.find_all(nodes.Macro), *node.find_all(nodes.CallBlock)]
        for macro in macros:
            mark = nodes.ExprStmt(nodes.Const(0), lineno=macro.lineno)
            self._rounds[id(mark)] = weight_of([*macro.body, *macro.defaults, *macro.args])
            macro.body.insert(0, mark)
        super().visit_Template(node, frame)

    def write_commons(self) -> None:
        """Put the meter's methods under short names; blocks and macros are joined by it."""
        super().write_commons()
        self.writeline("meter = context.meter")
        self.writeline("shown = meter.shown; shown_text = meter.shown_text; concat = meter.joined")
        self.writeline("operand = meter.operand; spend = meter.spend")

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - Jinja's own signature
        """Write *node*; what a loop goes over and what `loop.changed` compares is weighed."""
        weight = self._loops.get(id(node))
        if weight is None and id(node) not in self._compared:
            return super().visit(node, *args, **kwargs)
        self.write("operand(" if weight is None else "meter.loop(")
        super().visit(node, *args, **kwargs)
        self.write(")" if weight is None else f", {weight})")
        return None

    def visit_ExprStmt(self, node: nodes.ExprStmt, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Use up the steps of one call of a macro, or yield the number of the piece that opens."""
        weight = self._rounds.get(id(node))
        if weight is None:
            super().visit_ExprStmt(node, frame)
        else:
            self.writeline(f"spend({weight})", node)

    def _call_meter(self, method: str, arguments: Iterable[nodes.Expr | None], frame: Frame) -> None:
        self.write(f"meter.{method}(")
        for argument in arguments:
            if argument is None:
                self.write("None")
            else:
                self.visit(argument, frame)
            self.write(", ")
        self.write(")")

    def visit_Add(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left + right`."""
        self._call_meter("add", (node.left, node.right), frame)

    def visit_Mul(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left * right`."""
        self._call_meter("multiply", (node.left, node.right), frame)

    def visit_Sub(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left - right`."""
        self._call_meter("subtract", (node.left, node.right), frame)

    def visit_Div(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left / right`."""
        self._call_meter("divide", (node.left, node.right), frame)

    def visit_FloorDiv(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left // right`."""
        self._call_meter("divide_down", (node.left, node.right), frame)

    def visit_Pow(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left ** right`."""
        self._call_meter("power", (node.left, node.right), frame)

    def visit_Mod(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `left % right`."""
        self._call_meter("remainder", (node.left, node.right), frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `one ~ other`."""
        self.write("meter.concat((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a comparison; one with a short constant needs no weighing."""
        first = node.ops[0]
        if len(node.ops) == 1 and first.op in ("in", "notin"):
            self.write("(not " if first.op == "notin" else "(")
            if _short_constants(first.expr):
                self._call_meter("operand", (node.expr,), frame)
                self.write(" in ")
                self.visit(first.expr, frame)
            else:
                self._call_meter("within", (node.expr, first.expr), frame)
            self.write(")")
        elif len(node.ops) == 1 and (_short_constant(node.expr) or _short_constant(first.expr)):
            super().visit_Compare(node, frame)
        else:
            self.write("(")
            self._operand(node.expr, frame)
            for each in node.ops:
                self.write(f" {_OPERATORS[each.op]} ")
                self._operand(each.expr, frame)
            self.write(")")

    def _operand(self, node: nodes.Expr, frame: Frame) -> None:
        self.write("operand(")
        self.visit(node, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `value[item]` or `value[start:stop:step]`."""
        if isinstance(node.arg, nodes.Slice):
            part = node.arg
            self._call_meter("sliced", (node.node, part.start, part.stop, part.step), frame)
        else:
            super().visit_Getitem(node, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a list; each one that is made is one to keep."""
        self.write(f"meter.made({limits.OBJECT + limits.ITEM * len(node.items)}, ")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a tuple, as the target of a loop or as a value."""
        if node.ctx == "store":
            super().visit_Tuple(node, frame)
            return
        self.write(f"meter.made({limits.OBJECT + limits.ITEM * len(node.items)}, ")
        super().visit_Tuple(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a mapping; its keys are texts and numbers."""
        self.write(f"meter.made({limits.OBJECT * (4 + 2 * len(node.items))}, {{")
        for at, item in enumerate(node.items):
            self.write(", " if at else "")
            if isinstance(item.key, nodes.Const):
                self.visit(item.key, frame)
            else:
                self._call_meter("key", (item.key,), frame)
            self.write(": ")
            self.visit(item.value, frame)
        self.write("})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: FBT001, FBT002, N802 - Jinja's own signature
        """Write a call; what `loop.changed` compares is weighed."""
        if isinstance(node.node, nodes.Getattr):
            self._compared.update(map(id, node.args))
        super().visit_Call(node, frame, forward_caller=forward_caller)


_OPERATORS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}
#: Characters of a constant that may be compared unweighed.
SHORT = 256


def _short_constant(node: nodes.Expr) -> bool:
    if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict):
        return not node.items
    return isinstance(node, nodes.Const) and (not isinstance(node.value, str) or len(node.value) <= SHORT)


def _short_constants(node: nodes.Expr) -> bool:
    if not isinstance(node, nodes.List | nodes.Tuple):
        return False
    return all(isinstance(each, nodes.Const) and _short_constant(each) for each in node.items)
