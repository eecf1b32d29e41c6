"""MLflow's real prompts, and a real registry in a database file: the same messages, versions, aliases and times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.entities.model_registry import PromptVersion
from mlflow.entities.model_registry.prompt import Prompt as PromptInfo
from mlflow.exceptions import MlflowException

from promptlib import Store, codec
from promptlib.errors import InvalidPrompt
from promptlib.formats.mlflow import from_mlflow, import_mlflow
from tests.formats import standins
from tests.system.moving.holding import JINJA_BITS, missing, run_guide

if TYPE_CHECKING:
    from pathlib import Path

#: A value that holds a variable is filled there once more, and a back slash before a digit is read as a group: no such.
VALUES = st.text(alphabet="{}%#:-\n\r<>&'\"system user é", max_size=16).filter(lambda text: "{{" not in text)
BITS = st.sampled_from(
    [
        "{{a}}",
        "{{ b }}",
        "{{\na\t}}",
        "{",
        "}",
        "{{",
        "}}",
        "{%",
        "{#",
        "#}",
        "\n",
        "\r\n",
        '{{"json": 1}}',
        "{{{a}}}",
        "{{a|upper}}",
        "system:\n",
        "---\n",
        "\\",
        "x",
        " ",
        "{a}",
    ]
)
TEXTS = (
    st.lists(st.one_of(BITS, VALUES), max_size=9).map("".join).filter(lambda text: not ("{%" in text and "%}" in text))
)
JINJAS = st.lists(JINJA_BITS, min_size=1, max_size=9).map("".join)
ROLES = st.sampled_from(["system", "user", "assistant"])


def ours(version: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    made = from_mlflow(version).prompt
    assert codec.read(codec.write(made)) == made
    return [
        (each.role, each.text) for each in made.render({each.name: values[each.name] for each in made.inputs}).messages
    ]


def theirs(version: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    formatted = version.format(**values)
    return (
        [("user", formatted)] if isinstance(formatted, str) else [(each["role"], each["content"]) for each in formatted]
    )


@settings(max_examples=300)
@given(TEXTS, VALUES, VALUES)
def test_texts(text: str, a: str, b: str) -> None:
    version = PromptVersion("p", 1, text)
    assert version.variables == set(from_mlflow(version).prompt.variables)
    # Each value is put in by itself there: one may close or open what another has begun.
    values = {"a": a, "b": b}
    left = re.sub(r"\{\{\s*(a|b)\s*\}\}", lambda found: values[found[1]], text)
    if version.format(**values) == left:
        assert ours(version, values) == [("user", left)]


@settings(max_examples=200)
@given(st.lists(st.tuples(ROLES, TEXTS), min_size=1, max_size=3), VALUES)
def test_chats(messages: list[tuple[str, str]], a: str) -> None:
    version = PromptVersion("p", 1, [{"role": role, "content": text} for role, text in messages])
    values = {"a": a.replace("{", "").replace("}", ""), "b": "B"}
    assert ours(version, values) == theirs(version, values)


@settings(max_examples=200)
@given(JINJAS, JINJAS, VALUES, VALUES, st.lists(VALUES, max_size=3))
def test_jinja(first: str, second: str, a: str, b: str, items: list[str]) -> None:
    values = {"a": a, "b": b, "l": items, "i": "outside"}
    for template in (first, [{"role": "system", "content": first}, {"role": "user", "content": second}]):
        version = PromptVersion("p", 1, template)
        try:
            wanted = theirs(version, values)
        except Exception:  # noqa: BLE001, S112 - whatever Jinja says of a broken template
            continue
        assert ours(version, values) == wanted


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> MlflowClient:
    """Return a client of a registry in a database file."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('registry') / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.register_prompt("Triage", "Sort {{ ticket }}.", commit_message="First cut", tags={"team": "support"})
    client.register_prompt("Triage", "Sort {{ ticket }}.", commit_message="The same again")
    client.register_prompt(
        "Triage",
        [{"role": "system", "content": "Be {{ tone }}."}, {"role": "user", "content": "{{ ticket }}"}],
        commit_message="A chat",
        model_config={"model_name": "gpt-5", "temperature": 0.25},
        response_format={"type": "object", "properties": {"queue": {"type": "string"}}, "required": ["queue"]},
    )
    client.set_prompt_alias("Triage", "production", 2)
    client.set_prompt_alias("Triage", "staging", 3)
    for number in range(3):
        client.register_prompt(f"other.{number}", "{% if x %}{{ x }}{% endif %}")
    return client


def test_a_registry_comes_into_a_store(registry: MlflowClient, tmp_path: Path) -> None:
    with Store.init(tmp_path / "s.git", bare=True) as store:
        dry = import_mlflow(store, registry, dry_run=True)
        assert (dry.made, store.names()) == (False, ())
        report = import_mlflow(store, registry)
        assert set(report.created) == {"triage", "other.0", "other.1", "other.2"}
        assert (report.left_out, report.lost) == ((), ())
        assert report.notes == ("6 versions of 4 names", "labels: triage@production, triage@staging")
        for number in (1, 2, 3):
            there = registry.get_prompt_version("Triage", number)
            version = store.version(f"prompts:/triage/{number}")
            assert version.message.startswith(there.commit_message)
            assert int(version.time.timestamp()) == there.creation_timestamp // 1000
            values = {"ticket": "It {broke}", "tone": "kind"}
            prompt = store.load(f"triage@v{number}")
            here = prompt.render({each.name: values[each.name] for each in prompt.inputs})
            assert [(each.role, each.text) for each in here.messages] == theirs(there, values)
        assert store.labels("triage")["production"].number == 2
        latest = store.load("triage@staging")
        assert latest.settings == {"model_name": "gpt-5", "temperature": 0.25}
        assert [each.name for each in latest.outputs] == ["queue"]
        again = import_mlflow(store, registry)
        assert (again.created, again.changed, len(again.unchanged)) == ((), (), 4)
        assert store.fsck().problems == ()


def test_a_version_that_was_changed_or_deleted_there_is_told(registry: MlflowClient, tmp_path: Path) -> None:
    """MLflow keeps the text of a version in a tag, which can be set; and it gives no number twice."""
    for word in ("one", "two", "three"):
        registry.register_prompt("mutable", f"{word} {{{{ a }}}}")
    with Store.init(tmp_path / "s.git", bare=True) as store:
        import_mlflow(store, registry, names=["mutable"])
        registry.set_prompt_version_tag("mutable", 1, "mlflow.prompt.text", "changed {{ a }}")
        assert registry.get_prompt_version("mutable", 1).template == "changed {{ a }}"
        report = import_mlflow(store, registry, names=["mutable"])
        assert [each.what for each in report.lost] == [
            "version 1 was changed in mlflow since it was imported: here it stays as it was"
        ]
        assert store.load("mutable@v1").render(a="A").text == "one A"
        registry.delete_prompt_version("mutable", "2")
        again = import_mlflow(store, registry, names=["mutable"], into="again")
        assert [each.what for each in again.lost] == ["version 3 there is v2 here: those between did not come"]


def test_what_the_guide_says_of_mlflow(registry: MlflowClient) -> None:
    version = PromptVersion("p", 1, "{{ a }} {{ b }}")
    with pytest.raises(MlflowException, match="Missing variables"):
        version.format(a="x")
    assert version.format(a="{{ b }}", b="B") == "B B"  # a value that names a variable is filled once more
    assert version.format(a="A", b="B", c="C") == "A B"  # another name is ignored
    assert PromptVersion("p", 1, "{% if a %}{{ a }}{% endif %} {{ b }}").format() == " "  # and a missing one in Jinja
    assert PromptVersion("p", 1, "a {{ a.b }}").format(**{"a.b": "x"}) == "a x"
    numbers = [registry.register_prompt("same", "{{ a }}").version for _ in range(2)]
    assert numbers == [1, 2]  # the same text twice is two versions
    parts = PromptVersion("p", 1, [{"role": "user", "content": [{"type": "text", "text": "{{ a }}"}]}])
    with pytest.raises(TypeError):
        parts.format(a="x")
    with pytest.raises(InvalidPrompt, match="which MLflow cannot render either"):
        from_mlflow(parts)


def test_the_stand_ins_have_no_attribute_that_the_real_ones_lack(registry: MlflowClient) -> None:
    assert missing(standins.PromptVersion, PromptVersion("p", 1, "x")) == []
    assert missing(standins.PromptInfo, PromptInfo("p")) == []
    for name in ("search_prompts", "search_prompt_versions", "get_prompt_version"):
        assert callable(getattr(registry, name))
    page = registry.search_prompts(max_results=1)
    assert (len(page), bool(page.token)) == (1, True)


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_guide("mlflow", tmp_path, monkeypatch)
