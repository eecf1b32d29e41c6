"""From a file to what the index remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.refs import Pin
from promptlib.store.remembering import content_of, found_content
from promptlib.trust import FOREIGN, OWN
from promptlib.version import Version, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib._index import Description, Row, Story
    from promptlib.chain import Stored
    from promptlib.codec.outlining import Outline


#: The key of Prompty that holds a title for people.
TITLE = "displayName"


def described(data: bytes) -> Description:
    """Return what *data* says; raises for a file that is no prompt."""
    return _description(content_of(data))


def outlined(data: bytes) -> Description:
    """Return what *data* says, for the index: its template is looked at when it is loaded."""
    return _description(found_content(data) or codec.outline(data))


def _description(prompt: Stored | Outline) -> Description:
    from promptlib._index import Description  # noqa: PLC0415 - loaded by now

    follows: Mapping[str, object] | None = getattr(prompt, "follows", None)  # which a prompt has not

    return Description(
        digest=prompt.digest,
        derived_from=str(prompt.derived_from) if prompt.derived_from else "",
        renamed_from=prompt.renamed_from,
        includes=tuple(map(str, prompt.includes.values())),
        description=prompt.description,
        tags=prompt.tags,
        trust=prompt.trust if prompt.trust != OWN else "",
        vouched=prompt.vouched.reason if prompt.vouched else "",
        kind="" if follows is None else "chain",
        title=title_of(prompt.extra),
        inputs=tuple(f"{each.name}:{each.type.kind}" for each in prompt.inputs),
        follows=tuple(map(str, follows.values())) if follows is not None else (),
    )


def title_of(extra: Mapping[str, Any]) -> str:
    """Return what Prompty's key for people says, or its older one."""
    found = extra.get(TITLE) or extra.get("name")
    return found if isinstance(found, str) else ""


def version_of(row: Row, story: Story, labels: Mapping[str, str], *, published: int | None, numbered: bool) -> Version:
    """Return the version that *row* of the index is, by what *story* holds of it and of those before it.

    *labels* are those of its name, each with its digest; what comes after the position *published* is provisional.
    """
    described = story.told[row.blob or ""]
    return Version(
        name=row.name,
        number=row.number if numbered else None,
        digest=described.digest,
        commit=row.commit,
        author=row.author,
        email=row.email,
        time=instant(row.seconds, row.zone),
        message=row.message.rstrip("\n"),
        parents=tuple(
            Pin(parent.name, story.told[parent.blob].digest)
            for each in row.parents
            # A partial clone may lack what it would say.
            if (parent := story.rows.get(each)) and parent.blob in story.told
        ),
        derived_from=Pin.parse(described.derived_from) if described.derived_from else None,
        renamed_from=described.renamed_from,
        labels=tuple(label for label, digest in labels.items() if digest and digest == described.digest),
        provisional=published is not None and row.position > published,
        trust=FOREIGN if described.trust else OWN,
        vouched=described.vouched,
    )
