"""Other words for what texts say of people: proposed, never applied, and right in their grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Chain, Prompt, PromptLibError, Store, codec, step, system, user
from promptlib.errors import InvalidInputs, InvalidPrompt
from promptlib.lint import IDS, RULES, SUGGESTING, Proposal, Settings, Shelf, Subject, lint_file, mended, suggest

HEAD = "---\ndescription: Answers\ninputs:\n  name: {kind: string, description: Who asks}\n---\nuser:\n"


def body(text: str) -> str:
    """Return what is proposed for a user message of *text*."""
    return proposal(text).after.decode().removeprefix(HEAD).removesuffix("\n{{ name }}\n")


def proposal(text: str) -> Proposal:
    return suggest(f"{HEAD}{text}\n{{{{ name }}}}\n".encode(), source="a.prompty")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("You are a stewardess.", "You are a flight attendant."),
        ("You are an actress.", "You are an actor."),
        ("Ask the user for his name.", "Ask the user for their name."),
        ("Ask him.", "Ask them."),
        ("If he is late, say so.", "If he is late, say so."),  # what follows a comma may hold a second verb
        ("Say so if he is late.", "Say so if they are late."),
        ("She can ask.", "They can ask."),
        ("He was here. He has time. He does it himself.", "They were here. They have time. They do it themselves."),
        ("Ask a stewardess for his name.", "Ask a flight attendant for their name."),
        ("The chairman must sign. Then he can go.", "The chair must sign. Then they can go."),
        ("A friend of his", "A friend of his"),
        ("Is he here? Tell him.", "Is he here? Tell him."),  # the verb stands before
        ("He works here. Tell him.", "He works here. Tell him."),  # all, or none
        ("He is tired and wants to go.", "He is tired and wants to go."),
        ("Ask her for her name.", "Ask her for her name."),  # them, or their
        ("His mother says he can go.", "His mother says he can go."),  # a noun names the gender
        ("She can ask him.", "She can ask him."),  # nobody could tell them apart
        ("Tell Peter what he can do.", "Tell Peter what he can do."),  # somebody is named
        ("Peace be upon the prophet Muhammad, (bless him)",) * 2,
        (
            "Peter asks. Then he can go.",
            "Peter asks. Then they can go.",
        ),  # what a list cannot tell: read the difference
        ("HE IS HERE, TELL HIM", "HE IS HERE, TELL HIM"),
        ("Ask {{ name }}'s mother.", "Ask {{ name }}'s mother."),
        ("{{ 'chairman' }} {# the chairman #}{% if name %}a chairman{% endif %}",) * 2,
        ("<actress>{{ name }}</actress>", "<actress>{{ name }}</actress>"),
        ("Ask the chair.", "Ask the chair."),
    ],
)
def test_grammar_is_kept_or_nothing_is_proposed(text: str, after: str) -> None:
    if "{% if" in text:
        after = text.replace("a chairman{% endif", "a chair{% endif")
    assert body(text) == after


def test_a_proposal_says_what_why_and_what_is_left() -> None:
    found = proposal("You are an actress.\nHe works.\nAsk the elderly.")
    assert [(each.rule, each.suggestion and each.suggestion.words) for each in found.findings] == [
        ("gendered-title", "actress")
    ]
    assert found.findings[0].suggestion is not None
    assert found.findings[0].suggestion.reason == "the work is the same, whoever does it"
    assert [str(each) for each in found.told] == [
        "a.prompty:8:1: fixed-group: 'He' fixes gender: male",
        "a.prompty:9:9: fixed-group: 'elderly' fixes age: older",
    ]
    assert all("promptlib vary" in each.advice for each in found.told)
    assert found.message == "Reword by gendered-title\n\nactress becomes actor"
    assert found.changed
    assert codec.read(found.before).digest == found.digest != found.new_digest == codec.read(found.after).digest
    assert found.to_dict()["rewordings"] == [
        {
            "rule": "gendered-title",
            "line": 7,
            "column": 12,
            "words": "actress",
            "rewording": "actor",
            "reason": "the work is the same, whoever does it",
        }
    ]


def test_both_rules_are_off_and_only_notes() -> None:
    rules = [each for each in RULES if each.id in SUGGESTING]
    assert [(each.id, each.on, each.severity, each.fixes) for each in rules] == [
        ("fixed-group", False, "info", False),
        ("gendered-title", False, "info", False),
    ]
    data = (HEAD + "The chairman said he is {{ name }}.\n").encode()
    assert not set(lint_file(data).by_rule) & set(SUGGESTING)
    report = lint_file(data, settings=Settings(select=SUGGESTING))
    assert report.ok
    assert [each.to_dict()["suggestion"] for each in report.findings] == ["chair", "they are"]


def test_fix_leaves_suggestions_alone() -> None:
    data = (HEAD + "You are an actress. \n{{ name | delimited }}\n").encode()
    found = mended(Subject("a", data, "a", Shelf()), Settings(select=("all",)))
    assert found.fixes == ("trailing-blanks: blanks at the end of 1 line",)
    assert b"an actress." in found.after


def test_a_literal_text_is_told_and_left() -> None:
    data = b"---\ndescription: Plays\ntemplate:\n  format:\n    kind: literal\n---\nYou are an actress.\n"
    found = suggest(data, source="a.prompty")
    assert (found.changed, found.after) == (False, data)
    advice = "write 'actor': the work is the same, whoever does it; this text is literal, so edit it by hand"
    assert [each.advice for each in found.told] == [advice]


def test_a_silence_holds() -> None:
    assert not proposal("You are an actress. {# lint: off gendered-title it is the play's word #}").changed


def test_a_prompt_in_code_is_looked_at_as_its_file() -> None:
    prompt = Prompt.define(system("You are a steward\u00adess or a policeman."), description="Plays")
    assert suggest(prompt).after.decode().endswith("or a police officer.\n")
    chain = Chain.define(step("first", Prompt.define(user("Ask the chairman."))), description="Asks")
    assert not suggest(chain).changed


def test_carriage_returns_are_kept() -> None:
    data = (HEAD + "You are an actress.\n{{ name }}\n").replace("\n", "\r\n").encode()
    assert suggest(data).after == data.replace(b"actress", b"actor")


def test_what_cannot_be_reworded_raises_what_a_load_raises() -> None:
    with pytest.raises(InvalidPrompt, match="never closed"):
        suggest(b"---\n---\nuser:\n{{ open\n")
    with pytest.raises(InvalidInputs, match="what shall be reworded is a text"):
        suggest("You are an actress.")  # type: ignore[arg-type] # the wrong type is the test


def test_many_rewordings_come_in_one_go() -> None:
    found = proposal("Ask the chairman.\n" * 200)
    assert len(found.findings) == 200
    assert not suggest(found.after).changed


PIECES = [
    *("chairman", "an actress", "a middleman's", "he is", "She can", "his", " name", "her", "him", "mother", "."),
    *(" ", "\n", ", ", "{{ name }}", "{% if name %}", "{% endif %}", "{# he #}", "<his>", "</his>", "chairmen's", "é"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_what_is_proposed_reads_as_the_same_prompt_in_other_words(text: str) -> None:
    source = f"{HEAD}{text}\n{{{{ name }}}}\n".encode()
    try:
        before = codec.read(source)
    except PromptLibError:
        return
    found = suggest(source)
    after = codec.read(found.after)
    assert after.inputs == before.inputs
    assert [type(each) for each in after.messages] == [type(each) for each in before.messages]
    assert not suggest(found.after).changed
    assert found.changed == bool(found.findings)
    if not found.changed:
        assert found.after == source
    marks = ["{{ name }}", "{% if name %}", "{% endif %}", "{# he #}", "<his>", "</his>"]
    assert [found.after.decode().count(each) for each in marks] == [source.decode().count(each) for each in marks]


def test_the_rules_stand_before_those_of_silences() -> None:
    assert IDS[-4:] == (*SUGGESTING, "unknown-silence", "unused-silence")


def test_a_store_keeps_what_was_before(tmp_path: object) -> None:
    with Store.init(f"{tmp_path}/prompts.git", bare=True) as store:
        store.save("a", Prompt.define(user("Ask the chairman."), description="Asks"))
        found = suggest(store.load("a"))
        store.save("a", codec.read(found.after), expect=found.digest, message=found.message, file=found.after)
        assert [each.digest for each in store.history("a")] == [found.digest, found.new_digest]
        assert [each.digest for each in store.history("a")[-1].parents] == [found.digest]
