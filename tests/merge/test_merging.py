"""Merging prompts: what each part does with two changes, and how conflicts are decided."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Thread, assistant, developer, placeholder, system, user
from promptlib.errors import InvalidPrompt, MergeConflict, NotFound
from promptlib.merge import FieldConflict, Merged, NameConflict, merge
from promptlib.messages import Message, Prelude, Text, canonical_piece
from promptlib.plain import thaw


class Triage(BaseModel):
    ticket: str
    tone: str = "plain"


RULES = "You sort tickets.\nAnswer in a {{ tone }} voice.\nBe brief."
BASE = Prompt.define(Triage, system(RULES), user("{{ ticket }}"), description="Sort a ticket", tags=["support"])


def reworded(text: str, at: int = 0, base: Prompt[Any] = BASE) -> Prompt[Any]:
    pieces = list(base.messages)
    piece = pieces[at]
    assert isinstance(piece, Message)
    pieces[at] = Message(piece.role, (Text(text),), literal=piece.literal)
    return base.evolve(messages=pieces)


def texts(prompt: Prompt[Any] | None) -> list[str]:
    assert prompt is not None
    return [piece.text for piece in prompt.messages]


def clean(base: Prompt[Any] | None, ours: Prompt[Any], theirs: Prompt[Any]) -> Prompt[Any]:
    """Return the merged prompt, which is the same from both sides."""
    merged, mirrored = merge(base, ours, theirs), merge(base, theirs, ours)
    assert merged.conflicts == mirrored.conflicts == ()
    assert merged.prompt is not None
    assert merged.prompt == mirrored.prompt
    assert merged.prompt.messages == merged.prompt.messages
    return merged.prompt


def conflicts(base: Prompt[Any] | None, ours: Prompt[Any] | None, theirs: Prompt[Any] | None) -> Merged[Prompt[Any]]:
    merged, mirrored = merge(base, ours, theirs), merge(base, theirs, ours)
    assert merged.prompt is None
    assert not merged.deleted
    assert [(each.field, each.base, each.ours, each.theirs) for each in merged.conflicts] == [
        (each.field, each.base, each.theirs, each.ours) for each in mirrored.conflicts
    ]
    return merged


def fields(merged: Merged[Prompt[Any]]) -> list[str]:
    return [each.field for each in merged.conflicts]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_edits_of_different_messages_both_hold() -> None:
    ours, theirs = reworded(RULES + "\nCite the ticket."), reworded("Ticket: {{ ticket }}", 1)
    assert texts(clean(BASE, ours, theirs)) == [RULES + "\nCite the ticket.", "Ticket: {{ ticket }}"]


def test_edits_of_neighbouring_lines_of_one_message_both_hold() -> None:
    ours, theirs = reworded(RULES.replace("sort", "rank")), reworded(RULES.replace("a {{", "one {{"))
    assert texts(clean(BASE, ours, theirs))[0] == "You rank tickets.\nAnswer in one {{ tone }} voice.\nBe brief."


def test_edits_of_different_words_of_one_line_both_hold() -> None:
    ours, theirs = reworded(RULES.replace("You sort", "You rank")), reworded(RULES.replace("tickets", "letters"))
    assert texts(clean(BASE, ours, theirs))[0].startswith("You rank letters.\n")


def test_the_same_words_edited_differently_conflict_and_the_rest_is_merged() -> None:
    ours = reworded(RULES.replace("brief", "short").replace("sort", "rank"))
    theirs = reworded(RULES.replace("brief", "thorough").replace("tickets", "letters"))
    merged = conflicts(BASE, ours, theirs)
    (conflict,) = merged.conflicts
    assert conflict == FieldConflict(
        field="messages[0]",
        base="You rank letters.\nAnswer in a {{ tone }} voice.\nBe brief.",
        ours="You rank letters.\nAnswer in a {{ tone }} voice.\nBe short.",
        theirs="You rank letters.\nAnswer in a {{ tone }} voice.\nBe thorough.",
        why="both sides change the same words",
    )
    for side in ("base", "ours", "theirs"):
        assert texts(merged.resolve(side))[0] == getattr(conflict, side)


def test_a_word_put_beside_one_that_the_other_side_replaces_conflicts() -> None:
    """`not` beside another verb would say the opposite of what either side meant."""
    base = reworded("You must answer.\n{{ tone }}")
    ours, theirs = reworded("You must not answer.\n{{ tone }}"), reworded("You must refuse.\n{{ tone }}")
    assert fields(conflicts(base, ours, theirs)) == ["messages[0]"]


def test_a_message_is_moved_by_one_side_and_edited_by_the_other() -> None:
    base = BASE.evolve(messages=[*BASE.messages, assistant("One."), user("Two."), assistant("Three.")])
    pieces = base.messages
    ours = base.evolve(messages=[pieces[0], pieces[1], pieces[4], pieces[2], pieces[3]])
    theirs = reworded("Three and four.", 4, base)
    assert texts(clean(base, ours, theirs)) == [RULES, "{{ ticket }}", "Three and four.", "One.", "Two."]


def test_two_moves_of_different_messages_both_hold() -> None:
    base = BASE.evolve(
        messages=[*BASE.messages, *(user(f"Number {word}.") for word in ("one", "two", "three", "four"))]
    )
    a, b, *rest = base.messages
    ours = base.evolve(messages=[a, b, rest[1], rest[0], rest[2], rest[3]])
    theirs = base.evolve(messages=[a, b, rest[0], rest[1], rest[3], rest[2]])
    found = clean(base, ours, theirs)
    assert texts(found)[2:] == ["Number two.", "Number one.", "Number four.", "Number three."]


def test_contradicting_moves_are_one_conflict_of_all_messages() -> None:
    base = BASE.evolve(messages=[*BASE.messages, *(user(f"Number {word}.") for word in ("one", "two", "three"))])
    a, b, *rest = base.messages
    ours = base.evolve(messages=[a, b, rest[2], rest[0], rest[1]])
    theirs = base.evolve(messages=[rest[2], a, b, rest[0], rest[1]])
    merged = conflicts(base, ours, theirs)
    assert fields(merged) == ["messages"]
    assert "the two orders contradict each other" in merged.conflicts[0].why
    assert merged.resolve("theirs") == theirs


def test_messages_added_at_different_places_are_both_taken() -> None:
    ours = BASE.evolve(messages=[system(RULES), assistant("First?"), user("{{ ticket }}")])
    theirs = BASE.evolve(messages=[system(RULES), user("{{ ticket }}"), assistant("Last.")])
    assert texts(clean(BASE, ours, theirs)) == [RULES, "First?", "{{ ticket }}", "Last."]


def test_a_message_that_both_added_at_one_place_is_there_once() -> None:
    both = [*BASE.messages, assistant("Understood.")]
    ours = BASE.evolve(messages=[*both, user("Go on.")])
    theirs = BASE.evolve(messages=both, description="Sort a ticket well")
    assert texts(clean(BASE, ours, theirs)) == [RULES, "{{ ticket }}", "Understood.", "Go on."]


def test_different_messages_added_at_one_place_conflict_together() -> None:
    ours = BASE.evolve(messages=[*BASE.messages, user("A question"), assistant("An answer")])
    theirs = BASE.evolve(messages=[*BASE.messages, assistant("Done."), user("Thanks."), assistant("Bye.")])
    merged = conflicts(BASE, ours, theirs)
    (conflict,) = merged.conflicts
    assert (conflict.field, conflict.base) == ("messages[2]", None)
    assert thaw(conflict.ours) == [
        {"role": "user", "text": "A question"},
        {"role": "assistant", "text": "An answer"},
    ]
    assert merged.resolve("ours") == ours
    assert merged.resolve("theirs") == theirs
    together = merged.resolve({"messages[2]": [*ours.messages[2:], *theirs.messages[2:]]})
    assert texts(together)[2:] == ["A question", "An answer", "Done.", "Thanks.", "Bye."]
    assert merged.resolve({"messages[2]": conflict.theirs}) == theirs
    assert merged.resolve({"messages[2]": None}) == BASE


def test_what_one_side_takes_out_and_the_other_left_alone_is_gone() -> None:
    base = BASE.evolve(messages=[*BASE.messages, assistant("Understood.")])
    ours, theirs = BASE, reworded("Ticket: {{ ticket }}", 1, base)
    assert texts(clean(base, ours, theirs)) == [RULES, "Ticket: {{ ticket }}"]


def test_what_one_side_takes_out_and_the_other_changes_conflicts() -> None:
    base = BASE.evolve(messages=[*BASE.messages, assistant("Understood.")])
    merged = conflicts(base, BASE, reworded("I have understood.", 2, base))
    (conflict,) = merged.conflicts
    assert (conflict.field, conflict.ours) == ("messages[2]", None)
    assert thaw(conflict.theirs) == {"role": "assistant", "text": "I have understood."}
    assert conflict.why == "ours removes what theirs changes"
    assert merged.resolve("ours") == BASE
    assert texts(merged.resolve({"messages[2]": "Yes."}))[2] == "Yes."


def test_a_rewritten_message_is_one_place_however_little_of_it_is_left() -> None:
    ours, theirs = reworded("Rank letters, {{ tone }}."), reworded("Entirely other words in a {{ tone }} way!")
    assert fields(conflicts(BASE, ours, theirs)) == ["messages[0]"]


def test_a_new_role_and_new_words_both_hold() -> None:
    ours = BASE.evolve(messages=[developer(RULES), BASE.messages[1]])
    theirs = reworded(RULES + "\nBe kind.")
    found = clean(BASE, ours, theirs)
    assert found.messages[0] == developer(RULES + "\nBe kind.")


def test_two_new_roles_conflict_apart_from_the_text() -> None:
    ours = BASE.evolve(messages=[developer(RULES), BASE.messages[1]])
    theirs = BASE.evolve(messages=[user(RULES + "\nBe kind."), BASE.messages[1]])
    merged = conflicts(BASE, ours, theirs)
    assert merged.conflicts == (
        FieldConflict(
            "messages[0].role", "system", "developer", "user", 'changed from "system" on both sides, differently'
        ),
    )
    assert merged.resolve({"messages[0].role": "assistant"}) == BASE.evolve(
        messages=[assistant(RULES + "\nBe kind."), BASE.messages[1]]
    )


def test_a_text_made_literal_keeps_other_words_and_conflicts_over_tags() -> None:
    base = BASE.evolve(messages=[*BASE.messages, assistant("Say yes.\nOr no.")])
    ours = BASE.evolve(messages=[*BASE.messages, assistant("Say yes.\nOr no.", literal=True)])
    found = clean(base, ours, reworded("Say yes.\nOr no, please.", 2, base))
    assert found.messages[2].text == "Say yes.\nOr no, please."
    assert isinstance(found.messages[2], Message)
    assert found.messages[2].literal
    merged = conflicts(base, ours, reworded("Say yes.\nOr {{ tone }}.", 2, base))
    assert fields(merged) == ["messages[2]"]
    assert thaw(merged.conflicts[0].ours) == {"role": "assistant", "literal": "Say yes.\nOr no."}


def test_placeholders_and_preludes_are_merged_too() -> None:
    class Chat(BaseModel):
        history: Thread = ()
        name: str = "you"

    base = Prompt.define(Chat, Prelude("{% set who = name %}"), system("Hello {{ who }}"), placeholder("history"))
    a, b, c = base.messages
    ours = base.evolve(messages=[a, c, b])
    theirs = base.evolve(messages=[Prelude("{% set who = name | upper %}"), b, c, user("Bye {{ who }}")])
    found = clean(base, ours, theirs)
    assert found.messages == (Prelude("{% set who = name | upper %}"), c, b, user("Bye {{ who }}"))
    other = base.evolve(messages=[Prelude("{% set who = name | lower %}"), b, c])
    assert fields(conflicts(base, theirs, other)) == ["messages[0]"]


# --- choices ----------------------------------------------------------------------------------------------------------


def contested() -> Merged[Prompt[Any]]:
    ours = reworded(RULES.replace("brief", "short")).evolve(settings={"temperature": 0.1, "id": "m"})
    theirs = reworded(RULES.replace("brief", "thorough")).evolve(settings={"temperature": 0.9})
    return merge(BASE, ours, theirs)


def test_each_conflict_is_decided_by_a_word_a_value_or_a_function() -> None:
    merged = contested()
    assert fields(merged) == ["messages[0]", "settings.temperature"]
    found = merged.resolve({"messages[0]": "theirs", "settings.temperature": 0.5})
    assert found is not None
    assert found.settings == {"temperature": 0.5, "id": "m"}
    assert texts(found)[0].endswith("Be thorough.")
    asked: list[str] = []

    def choose(conflict: FieldConflict) -> object:
        asked.append(conflict.field)
        return "ours" if conflict.field.startswith("messages") else None

    found = merged.resolve(choose)
    assert found is not None
    assert asked == ["messages[0]", "settings.temperature"]
    assert found.settings == {"id": "m"}


@pytest.mark.parametrize(
    "value",
    [
        user("A message."),
        {"role": "user", "text": "A message."},
        {"role": "assistant", "literal": "{{ as it is }}"},
        {"placeholder": "history"},
        {"placeholder": "history", "text": "{% set a = 1 %}"},
        [],
        [{"role": "system", "text": "One."}, user("Two.")],
    ],
)
def test_messages_are_chosen_as_values_too(value: Any) -> None:
    class Chat(BaseModel):
        history: Thread = ()

    base = Prompt.define(Chat, system("Sort."), placeholder("history"))
    ours = base.evolve(messages=[*base.messages, user("Ours.")])
    theirs = base.evolve(messages=[*base.messages, assistant("Theirs.")])
    found = merge(base, ours, theirs).resolve({"messages[2]": value})
    assert found is not None
    told = [thaw(canonical_piece(piece)) for piece in found.messages[2:]]
    values = value if isinstance(value, list) else [value]
    assert told == [each if isinstance(each, dict) else thaw(canonical_piece(each)) for each in values]


@pytest.mark.parametrize(
    "value", [3, {"role": "user"}, {"role": "user", "text": "x", "more": 1}, ["x"], {"prelude": 3}]
)
def test_a_value_that_is_no_message_is_refused(value: Any) -> None:
    ours, theirs = (BASE.evolve(messages=[*BASE.messages, make("x")]) for make in (user, assistant))
    with pytest.raises(InvalidPrompt, match=re.escape("the value for messages[2] is none")):
        merge(BASE, ours, theirs).resolve({"messages[2]": value})


def test_a_merge_without_conflicts_is_resolved_already() -> None:
    merged = merge(BASE, BASE, reworded(RULES + "\nBe kind."))
    assert merged.resolve() is merged.resolve("theirs") is merged.prompt


@pytest.mark.parametrize(
    ("choices", "kind", "words"),
    [
        ({"messages[0]": "ours"}, MergeConflict, "nothing is said of settings.temperature"),
        ({}, MergeConflict, "{'messages[0]': 'ours', 'settings.temperature': 'ours'}"),
        ({"message[0]": "ours"}, NotFound, "no conflict in 'message[0]'\ndid you mean 'messages[0]'?"),
        ("mine", NotFound, "'mine' is no side of a merge\nsides: ours, theirs, base"),
        (lambda _: 3, InvalidPrompt, "the value for messages[0] is none: a int is no message"),
        (lambda _: "{{ nobody }}", InvalidPrompt, "with these choices it is no valid prompt: undeclared variable"),
        (lambda _: "{{ nobody }}", InvalidPrompt, "all 'ours' or all 'theirs' is always valid"),
    ],
)
def test_a_wrong_choice_is_an_error_that_says_what_can_be_said(choices: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        contested().resolve(choices)


def test_a_conflict_reads_well_and_crosses_processes() -> None:
    merged = contested()
    assert str(merged.conflicts[1]) == (
        "settings.temperature: both sides add it, differently\n  base   (nothing)\n  ours   0.1\n  theirs 0.9"
    )
    again = pickle.loads(pickle.dumps(merged))  # noqa: S301 - made on this line
    assert again.conflicts == merged.conflicts
    assert again.resolve("ours") == merged.resolve("ours")
    error = MergeConflict(
        "two prompts conflict",
        conflicts=[
            merged.conflict("support/triage"),
            NameConflict(name="support/triage", kind="label", label="production"),
        ],
        hint="type: promptlib merge --resolve ours",
    )
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on this line
    assert str(copy) == str(error)
    assert copy.conflicts[0].fields == merged.conflicts
    assert str(error).splitlines() == [
        "two prompts conflict",
        "prompt support/triage",
        "  messages[0]: both sides change the same words",
        '    base   "You sort tickets.\\nAnswer in a {{ tone }} voice.\\nBe brief."',
        '    ours   "You sort tickets.\\nAnswer in a {{ tone }} voice.\\nBe short."',
        '    theirs "You sort tickets.\\nAnswer in a {{ tone }} voice.\\nBe thorough."',
        "  settings.temperature: both sides add it, differently",
        "    base   (nothing)",
        "    ours   0.1",
        "    theirs 0.9",
        "label 'production' of support/triage",
        "  base   (absent)",
        "  ours   (absent)",
        "  theirs (absent)",
        "type: promptlib merge --resolve ours",
    ]


def test_a_long_text_is_shown_around_what_differs() -> None:
    text = "You sort support tickets by urgency, " * 5
    base, ours, theirs = (
        reworded(f"{text}{{{{ tone }}}} {word}, \x1b[31m" + "and so on " * 20) for word in ("a", "b", "c")
    )
    assert str(conflicts(base, ours, theirs).conflicts[0]).splitlines() == [
        "messages[0]: both sides change the same words",
        *(
            f"  {side:<6} … by urgency, {{{{ tone }}}} {word}, \\u001b[31m{('and so on ' * 20)[:59]}…"
            for side, word in (("base", "a"), ("ours", "b"), ("theirs", "c"))
        ),
    ]


# --- what makes no valid prompt together ------------------------------------------------------------------------------


def test_a_use_of_an_input_that_the_other_side_took_out_is_a_conflict_that_says_why() -> None:
    class Short(BaseModel):
        ticket: str

    ours = BASE.evolve(inputs=Short, messages=[system("You sort tickets.\nBe brief."), BASE.messages[1]])
    theirs = reworded("{{ ticket }} ({{ tone }})", 1)
    merged = conflicts(BASE, ours, theirs)
    assert fields(merged) == ["messages[1]", "inputs.tone"]
    assert "merged, it would be no valid prompt: undeclared variable 'tone'" in merged.conflicts[0].why
    assert merged.resolve("ours") == ours
    assert texts(merged.resolve("theirs")) == ["You sort tickets.\nBe brief.", "{{ ticket }} ({{ tone }})"]


def test_a_loop_whose_beginning_the_other_side_took_out_is_a_conflict() -> None:
    class Docs(BaseModel):
        docs: list[str]

    loop = "{% for doc in docs %}\n- {{ doc }}\n{% endfor %}"
    base = Prompt.define(Docs, system(f"Read.\n{loop}\nThen answer."))
    ours = base.evolve(messages=[system("Read.\n{{ docs | join }}\nThen answer.")])
    theirs = base.evolve(messages=[system(f"Read.\n{loop.replace('- ', '* ')}\nThen answer.")])
    merged = conflicts(base, ours, theirs)
    assert fields(merged) == ["messages[0]"]
    assert merged.resolve("ours") == ours
    assert merged.resolve("theirs") == theirs


# --- whole prompts ----------------------------------------------------------------------------------------------------


def test_absent_prompts() -> None:
    other = reworded(RULES + "\nBe kind.")
    assert merge(None, BASE, None).prompt is BASE
    assert merge(None, None, BASE).prompt is BASE
    assert merge(None, BASE, BASE).prompt is BASE
    for gone in (merge(BASE, None, None), merge(BASE, BASE, None), merge(BASE, None, BASE), merge(None, None, None)):
        assert (gone.prompt, gone.deleted, gone.conflicts) == (None, True, ())
    merged = conflicts(BASE, None, other)
    (conflict,) = merged.conflicts
    assert (conflict.field, conflict.ours, conflict.why) == ("prompt", None, "ours deletes it, theirs changes it")
    assert "Be kind." in str(conflict.theirs)
    assert merged.resolve("ours") is None
    assert merged.resolve("theirs") is other
    assert merged.resolve({"prompt": conflict.theirs}) == other
    assert merged.resolve({"prompt": BASE}) is BASE
    with pytest.raises(InvalidPrompt, match="the value for prompt is a int"):
        merged.resolve({"prompt": 3})


def test_two_prompts_of_one_name_without_a_common_past() -> None:
    ours = BASE
    theirs = reworded(RULES.replace("brief", "short")).evolve(tags=["other"])
    merged = conflicts(None, ours, theirs)
    assert fields(merged) == ["messages[0]"]
    found = merged.resolve("theirs")
    assert found == theirs
    assert found is not None
    assert set(found.tags) == {"support", "other"}
