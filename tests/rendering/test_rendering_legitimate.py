"""What people write renders in foreign trust exactly as in plain Jinja, and every imported text as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import Environment, StrictUndefined

from promptlib.messages import Message, Text, user
from promptlib.prompt import Prompt
from promptlib.rendering import compile_pieces
from promptlib.rendering.environment import to_json

if TYPE_CHECKING:
    from types import ModuleType

    from promptlib.trust import Trust


def beside(name: str) -> ModuleType:
    """Return the module of data beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEGITIMATE: Any = beside("legitimate")


@pytest.fixture(scope="module")
def jinja() -> Environment:
    """Return plain Jinja with the same options; JSON is for readers here, not for web pages."""
    plain = Environment(  # noqa: S701 - nothing is escaped in a prompt
        undefined=StrictUndefined, keep_trailing_newline=True, extensions=["jinja2.ext.loopcontrols"]
    )
    plain.filters["tojson"] = to_json
    return plain


def test_there_are_enough_legitimate_templates() -> None:
    assert len(set(LEGITIMATE.TEMPLATES)) >= 100


@pytest.mark.parametrize("trust", ["own", "foreign"])
@pytest.mark.parametrize("at", range(len(LEGITIMATE.TEMPLATES)))
def test_a_legitimate_template_renders_as_in_plain_jinja(at: int, trust: Trust, jinja: Environment) -> None:
    # Between two characters: line breaks beside a statement at the very edge of a message are layout here.
    source = f"<{LEGITIMATE.TEMPLATES[at]}>"
    [message] = compile_pieces((user(source),), trust=trust).render(LEGITIMATE.VALUES)
    assert message.text == jinja.from_string(source).render(LEGITIMATE.VALUES)


def test_a_key_called_items_is_data_in_foreign_trust() -> None:
    source = "{{ settings.items }}{{ settings['items'] }}{{ settings | items | first | first }}"
    assert compile_pieces((user(source),), trust="foreign").render(LEGITIMATE.VALUES)[0].text == "datadatatone"


def test_ten_thousand_rows_and_a_document_of_a_megabyte_render_in_foreign_trust(jinja: Environment) -> None:
    source = (
        "<{% for row in rows | sort(attribute='score', reverse=true) %}"
        "{{ loop.index }}. {{ row.name | trim | upper }} ({{ '%.2f' | format(row.score) }})"
        "{% if row.tags %}: {% for tag in row.tags %}{{ tag }}{% if not loop.last %}, {% endif %}{% endfor %}"
        "{% endif %}\n"
        "{% endfor %}{{ document | trim | replace('\\t', '    ') | indent(2) }}{{ rows | tojson }}>"
    )
    rows = [{"name": f" row {n} ", "score": n / 7, "tags": ["a", "b", "c"][: n % 4]} for n in range(10_000)]
    values = {"rows": rows, "document": ("A line of forty characters, or so, is it.\n" * 25_000)[:1_000_000]}
    [message] = compile_pieces((user(source),), trust="foreign").render(values)
    assert message.text == jinja.from_string(source).render(values)


@pytest.mark.parametrize("library", ["fabric_repository", "awesome_repository"])
def test_every_text_of_a_real_library_is_a_foreign_literal(library: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(library)
    texts = [path for path in sorted(folder.rglob("*.md")) if ".git" not in path.parts]
    assert len(texts) > 100
    for path in texts:
        text = path.read_bytes().decode("utf-8", "replace")
        message = Message("system", (Text(text),), literal=True)
        assert Prompt(messages=(message,), trust="foreign").render().text == text
