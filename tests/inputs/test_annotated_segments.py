"""Segments beside the types of a model: where they are found, and where none can be."""

from __future__ import annotations

from typing import Annotated, Any, NewType, Optional

import pytest
from pydantic import BaseModel, Field, create_model
from typing_extensions import TypeAliasType

from promptlib import Segment, Thread
from promptlib.errors import InvalidPrompt
from promptlib.inputs import declare, declared_segments

SEGMENT = Segment(priority=20)
Docs = Annotated[list[str], SEGMENT]
Named = TypeAliasType("Named", Annotated[list[str], SEGMENT])
Outer = TypeAliasType("Outer", Named)
New = NewType("New", Annotated[str, SEGMENT])


class Inner(BaseModel):
    text: Annotated[str, Segment(priority=1)]


FOUND: dict[str, Any] = {
    "list": Annotated[list[str], SEGMENT],
    "or null": Annotated[list[str], SEGMENT] | None,
    "optional": Optional[Annotated[list[str], SEGMENT]],  # noqa: UP045 - the other spelling is under test
    "around null": Annotated[list[str] | None, SEGMENT],
    "around a limit": Annotated[Annotated[list[str], Field(max_length=3)] | None, SEGMENT],
    "among fields": Annotated[list[str], Field(max_length=3), SEGMENT, Field(description="Documents")],
    "among other words": Annotated[str, "a word of somebody else", SEGMENT],
    "map": Annotated[dict[str, int], SEGMENT],
    "any": Annotated[Any, SEGMENT],
    "thread": Annotated[Thread, SEGMENT],
    "named": Docs,
    "named or null": Docs | None,
    "alias": Named,
    "alias of an alias": Outer,
    "new type": New,
}


@pytest.mark.parametrize("annotation", FOUND.values(), ids=FOUND)
def test_a_segment_beside_the_type_of_an_input_is_found(annotation: Any) -> None:
    """Through aliases, and inside of what may be null; the declaration is that of the type without it."""
    model = create_model("Inputs", docs=(annotation, ...), other=(str, ...))
    assert declared_segments(model) == {"docs": SEGMENT}
    assert [each.name for each in declare(model)] == ["docs", "other"]


def test_the_type_is_declared_as_without_it() -> None:
    def declared(*beside: Any) -> object:
        annotation = Annotated[(list[str], *beside)]
        return declare(create_model("Inputs", docs=(annotation | None, ["a"])))

    assert declared(Field(max_length=2)) == declared(Field(max_length=2), SEGMENT)


def test_a_model_without_segments_has_none() -> None:
    assert declared_segments(create_model("Inputs", docs=(list[str], ...))) == {}


def test_a_model_that_is_built_anew_is_read_anew() -> None:
    class Late(BaseModel):
        docs: Annotated[str, SEGMENT]

    assert declared_segments(Late) == {"docs": SEGMENT}
    Late.model_fields["docs"].metadata.clear()
    Late.model_rebuild(force=True)
    assert declared_segments(Late) == {}


ONE = "write one Segment with all its words"
INPUTS_ONLY = "only inputs have segments"


@pytest.mark.parametrize(
    ("annotation", "what", "hint"),
    [
        (Annotated[str, SEGMENT, Segment()], "field 'docs': it has two segments", ONE),
        (Annotated[Annotated[str, SEGMENT] | None, SEGMENT], "field 'docs': it has two segments", ONE),
        (Annotated[New, SEGMENT], "field 'docs': it has two segments", ONE),
        (
            Annotated[str, Segment],
            "field 'docs': Segment stands beside the type as a class",
            "write Segment(priority=10)",
        ),
        (list[Docs], f"field 'docs[]': {INPUTS_ONLY}", "put the segment beside the type of 'docs'"),
        (dict[str, Docs], f"field 'docs[]': {INPUTS_ONLY}", "put the segment beside the type of 'docs'"),
        (Inner, f"field 'docs.text': {INPUTS_ONLY}", "put the segment beside the type of 'docs'"),
        (list[Inner] | None, f"field 'docs[].text': {INPUTS_ONLY}", "put the segment beside the type of 'docs'"),
        (Annotated[Inner, SEGMENT], f"field 'docs.text': {INPUTS_ONLY}", "put the segment beside the type of 'docs'"),
    ],
    ids=["two", "two around null", "two through a type", "class", "list", "map", "object", "objects", "both"],
)
def test_a_segment_elsewhere_is_refused(annotation: Any, what: str, hint: str) -> None:
    model = create_model("Inputs", docs=(annotation, ...))
    for read in (declare, declared_segments):
        with pytest.raises(InvalidPrompt) as caught:
            read(model)
        assert (caught.value.what, caught.value.hint) == (what, hint)
        assert str(caught.value.where) == "model Inputs"


def test_a_segment_that_cannot_be_is_refused_where_the_model_is_written() -> None:
    with pytest.raises(InvalidPrompt, match="no truncate 'tail'"):

        class Wrong(BaseModel):
            docs: Annotated[str, Segment(truncate="tail")]
