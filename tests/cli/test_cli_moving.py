"""`promptlib import langchain`, `langfuse` and `mlflow`: reports, dry runs, exit codes, and what is not there."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.formats.standins import MlflowClient, PromptVersion

TEMPLATE = {
    "lc": 1, "type": "constructor", "id": ["langchain", "prompts", "prompt", "PromptTemplate"],
    "kwargs": {"template": "{{x}} {{#s}}{{.}}{{/s}}", "template_format": "mustache"},
}  # fmt: skip
PROMPTS = [
    {"name": "Movie", "version": 1, "prompt": "Rate {{film}}", "labels": ["production"], "tags": [], "config": {}},
    {"name": "broken", "version": 1, "prompt": [{"role": "critic", "content": "x"}], "labels": [], "tags": []},
]


def test_a_template_of_langchain_comes_in(bare: Any) -> None:
    bare.write("refund.json", json.dumps(TEMPLATE))
    dry = bare.ok("import", "langchain", "refund.json", "--dry-run").splitlines()
    assert dry[0] == "nothing was done; it would be: 1 new, 0 changed, 0 unchanged"
    assert any("values are written as HTML" in line for line in dry)
    told = bare("import", "langchain", "refund.json", "--plain", "--into", "team", "-m", "Moved", "--json")
    assert (told.code, told.json["created"], told.json["kind"]) == (0, ["team/refund"], "imported")
    assert bare.ok("show", "team/refund", "--text").splitlines()[0].startswith("{{ x }} {% for")
    assert bare("log", "team/refund", "--json").json["versions"][0]["message"].startswith("Moved\n")


def test_a_value_that_a_function_made_is_refused_until_it_is_said(bare: Any) -> None:
    partial = {"x": {"lc": 1, "type": "not_implemented", "id": ["f"]}}
    text = TEMPLATE | {"kwargs": {"template": "{x}", "partial_variables": partial}}
    bare.write("day.json", json.dumps(text))
    ended = bare("import", "langchain", "day.json")
    assert (ended.code, "is a function, and a prompt holds no code" in ended.out) == (1, True)
    assert bare.ok("import", "langchain", "day.json", "--functions").startswith("1 new")


def test_prompts_of_langfuse_come_in_and_roles_are_mapped(bare: Any) -> None:
    bare.write("theirs.json", json.dumps(PROMPTS))
    ended = bare("import", "langfuse", "theirs.json")
    assert ended.code == 1
    assert ended.out.splitlines()[:3] == [
        "1 version of 1 name", "labels: movie@production", "1 new, 0 changed, 0 unchanged",
    ]  # fmt: skip
    assert (
        bare.ok("import", "langfuse", "theirs.json", "--role", "critic=user").splitlines()[1]
        == "1 new, 0 changed, 1 unchanged"
    )
    wrong = bare("import", "langfuse", "theirs.json", "--role", "critic")
    assert (wrong.code, "maps no role to another: write --role critic=user" in wrong.err.replace("\n", " ")) == (
        2,
        True,
    )


class _Refused(Exception):
    pass


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stand-in be installed."""

    def client(tracking_uri: str, registry_uri: str) -> MlflowClient:
        assert tracking_uri == registry_uri
        if tracking_uri == "odd:/":
            raise _Refused("unsupported URI\nand more")
        return MlflowClient(PromptVersion("Triage", 1, "Sort {{ x }}", aliases=["live"]), PromptVersion("b", 1, "b"))

    module, errors = ModuleType("mlflow"), ModuleType("mlflow.exceptions")
    module.MlflowClient, errors.MlflowException = client, _Refused  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", errors)


def test_a_registry_of_mlflow_comes_in(bare: Any, mlflow: None) -> None:
    assert bare.ok("import", "mlflow", "sqlite:///x.db", "--name", "Triage").splitlines() == [
        "1 version of 1 name", "labels: triage@live", "1 new, 0 changed, 0 unchanged",
    ]  # fmt: skip
    assert bare.ok("import", "mlflow", "sqlite:///x.db").splitlines() == [
        "1 version of 1 name",
        "1 new, 0 changed, 1 unchanged",
    ]
    assert bare("import", "mlflow", "sqlite:///x.db", "--name", "Triag").code == 3
    wrong = bare("import", "mlflow", "odd:/")
    assert (wrong.code, "MLflow cannot open odd:/: unsupported URI" in wrong.err.replace("\n", " ")) == (2, True)


def test_without_mlflow_it_says_what_to_install(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    ended = bare("import", "mlflow", "sqlite:///x.db")
    assert ended.code == 1
    assert "install mlflow-skinny" in ended.err
