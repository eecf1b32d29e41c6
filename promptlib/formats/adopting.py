"""From a foreign Prompty file to a prompt, by what its authors mean."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.codec.emitting import entries
from promptlib.codec.fence import Halves, halves
from promptlib.codec.parsing import parse
from promptlib.codec.reading import parsed, prompt_of
from promptlib.codec.source import Node, Source
from promptlib.errors import InvalidFile, InvalidPrompt, Where
from promptlib.formats.adapting import Header
from promptlib.formats.arrivals import Made
from promptlib.formats.bodies import Adapted
from promptlib.formats.bodies import adapted as adapted_body
from promptlib.formats.mustache import HTML, jinja_of
from promptlib.messages import Placeholder
from promptlib.prompt import Prompt
from promptlib.rendering import compile_pieces

if TYPE_CHECKING:
    from promptlib.trust import Trust

#: Inputs whose kind does not fit their use become plain data, one after the other.
MOST_TRIES = 32


def adopted(data: bytes, source: str, trust: Trust) -> Made:
    """Return the prompt of the file *data*, and what it lacks of that; raises what `codec.read` raises.

    Its file is the given one where nothing of it had to be said otherwise.
    """
    cut = halves(data, source)
    node = parse(cut.header) if cut.header is not None else Node({}, 0, 0, "block")
    header = Header(node, cut.header or Source("", source))
    if header.engine == "literal":
        return _as_it_is(data, source, trust)
    text = cut.body.replace("\r\n", "\n")
    body = _body(text, header, Source(text, source, cut.body_line))
    adopting = _Adopting(cut, header, body, trust)
    if not header.adapted and body.text == text and adopting.declares_what_it_uses():
        with suppress(InvalidPrompt):  # a use that does not fit its kind, which is mended
            return _as_it_is(data, source, trust, body, cut)
    return adopting.made()


def _body(text: str, header: Header, source: Source) -> Adapted:
    if header.engine != "mustache":
        return adapted_body(text)
    kinds = {name: str(each["kind"]) for name, each in header.made.get("inputs", {}).items()}
    converted = jinja_of(text, kinds, source, escaped=True)
    body = adapted_body(converted.text)
    told = [("its Mustache is a template of Jinja2 here", 0)]
    if HTML in converted.text:
        told.append(("what {{x}} puts in is written as HTML, as there: without the filters it is put in as it is", 0))
    return Adapted(body.text, body.threads, (*told, *converted.told, *body.told))


def _as_it_is(data: bytes, source: str, trust: Trust, body: Adapted | None = None, cut: Halves | None = None) -> Made:
    prompt, notes = codec.read_with_notes(data, source=source)
    if not isinstance(prompt, Prompt):
        raise InvalidFile("a chain: its steps are pinned in the store that it comes from", where=Where(source))
    told = [(each.what, str(each.where)) for each in notes]
    if body is not None and cut is not None:
        told += [(what, f"{cut.name}:{cut.body_line + line}") for what, line in body.told]
    return Made(prompt.with_origin(None, trust=trust), tuple(told), data)


class _Adopting:
    """A header and a body in our words, brought together: each variable declared, each input used."""

    def __init__(self, cut: Halves, header: Header, body: Adapted, trust: Trust) -> None:
        self._cut = cut
        self._header = header
        self._body = body
        self._trust = trust
        self._told = [*header.losses, *((what, f"{cut.name}:{cut.body_line + line}") for what, line in body.told)]
        self._inputs: dict[str, dict[str, Any]] = dict(header.made.get("inputs", {}))
        for name in body.threads:
            self._inputs[name] = {"kind": "thread", "required": False}

    def _file(self) -> tuple[bytes, int]:
        """Return the file as it would be written here, and how many lines its body stands lower than before."""
        made = {key: each for key, each in self._header.made.items() if key != "inputs"}
        if self._inputs:
            made["inputs"] = self._inputs
        head = f"---\n{entries(made)}---\n" if made else ""
        return f"{head}{self._body.text}".encode(), head.count("\n") + 1 - self._cut.body_line

    def _used(self) -> frozenset[str]:
        fields = parsed(self._file()[0], self._cut.name).fields
        messages = fields["messages"]
        template = compile_pieces(messages, places=fields["places"], trust=self._trust)
        return frozenset({*template.variables, *(each.name for each in messages if isinstance(each, Placeholder))})

    def declares_what_it_uses(self) -> bool:
        """Whether nothing is used that is not declared, or declared and not used."""
        try:
            return self._used() == self._inputs.keys()
        except InvalidPrompt:
            return False

    def made(self) -> Made:
        """Return the prompt; raises `InvalidPrompt` at the place in the given file."""
        try:
            self._declare()
            prompt = self._read()
        except InvalidPrompt as error:
            self._put_back(error)
            raise
        return Made(prompt.with_origin(None, trust=self._trust, places=()), tuple(self._told))

    def _declare(self) -> None:
        used = self._used()
        for name in sorted(used - self._inputs.keys()):
            sample = self._header.samples.get(name)
            kind = "json" if isinstance(sample, dict | list) else "string"
            what = "any plain data" if kind == "json" else "a text"
            self._inputs[name] = {"kind": kind}
            self._told.append((f"{name!r} is not declared: here it is {what} that must be given", self._first(name)))
        for name in sorted(self._inputs.keys() - used):
            del self._inputs[name]
            place = self._header.places.get(name, self._cut.name)
            self._told.append((f"{name!r} is declared and not used: it is left out", place))

    def _first(self, name: str) -> str:
        """Return the file and line where *name* is first written."""
        body = self._cut.body
        found = re.search(rf"\b{re.escape(name)}\b", body)
        line = body.count("\n", 0, found.start()) if found else 0
        return f"{self._cut.name}:{self._cut.body_line + line}" if found else self._cut.name

    def _read(self) -> Prompt[Any]:
        """Read it; an input whose kind does not fit its use becomes plain data."""
        for _ in range(MOST_TRIES):
            file, _ = self._file()
            try:
                return prompt_of(parsed(file, self._cut.name))
            except InvalidFile:
                raise
            except InvalidPrompt as error:
                name = self._misfit(error)
                if name is None:
                    raise
                self._inputs[name] = {
                    key: each
                    for key, each in self._inputs[name].items()
                    if key in ("description", "required", "example")
                } | {"kind": "json"}
                self._told.append((f"{name!r} may be any plain data here: {error.what}", self._first(name)))
        raise InvalidFile("its inputs do not fit their use", where=Where(self._cut.name))

    def _misfit(self, error: InvalidPrompt) -> str | None:
        words = f"{error.what} {error.where or ''}"
        return next(
            (
                name
                for name, declared in self._inputs.items()
                if declared["kind"] not in ("json", "thread") and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)
            ),
            None,
        )

    def _put_back(self, error: InvalidPrompt) -> None:
        """Let *error* name the line of the given file; what was written anew has no line there."""
        shift = self._file()[1]
        for each in (error, *error.others):
            where = each.where
            if where is None or where.line is None:
                continue
            line = where.line - shift
            each.where = Where(where.source, line) if line >= self._cut.body_line else Where(where.source)
