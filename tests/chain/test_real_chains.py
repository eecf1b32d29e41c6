"""A chain over prompts that real people keep: imported with their history, run, failed, gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Chain, ChainRun, Store, step, user
from promptlib.errors import ChainFailed
from promptlib.formats.git_history import import_git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Wanted(BaseModel):
    text: str


class Ideas(BaseModel):
    ideas: list[str]


class Listed(BaseModel):
    ideas: list[str]


@pytest.fixture(scope="module")
def shelf(fabric_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.init(tmp_path_factory.mktemp("chains") / "prompts.git", bare=True) as store:
        import_git(store, fabric_repository, match="patterns/{name}/system.md")
        for name, inputs, text in (
            ("summarize", Wanted, "{{ text }}"),
            ("extract_ideas", Wanted, "{{ text }}"),
            ("create_summary", Listed, "{{ ideas | join('; ') }}"),
        ):
            prompt = store.load(name)
            store.save(f"team/{name}", prompt.derive(inputs=inputs, messages=[*prompt.messages, user(text)]))
        yield store


def test_three_real_prompts_run_fail_and_go_on_and_the_record_names_all_versions(shelf: Store) -> None:
    chain = Chain.define(
        Wanted,
        step("summary", shelf.load("team/summarize"), text="text"),
        step("ideas", shelf.load("team/extract_ideas"), text="summary.text", outputs=Ideas),
        step("report", "team/create_summary@live", ideas="ideas.ideas"),
        resolve=lambda ref: shelf.load(ref.replace("@live", "")),
        description="From a text to a report of its ideas",
    )
    shelf.label("team/create_summary", "live", "v1")
    version = shelf.save("team/report", chain)
    loaded = shelf.load_chain("team/report@v1", inputs=Wanted)
    answers = iter(["It is about tea.", "Here are the ideas: tea.", '{"ideas": ["tea", "cake"]}', "A report."])
    asked: list[str] = []

    def model(messages: list[dict[str, object]]) -> str:
        asked.append(str(messages[-1]["content"]))
        return next(answers)

    with pytest.raises(ChainFailed, match="step 2 of 3, 'ideas', failed: its answer is not an object") as failed:
        loaded.run(Wanted(text="A talk about tea."), model=model)
    assert failed.value.answer == "Here are the ideas: tea."
    run = loaded.run(
        Wanted(text="A talk about tea."), model=model, resume=ChainRun.from_json(failed.value.run.to_json())
    )
    assert asked == ["A talk about tea.", "It is about tea.", "It is about tea.", "tea; cake"]
    assert run.text == "A report."
    assert run.versions == (
        version.ref,
        *(shelf.version(f"team/{name}").ref for name in ("summarize", "extract_ideas", "create_summary")),
    )
    logged = shelf.runs.record_chain(run, model="fake")
    assert [each.name for each in logged] == [
        "team/report", "team/summarize", "team/extract_ideas", "team/create_summary",
    ]  # fmt: skip
    assert [each.ref for each in shelf.runs.of("team/summarize")] == [logged[1].ref]
    assert [each.id for each in shelf.runs.with_version("team/extract_ideas@v1")] == [logged[0].id, logged[2].id]
    nodes = shelf.lineage("team/report", runs=shelf.runs).descendants()
    assert [node.run for node in nodes] == [logged[0].id]
    assert {(each.name, each.kind) for each in shelf.impact("summarize")} >= {("team/report", "step")}
