"""Foreign Prompty files: they come in by what their authors mean, and what is lost is told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import NotFound
from promptlib.formats.arrivals import LeftOut
from promptlib.formats.foreign_prompty import import_prompty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).parents[1] / "codec/fixtures"

OLD = """\
---
name: Support Chat
description: Answers customers of a shop
authors:
  - uma
model:
  api: chat
  configuration:
    type: azure_openai
    azure_endpoint: ${env:AZURE_OPENAI_ENDPOINT}
  parameters:
    temperature: 0.2
inputs:
  firstName:
    type: string
  unused:
    type: object
sample:
  firstName: Jane
  documents:
    - title: Tent
---
System:
You help {{firstName}}. # Context
{{context}}
{% for document in documents %}- {{document.title}}
{% endfor %}

{% for item in chat_history %}
{{item.role}}:
{{item.content}}
{% endfor %}

# user:
{{question}} ![a tent](tent.png)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        yield found


@pytest.fixture
def brought(store: Store, tmp_path: Path) -> Callable[..., Any]:
    """Import one file under the name `it`."""

    def bring(text: str | bytes, **options: Any) -> Any:
        file = tmp_path / "it.prompty"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_prompty(store, file.relative_to(Path.cwd()) if not file.is_absolute() else file, **options)

    return bring


def told(report: Any) -> list[tuple[str, int]]:
    """What was lost, with its line."""
    return [(each.what, int(each.where.rpartition(":")[2])) for each in report.lost]


def test_a_file_of_the_first_version_comes_in_with_all_that_is_lost_told(store: Store, brought: Any) -> None:
    report = brought(OLD)
    assert report.created == ("it",)
    assert told(report) == [
        ("the loop that writes the messages of 'chat_history' is a thread here", 29),
        ("a picture in Markdown stays text: declare an input of kind image for it", 35),
        ("'context' is not declared: here it is a text that must be given", 25),
        ("'documents' is not declared: here it is any plain data that must be given", 26),
        ("'question' is not declared: here it is a text that must be given", 35),
        ("'unused' is declared and not used: it is left out", 16),
    ]
    prompt = store.load("it")
    assert (prompt.description, prompt.authors, prompt.trust) == ("Answers customers of a shop", ("uma",), "foreign")
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    values = {"firstName": "Jane", "context": "Tents.", "documents": [{"title": "Alpine"}], "question": "How much?"}
    messages = prompt.render({**values, "chat_history": history}).messages
    assert [(each.role, each.text) for each in messages] == [
        ("system", "You help Jane. # Context\nTents.\n- Alpine"),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "How much? ![a tent](tent.png)"),
    ]
    assert "${env:AZURE_OPENAI_ENDPOINT}" in store.file("it").decode()
    assert brought(OLD).unchanged == ("it",)


def test_a_file_that_the_strict_profile_reads_keeps_its_bytes(store: Store, brought: Any) -> None:
    text = '---\n# a comment\ndescription: "Quoted"\ninputs:\n  x: {kind: string}\n---\nuser:\n{{ x }}\n'
    assert told(brought(text, trust="own")) == []
    assert store.file("it").decode() == text


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.prompty")), ids=lambda path: path.stem)
def test_every_shape_that_prompty_publishes_comes_in(store: Store, path: Path) -> None:
    report = import_prompty(store, path)
    assert (report.created, report.left_out) == ((path.stem,), ())
    assert import_prompty(store, path).unchanged == (path.stem,)


HEAD = "---\nname: it\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"{HEAD}a: &x 1\n---\nuser:\nhi\n", 3, "anchors are not read here"),
        (f"{HEAD}template: handlebars\n---\nuser:\nhi\n", 3, "templates of kind 'handlebars' are not read"),
        (f"{HEAD}template:\n  parser: own\n---\nuser:\nhi\n", 4, "no parser 'own'"),
        (f"{HEAD}---\nuser:\nhi\n{{% if %}}\n", 6, "broken template"),
        (f"{HEAD}inputs: {{a: {{type: string}}}}\n---\nuser:\n{{{{ a }}}}\n{{% if %}}\n", 7, "broken template"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{> part}}}}\n", 6, "is a partial, which is another file"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{=<% %>=}}}}\n", 6, "a change of delimiters"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{#a}}}}x\n", 6, "the section 'a' is never closed"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{#a}}}}{{{{/b}}}}\n", 6, "closes no section: the open one is 'a'"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{/b}}}}\n", 6, "closes no section: none is open"),
        (f"{HEAD}template: mustache\n---\nuser:\n{{{{a-b}}}}\n", 6, "'a-b' is no name here"),
        (f"{HEAD}---\nuser:\n{{{{ ''.__class__ }}}}\n", 5, "__class__"),
        (f"{HEAD}description: a\n", 1, "front matter is opened and never closed"),
        (b"---\nname: it\n---\nuser:\n\xff\n", 5, "byte 0xFF is no UTF-8"),
    ],
)
def test_what_cannot_come_in_is_told_with_its_line(brought: Any, text: str | bytes, line: int, reason: str) -> None:
    report = brought(text)
    (left,) = report.left_out
    assert reason in left.reason
    assert f"it.prompty:{line}" in left.where
    assert report.created == ()


@pytest.mark.parametrize(
    ("inputs", "kinds", "losses"),
    [
        ("{a: {type: number}}", ["float"], []),
        ("{a: string}", ["string"], []),
        ("{a: null}", ["string"], []),
        ("{a: 3}", ["integer"], []),
        ("{a: {id: 7}}", ["json"], ["'a' holds a value and no declaration: it may be any plain data"]),
        ("{a: {type: list, sample: [x]}}", ["array"], []),
        ("{a: {type: object}}", ["json"], []),
        ("{a: {type: vector}}", ["json"], ["'a' is of the unknown kind 'vector': it may be any plain data"]),
        ("{a: {type: string, enum: [x, y]}}", ["enum"], []),
        ("{a: {type: string, default: x, isRequired: true}}", ["string"], []),
        ("{a: {type: integer, default: ''}}", ["integer"], ["the empty default of 'a' is left out"]),
        ("{a: {type: string, colour: red}}", ["string"], ["colour of 'a' says nothing here"]),
        ("[{name: a, type: string}, {type: string}]", ["string"], ["a declaration without a name is left out"]),
        ("{type: object, properties: {a: {type: string}}}", ["string"], []),
        ("{properties: [{name: a, kind: string}]}", ["string"], []),
        ("{a: {type: array, items: {type: number}}}", ["array"], []),
        ("{a: {type: array, items: 3}}", ["array"], ["the items of 'a' are no declaration"]),
        ("{a: {description: A word}}", ["string"], []),
        ("text", ["string"], ["'text' declares nothing", "'a' is not declared: here it is a text that must be given"]),
    ],
)
def test_declarations_of_every_shape(
    store: Store, brought: Any, inputs: str, kinds: list[str], losses: list[str]
) -> None:
    report = brought(f"{HEAD}inputs: {inputs}\n---\nuser:\n{{% if a %}}!{{% endif %}}\n")
    assert [each.type.kind for each in store.load("it").inputs] == kinds
    assert [what for what, _ in told(report)] == losses


def test_what_the_header_says_otherwise_is_told(store: Store, brought: Any) -> None:
    report = brought(
        f"{HEAD}description: 3\ntags: shop\nauthors: [1]\ntools: ${{file:tools.json}}\nmodel: 3\noutputs:\n"
        "  score: {type: number}\nsample: ${file:sample.json}\n---\nassistant[name=x]:\nHello\nFunction:\n{}\n"
    )
    assert told(report) == [
        ("the description is no text: it is written as one", 3),
        ("authors that are no list of words are left out", 5),
        ("tools that are no list are left out: '${file:tools.json}'", 6),
        ("tools: ${file:tools.json} is not read, and stays a text", 6),
        ("a model that is no mapping is left out: 3", 7),
        ("sample: ${file:sample.json} is not read, and stays a text", 10),
        ("what the role line says besides is left out: [name=x]", 12),
        ("the role function is tool here", 14),
    ]
    prompt = store.load("it")
    assert (prompt.description, prompt.tags) == ("3", ("shop",))
    assert [each.role for each in prompt.render().messages] == ["assistant", "tool"]


def test_mustache_says_the_same_here(store: Store, brought: Any) -> None:
    report = brought(
        f"{HEAD}inputs:\n  who: {{type: string}}\n  vip: {{type: boolean}}\n  lines: {{type: array}}\n"
        "template:\n  format: mustache\n---\nuser:\nDear {{{who}}} & {{&who}}, {% not jinja %} {\n"
        "{{#vip}}\nWelcome back.\n{{/vip}}\n{{^vip}}New?{{/vip}}\n{{! a comment }}\n"
        "{{#lines}}\n- {{title}} for {{who}}\n{{/lines}}\n"
    )
    assert [line for _, line in told(report)] == [10, 10]
    assert told(report)[0][0] == "its Mustache is a template of Jinja2 here"
    values: dict[str, Any] = {"who": "Ada", "vip": True, "lines": [{"title": "Tent"}]}
    shown = store.load("it").render(values).messages[0].text
    assert shown == "Dear Ada & Ada, {% not jinja %} {\nWelcome back.\n\n- Tent for Ada"
    assert "New?" in store.load("it").render({**values, "vip": False}).messages[0].text


def test_a_section_of_no_declared_kind_is_told(store: Store, brought: Any) -> None:
    report = brought(f"{HEAD}template: mustache\n---\nuser:\nAll:\n{{{{#words}}}}{{{{.}}}} {{{{/words}}}}\n")
    assert ("the section 'words' is of no declared kind, and is read as a loop", 7) in told(report)
    assert store.load("it").render(words=["a", "b"]).messages[0].text == "All:\na b "


def test_a_kind_that_does_not_fit_its_use_becomes_plain_data(store: Store, brought: Any) -> None:
    report = brought(f"{HEAD}inputs: {{a: {{kind: string}}}}\n---\nuser:\n{{{{ a.title }}}}\n")
    assert [what.partition(":")[0] for what, _ in told(report)] == ["'a' may be any plain data here"]
    assert store.load("it").render(a={"title": "T"}).messages[0].text == "T"


def test_names_come_from_the_paths(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    (folder / "mail").mkdir(parents=True)
    (folder / "mail/sort.prompty").write_text("user:\nhi\n")
    (folder / "My Prompt.prompty").write_text("user:\nhi\n")
    (folder / "README.md").write_text("no prompt")
    report = import_prompty(store, folder, into="theirs", dry_run=True)
    assert report.created == ("theirs/mail/sort",)
    assert report.left_out == (
        LeftOut("My Prompt.prompty", report.left_out[0].reason, "theirs/my-prompt", "My Prompt.prompty"),
    )
    with pytest.raises(NotFound, match="no file to import"):
        import_prompty(store)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "shard", ["![", "{{ role ", " ", "{{{", "{{# ", "${a:", "#", "\t \t", "system", "{% for a in b %}"]
)
def test_a_long_line_of_anything_takes_no_long_time(brought: Any, shard: str) -> None:
    """Work grows with the size: what were minutes, when each place looked at all that follows, is a moment."""
    for head in (HEAD, f"{HEAD}template: mustache\n"):
        report = brought(f"{head}---\nuser:\n{shard * (300_000 // len(shard))}\n", dry_run=True)
        assert [*report.created, *(each.name for each in report.left_out)] in (["it"], ["it.prompty"])


def test_mustache_writes_html_as_prompty_does(store: Store, brought: Any) -> None:
    report = brought(f"{HEAD}template: mustache\n---\nuser:\n{{{{a}}}} {{{{&a}}}}\n")
    assert told(report)[1] == (
        "what {{x}} puts in is written as HTML, as there: without the filters it is put in as it is", 5,
    )  # fmt: skip
    assert store.load(report.created[0]).render(a="<&\">'").text == "&lt;&amp;&quot;&gt;' <&\">'"
