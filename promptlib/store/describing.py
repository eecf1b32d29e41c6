"""From a file to what the index remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.store.remembering import content_of, found_content
from promptlib.trust import OWN

if TYPE_CHECKING:
    from promptlib._index import Description
    from promptlib.codec.outlining import Outline
    from promptlib.prompt import Prompt


def described(data: bytes) -> Description:
    """Return what *data* says; raises for a file that is no prompt."""
    return _description(content_of(data))


def outlined(data: bytes) -> Description:
    """Return what *data* says, for the index: its template is looked at when it is loaded."""
    return _description(found_content(data) or codec.outline(data))


def _description(prompt: Prompt[Any] | Outline) -> Description:
    from promptlib._index import Description  # noqa: PLC0415 - loaded by now

    return Description(
        digest=prompt.digest,
        derived_from=str(prompt.derived_from) if prompt.derived_from else "",
        renamed_from=prompt.renamed_from,
        includes=tuple(map(str, prompt.includes.values())),
        description=prompt.description,
        tags=prompt.tags,
        trust=prompt.trust if prompt.trust != OWN else "",
        vouched=prompt.vouched.reason if prompt.vouched else "",
    )
