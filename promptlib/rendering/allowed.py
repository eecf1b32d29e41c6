"""What foreign templates may use: the whole list, whatever is not on it is refused."""

from __future__ import annotations

from jinja2 import nodes

#: The syntax, and what people call it; what is not here has no name in a template's own words.
NODES: frozenset[type[nodes.Node]] = frozenset(
    {
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.ExprStmt,
        nodes.For, nodes.If, nodes.Break, nodes.Continue, nodes.With, nodes.Scope, nodes.Include,
        nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.Assign, nodes.AssignBlock, nodes.NSRef,
        nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
        nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Call, nodes.Filter, nodes.Test, nodes.CondExpr,
        nodes.Concat, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
        nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos,
    }
)  # fmt: skip

#: Statements, as templates write them.
STATEMENTS = (
    *("for", "if", "set", "with", "macro", "call", "filter", "include", "raw", "break", "continue", "block"),
    "segment",
)

FILTERS = frozenset(
    {
        "abs", "batch", "capitalize", "center", "count", "d", "date", "days_until", "default", "delimited",
        "dictsort", "e", "escape", "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent",
        "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
        "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum",
        "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "wordwrap",
    }
)  # fmt: skip

TESTS = frozenset(
    {
        "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float", "ge", "greaterthan", "gt",
        "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd",
        "sameas", "sequence", "string", "true", "undefined", "upper", "==", "!=", "<", "<=", ">", ">=",
    }
)  # fmt: skip

#: What can be called besides the template's own macros and `caller`.
GLOBALS = frozenset({"range", "dict", "namespace"})
#: What can be called of `loop`.
LOOP_CALLS = frozenset({"cycle", "changed"})

#: Filters that take the name of an attribute, a filter or a test: where among the arguments, and under which keyword.
NAMING: dict[str, tuple[tuple[int, ...], str]] = {
    "map": ((0,), "attribute"),
    "select": ((0,), ""),
    "reject": ((0,), ""),
    "selectattr": ((0, 1), ""),
    "rejectattr": ((0, 1), ""),
    "groupby": ((0,), "attribute"),
    "sort": ((2,), "attribute"),
    "unique": ((1,), "attribute"),
    "min": ((1,), "attribute"),
    "max": ((1,), "attribute"),
    "sum": ((0,), "attribute"),
    "join": ((1,), "attribute"),
}
#: Of these, the ones whose name is that of a filter or a test, and at which argument.
NAMES_FILTER = {"map": 0}
NAMES_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
