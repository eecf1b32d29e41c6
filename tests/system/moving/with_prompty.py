"""Files that Prompty's own package loads: prepared there and rendered here, they give the same messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import prompty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlib import codec
from promptlib.formats.adopting import adopted
from promptlib.formats.prompty import portable
from tests.system.moving.holding import run_guide

if TYPE_CHECKING:
    from pathlib import Path

#: No line breaks: at the edges of a message Prompty drops those of a value too, and a line that is a role is an error.
VALUES = st.text(alphabet="{}%#:\\<>&'\"system é-", min_size=1, max_size=12)
FILES = {
    "of version 1": """---
name: Support
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt-4o}
sample: {a: Jane, b: "Where?"}
---
system:
You help {{a}}.


User:
{{b}}
""",
    "with a history": """---
name: sort
model: {id: gpt-5, provider: openai, apiType: chat, options: {temperature: 0.2}}
inputs:
  - {name: a, kind: string}
  - {name: history, kind: thread}
---
system:
Sort it.

{{history}}

user:
{{a}}
{% if a %}
yes {{ a | upper }}
{% endif %}
end
""",
    "with a loop": """---
name: list
model: gpt-5
inputs:
  - {name: rows, kind: array, items: {kind: object, properties: [{name: n, kind: string}]}}
---
system:
# Items
{% for row in rows %}
- {{ row.n }} {{ loop.index }}
{% endfor %}
{ and } and {{ "{{" }}
""",
    "of Mustache": """---
name: list
model: gpt-5
template: {format: mustache, parser: prompty}
inputs:
  - {name: a, kind: string}
  - {name: rows, kind: array, items: {kind: object, properties: [{name: n, kind: string}]}}
---
system:
Hi {{a}} {{{a}}} & { {% raw %}
{{#rows}}
- {{n}}
{{/rows}}

assistant:
Yes?
""",
}


def theirs(path: Path, values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(each.role), str(each.text)) for each in prompty.prepare(prompty.load(path), values)]


def rendered(prompt: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    given_here = {each.name: values[each.name] for each in prompt.inputs if each.name in values}
    return [(each.role, each.text) for each in prompt.render(given_here).messages]


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=VALUES, b=VALUES, rows=st.lists(VALUES, max_size=3))
def test_the_same_messages(name: str, a: str, b: str, rows: list[str], tmp_path: Path) -> None:
    path = tmp_path / "x.prompty"
    path.write_text(FILES[name])
    values = {
        "a": a,
        "b": b,
        "rows": [{"n": each} for each in rows],
        "history": [{"role": "user", "content": b}, {"role": "assistant", "content": a}],
    }
    prompt = adopted(path.read_bytes(), path.name, "foreign").prompt
    assert rendered(prompt, values) == theirs(path, values)
    # And back: what promptlib writes for other tools, Prompty renders to the same.
    back = tmp_path / "back.prompty"
    back.write_bytes(portable(prompt).data.replace(b"---\n", b"---\nname: back\n", 1))
    assert codec.read(codec.write(prompt)) == prompt
    assert theirs(back, values) == rendered(prompt, values)


def test_what_the_guide_says_of_prompty(tmp_path: Path) -> None:
    path = tmp_path / "x.prompty"
    head = "---\nname: x\nmodel: gpt-5\ninputs:\n  - {name: a, kind: string}\n---\n"
    path.write_text(f"{head}system:\nHi {{{{nmae}}}}!\n\nuser:\n{{{{a}}}}\n")
    # A variable that nobody declared is nothing, and so is an input that nobody knows.
    assert theirs(path, {"a": "x", "other": 1}) == [("system", "Hi !"), ("user", "x")]
    assert theirs(path, {"a": "\nx\n"})[1] == ("user", "x")  # breaks of a value go at the edges of a message
    with pytest.raises(ValueError, match="Nonce mismatch"):
        theirs(path, {"a": "x\nsystem:\ny"})  # a value with a line that is a role is an error
    prompt = adopted(path.read_bytes(), path.name, "foreign").prompt
    assert rendered(prompt, {"nmae": "Bo", "a": "\nx\nsystem:\ny"})[1] == ("user", "\nx\nsystem:\ny")


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_guide("prompty", tmp_path, monkeypatch)
