"""The syntax tree as Python code that yields texts, parts, and the numbers of the messages that open."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.environment import Template

from promptlib.rendering.collecting import Opening, Soft
from promptlib.rendering.environment import ENVIRONMENT, concatenated, shown, shown_text
from promptlib.rendering.parsing import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import StringIO

    from jinja2 import Environment
    from jinja2.compiler import Frame

    from promptlib.rendering.environment import RenderContext

FILENAME = "<prompt>"
#: Larger numbers are written when they are rendered, where a failure has its place.
_SHOWN = 10**20


class Program:
    """A template as a generator function."""

    __slots__ = ("_template", "root")

    def __init__(
        self, tree: nodes.Template, environment: Environment = ENVIRONMENT, kind: type[PieceGenerator] | None = None
    ) -> None:
        """Compile *tree*; raises what Python raises for code that is nested too deeply or cannot be."""
        generator = (kind or PieceGenerator)(environment, None, FILENAME)
        generator.visit(tree)
        code = compile(generator.source(), FILENAME, "exec")
        self._template = Template.from_code(environment, code, {})
        self.root: Callable[[RenderContext], Iterator[object]] = self._template.root_render_func
        self.root.__globals__.update(generator.constants)

    def token_of(self, error: BaseException) -> int:
        """Return the number of the token at which *error* was raised, or 0."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals is self.root.__globals__:
                line = trace.tb_lineno
            trace = trace.tb_next
        return self._template.get_corresponding_lineno(line) if line else 0


class PieceGenerator(CodeGenerator):
    """Jinja's code generator, with messages, soft line breaks, images and includes.

    A value that is a `str` already is put out as it is; anything else goes through `shown`.
    """

    def __init__(self, environment: Environment, name: str | None, filename: str) -> None:
        """Begin with the functions that the code calls."""
        # Python numbers and texts can be made huge by folding, where no place could be told.
        super().__init__(environment, name, filename, optimized=False)
        self.constants: dict[str, object] = {"shown": shown, "shown_text": shown_text, "str_join": concatenated}

    def source(self) -> str:
        """Return the Python code."""
        return cast("StringIO", self.stream).getvalue()

    def visit_ExprStmt(self, node: nodes.ExprStmt, frame: Frame) -> None:  # noqa: ARG002, N802 - Jinja's signature
        """Yield the number of the piece that opens."""
        number = cast("int", opened(node))
        self.constants[f"opening_{number}"] = Opening(number)
        self.writeline(f"yield opening_{number}", node)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Put out the text of the included prompt."""
        self.start_write(frame, node)
        self.write("context.include(")
        self.visit(node.template, frame)
        self.write(")")
        self.end_write(frame)

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Put out what the filter makes of the block as text: it may be a number or a list."""
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        self.enter_frame(inner)
        self.buffer(inner)
        self.blockvisit(node.body, inner)
        self.start_write(frame, node)
        self.write("shown_text(")
        self.visit_Filter(node.filter, inner)
        self.write(")")
        self.end_write(frame)
        self.leave_frame(inner)

    def visit_CallBlock(self, node: nodes.CallBlock, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Put out what the macro makes of the block as text: `dict` can be called as well."""
        inner, macro = self.macro_body(node, frame)
        self.writeline("caller = ")
        self.macro_def(macro, inner)
        self.start_write(frame, node)
        self.write("shown_text(")
        self.visit_Call(node.call, frame, forward_caller=True)
        self.write(")")
        self.end_write(frame)

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Put out literal text and values in their order."""
        text: list[str] = []
        for child in node.nodes:
            constant = self._constant(child)
            if isinstance(constant, Soft) and frame.buffer is None:
                self._put_text(text, frame)
                self._put_soft(constant)
            elif constant is not None:
                text.append(constant)
            else:
                self._put_text(text, frame)
                self.put_value(child, frame)
        self._put_text(text, frame)

    def _constant(self, node: nodes.Expr) -> str | None:
        if isinstance(node, nodes.TemplateData):
            return node.data
        # Only what stands there as it is: folding filters and operators would run them before any budget is at hand.
        value = node.value if isinstance(node, nodes.Const) else None
        return str(value) if type(value) in (str, float, bool) or (type(value) is int and abs(value) < _SHOWN) else None

    def _put_text(self, text: list[str], frame: Frame) -> None:
        if text:
            self.simple_write(repr("".join(text)), frame)
            text.clear()

    def _put_soft(self, text: Soft) -> None:
        name = f"soft_{len(self.constants)}"
        self.constants[name] = text
        self.writeline(f"yield {name}")

    def put_value(self, node: nodes.Expr, frame: Frame) -> None:
        """Put out one value: text as it is, anything else as it stands in a message."""
        held = self.temporary_identifier()
        self.start_write(frame, node)
        self.write(f"({held} if ({held} := ")
        self.visit(node, frame)
        self.write(f").__class__ is str else {'shown' if frame.buffer is None else 'shown_text'}({held}))")
        self.end_write(frame)
