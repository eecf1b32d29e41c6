"""Which changes of tools, settings and answers break those who read what comes back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, user
from promptlib.diff import diff

FIND: dict[str, Any] = {
    "name": "find",
    "description": "Find an order",
    "parameters": {
        "type": "object",
        "properties": {"number": {"type": "string"}, "shop": {"type": "string", "enum": ["eu", "us"]}},
        "required": ["number"],
    },
}


def with_tools(*tools: dict[str, Any]) -> Prompt[Any]:
    return Prompt.define(user("x"), tools=tools)


def changed(**parameters: Any) -> dict[str, Any]:
    return {**FIND, "parameters": FIND["parameters"] | parameters}


def shop(**schema: Any) -> dict[str, Any]:
    properties = FIND["parameters"]["properties"]
    return changed(properties=properties | {"shop": schema})


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ([FIND, {"name": "send"}], (True, "the model may call it, and code that answers calls does not know it")),
        ([FIND, {"type": "function", "function": {"name": "send"}}], (True, "the model may call it, ...")),
        ([FIND, {"type": "web_search"}], (False, "the provider runs it, or nobody has to answer it")),
        ([FIND, {"kind": "mcp", "name": "wiki"}], (False, "the provider runs it, or nobody has to answer it")),
        ([], (False, "it is not called any more")),
        ([{**FIND, "description": "Find one"}], (False, "")),
        ([{**FIND, "strict": True}], (False, "arguments keep to their schema")),
        ([{**FIND, "strict": False}], (True, "arguments may leave their schema")),
        ([{**FIND, "kind": "custom"}], (True, "its calls may take another form")),
        ([changed(required=["number", "shop"])], (False, "arguments are there at least as often")),
        ([changed(required=[])], (True, "calls may leave out 'number'")),
        ([shop(type="string", enum=["eu"])], (False, "every value that calls give was known")),
        ([shop(type="string", enum=["eu", "jp"])], (True, "calls may give 'jp'")),
        ([shop(type="string")], (True, "calls may give any value")),
        ([shop(type="string", enum=["eu", "us"], description="Which shop")], (False, "")),
        ([shop(type="array", enum=["eu", "us"])], (True, "calls may come with other arguments")),
        (
            [changed(properties=FIND["parameters"]["properties"] | {"description": {"type": "string"}})],
            (True, "calls may give an argument that code does not know"),
        ),
        (
            [changed(properties={"number": {"type": "string"}})],
            (True, "calls do not give this argument any more"),
        ),
    ],
)
def test_each_change_of_a_tool(after: list[dict[str, Any]], verdict: tuple[bool, str]) -> None:
    difference = diff(with_tools(FIND), with_tools(*after))
    (row,) = difference.tools
    breaking, reason = verdict
    assert row.breaking == difference.breaking == breaking
    assert row.reason == reason or (reason.endswith("...") and row.reason.startswith(reason[:-4]))
    assert difference.reasons == ((f"tool {row.path!r}: {row.reason}",) if breaking else ())


def test_a_limit_that_is_new_on_an_argument_breaks_nobody() -> None:
    before, after = with_tools(shop(type="string")), with_tools(shop(type="string", enum=["eu"]))
    assert not diff(before, after).breaking
    (row,) = diff(with_tools(changed(required=None)), with_tools(FIND)).tools
    assert not row.breaking


def test_tools_whose_names_hold_dots_are_judged_like_others() -> None:
    before, after = {"name": "a.b", "parameters": {"x": 1}}, {"name": "a.b", "parameters": {"x": 2}}
    (row,) = diff(with_tools(before), with_tools(after)).tools
    assert (row.path, row.breaking) == ("a.b.parameters.x", True)


def test_another_order_of_tools_breaks_nobody() -> None:
    assert not diff(with_tools(FIND, {"name": "b"}), with_tools({"name": "b"}, FIND)).breaking


@pytest.mark.parametrize(
    ("path", "value", "breaking"),
    [
        ("response_format", {"type": "json_object"}, True),
        ("responseFormat", "json", True),
        ("response_mime_type", "application/json", True),
        ("temperature", 0.5, False),
        ("max_tokens", 5, False),
    ],
)
def test_a_setting_breaks_readers_when_it_is_the_form_of_the_answer(path: str, value: object, breaking: bool) -> None:  # noqa: FBT001 - an expectation
    before, after = (Prompt.define(user("x"), settings={"options": options}) for options in ({}, {path: value}))
    for one, other in ((before, after), (after, before)):
        difference = diff(one, other)
        assert difference.breaking == breaking
        assert all("answers may take a form that readers do not expect" in reason for reason in difference.reasons)


def test_nothing_of_a_new_prompt_breaks_anybody() -> None:
    new = Prompt.define(user("x"), tools=[FIND], settings={"response_format": "json"})
    assert not diff(None, new).breaking


class Answer(BaseModel):
    urgency: str


def test_fields_in_the_place_of_text_break_readers() -> None:
    text, fields = Prompt.define(user("x")), Prompt.define(user("x"), outputs=Answer)
    assert diff(text, fields).reasons == ("output 'urgency': answers were text of any form before",)
    assert diff(fields, text).reasons == ("output 'urgency': answers are text of any form now",)


def test_what_is_trusted_is_told() -> None:
    own = Prompt.define(user("x"))
    foreign = Prompt.define(user("x"), trust="foreign")
    assert [(row.path, row.change, row.after) for row in diff(own, foreign).metadata] == [("trust", "added", "foreign")]
