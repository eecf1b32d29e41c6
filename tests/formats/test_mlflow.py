"""Prompts of MLflow and registries of them; the real ones are in the system tests."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, codec, user
from promptlib.errors import BadRef, InvalidPrompt, NotFound
from promptlib.formats.mlflow import from_mlflow, import_mlflow
from promptlib.plain import thaw
from tests.formats.standins import MlflowClient, PromptInfo, PromptVersion

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.formats.moving import Moved

DAY = 86_400_000  # milliseconds


def told(moved: Moved) -> list[str]:
    return [f"{each.where}: {each.what}" if each.where else each.what for each in moved.lost]


def shown(moved: Moved, **values: object) -> list[tuple[str, str]]:
    assert codec.read(codec.write(moved.prompt)) == moved.prompt
    return [(message.role, message.text) for message in moved.prompt.render(values).messages]


def versions(*texts: str, name: str = "Triage", **parts: Any) -> list[PromptVersion]:
    return [
        PromptVersion(name, number, text, f"Cut {number}", number * DAY, user_id="ann@example.com", **parts)
        for number, text in enumerate(texts, 1)
    ]


# --- one version ------------------------------------------------------------------------------------------------------


def test_a_text_becomes_a_user_message_and_braces_stay_text() -> None:
    text = "Sort {{ ticket }} as {{{x}}} {{ a|b }} {% {# {{ user.name }}{\nsystem:\n"
    moved = from_mlflow(PromptVersion("Triage", 3, text, "Shorter", DAY, {"team": "a"}, ["live"], "ann"))
    assert shown(moved, ticket="{{ x }}", x="X", user_name="Bo") == [
        ("user", "Sort {{ x }} as {X} {{ a|b }} {% {# Bo{\nsystem:\n")
    ]
    assert told(moved) == ["the variable 'user.name' is the input 'user_name' here"]
    assert (moved.name, moved.number, moved.message, moved.author) == ("Triage", 3, "Shorter", "ann")
    assert (moved.labels, moved.time) == (("live",), datetime(1970, 1, 2, tzinfo=UTC))
    assert thaw(moved.prompt.extra) == {"metadata": {"mlflow": {"name": "Triage", "version": 3, "tags": {"team": "a"}}}}
    assert moved.prompt.trust == "foreign"
    assert moved.to_dict()["time"] == "1970-01-02T00:00:00+00:00"


def test_a_chat_its_settings_and_its_outputs() -> None:
    schema = {"type": "object", "properties": {"queue": {"type": "string"}}, "required": ["queue"]}
    template = [{"role": "system", "content": "Be {{ tone }}.", "name": "x"}, {"role": "critic", "content": "{{ q }}"}]
    version = PromptVersion(
        "p", 1, template, response_format=schema, model_config={"model_name": "m", "temperature": 0.5}
    )
    with pytest.raises(InvalidPrompt, match="no role 'critic'"):
        from_mlflow(version)
    moved = from_mlflow(version, roles={"critic": "assistant"}, trust="own")
    assert shown(moved, tone="kind", q="user:\n") == [("system", "Be kind."), ("assistant", "user:\n")]
    assert told(moved) == ["message 1: name of the message: left out"]
    assert moved.prompt.settings == {"model_name": "m", "temperature": 0.5}
    assert [(each.name, each.type.kind) for each in moved.prompt.outputs] == [("queue", "string")]
    assert moved.prompt.trust == "own"


def test_statements_make_it_jinja_there_and_here() -> None:
    moved = from_mlflow(PromptVersion("p", 1, "{% if a %}\n{{ a }}\n{% endif %}\n"))
    assert shown(moved, a="x") == [("user", "\nx\n")]

    class Ask(BaseModel):
        a: bool

    typed = from_mlflow(PromptVersion("p", 1, "{% if a %}yes{% endif %}"), inputs=Ask)
    assert (shown(typed, a=True), typed.prompt.inputs_model) == ([("user", "yes")], Ask)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "it has no text and no messages"),
        ([{"role": "user", "content": [{"type": "text"}]}], "which MLflow cannot render either"),
        ([], "it holds no message"),
        ("{{ a.b }} {{ a_b }}", "'a.b' and 'a_b' would both be the input 'a_b'"),
        ("{% for %}{{ a }}", "broken template"),
    ],
)
def test_what_cannot_be_a_prompt_is_refused(template: Any, words: str) -> None:
    with pytest.raises(InvalidPrompt, match=words) as caught:
        from_mlflow(PromptVersion("p", 1, template))
    assert str(caught.value.where).startswith("p version 1")


def test_settings_that_are_no_mapping_or_no_data_are_told() -> None:
    listed = from_mlflow(PromptVersion("p", 1, "x", model_config=[1]))  # type: ignore[arg-type]  # wrong on purpose
    assert (thaw(listed.prompt.settings), told(listed)) == (
        {"config": [1]}, ["model_config is no mapping: it stands under the setting 'config'"],
    )  # fmt: skip
    wrong = from_mlflow(PromptVersion("p", 1, "x", model_config={"at": object()}, tags={"a": object()}))  # type: ignore[dict-item]  # wrong on purpose
    assert [each.partition(":")[0] for each in told(wrong)] == ["model_config is left out", "metadata are left out"]


# --- a registry -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.init(tmp_path / "s.git", bare=True) as made:
        yield made


def test_a_registry_comes_with_numbers_times_authors_and_labels(store: Store) -> None:
    made = versions("Sort {{ a }}.", "Sort {{ a }}.", "Sort {{ a }} now.")
    made[1].aliases = ["Production", "latest", "no label!"]
    info = {"Triage": PromptInfo("Triage", "Sorts tickets", {"team": "a", "_mlflow_experiment_ids": ",0,"})}
    client = MlflowClient(*made, *versions("{{ x }}", name="a/b C"), infos=info)
    dry = import_mlflow(store, client, dry_run=True)
    assert (dry.made, dry.created, store.names()) == (False, ("triage", "a/b-c"), ())
    assert dry.notes == ("4 versions of 2 names", "labels: triage@production")
    report = import_mlflow(store, client)
    assert (report.created, report.left_out) == (("triage", "a/b-c"), ())
    (lost,) = report.lost
    assert (lost.name, lost.what.partition(": ")[0]) == ("triage", "the label 'no label!' is left out")
    history = sorted(store.history("triage"), key=lambda each: each.number or 0)
    assert [(each.number, each.time.day, each.author, each.email) for each in history] == [
        (number, number + 1, "ann", "ann@example.com") for number in (1, 2, 3)
    ]
    assert history[0].message.startswith("Cut 1\n\nPromptlib-Source: mlflow:Triage/1#")
    assert store.labels("triage")["production"].number == 2
    prompt = store.load("prompts:/triage/3")
    assert (prompt.description, prompt.render(a="x").text) == ("Sorts tickets", "Sort x now.")
    assert prompt.extra["metadata"]["mlflow"]["prompt_tags"] == {"team": "a"}  # type: ignore[index,call-overload]  # plain data
    assert store.fsck().problems == ()


def test_again_it_brings_what_is_new_and_leaves_what_was_done_here(store: Store) -> None:
    made = versions("one {{ a }}", "two {{ a }}")
    made[0].aliases = ["live"]
    client = MlflowClient(*made)
    import_mlflow(store, client)
    assert import_mlflow(store, client).unchanged == ("triage",)
    made[0].template, made[0].aliases, made[1].aliases = "changed {{ a }}", [], ["live"]
    client.versions += [PromptVersion("Triage", 5, "five {{ a }}", "Cut 5")]
    report = import_mlflow(store, client)
    assert (report.changed, report.notes) == (("triage",), ("1 version of 1 name",))
    assert [each.what for each in report.lost] == [
        "version 1 was changed in mlflow since it was imported: here it stays as it was",
        "version 5 there is v3 here: those between did not come",
        "the label live is at v1 here and at v2 there: it stays; promptlib label triage live v2 moves it",
    ]
    store.save("triage", Prompt.define(user("mine")), message="By hand")
    assert import_mlflow(store, client).left_out == ()
    client.versions += [PromptVersion("Triage", 6, "six {{ a }}")]
    (left,) = import_mlflow(store, client).left_out
    assert (left.name, left.reason, left.proposal) == (
        "Triage", "triage was changed in the store since, and the source says something else", "triage-2",
    )  # fmt: skip
    store.delete("triage", message="Gone")
    other = MlflowClient(*versions("new", name="triage"))
    (left,) = import_mlflow(store, other).left_out
    assert left.reason == "triage was deleted or renamed here, and the source still has it"


def test_what_cannot_come_in_is_left_out_alone(store: Store) -> None:
    made = [*versions("a {{ x }}", "{% for %}{{ x }}"), *versions("b", name="triage"), *versions("c", name="!")]
    report = import_mlflow(store, MlflowClient(*made))
    assert report.created == ("triage",)
    assert [(each.name, each.reason.partition(":")[0], each.proposal) for each in report.left_out] == [
        ("triage", "triage is the name of 'Triage' already", "triage-2"),
        ("!", "nothing of it can be a name", "unnamed"),
        ("Triage version 2", "broken template", ""),
    ]
    again = import_mlflow(store, MlflowClient(*made), renames={"triage": "team/other", "!": "x"}, names=["triage", "!"])
    assert set(again.created) == {"team/other", "x"}
    assert import_mlflow(store, MlflowClient(*made), names=["!"], into="f").left_out[0].name == "!"
    with pytest.raises(BadRef, match="is mapped to"):
        import_mlflow(store, MlflowClient(*made), renames={"!": "NO NAME"})
    with pytest.raises(NotFound, match="the registry has no prompt 'Triag'") as caught:
        import_mlflow(store, MlflowClient(*made), names=["Triag"])
    assert "did you mean 'Triage'?" in caught.value.hint


def test_a_key_in_a_version_and_one_that_comes_too_late_are_left_out(tmp_path: Path) -> None:
    key = "gh" + "p_" + "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0bC2dE4"  # put together, so that no scanner finds one here
    made = versions("a {{ x }}", f"key {key} {{{{ x }}}}", "c {{ x }}")
    with Store.init(tmp_path / "careful.git", bare=True, refuse_secrets=True) as store:
        report = import_mlflow(store, MlflowClient(*made))
        (left,) = report.left_out
        assert (left.name, key in left.reason) == ("Triage version 2", False)
        assert [each.what for each in report.lost] == ["version 3 there is v2 here: those between did not come"]
        assert [each.number for each in store.history("triage")] == [1, 2]
        made[1].template = "b {{ x }}"
        (late,) = import_mlflow(store, MlflowClient(*made)).left_out
        assert late.reason == "version 3 is here already, and what came before it has no place any more"


def test_a_version_that_is_too_large_is_left_out(store: Store) -> None:
    (left,) = import_mlflow(store, MlflowClient(*versions("x" * (9 << 20)))).left_out
    assert "are more than a prompt's" in left.reason
    assert store.names() == ()


def test_a_version_that_goes_while_it_is_read_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = MlflowClient(*versions("a"))
    monkeypatch.setattr(client, "get_prompt_version", lambda *_: None)
    (left,) = import_mlflow(store, client).left_out
    assert left.reason == "version 1 is gone from the registry"


def test_an_application_gets_versions_of_today_and_is_told(tmp_path: Path) -> None:
    for command in (["init", "-q"], ["config", "user.name", "Uma"], ["config", "user.email", "uma@example.org"]):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)
    with Store.init(tmp_path) as store:
        made = versions("a {{ x }}", "b {{ x }}", "a {{ x }}")
        made[0].aliases = ["live"]
        report = import_mlflow(store, MlflowClient(*made))
        assert report.notes == (
            "3 versions of 1 name",
            "labels: triage@live",
            "times were not kept: only a bare store takes versions with times of their own",
        )
        history = sorted(store.history("triage"), key=lambda each: each.number or 0)
        assert [(each.number, each.author, each.time.year > 2000) for each in history] == [
            (1, "ann", True), (2, "ann", True), (3, "ann", True),
        ]  # fmt: skip
        assert store.labels("triage")["live"].digest == history[0].digest
        assert import_mlflow(store, MlflowClient(*made)).unchanged == ("triage",)
