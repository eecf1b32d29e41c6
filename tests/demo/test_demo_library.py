"""The library of the demo: well-formed, connected, and every prompt of it renders."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Budget, Chain, Prompt
from promptlib.cli.demo import made
from promptlib.codec import read_with_notes, write
from promptlib.demo import Event, events
from promptlib.diff import diff
from promptlib.learn import applied
from promptlib.lint import lint, lint_file
from promptlib.messages import Placeholder, assistant, user
from promptlib.refs import Pin, check_label, check_name

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib import Store

ALL = list(events())
PROMPTS = [(event.name, event.stored) for event in ALL if isinstance(event.stored, Prompt)]
HISTORY = (user("Where is my parcel?"), assistant("Which order is it?"))
VALUES: dict[str, dict[str, Any]] = {
    "support/style": {},
    "support/triage": {"ticket": "My parcel is broken."},
    "support/reply": {"question": "Order 123456", "history": HISTORY},
    "sales/reply": {"question": "Does it fit?", "product": "a tent", "history": HISTORY},
    "text/summarize": {"text": "We moved."},
    "text/classify": {"review": "Fine."},
    "text/answer": {"question": "Why?", "sources": ["Because of rain.", "Because of wind."], "history": HISTORY},
    "text/translate": {"text": "Hello", "language": "German", "glossary": {"cart": "Warenkorb", "order": "Bestellung"}},
    "code/review": {"diff": "-a\n+b", "language": "Python"},
    "data/invoice": {"invoice": "No. 5, 12.50 EUR"},
    "support/goodwill": {"name": "Ada Hill", "complaint": "The lamp is broken."},
    "meeting/minutes": {"transcript": "Ada: hello", "people": ["Ada", "Jun"], "held": "2026-03-24"},
}


def newest(name: str) -> Prompt[Any]:
    return [prompt for other, prompt in PROMPTS if other == name][-1]


def resolve(pin: str) -> Any:
    return next(prompt for _, prompt in PROMPTS if prompt.digest == Pin.parse(pin).digest)


def test_it_is_a_library_with_a_history() -> None:
    versions = Counter(event.name for event in ALL)
    assert len(versions) >= 8
    assert sum(count >= 3 for count in versions.values()) >= 3
    assert len({event.author for event in ALL}) >= 3
    assert {label for event in ALL for label in event.labels} == {"production", "staging"}
    assert all(check_name(event.name) and all(map(check_label, event.labels)) for event in ALL)
    times = [event.time for event in ALL]
    assert times == sorted(times)


def test_a_label_stands_on_one_version_of_a_name() -> None:
    stands = Counter((event.name, label) for event in ALL for label in event.labels)
    assert set(stands.values()) == {1}


def test_moments_are_written_as_git_writes_them() -> None:
    assert ALL[0].moment == (1770106320, "+0100")
    assert ALL[3].moment[1] == "+0530"


@pytest.mark.parametrize("event", ALL, ids=[f"{at}-{event.name}" for at, event in enumerate(ALL, 1)])
def test_every_file_is_as_promptlib_writes_it(event: Event) -> None:
    stored, notes = read_with_notes(event.data)
    assert notes == ()
    assert stored == event.stored
    assert write(stored) == event.data
    assert stored.description
    assert stored.tags
    assert event.message[0].isupper()


@pytest.mark.parametrize("event", ALL, ids=[f"{at}-{event.name}" for at, event in enumerate(ALL, 1)])
def test_lint_has_nothing_to_say_of_any_version(event: Event) -> None:
    """People learn from what they are shown first."""
    assert lint_file(event.data, source=event.name).findings == ()


def proven_of(store: Store, name: str) -> list[str]:
    """Return what the lessons prove against a prompt; what they only read from words is advice."""
    source, data = store.raw(name)
    return [
        each.check
        for each in applied(data, name=name, source=source, view=store).findings
        if each.ground == "structure"
    ]


def test_lint_and_lessons_have_nothing_to_say_of_the_store(tmp_path: Path) -> None:
    with made(tmp_path / "prompts.git") as store:
        report = lint(store)
        proven = {name: proven_of(store, name) for name in store.names()}
    assert report.findings == ()
    assert report.silenced == 0
    assert {name: found for name, found in proven.items() if found} == {}


@pytest.mark.parametrize(("name", "prompt"), PROMPTS, ids=[f"{at}-{name}" for at, (name, _) in enumerate(PROMPTS, 1)])
def test_every_version_renders(name: str, prompt: Prompt[Any]) -> None:
    rendered = prompt.render(VALUES[name], resolve=resolve)
    assert all(message.text.strip() == message.text for message in rendered.messages)
    assert all("\n\n\n" not in message.text for message in rendered.messages)


def test_pins_are_whole_digests_of_earlier_versions() -> None:
    for at, event in enumerate(ALL):
        pins = [Pin.parse(str(pin)) for pin in event.stored.includes.values()]
        pins += [event.stored.derived_from] if event.stored.derived_from else []
        known = {(earlier.name, earlier.stored.digest) for earlier in ALL[:at]}
        assert {(pin.name, pin.digest) for pin in pins} <= known
    derived = newest("sales/reply").derived_from
    assert derived is not None
    assert derived.name == "support/reply"


def test_each_version_differs_from_the_one_before() -> None:
    before: dict[str, Event] = {}
    for event in ALL:
        if event.name in before:
            assert not diff(before[event.name].stored, event.stored).same
        before[event.name] = event


def test_the_chain_runs_from_the_transcript_to_the_letter() -> None:
    chain = next(event.stored for event in ALL if isinstance(event.stored, Chain)).at_hand(resolve)
    told = iter(("They moved.", "We have moved.", "Wir sind umgezogen."))
    run = chain.run({**VALUES["meeting/minutes"], "language": "German"}, model=lambda _: next(told))
    assert [each.answer for each in run.steps] == ["They moved.", "We have moved.", "Wir sind umgezogen."]
    assert run.complete


def test_examples_become_turns_of_the_chat() -> None:
    rendered = newest("text/classify").render(review="Fine.")
    assert [message.role for message in rendered.messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert rendered.messages[2].text == "pleased"
    assert rendered.messages[-1].text == "Fine."


def test_the_history_stands_in_the_chat_and_the_style_in_the_first_message() -> None:
    prompt = newest("support/reply")
    assert any(isinstance(piece, Placeholder) for piece in prompt.messages)
    order = {"number": "123456", "status": "sent"}
    rendered = prompt.render(question="When?", order=order, history=HISTORY, resolve=resolve)
    assert rendered.messages[0].text.splitlines() == [
        "You answer customers of an online shop.",
        "Write in a warm voice. Use short sentences and everyday words.",
        "Say first what happens next, then why.",
        "Never promise a date, a refund or an exception that you were not given.",
        "The order 123456 is sent.",
    ]
    assert [message.text for message in rendered.messages[1:]] == ["Where is my parcel?", "Which order is it?", "When?"]


def test_a_condition_leaves_no_gap() -> None:
    prompt = newest("support/triage")
    assert "urgent.\nGive the urgency" in prompt.render(ticket="x").messages[0].text
    text = prompt.render(ticket="x", customer="business").messages[0].text
    assert "one matter is urgent.\nA stopped delivery to a business is always urgent.\nGive" in text


def test_terms_of_the_glossary_are_listed() -> None:
    text = newest("text/translate").render(VALUES["text/translate"]).messages[0].text
    assert text.endswith('Keep its layout.\nTranslate "cart" as "Warenkorb".\nTranslate "order" as "Bestellung".')


def test_sources_go_last_in_a_budget() -> None:
    sources = [f"Source {at}: it rained." for at in range(20)]
    rendered = newest("text/answer").render(question="Why?", sources=sources, history=HISTORY * 20, budget=Budget(120))
    assert [row.outcome for row in rendered.report.segments] == ["dropped", "truncated"]  # type: ignore[union-attr] # there is a budget
    assert "it rained.\n(more was found)\n\n<question>\nWhy?\n</question>" in rendered.messages[-1].text
