"""The difference between two prompts."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import date  # noqa: TC003 - pydantic reads it
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from promptlib.diff import FieldChange, InputChange, MessageChange, PromptDiff, Stretch, diff
from promptlib.messages import (
    Message,
    Piece,
    Placeholder,
    Prelude,
    Thread,
    assistant,
    developer,
    placeholder,
    system,
    user,
)
from promptlib.origin import Origin, Standing
from promptlib.prompt import Prompt
from promptlib.refs import Pin


class Triage(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    history: Thread = ()


RULES = "You sort support tickets for a shop.\nAnswer in a {{ tone }} voice.\nNever guess."
TRIAGE = Prompt.define(Triage, system(RULES), placeholder("history"), user("{{ ticket }}"), description="Sort a ticket")


def rows(difference: PromptDiff) -> list[str]:
    return [f"{row.title}: {row.summary}" for row in difference.messages if row.change != "same"]


def of(*pieces: Piece, **fields: Any) -> Prompt[Any]:
    return Prompt(messages=pieces, **fields)


class TestWhole:
    def test_a_prompt_does_not_differ_from_itself(self) -> None:
        difference = diff(TRIAGE, TRIAGE.evolve())
        assert not difference
        assert (difference.same, difference.breaking, difference.reasons) == (True, False, ())
        assert str(difference).endswith("\nno difference")

    def test_a_description_is_a_difference_of_no_content(self) -> None:
        difference = diff(TRIAGE, TRIAGE.evolve(description="Sort", tags=["support"], authors=["Ada"]))
        assert difference
        assert difference.same
        assert not difference.breaking
        assert difference.metadata == (
            FieldChange(
                layer="metadata",
                path="description",
                change="changed",
                before="Sort a ticket",
                after="Sort",
                content=False,
            ),
            FieldChange(layer="metadata", path="tags", change="added", after=("support",), content=False),
            FieldChange(layer="metadata", path="authors", change="added", after=("Ada",), content=False),
        )
        assert "the content is the same: only what is no part of the digest differs" in str(difference)

    def test_where_a_prompt_comes_from_and_unknown_keys_are_metadata(self) -> None:
        pin = Pin("a", "sha256:" + "0" * 64)
        before = of(user("x"), extra={"owner": {"team": "a", "floor": 1}})
        after = of(user("x"), extra={"owner": {"team": "b", "floor": 1}}, derived_from=pin, renamed_from="old")
        assert [(row.path, row.change, row.after) for row in diff(before, after).metadata] == [
            ("extra.owner.team", "changed", "b"),
            ("derived_from", "added", str(pin)),
            ("renamed_from", "added", "old"),
        ]

    def test_a_new_prompt_is_all_added_and_breaks_nobody(self) -> None:
        difference = diff(None, TRIAGE)
        assert (difference.before, bool(difference), difference.same, difference.breaking) == (None, True, False, False)
        changes = [row.change for row in difference.messages] + [row.change for row in difference.inputs]
        assert {*changes, *(row.change for row in difference.metadata)} == {"added"}
        assert str(difference).startswith(f"nothing -> ({TRIAGE.digest[7:15]})\n")

    def test_sides_say_which_version_they_are(self) -> None:
        loaded = TRIAGE.with_origin(Origin("support/triage", TRIAGE.digest, find=lambda: Standing(TRIAGE.digest, 3)))
        difference = diff(loaded, loaded.evolve(messages=[user("{{ ticket }}{{ tone }}"), placeholder("history")]))
        assert str(difference.before) == f"support/triage v3 ({TRIAGE.digest[7:15]})"
        assert (difference.after.name, difference.after.version) == ("support/triage", "")

    def test_nothing_of_it_can_be_changed(self) -> None:
        difference: Any = diff(None, TRIAGE)
        for thing, name in ((difference, "inputs"), (difference.messages[0], "role"), (difference.inputs[0], "path")):
            with pytest.raises(FrozenInstanceError):
                setattr(thing, name, ())
        assert isinstance(hash(difference), int)


class TestMessages:
    def test_a_reworded_message_tells_its_words(self) -> None:
        after = TRIAGE.evolve(messages=[system(RULES.replace("support", "customer")), *TRIAGE.messages[1:]])
        (row,) = [row for row in diff(TRIAGE, after).messages if row.change != "same"]
        assert (row.title, row.summary, row.reworded, row.moved) == ("system message 1", "reworded", True, False)
        assert row.words == (
            Stretch("same", "You sort "),
            Stretch("removed", "support"),
            Stretch("added", "customer"),
            Stretch("same", RULES.removeprefix("You sort support")),
        )

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ([user("a")], [user("a"), assistant("b")], ["assistant message 2: added"]),
            ([system("s"), user("a")], [user("a")], ["system message 1: removed"]),
            (
                [system("one two three"), user("a b")],
                [user("a b"), system("one two three")],
                ["system message 2: moved from 1"],
            ),
            (
                [system("one two three four"), user("a b")],
                [user("a b"), system("one two three five")],
                ["system message 2: moved from 1, reworded"],
            ),
            ([system("keep to the rules")], [developer("keep to the rules")], ["developer message 1: role was system"]),
            ([user("a")], [user("a", literal=True)], ["user message 1: now literal"]),
            ([user("a", literal=True)], [user("a")], ["user message 1: now a template"]),
            ([system("alpha beta")], [system("gamma delta")], ["system message 1: removed", "system message 1: added"]),
            ([user("a")], [Prelude("{% set x = 1 %}"), user("a")], ["prelude: added"]),
            (
                [Prelude("{% set x = 1 %}"), user("a")],
                [Prelude("{% set x = 2 %}"), user("a")],
                ["prelude: reworded"],
            ),
            ([user("x"), user("x")], [user("x")], ["user message 2: removed"]),
            (
                [user(" "), system("a")],
                [system("a"), assistant(" ")],
                ["user message 1: removed", "assistant message 2: added"],
            ),
            (
                [user("q one two"), assistant("r"), user("q three four")],
                [user("q one two"), user("new words here"), assistant("r")],
                ["user message 2: added", "user message 3: removed"],
            ),
        ],
    )
    def test_what_happened(self, before: list[Piece], after: list[Piece], expected: list[str]) -> None:
        assert rows(diff(of(*before), of(*after))) == expected

    def test_placeholders_are_known_by_their_input(self) -> None:
        class Two(BaseModel):
            history: Thread = ()
            examples: Thread = ()

        one = Prompt.define(Two, placeholder("history"), placeholder("examples"), user("go on"))
        other = one.evolve(messages=[placeholder("examples"), placeholder("history"), user("go on")])
        assert rows(diff(one, other)) == ["placeholder history: moved from 1"]

    def test_a_placeholder_whose_statements_change_stays_the_same_placeholder(self) -> None:
        inputs = TRIAGE.inputs
        before = of(
            Prelude("{% if tone == 'warm' %}"),
            Placeholder("history", "{% endif %}"),
            user("{{ ticket }}"),
            inputs=inputs,
        )
        after = of(placeholder("history"), user("{{ ticket }}{{ tone }}"), inputs=inputs)
        assert rows(diff(before, after)) == [
            "prelude: removed",
            "placeholder history: reworded",
            "user message 2: reworded",
        ]

    def test_a_thousand_changed_messages_are_found_where_they_were(self) -> None:
        before = of(*(user(f"question number {at} about {at * 7}") for at in range(300)))
        after = of(*(user(f"question number {at} on {at * 7}!") for at in range(300)))
        assert all(row.before == row.after and row.reworded for row in diff(before, after).messages)

    pieces = st.lists(
        st.builds(
            Message,
            st.sampled_from(["system", "user", "assistant"]),
            st.sampled_from(["", "a", "b c", "b c d", "e f g h", "e f g", "h g f e"]),
            literal=st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )

    @given(pieces, pieces)
    def test_every_message_of_both_is_in_one_row(self, before: list[Piece], after: list[Piece]) -> None:
        one, other = of(*before), of(*after)
        difference = diff(one, other)
        assert sorted(row.before for row in difference.messages if row.before) == list(range(1, len(before) + 1))
        assert [row.after for row in difference.messages if row.after] == list(range(1, len(after) + 1))
        assert bool(difference) == (one.digest != other.digest)
        for row in difference.messages:
            check_row(row, one, other)

    @given(pieces, pieces)
    def test_stayed_messages_keep_their_order_and_the_number_of_moves_is_the_least(
        self, before: list[Piece], after: list[Piece]
    ) -> None:
        stayed = [
            row.before for row in diff(of(*before), of(*after)).messages if row.before and row.after and not row.moved
        ]
        assert stayed == sorted(stayed)

    @given(pieces)
    def test_turned_around_nothing_is_lost(self, before: list[Piece]) -> None:
        difference = diff(of(*before), of(*before[::-1]))
        assert all(row.before and row.after for row in difference.messages)


def check_row(row: MessageChange, before: Prompt[Any], after: Prompt[Any]) -> None:
    """A row's words are the texts of the messages that it stands for."""
    for position, prompt, left_out in ((row.before, before, "added"), (row.after, after, "removed")):
        if position:
            message = prompt.messages[position - 1]
            assert isinstance(message, Message)
            assert "".join(word.text for word in row.words if word.edit != left_out) == message.text
    assert (row.change == "added") == (row.before is None)
    assert (row.change == "removed") == (row.after is None)
    assert row.change != "changed" or row.summary


class TestFields:
    def test_settings_are_compared_as_deep_as_they_go_and_by_kind(self) -> None:
        before = of(user("x"), settings={"id": "a", "options": {"t": 1, "n": 2}, "stop": ["a"]})
        after = of(user("x"), settings={"id": "a", "options": {"t": 1.0, "k": True}, "stop": ["b"]})
        assert [(row.path, row.change, row.before, row.after) for row in diff(before, after).settings] == [
            ("options.t", "changed", 1, 1.0),
            ("options.n", "removed", 2, None),
            ("options.k", "added", None, True),
            ("stop", "changed", ("a",), ("b",)),
        ]

    def test_tools_are_known_by_name(self) -> None:
        find = {"name": "find", "description": "Find an order"}
        send = {"type": "function", "function": {"name": "send", "strict": True}}
        before = of(user("x"), tools=[find, send])
        after = of(user("x"), tools=[send | {"function": {"name": "send", "strict": False}}, {"name": "ask"}])
        assert [(row.path, row.change) for row in diff(before, after).tools] == [
            ("find", "removed"),
            ("send.function.strict", "changed"),
            ("ask", "added"),
        ]

    def test_another_order_of_tools_is_told(self) -> None:
        one, two = {"name": "one"}, {"name": "two"}
        (row,) = diff(of(user("x"), tools=[one, two]), of(user("x"), tools=[two, one])).tools
        assert (row.path, row.before, row.after) == ("(order)", ("one", "two"), ("two", "one"))

    @given(
        *[st.lists(st.sampled_from([{"a": 1}, {"name": "x"}, {"name": "x", "b": 1}, {"name": "(tool 2)"}]), max_size=4)]
        * 2
    )
    def test_tools_differ_exactly_when_the_digest_does(self, before: list[Any], after: list[Any]) -> None:
        one, other = of(user("x"), tools=before), of(user("x"), tools=after)
        assert bool(diff(one, other).tools) == (one.digest != other.digest)

    def test_an_include_that_is_pinned_to_another_content_is_bumped(self) -> None:
        style = of(system("Be brief."))
        other = style.evolve(messages=[system("Be kind.")])
        before = Prompt.define(system('{% include "style" %}'), includes={"style": style})
        (row,) = diff(before, before.evolve(includes={"style": other})).includes
        assert (row.path, row.change, row.before, row.after) == (
            "style",
            "changed",
            f"#{style.digest[7:]}",
            f"#{other.digest[7:]}",
        )
        renamed = diff(before, before.evolve(includes={"style": Pin("style", style.digest)}))
        assert (renamed.same, [row.content for row in renamed.includes]) == (True, [False])
        assert diff(None, before).includes[0].change == "added"
        assert diff(before, before.evolve(description="x")).includes == ()


class TestForms:
    class After(BaseModel):  # noqa: D106 - the test says what it is
        ticket: str = Field(max_length=100)
        tone: Literal["warm", "crisp"] = "warm"
        due: date
        history: Thread = ()

    after = Prompt.define(
        After,
        system(RULES.replace("support tickets", "tickets quickly")),
        placeholder("history"),
        user("Due {{ due }}"),
        user("{{ ticket }}"),
        description="Sort\x1b[31m",
        settings={"temperature": 0.5},
    )

    def test_the_text_has_a_section_for_each_layer(self) -> None:
        assert str(diff(TRIAGE, self.after)).splitlines() == [
            f"({TRIAGE.digest[7:15]}) -> ({self.after.digest[7:15]})",
            "22 -> 26 tokens (+4), exact by o200k_base (source texts: no values, no tools)",
            "BREAKING: input 'ticket': callers may give text of more than 100 characters",
            "BREAKING: input 'tone': callers may give 'plain'",
            "BREAKING: input 'due': it is required, and callers do not give it yet",
            "",
            "metadata",
            '  ~ description: "Sort a ticket" -> "Sort\\u001b[31m"',
            "",
            "inputs",
            "  ~ ticket type: text -> text of at most 100 characters",
            "      breaking: callers may give text of more than 100 characters",
            "  ~ tone type: one of 'warm', 'plain' -> one of 'warm', 'crisp'",
            "      breaking: callers may give 'plain'",
            "  ~ tone default: 'plain' -> 'warm'",
            "      not breaking: callers that leave it out get 'warm'",
            "  + due: a date, required",
            "      breaking: it is required, and callers do not give it yet",
            "",
            "settings",
            "  + temperature: 0.5",
            "",
            "messages",
            "  ~ system message 1: reworded, 19 -> 19 tokens (±0)",
            "      You sort [-support -]tickets{+ quickly+} for a shop.",
            "      Answer in a {{ tone }} voice.",
            "      Never guess.",
            "  + user message 3: added, +4 tokens",
            "      {+Due {{ due }}+}",
            "  (2 unchanged)",
        ]

    def test_a_narrow_terminal_cuts_values_and_keeps_the_words(self) -> None:
        lines = diff(TRIAGE, self.after).text(width=30).splitlines()
        at = lines.index("  ~ tone type:")
        assert lines[at + 1 : at + 3] == ["      - one of 'warm', 'plain'", "      + one of 'warm', 'crisp'"]
        at = lines.index("  ~ ticket type:")
        assert lines[at + 1 : at + 3] == ["      - text", "      + text of at most 100 c…"]
        assert max(len(line) for line in lines[at : at + 3]) == 30
        assert "      You sort [-support -]tickets{+ quickly+} for a shop." in lines

    def test_a_long_value_that_is_new_has_one_line(self) -> None:
        text = diff(None, of(user("x"), description="word " * 40)).text(width=30)
        assert 'metadata\n  + description:\n      + "word word word word …\n\n' in text

    def test_pins_are_shown_short(self) -> None:
        digests = ["sha256:" + digit * 64 for digit in "12"]
        before, after = (of(user('{% include "s" %}'), includes={"s": str(Pin("style", each))}) for each in digests)
        assert "includes\n  ~ s: style (11111111) -> style (22222222)\n      what changed in it is not at hand" in str(
            diff(before, after)
        )
        assert "includes\n  + s: style (11111111)" in str(diff(None, before))
        gone = of(user("x"))
        assert "includes\n  - s: style (11111111)" in str(diff(before, gone))

    def test_long_unchanged_text_is_left_out(self) -> None:
        lines = [f"line {at}" for at in range(10)]
        before, after = of(system("\n".join(lines))), of(system("\n".join([*lines[:-1], "the end"])))
        assert "\n      … 7 unchanged lines\n      line 7\n" in str(diff(before, after))
        one_left_out = (
            of(system("\n".join(["line", *lines[:3], "x"]))),
            of(system("\n".join(["line", *lines[:3], "y"]))),
        )
        assert "… 2 unchanged lines" in str(diff(*one_left_out))

    def test_what_a_terminal_would_obey_is_never_sent(self) -> None:
        before = of(user("a"), settings={"\x1b[2J": "\x1b"}, description="\u202e")
        after = of(user("a \x1b]0;title\x07 b\r"), tools=[{"name": "\x9b"}])
        text = str(diff(before, after))
        assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(text)

    def test_the_json_shape(self) -> None:
        data = diff(TRIAGE, self.after).to_dict()
        assert json.loads(json.dumps(data)) == data
        assert list(data) == [
            *("before", "after", "same", "breaking", "reasons", "tokens"),
            *("messages", "inputs", "outputs", "settings", "tools", "includes", "segments", "steps", "metadata"),
        ]
        assert data["after"] == {"name": "", "version": "", "digest": self.after.digest}
        shown: Any = data
        assert shown["messages"][0] == {
            "change": "changed",
            "role": "system",
            "name": "",
            "before": 1,
            "after": 1,
            "moved": False,
            "reworded": True,
            "old_role": "system",
            "literal": False,
            "was_literal": False,
            "split_from": None,
            "merged_into": None,
            "tokens": {"before": 19, "after": 19, "change": 0},
            "words": [
                ["same", "You sort "],
                ["removed", "support "],
                ["same", "tickets"],
                ["added", " quickly"],
                ["same", RULES.removeprefix("You sort support tickets")],
            ],
        }
        assert (
            shown["inputs"][3]
            == InputChange(
                path="due",
                aspect="input",
                change="added",
                after="a date, required",
                breaking=True,
                reason="it is required, and callers do not give it yet",
            ).to_dict()
        )
        assert shown["settings"] == [
            {
                "path": "temperature",
                "change": "added",
                "before": None,
                "after": 0.5,
                "content": True,
                "breaking": False,
                "reason": "",
            }
        ]
        assert diff(None, TRIAGE).to_dict()["before"] is None
