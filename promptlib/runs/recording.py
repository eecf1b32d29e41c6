"""From a rendered prompt to the run that a log holds."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from promptlib.errors import InvalidInputs, InvalidPrompt, PromptLibError
from promptlib.messages import to_plain
from promptlib.plain import Frozen, Plain, freeze
from promptlib.rendering.provenance import Source, provenance_of
from promptlib.runs.outputs import output_digest
from promptlib.runs.ran import prompt_of, ran
from promptlib.runs.run import EMPTY, KEYS, LONGEST_WORD, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.prompt import Prompt
    from promptlib.rendering import RenderedPrompt
    from promptlib.rendering.provenance import Provenance
    from promptlib.runs.outputs import Output
    from promptlib.runs.ran import Find
    from promptlib.tokens import TokenCount

#: Bytes of chance in an id: with a billion runs, two alike are one in thirty-seven.
ID_BYTES = 8


def run_for(  # noqa: PLR0913 - what there is to tell of a run, all by keyword
    rendered: RenderedPrompt,
    *,
    find: Find | None,
    output: Output | None,
    model: str,
    tokens: TokenCount | int | None,
    texts: bool,
    fields: Mapping[str, object] | None,
    time: datetime | None,
    run: str | None,
) -> Run:
    """Return the run that tells of *rendered*; see `RunLog.record`. Raises `InvalidInputs`."""
    prompt = prompt_of(rendered)
    told = ran(prompt, find)
    provenance = _provenance(rendered, prompt)
    count, exactness = _counted(tokens, rendered)
    try:
        return Run(
            id=checked_word(run, "run") if run is not None else secrets.token_hex(ID_BYTES),
            time=checked_time(time),
            digest=told.digest,
            name=told.name,
            number=None if told.edited else told.number,
            edited=told.edited,
            label=told.label,
            commit=told.commit,
            includes=told.includes,
            inputs_digest=provenance.inputs_digest,
            result_digest=provenance.result_digest,
            output_digest="" if output is None else output_digest(output),
            model=checked_word(model, "model") if model else "",
            tokens=count,
            exactness=exactness,
            messages=tuple(_message(rendered)) if texts else None,
            output=_kept(output) if texts else None,
            fields=checked_fields(fields) if fields else EMPTY,
        )
    except InvalidPrompt as error:
        raise InvalidInputs(f"this run cannot be logged: {error.what}", hint=error.hint) from error


def _provenance(rendered: RenderedPrompt, prompt: Prompt[Any]) -> Provenance:
    try:
        found = rendered.provenance
    except (PromptLibError, OSError):
        # Its history cannot be read just now; what was sent is known all the same.
        source = cast("Source", rendered.source)
        return provenance_of(Source(prompt.with_origin(None), source.values), rendered.messages, rendered.report)
    return cast("Provenance", found)


def _counted(tokens: TokenCount | int | None, rendered: RenderedPrompt) -> tuple[int | None, str]:
    count = tokens if tokens is not None else rendered.report.total if rendered.report is not None else None
    if count is None:
        return None, ""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InvalidInputs(f"tokens is {count!r:.40}, no number of tokens", hint="give a count, such as 812")
    return int(count), getattr(count, "exactness", "provider")


def checked_word(text: str, what: str) -> str:
    """Return a short text that says something; raises `InvalidInputs`."""
    if not isinstance(text, str) or not text:
        raise InvalidInputs(f"{what} is {text!r:.40}, not a text", hint=f'such as {what}="…"')
    if len(text) > LONGEST_WORD:
        raise InvalidInputs(f"{what} is longer than {LONGEST_WORD:,} characters", hint="an id is short")
    return text


def checked_time(time: datetime | None) -> datetime:
    """Return *time* in UTC, now where none is given; raises `InvalidInputs`."""
    if time is None:
        return datetime.now(UTC)
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise InvalidInputs("time is no datetime with a zone", hint="such as datetime.now(UTC)")
    return time.astimezone(UTC)


def _message(rendered: RenderedPrompt) -> list[Plain]:
    return [freeze(to_plain(message), what="a message") for message in rendered.messages]


def _kept(output: Output | None) -> Plain:
    """A text stays one; bytes are shown as text where they are that."""
    if isinstance(output, bytes | bytearray):
        return bytes(output).decode("utf-8", "backslashreplace")
    return freeze(output, what="the output")


def checked_fields(given: Mapping[str, object]) -> Frozen:
    """Return fields of the caller's own as plain data; raises `InvalidInputs` for a name that is ours."""
    taken = [key for key in KEYS if key in given]
    if taken:
        raise InvalidInputs(
            f"the field {taken[0]!r} has a meaning of its own in a log", hint=f"choose another name: my_{taken[0]}"
        )
    return cast("Frozen", freeze(given, what="fields"))
