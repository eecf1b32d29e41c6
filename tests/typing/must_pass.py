"""Right uses, which every checker accepts; never run."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, Literal, assert_type

from mcp.server import Server
from pydantic import BaseModel

from promptlib import (
    Budget,
    Chain,
    ChainRun,
    File,
    Image,
    Message,
    Prompt,
    RenderedPrompt,
    Segment,
    Step,
    Store,
    Thread,
    TokenCount,
    Version,
    assistant,
    constant,
    count_many,
    fit,
    placeholder,
    step,
    system,
    user,
)
from promptlib.diff import DiffTokens, PromptDiff, StepChange
from promptlib.fairness import Comparison, VariantSet, Words, vary
from promptlib.fairness import Report as FairnessReport
from promptlib.formats.arrivals import Imported, LeftOut, Lost, rename_file
from promptlib.formats.foreign_prompty import import_prompty
from promptlib.formats.langchain import from_langchain
from promptlib.formats.langchain_files import import_langchain
from promptlib.formats.langfuse import from_langfuse, import_langfuse
from promptlib.formats.mlflow import from_mlflow, import_mlflow
from promptlib.formats.moving import Moved
from promptlib.formats.table import import_csv
from promptlib.formats.texts import import_text
from promptlib.lint import Finding, Fix, Settings, lint, lint_file
from promptlib.lint import Report as LintReport
from promptlib.mcp_server import serve, server
from promptlib.merge import Merged, merge
from promptlib.query import Duplicate, Hit, Hits
from promptlib.review import Review, review
from promptlib.runs import Run
from promptlib.semantic import Embedder, embedder
from promptlib.semantic import Embedding as OwnEmbedder
from promptlib.site import Report, write
from promptlib.store import Entry, Facets, KeptReport
from promptlib.tokens import Explanation, Fitted, SegmentTokens, Unbounded, WorstCase

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Customer(BaseModel):
    name: str
    born: date | None = None


class Triage(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    history: Thread = ()
    customer: Customer | None = None
    picture: Image | None = None
    paper: File | None = None


class Marked(BaseModel):
    """Inputs that say how a budget may shorten them."""

    question: str
    docs: Annotated[list[str], Segment(priority=20)] = []
    note: Annotated[str, Segment(truncate="middle", boundary="line", marker=" […] ")] | None = None
    history: Annotated[Thread, Segment(priority=10, truncate="oldest")] = ()


class Answer(BaseModel):
    urgency: int


class Embedding(BaseModel):
    """A prompt as a field of a user's own model."""

    prompt: Prompt[Any]


triage = Prompt.define(
    Triage,
    system("You sort support tickets. Answer in a {{ tone }} voice."),
    placeholder("history"),
    user('{% if customer %}{{ customer.name }} writes: {% endif %}{{ ticket }}{{ picture or "" }}{{ paper or "" }}'),
    description="Sort a support ticket by urgency",
    tags=["support"],
    settings={"temperature": 0.2},
    outputs=Answer,
)
assert_type(triage, Prompt[Triage])
assert_type(triage.model, type[Triage])
assert_type(triage.digest, str)
assert_type(triage.variables, tuple[str, ...])

plain = Prompt.define(system("Say hello."), user("Hello, {{ name }}", literal=True))
included = Prompt.define(system('{% include "style" %}'), includes={"style": plain.evolve(messages=[user("Be kind.")])})
assert_type(plain, Prompt[BaseModel])

marked = Prompt.define(
    Marked,
    placeholder("history", priority=11, truncate="drop", min_tokens=None, max_tokens=900),
    user('{{ docs | join }}{{ note or "" }}{{ question }}'),
    segments={"question": Segment(group="a", min_tokens=3), "docs": {"priority": 30}},
)
assert_type(marked, Prompt[Marked])
assert_type(marked.evolve(segments={"docs": Segment()}), Prompt[Marked])
assert_type(marked.derive(segments={}), Prompt[Marked])
assert_type(marked.all_segments["docs"], Segment)
assert_type(marked.model(question="Why?", docs=["a"], note="b").docs, list[str])

turns: Thread = (user("Hi"), assistant("Hello"))
rendered = triage.render(Triage(ticket="It burns", history=turns), budget=Budget(8_000, reserve=1_000))
assert_type(rendered, RenderedPrompt)
assert_type(rendered.messages, tuple[Message, ...])
assert_type(triage.render({"ticket": "It burns"}), RenderedPrompt)
assert_type(triage.render(ticket="It burns", tone="warm"), RenderedPrompt)
assert_type(plain.render(), RenderedPrompt)
assert_type(included.render(), RenderedPrompt)

assert_type(rendered.explain(), Explanation)
assert_type(rendered.stable_prefix_tokens, int | None)
if rendered.report is not None:
    assert_type(rendered.report.segments, tuple[SegmentTokens, ...])
assert_type(Budget.for_model("gpt-4", 8_000, margin=0), Budget)
Budget(8_000, low_water=0.75, grid=8, counter=len, margin=100)

worst = triage.worst_case(Budget(8_000), resolve=lambda _: plain)
assert_type(worst, WorstCase)
assert_type(worst.most, int | None)
assert_type(worst.fits, bool)
assert_type(worst.unbounded, tuple[Unbounded, ...])
assert_type(worst.explain(), Explanation)
assert_type(worst.to_dict(), dict[str, object])

fitted = fit([user("Hi"), assistant("Hello")], Budget(8_000))
assert_type(fitted, Fitted[Message])
assert_type(fitted.messages, tuple[Message, ...])
chat: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
assert_type(fit(chat, Budget(100), segments={-1: Segment(truncate="end")}).messages, tuple[dict[str, Any], ...])
assert_type(count_many(["one", "two"]), list[TokenCount])

assert_type(triage.evolve(description="Sort tickets", tags=("support", "triage")), Prompt[Triage])
assert_type(triage.derive(description="Sort letters"), Prompt[Triage])


def stored(store: Store) -> None:
    """The uses of a store."""
    first = store.save("support/triage", triage, message="First cut")
    assert_type(first, Version)
    store.label("support/triage", "production", first)
    prompt = store.load("support/triage@production", inputs=Triage)
    assert_type(prompt, Prompt[Triage])
    prompt.render(Triage(ticket="It burns"), resolve=store.load)
    assert_type(store.load("support/triage"), Prompt[Any])
    assert_type(store.history("support/triage"), tuple[Version, ...])
    with store.transaction("Warmer voice everywhere") as tx:
        tx.save("support/triage", prompt.evolve(description="Warmer"))
    changes = store.diff("support/triage@v1", "support/triage@v2")
    assert_type(changes, PromptDiff)
    assert_type(changes.breaking, bool)
    assert_type(changes.tokens.change, int)
    assert_type(changes.count(len), DiffTokens)
    assert_type(changes.includes[0].difference, PromptDiff | None)
    assert_type(changes.markdown(), str)
    assert_type(changes.html(page=True), str)
    found = review(store, "main...HEAD")
    assert_type(found, Review)
    assert_type(found.prompts[0].versions, tuple[Version, ...])
    linted = lint(store, "support/triage", settings=Settings(select=("all",), budget=8_000))
    assert_type(linted, LintReport)
    assert_type(linted.findings, tuple[Finding, ...])
    assert_type(linted.findings[0].fix, Fix | None)
    assert_type(lint(triage).by_rule, dict[str, int])
    assert_type(lint([triage, plain]).ok, bool)
    assert_type(lint(store.at("main")), LintReport)
    assert_type(lint_file(b"user:\nHi", source="hi.prompty"), LintReport)
    report = write(store.at("main"), "site", title="Our prompts", label="production", versions=10)
    assert_type(report, Report)
    assert_type(report.unreadable, tuple[tuple[str, str], ...])


class Notes(BaseModel):
    """What a chain takes."""

    notes: str


def chains(store: Store, triage: Prompt[Triage], clock: Callable[[], datetime]) -> None:
    """The uses of chains."""
    one = step("read", triage, {"ticket": "notes"}, tone=constant("warm"), outputs=Triage)
    assert_type(one, Step)
    assert_type(one.pinned, bool)
    assert_type(one.using("support/triage@production"), Step)
    chain = Chain.define(
        Notes, one, step("next", "support/triage@production", ticket="read.ticket"), resolve=store.load
    )
    assert_type(chain, Chain[Notes])
    assert_type(Chain.define(one), Chain[BaseModel])
    assert_type(chain.evolve(description="Other"), Chain[Notes])
    assert_type(store.save("support/chain", chain), Version)
    assert_type(store.load_chain("support/chain", inputs=Notes), Chain[Notes])
    assert_type(store.load_chain("support/chain"), Chain[Any])
    assert_type(store.load_stored("support/chain"), Prompt[Any] | Chain[Any])

    def model(messages: list[dict[str, object]]) -> str:
        return str(messages)

    async def later(messages: list[dict[str, object]]) -> str:
        return str(messages)

    run = chain.run(Notes(notes="x"), model=model, models={"next": later}, budget=Budget(8_000), clock=clock)
    assert_type(run, ChainRun)
    assert_type(chain.run({"notes": "x"}, model=later, resume=run), Awaitable[ChainRun])
    assert_type(run.output_as(Notes, "read"), Notes)
    assert_type(run.versions, tuple[str, ...])
    assert_type(ChainRun.from_json(run.to_json()), ChainRun)
    assert_type(chain.to_mermaid(), str)
    assert_type(chain.render_first(Notes(notes="x")), RenderedPrompt)
    assert_type(store.diff("support/chain@v1", "support/chain@v2").steps, tuple[StepChange, ...])
    assert_type(merge(chain, chain, chain), Merged[Chain[Any]])
    assert_type(merge(triage, triage, triage).prompt, Prompt[Any] | None)
    assert_type(store.runs.record_chain(run, model="m"), tuple[Run, ...])


def served(store: Store) -> None:
    """The uses of a server for clients of the Model Context Protocol."""
    assert_type(store.state(), str)
    assert_type(serve(store), None)
    assert_type(server(store.at("main"), labels=["production", "latest"], only="support/"), Server[Any])
    serve(store, budget=Budget(8_000))


def shelf(store: Store) -> None:
    assert_type(store.tags(), dict[str, int])
    facets = store.facets("support/", tags=["mail"], inputs=["ticket:string", ":image"], described=False)
    assert_type(facets, Facets)
    assert_type(facets.described[True], int)
    entries = store.at("v1").entries(label="production", author="Uma", folder="support", kind="chain")
    assert_type(entries, tuple[Entry, ...])
    assert_type(entries[0].version, Version | None)
    assert_type(store.token_counts(entries), dict[str, int])


def brings(store: Store) -> None:
    report = import_csv(store, "prompts.csv", name="act", variables=True, trust="own", renames={"A": "a"})
    assert_type(report, Imported)
    assert_type(report.left_out, tuple[LeftOut, ...])
    assert_type(report.lost, tuple[Lost, ...])
    assert_type(rename_file(import_text(store, "notes", match="{name}.md", role="user")), str)
    assert_type(import_prompty(store, "theirs", into="theirs", dry_run=True).created, tuple[str, ...])


def compares(store: Store, asks: Callable[[object], str], later: Callable[[object], Awaitable[str]]) -> None:
    people = VariantSet.shipped("gender")
    prompt = store.load("hiring/rate")
    report = vary(prompt, [{"job": "nurse"}], variants=people, model=asks, repeats=2, measures=[Words()])
    assert_type(report, FairnessReport)
    assert_type(vary(prompt, [], variants=people, model=later, at_once=8), Awaitable[FairnessReport])
    assert_type(report.differing, tuple[Comparison, ...])
    assert_type(report.over({"words": 3.0})[0].low, float | None)
    kept = store.keep_report("hiring/rate", report, message="Measured")
    assert_type(kept, KeptReport)
    assert_type(store.reports("hiring/rate"), tuple[KeptReport, ...])
    assert_type(FairnessReport.from_dict(kept.data), FairnessReport)


def moves(store: Store, template: object) -> None:
    moved = from_langchain(template, inputs=Triage, functions="inputs", roles={"critic": "user"}, escape=False)
    assert_type(moved, Moved)
    assert_type(moved.prompt, Prompt[Any])
    assert_type(moved.lost, tuple[Lost, ...])
    assert_type(from_langfuse(template, includes={"style": moved.prompt}).labels, tuple[str, ...])
    assert_type(from_mlflow(template, trust="own").number, int | None)
    assert_type(import_langchain(store, "theirs", renames={"a": "b"}), Imported)
    assert_type(import_langfuse(store, "theirs.json", {"name": "a", "version": 1}), Imported)
    assert_type(import_mlflow(store, template, names=["a"], dry_run=True), Imported)


def by_meaning(store: Store) -> None:
    own: Embedder = OwnEmbedder("own 1", lambda texts: [[float(len(text))] for text in texts])
    named: Embedder = embedder("wordllama")
    for hit in store.search("calm an angry customer", ranking="fused", embedder=own):
        assert_type(hit.score, float)
    store.search("calm an angry customer", ranking="semantic", embedder="minilm")
    store.search("calm an angry customer", embedder=named)


def searches(store: Store, when: datetime) -> None:
    hits = store.search("calm a customer", tags=["mail"], inputs=("ticket:string",), changed_since=when, versions="all")
    assert_type(hits, Hits)
    assert_type(hits[0], Hit)
    assert_type(hits[:2], tuple[Hit, ...])
    assert_type(
        [hit.version for hit in store.at("main").search("x", limit=1, label="production")], list[Version | None]
    )
    assert_type(hits[0].snippet.marks, tuple[tuple[int, int], ...])
    assert_type(hits.spelled, tuple[tuple[str, str], ...])
    assert_type(store.related("support/triage@v1", limit=3), Hits)
    assert_type(store.duplicates(0.9), tuple[Duplicate, ...])
