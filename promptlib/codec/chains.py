"""Chains in front matter: the steps below `metadata.promptlib.steps`, one after the other, as they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from promptlib.chain.chain import Chain
from promptlib.chain.steps import CONSTANT, Step
from promptlib.codec.emitting import entries
from promptlib.codec.notes import Notes
from promptlib.codec.parsing import parse
from promptlib.codec.properties import PropertyReader, write_properties
from promptlib.codec.source import Node, Source, plain_of
from promptlib.errors import BadRef, InvalidFile, InvalidPrompt, Where, nearest
from promptlib.plain import Frozen, freeze, thaw
from promptlib.refs import Pin, Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.codec.fence import Halves

KEYS = ("name", "prompt", "inputs", "outputs")
_FORM = "write `- name: …`, `prompt: NAME#DIGEST` and `inputs:`"
#: What a prompt has and a chain has not, with the key of front matter that says it.
_ABSENT = {
    "settings": "model",
    "outputs": "outputs",
    "tools": "tools",
    "includes": "includes",
    "segments": "segments",
}
_BELOW = {
    "settings": "a step's prompt says its model",
    "outputs": "a chain gives what its last step gives: declare it there",
    "tools": "a step's prompt has the tools",
    "includes": "a step's prompt has the includes",
    "segments": "a step's prompt says what a budget may shorten",
}


def read_steps(source: Source, node: Node, properties: PropertyReader) -> tuple[Step, ...]:
    """Return the steps that *node* lists; raises `InvalidFile` at what is wrong."""
    if not isinstance(node.value, list) or not node.value:
        raise source.error(node.at, "steps is no list of steps", _FORM, len("steps"))
    return tuple(_step(source, each, properties) for each in node.value)


def _step(source: Source, node: Node, properties: PropertyReader) -> Step:
    if not isinstance(node.value, dict):
        raise source.error(node.at, "a step holds keys and values", _FORM)
    entries = node.value
    for key, each in entries.items():
        if key not in KEYS:
            hint = f"{nearest(key, KEYS)} keys: {', '.join(KEYS)}".strip()
            raise source.error(each.at, f"a step has no {key!r:.80}", hint, len(key))
    name = _text(source, entries.get("name"), node, "name")
    use = _use(source, entries.get("prompt"), node)
    wires = _wires(source, entries.get("inputs"))
    outputs, left = properties.read(entries["outputs"], "outputs") if "outputs" in entries else ((), {})
    if left:
        field, words = next(iter(left.items()))
        raise source.error(
            entries["outputs"].at,
            f"the output {field!r:.80} of a step has unknown words: {', '.join(map(str, words))[:80]}",
            "take them out: a step holds nothing that says nothing",
        )
    try:
        return Step(name=name, use=use, wires=wires, outputs=outputs)
    except InvalidPrompt as error:
        place = entries["inputs"] if "inputs" in entries and "wires" in error.what else node
        raise source.error(place.at, error.what, error.hint) from error


def _text(source: Source, node: Node | None, around: Node, key: str) -> str:
    if node is None or not isinstance(node.value, str):
        raise source.error(
            (node or around).at, f"a step without a {key}" if node is None else f"{key} is no text", _FORM
        )
    return node.value


def _use(source: Source, node: Node | None, around: Node) -> Pin | Ref:
    """Return the pin or the label that a step says: a bare name or a number would move."""
    text = _text(source, node, around, "prompt")
    at = node or around
    width = at.end - at.start
    try:
        if "@" not in text:
            return Pin.parse(text)
        ref = Ref.parse(text)
    except BadRef as error:
        raise source.error(at.start, error.what, error.hint, width) from error
    if ref.store or ref.prefix or not ref.label:
        raise source.error(
            at.start,
            f"{text!r:.80} is neither pinned nor a label of this store",
            "write NAME#DIGEST, or NAME@LABEL to follow a label",
            width,
        )
    return ref


def _wires(source: Source, node: Node | None) -> Frozen:
    if node is None or node.value is None:
        return Frozen()
    if not isinstance(node.value, dict):
        raise source.error(node.at, "inputs of a step hold names and where they come from", "write `text: notes`")
    found: dict[str, Any] = {}
    for key, each in node.value.items():
        value = plain_of(each)
        is_constant = isinstance(value, dict) and set(value) == {CONSTANT}
        if not isinstance(value, str) and not is_constant:
            raise source.error(
                each.at,
                f"the input {key!r:.80} of a step comes from nowhere",
                f"write `{key:.40}: step.field`, or `{key:.40}: {{{CONSTANT}: …}}`",
                len(key),
            )
        found[key] = freeze(value, what=f"the input {key!r:.80}")
    return Frozen(found)


def check_chain_file(cut: Halves, fields: dict[str, Any], header: Node, *, literal: bool) -> None:
    """Raise `InvalidFile` for what a chain's file holds and only a prompt's may: a body, a model, tools."""
    if cut.body.strip():
        line = cut.body_line + cut.body[: len(cut.body) - len(cut.body.lstrip())].count("\n")
        text = cut.body.split("\n")[line - cut.body_line].rstrip("\r")
        raise InvalidFile(
            "a chain has steps and no messages",
            where=Where(cut.name, line, 1, text[:200]),
            hint="take the text out, or put it into a prompt that is one of the steps",
        )
    source = cut.header or Source("")
    if literal:
        raise source.error(0, "a chain is no literal text", "take `template:` and `role:` out")
    for field, key in _ABSENT.items():
        if fields.get(field):
            entries = header.value if isinstance(header.value, dict) else {}
            at = entries[key].at if key in entries else 0
            raise source.error(at, f"a chain has no {key} of its own", _BELOW[field], len(key) if key in entries else 1)


def chain_of(fields: dict[str, Any]) -> Chain[Any]:
    """Return the chain of a file's *fields*; raises `InvalidChain`."""
    return Chain(**{key: value for key, value in fields.items() if key not in _ABSENT})


def write_steps(chain: Chain[Any]) -> list[dict[str, Any]]:
    """Return the steps as plain data, in the order in which their keys are written."""
    return [write_step(each) for each in chain.steps]


def read_step_value(value: Mapping[str, Any]) -> Step:
    """Return the step that plain data says, in the words of a file; raises `InvalidFile`."""
    source = Source(entries({"steps": [value]}), "the value for a step")
    (step,) = read_steps(source, cast("dict[str, Node]", parse(source).value)["steps"], PropertyReader(source, Notes()))
    return step


def write_step(step: Step) -> dict[str, Any]:
    """Return one step as plain data."""
    found = {
        "name": step.name,
        "prompt": str(step.use),
        "inputs": thaw(step.wires),
        "outputs": write_properties(step.outputs),
    }
    return {key: value for key, value in found.items() if value}
