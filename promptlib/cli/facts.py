"""What a prompt and a chain have alike, for people and as JSON: which version it is, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.cli.terminal import lines, plain
from promptlib.cli.versions import age, heading, label_spans, number, subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib import Version
    from promptlib.chain import Stored
    from promptlib.cli.terminal import Row
    from promptlib.inputs import Input
    from promptlib.store import View


def version_of(store: View, prompt: Stored) -> Version | None:
    """Return the version that *prompt* was loaded from; None where there is no history or it is not committed."""
    from promptlib.errors import PromptLibError, raise_if_passing  # noqa: PLC0415 - help needs no store

    origin = prompt.origin
    if origin is None or not origin.commit:
        return None
    which = f"@v{origin.number}" if origin.number is not None else f"#{origin.standing.digest.removeprefix('sha256:')}"
    try:
        return store.version(f"{origin.qualified}{which}")
    except PromptLibError as error:
        raise_if_passing(error)
        return None


def edited(prompt: Stored) -> bool:
    """Whether the prompt is a file on disk that differs from the committed one."""
    return prompt.origin is not None and prompt.origin.edited


def input_json(declared: Input) -> dict[str, object]:
    """Return a declared input as JSON."""
    from promptlib.inputs import describe  # noqa: PLC0415 - help needs no inputs
    from promptlib.inputs.demographic import demographics  # noqa: PLC0415 - beside it

    default = {} if declared.required else {"default": thawed(declared.default)}
    return {
        "name": declared.name,
        "kind": declared.type.kind,
        "type": describe(declared.type),
        "required": declared.required,
        **default,
        "description": declared.description,
        "demographics": [
            {"field": name, "axis": each.axis, "form": each.form} for name, each in demographics((declared,)).items()
        ],
    }


def title_rows(prompt: Stored, version: Version | None) -> Iterator[Row]:
    """Yield which version it is, its description, and who made it when."""
    if version is not None and edited(prompt):
        short = prompt.digest.removeprefix("sha256:")[:8]
        yield (
            (version.name, "bold"),
            (f" {number(version)}+edited", "bold yellow"),
            (f" ({short})", "cyan"),
            *label_spans(()),
        )
        yield plain(f"edited on disk since {number(version)} ({version.short})", "yellow")
    elif version is not None:
        yield heading(version)
    else:
        yield ((prompt.name, "bold"), (f" ({prompt.digest.removeprefix('sha256:')[:8]})", "cyan"))
    if prompt.description:
        yield from lines(prompt.description)
    if version is not None and not edited(prompt):
        yield plain(f"{version.author}, {age(version.time)}: {subject(version)}", "dim")


def told_facts(facts: Mapping[str, str]) -> Iterator[Row]:
    """Yield a row for each fact that says something."""
    for key, value in facts.items():
        if value:
            yield ((f"{key}: ", "dim"), (value, ""))


def origins(prompt: Stored) -> dict[str, str]:
    """Return where a prompt or chain came from, and whose words it is."""
    derived = f"{prompt.derived_from.name or '?'}#{prompt.derived_from.digest[7:15]}" if prompt.derived_from else ""
    return {
        "derived from": derived,
        "renamed from": prompt.renamed_from,
        "trust": "foreign: nobody here has vouched for its words" if prompt.trust == "foreign" else "",
        "vouched for": _vouched(prompt),
    }


def _vouched(prompt: Stored) -> str:
    said = prompt.vouched
    return f"{said.reason} ({f'{said.by}, ' if said.by else ''}#{said.digest[7:15]})" if said else ""


def input_row(declared: Input) -> Row:
    """Return a declared input as a row of a table."""
    from promptlib.inputs import describe  # noqa: PLC0415 - help needs no inputs
    from promptlib.inputs.wording import groups_told, shown  # noqa: PLC0415 - beside it

    what = "required" if declared.required else f"default {shown(thawed(declared.default))}"
    kind = describe(declared.type)
    return (
        (f"  {declared.name}", "bold"),
        (kind, "cyan"),
        (what, "yellow" if declared.required else ""),
        ("; ".join(filter(None, (declared.description, *groups_told(declared)))), "dim"),
    )


def thawed(value: Any) -> object:  # noqa: ANN401 - plain data of any shape
    """Return plain data as JSON libraries take it."""
    from promptlib.plain import thaw  # noqa: PLC0415 - help needs no data

    return thaw(value)
