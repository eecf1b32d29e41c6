"""Misuses, one a line, that every checker refuses; never run.

A line that ends in `# error: <code>` has an error of that code of mypy's, and one of pyright's; no other line has any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from promptlib import (
    Budget,
    Chain,
    Message,
    Prompt,
    RenderedPrompt,
    Segment,
    Store,
    Version,
    count_many,
    fit,
    placeholder,
    step,
    system,
    tool,
    user,
)
from promptlib.fairness import VariantSet, vary
from promptlib.formats.langchain import from_langchain
from promptlib.formats.mlflow import from_mlflow
from promptlib.formats.table import import_csv
from promptlib.formats.texts import import_text
from promptlib.lint import Settings, lint
from promptlib.mcp_server import serve, server

if TYPE_CHECKING:
    from promptlib.query import Hit
    from promptlib.tokens import BudgetReport


class Triage(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"


class Other(BaseModel):
    ticket: str


def wrong_inputs(triage: Prompt[Triage]) -> None:
    triage.render(Triage(tikket="It burns"))  # error: call-arg
    triage.render(Triage(ticket="It burns", extra=1))  # error: call-arg
    triage.render(Triage())  # error: call-arg
    triage.render(Triage(ticket=3))  # error: arg-type
    triage.render(Triage(ticket="It burns", tone="cold"))  # error: arg-type
    triage.render(Other(ticket="It burns"))  # error: arg-type
    triage.render("It burns")  # error: arg-type
    triage.render(Triage(ticket="It burns"), budget=8_000)  # error: arg-type
    triage.render_many([Other(ticket="It burns")])  # error: list-item
    triage.render_many(Triage(ticket="It burns"))  # error: arg-type


def wrong_models(store: Store) -> None:
    store.load("support/triage", inputs=Triage).render(Other(ticket="It burns"))  # error: arg-type
    store.load("support/triage", inputs=dict)  # error: type-var
    prompt: Prompt[Other] = store.load("support/triage", inputs=Triage)  # error: arg-type
    prompt.render(Other(ticket="It burns"))
    defined: Prompt[Other] = Prompt.define(Triage, user("{{ ticket }}"))  # error: arg-type
    defined.render(Other(ticket="It burns"))


def wrong_messages() -> None:
    Prompt.define(Triage, "{{ ticket }}")  # error: call-overload
    Prompt.define("{{ ticket }}")  # error: call-overload
    Prompt.define(Triage, user("{{ ticket }}"), descripton="Sort")  # error: call-overload
    placeholder(3)  # error: arg-type
    system(3)  # error: arg-type
    user("{{ ticket }}", literal="yes")  # error: arg-type
    tool("42", id="call-1")  # error: call-arg
    Message("robot")  # error: arg-type


def wrong_segments(triage: Prompt[Triage]) -> None:
    Segment(priority="high")  # error: arg-type
    Segment(truncate="tail")  # error: arg-type
    Segment(boundary=None)  # error: arg-type
    Segment(prio=3)  # error: call-arg
    Segment(3)  # error: call-arg
    placeholder("history", priority="high")  # error: arg-type
    placeholder("history", truncate="middle")  # error: arg-type
    placeholder("history", prio=3)  # error: call-arg
    Prompt.define(Triage, user("{{ ticket }}"), segments=[Segment()])  # error: call-overload
    Prompt.define(Triage, user("{{ ticket }}"), segments={"ticket": 3})  # error: dict-item
    triage.evolve(segments={"ticket": 3})  # error: dict-item
    triage.segments["ticket"] = {}  # error: index


def wrong_budgets(report: BudgetReport, budget: Budget) -> None:
    Budget("8000")  # error: arg-type
    Budget(8_000, low_water="low")  # error: arg-type
    Budget.for_model("gpt-4")  # error: call-arg
    fit(["Hello"], budget)  # error: type-var
    fit([user("Hello")], 8_000)  # error: arg-type
    count_many("one text", encoding=3)  # error: arg-type
    report.max_tokens = 3  # error: misc
    Prompt.define(user("Hello")).worst_case(8_000)  # error: arg-type


def wrong_changes(triage: Prompt[Triage], store: Store) -> None:
    triage.evolve(mesages=[user("{{ ticket }}")])  # error: call-arg
    triage.evolve(description=3)  # error: arg-type
    triage.derive(name="support/other")  # error: call-arg
    store.save("support/triage", "{{ ticket }}", message="First cut")  # error: arg-type
    lint("support/triage")  # error: arg-type
    lint(triage).ok = True  # error: misc
    Settings(select="secret")  # error: arg-type
    store.save("support/triage", triage, "First cut")  # error: call-arg


def writes(
    triage: Prompt[Triage], message: Message, version: Version, budget: Budget, rendered: RenderedPrompt
) -> None:
    triage.description = "other"  # error: misc
    triage.messages = ()  # error: misc
    triage.digest = "sha256:0"  # error: misc
    triage.messages[0] = user("other")  # error: index
    triage.settings["temperature"] = 1  # error: index
    message.role = "user"  # error: misc
    message.text = "other"  # error: misc
    version.number = 2  # error: misc
    budget.max_tokens = 1  # error: misc
    rendered.messages = ()  # error: misc
    triage.nickname = "other"  # error: attr-defined


def wrong_servers(store: Store) -> None:
    serve("prompts.git")  # error: arg-type
    serve(store, budget=8_000)  # error: arg-type
    server(store, label="production")  # error: call-arg


def wrong_shelves(store: Store) -> None:
    store.entries(colour="red")  # error: call-arg
    store.facets(kind="folder")  # error: arg-type
    store.tags()["mail"] = "many"  # error: assignment
    import_csv(store, "prompts.csv", trust="mine")  # error: arg-type
    import_text(store, "notes", role="boss")  # error: arg-type
    from_langchain({}, functions="run")  # error: arg-type
    from_mlflow({}, inputs=dict)  # error: arg-type


def wrong_chains(triage: Prompt[Triage], chain: Chain[Triage]) -> None:
    step("read", 3)  # error: arg-type
    step("read", triage, ticket=3)  # error: arg-type
    Chain.define(Triage, triage)  # error: call-overload
    chain.description = "other"  # error: misc
    chain.steps[0].name = "other"  # error: misc
    chain.run(Version, model=str)  # error: call-overload
    chain.run({}, model=3)  # error: call-overload
    chain.run({})  # error: call-overload
    chain.evolve(stepz=())  # error: call-arg


def wrong_rankings(store: Store) -> None:
    store.search("calm an angry customer", ranking="best")  # error: arg-type
    store.search("calm an angry customer", embedder=len)  # error: arg-type


def wrong_searches(store: Store, hit: Hit) -> None:
    store.search(["calm"])  # error: arg-type
    store.search("calm", tag="mail")  # error: call-arg
    store.search("calm", versions="newest")  # error: arg-type
    store.search("calm", changed_since="2026-05-03")  # error: arg-type
    hit.score = 2.0  # error: misc
    store.search("calm").total = 1  # error: misc


def wrong_comparisons(store: Store, people: VariantSet) -> None:
    prompt = store.load("hiring/rate")
    vary(prompt, [], variants=people, model=3)  # error: call-overload
    vary(prompt, [], variants=people, model=str, repeat=3)  # error: call-overload
    vary(prompt, [], variants=people, model=str, unit="name")  # error: call-overload
    store.keep_report("hiring/rate", {})  # error: arg-type
