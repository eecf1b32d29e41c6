"""What each rule speaks of, and what it leaves alone, beyond the examples of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, system, user
from promptlib.lint import Settings, lint, lint_file

if TYPE_CHECKING:
    from pathlib import Path

HEAD = (
    "description: Sorts\ninputs:\n  text:\n    kind: string\n    description: What to sort\n"
    "  tone:\n    kind: string\n    description: How to speak\n    enumValues: [warm, plain]\n"
    "  flag:\n    kind: boolean\n    description: Whether\n"
    "  rows:\n    kind: array\n    description: Several\n    items:\n      kind: string\n"
)


def rules(body: str, head: str = HEAD, settings: Settings | None = None) -> dict[str, int]:
    """Return the rules that speak, each with the first line of the body that it speaks of."""
    head = "".join(_declared(head, body))
    report = lint_file(f"---\n{head}---\n{body}".encode(), settings=settings)
    first = head.count("\n") + 3
    return {each.rule: (each.where.line or 0) - first for each in reversed(report.findings)}


def _declared(head: str, body: str) -> list[str]:
    """Return *head* with those inputs alone that *body* uses."""
    kept, keep = [], True
    for line in head.splitlines(keepends=True):
        if line.startswith("  ") and not line.startswith("   "):
            keep = line.strip(" :\n") in body
        elif not line.startswith(" "):
            keep = line != "inputs:\n" or any(name in body for name in ("text", "tone", "flag", "rows"))
        if keep:
            kept.append(line)
    return kept


@pytest.mark.parametrize(
    "body",
    [
        "user:\n{{ text }}\n",
        "user:\nTicket: {{ text }}\n",
        "user:\nSort what follows, in a {{ tone }} voice.\n",
        "user:\nSort what follows, {{ text | length }} letters.\n",
        "user:\nSort what follows: {{ text | tojson }}\n",
        "user:\nSort what follows: {{ text | delimited }}\n",
        "user:\nSort what follows: {{ 'this' if flag else 'that' }}\n",
        "user:\nSort what follows.\n<a>{{ text | e }}</a>\n",
        "system:\nSort in a {{ tone }} voice.\n",
        "user:\nSort it.\n\nassistant:\nI sort: {{ text }} and am done with it now.\n",
        "user:\nSort it.\n\n```\n{% raw %}<a>{% endraw %}\n```\n",
        "user:\nSort it. <your answer>\n<br>\n<hr/>\n",
        "user:\nAn HTML page:\n<div>\n<p>\nHello\n",
        'user:\nUse ``` never, nor """ here.\n',
        "user:\n````md\n```js\n1\n```\n````\n",
    ],
)
def test_what_is_right_is_left_alone(body: str) -> None:
    assert rules(body) == {}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("user:\nSort what follows, please: {{ text }}\n", {"undelimited-input": 1}),
        ("tool:\nSort what follows, please: {{ text }}\n", {"undelimited-input": 1}),
        ("user:\nSort these:{% for row in rows %}\n- {{ row }}{% endfor %}\nThat is all.\n", {"undelimited-input": 2}),
        ("user:\nSort these rows for me: {{ rows | join(', ') }}\n", {"undelimited-input": 1}),
        ("user:\nSort it: {{ text if flag else 'that' }} and be quick\n", {"undelimited-input": 1}),
        ("user:\nSort:\n```\n{{ text }}\n```\n", {"forgeable-delimiter": 2}),
        ('user:\nSort:\n"""\n{{ text }}\n"""\n', {"forgeable-delimiter": 2}),
        ("user:\nSort:\n---\n{{ text }}\n---\n", {"forgeable-delimiter": 2}),
        ('user:\nSort "{{ text }}" for me\n', {"forgeable-delimiter": 1}),
        ("user:\nSort:\n<a>\n{% if flag %}\n{{ text }}\n{% endif %}\n</a>\n", {"forgeable-delimiter": 2}),
        ("user:\nSort:\n<a><b>{{ text }}</b></a>\n", {"forgeable-delimiter": 2}),
        ("system:\nSort {{ text }}.\n", {"input-in-system": 1}),
        ("developer:\nSort {{ text | upper }}.\n", {"input-in-system": 1}),
        ("user:\nSort:\n```\nall\n", {"unclosed-delimiter": 2}),
        ('user:\nSort:\n"""\nall\n', {"unclosed-delimiter": 2}),
        ("user:\nSort:\n<a>\n{{ text | tojson }}\n", {"unclosed-delimiter": 2}),
        ("user:\nSort:\n<rules>\nall\n</rule>\n", {"unclosed-delimiter": 2}),
        ('user:\nSort:\n<a id="{{ tone }}">{{ text | tojson }}\n', {"unclosed-delimiter": 2}),
    ],
)
def test_delimiters_and_roles(body: str, found: dict[str, int]) -> None:
    assert rules(body) == found


OUTPUTS = (
    "description: Sorts\noutputs:\n  urgency:\n    kind: string\n    enumValues: [low, high]\n"
    "  reasons:\n    kind: array\n    items:\n      kind: string\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Answer as JSON.", None),
        ("Never answer in Markdown.", None),
        ("Answer in plain text, please.", "contradicted-output"),
        ("Return a JSON list.", None),
        ("Reply only with one word.", "contradicted-output"),
        ("Format the reply as a table.", "contradicted-output"),
        ('{"urgency": "high", "reasons": ["late"]}', None),
        ('{"urgency": "...", "reasons": ["..."]}', None),
        ('{"urgency": "<low or high>", "reasons": []}', None),
        ('{"type": "object"}', None),
        ('{"urgency": "urgent", "reasons": []}', "broken-example"),
        ('{"urgency": "low"}', "broken-example"),
        ('{"urgency": "low", "reasons": [], "more": 1}', "broken-example"),
        ('```json\n{\n  "urgency": "low",\n  "reasons": "late"\n}\n```', "broken-example"),
    ],
)
def test_answers(text: str, found: str | None) -> None:
    report = lint_file(f"---\n{OUTPUTS}---\nuser:\nHow urgent is it?\n\nassistant:\n{text}\n".encode())
    assert list(report.by_rule) == ([found] if found else [])


def test_an_example_says_what_breaks() -> None:
    text = f'---\n{OUTPUTS}---\nuser:\nSuch as {{"urgency": "urgent", "reasons": []}}\n'
    [found] = lint_file(text.encode()).findings
    assert found.message == (
        "this example of an answer breaks the declared one: 'urgency' is 'urgent', not one of 'low', 'high'"
    )
    assert (found.where.column, found.where.width) == (9, 36)


def test_one_text_as_the_answer_may_have_any_form() -> None:
    head = "description: Sorts\noutputs:\n  answer:\n    kind: string\n"
    assert rules("user:\nAnswer in Markdown.\n", head) == {}


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_late_static_text_counts_what_stands_where() -> None:
    rule = "Be kind and brief. " * 300
    late = f"user:\n{{{{ text }}}}\n{rule}\nEnd.\n"
    assert rules(late, settings=Settings(select=("late-static-text",))) == {"late-static-text": 1}
    report = lint_file(f"---\ninputs:\n  text:\n    kind: string\n---\n{late}".encode())
    told = next(each.message for each in report.findings if each.rule == "late-static-text")
    assert told.startswith("text stands before 1,5")
    assert "and behind 0: " in told
    for body in (
        f"user:\n{rule}\n{{{{ text }}}}\n",  # it can be kept
        f"user:\n{{{{ text }}}}\n{rule[:2000]}\nEnd.\n",  # too short to be kept
        f"user:\n{{{{ tone }}}}\n{rule}\nEnd.\n",  # kept once for each of two values
    ):
        assert rules(body, settings=Settings(select=("late-static-text",))) == {}


def test_an_unlimited_input_stands_at_its_place() -> None:
    body = "user:\n{{ text | delimited }}\n"
    assert rules(body, settings=Settings(select=("over-budget",), budget=100)) == {"over-budget": 1}
    assert rules(body, settings=Settings(select=("over-budget",))) == {}


# --- history and shelf ------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.init(tmp_path / "prompts.git", bare=True)


def saved(store: Store, name: str, text: str, description: str = "Sorts the letters of a customer by urgency") -> None:
    store.save(name, Prompt.define(user(text), description=description))


def found(store: Store, *names: str) -> dict[str, str]:
    return {each.rule: each.message for each in lint(store, *names).findings}


def test_a_description_is_old_from_the_version_on_that_brought_it(store: Store) -> None:
    saved(store, "letters", "Sort the letters of this customer by urgency.", "Sorts")
    saved(store, "letters", "Sort the letters of this customer by their urgency.")
    assert found(store) == {}
    saved(store, "letters", "Write a poem about the sea.")
    assert found(store) == {
        "stale-description": "the description is that of v2, and the text no longer speaks of: "
        "sorts, letters, customer, urgency"
    }
    saved(store, "letters", "Write a poem about the sea.", "Writes about the sea")
    assert found(store) == {}


def test_a_text_that_grows_or_speaks_otherwise_of_the_same_is_no_reason(store: Store) -> None:
    saved(store, "letters", "Sort the letters of this customer by urgency.")
    saved(
        store, "letters", "Sorting letters: each customer writes some. " + " ".join(["Tell the urgency of each."] * 20)
    )
    assert found(store) == {}


def test_twins_are_named_and_variants_are_none(store: Store) -> None:
    text = "List the decisions of this meeting, who has to act on each of them, and until when it is due."
    saved(store, "one", text)
    saved(store, "two", f"{text} Thanks.")
    store.save("three", store.load("one").derive(description="The same for another team"))
    told = {(each.name, each.message) for each in lint(store).findings if each.rule == "near-duplicate"}
    assert {name for name, _ in told} == {"one", "two", "three"}
    assert ("one", "94% of it is in two as well") in told
    assert not any(name == "one" and "three" in message for name, message in told)
    assert found(store, "one").keys() == {"near-duplicate"}


def test_an_include_that_is_gone_or_unknown_is_not_called_old(store: Store) -> None:
    style = store.save("style", Prompt.define(system("Be brief."), description="How to write"))
    page = Prompt.define(user('{% include "style" %} Hello.'), includes={"style": style}, description="Says hello")
    store.save("page", page)
    assert found(store, "page") == {}
    store.save("style", Prompt.define(system("Be kind."), description="How to write"))
    assert list(found(store, "page")) == ["stale-pin"]
    store.delete("style")
    assert found(store, "page") == {}


def test_the_past_is_looked_at_as_it_was(store: Store) -> None:
    first = store.save("page", Prompt.define(user("Hello.  \nYou"), description=""))
    store.save("page", Prompt.define(user("Hello."), description="Says hello"))
    assert found(store) == {}
    assert [each.rule for each in lint(store.at(first)).findings] == ["missing-description"]


@pytest.mark.parametrize("description", ["Hello page", "hello-page.", "page", "PAGE!"])
def test_a_description_that_is_the_name_says_nothing(store: Store, description: str) -> None:
    store.save("hello/page", Prompt.define(user("Hello."), description=description))
    assert found(store) == {"missing-description": "the description is the name once more"}


# --- what cannot be told is not told ----------------------------------------------------------------------------------


def test_what_is_in_no_history_yet_is_looked_at_without_one(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    text = "---\ndescription: Sorts the letters\nmetadata:\n  promptlib:\n    includes:\n      a: a#" + "0" * 64
    (tmp_path / "prompts/page.prompty").write_text(f'{text}\n---\nuser:\n{{% include "a" %}} Write a poem.\n')
    with Store(tmp_path) as folder:
        assert lint(folder, settings=Settings(budget=1)).findings == ()


def test_a_value_of_no_known_type_may_be_anything() -> None:
    head = "description: Sorts\ninputs:\n  some:\n    kind: json\n    description: What to sort\n"
    report = lint_file(f"---\n{head}---\nsystem:\nSort {{{{ some.deep.down }}}}.\n".encode())
    assert set(report.by_rule) == {"untyped-input", "input-in-system"}


@pytest.mark.parametrize(
    "text", ["{urgency: high}", "{", '{"urgency": "high", "reasons": ["late"', "{}", '["urgency"]']
)
def test_what_is_no_json_object_is_no_example(text: str) -> None:
    assert lint_file(f"---\n{OUTPUTS}---\nuser:\nSuch as {text} or so.\n".encode()).ok


@pytest.mark.parametrize(
    ("value", "breaks"), [("null", False), ('"$URGENCY"', False), ('{"a": "<b>"}', False), ("3", True), ("[1]", True)]
)
def test_placeholders_in_an_example_are_no_values(value: str, breaks: bool) -> None:  # noqa: FBT001 - a table's column
    report = lint_file(f'---\n{OUTPUTS}---\nuser:\nSuch as {{"urgency": {value}, "reasons": []}}\n'.encode())
    assert set(report.by_rule) == ({"broken-example"} if breaks else set())


def test_a_text_that_no_tokenizer_takes_is_not_counted() -> None:
    body = f"user:\n{{{{ text | delimited }}}}\n{' ' * 1_000_000}x\n"
    assert rules(body, settings=Settings(select=("late-static-text",))) == {}
    literal = f"---\ntemplate: literal\n---\n{' ' * 1_000_000}x"
    assert lint_file(literal.encode(), settings=Settings(select=("over-budget",), budget=10)).ok


@pytest.mark.parametrize(
    ("sign", "mended"), [("\u200b", True), ("\x1b", True), ("\U000e0041", True), ("\u202e", False), ("\x85", False)]
)
def test_what_parts_words_or_turns_them_round_is_left_to_a_person(sign: str, mended: bool) -> None:  # noqa: FBT001 - a table's column
    report = lint_file(f"---\ndescription: Sorts\n---\nuser:\none{sign}two\n".encode())
    assert [(each.rule, each.fix is not None) for each in report.findings] == [("invisible-character", mended)]


def test_a_tag_that_the_file_writes_in_another_way_is_left_to_a_person() -> None:
    body = "user:\nSort what stands here:\n<text>\n{{ text }}\n</text>\n"
    assert [each.fix is not None for each in lint(Prompt.define(user("Sort this one for me: <a>"))).findings] == [False]
    assert rules(body) == {"forgeable-delimiter": 2}


def test_an_include_may_close_what_stands_before_it(store: Store) -> None:
    closing = store.save("end", Prompt.define(user("</rules>"), description="Ends the list"))
    text = 'Sort these.\n<rules>\nall\n{% include "end" %}\n</rule>\n'
    store.save("page", Prompt.define(user(text), includes={"end": closing}, description="Sorts all"))
    assert found(store, "page") == {}


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Say so when you do not know.", False),
        ("Leave out what they don't name.", False),
        ("Say so when you do not know, and never guess.", True),
        ("You do not give advice.", True),
        ("Don't shout.", True),
        ("Do not shout; speak calmly instead.", False),
    ],
)
def test_a_clause_that_tells_when_is_no_prohibition(sentence: str, told: bool) -> None:  # noqa: FBT001 - a table's column
    settings = Settings(select=("bare-prohibition",))
    assert rules(f"user:\n{sentence}\n", settings=settings) == ({"bare-prohibition": 1} if told else {})
