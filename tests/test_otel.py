"""Spans say which prompt ran, by its digest, and nothing that was not asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from pydantic import BaseModel

from promptlib import Budget, File, Prompt, RenderedPrompt, Store, Thread, assistant, otel, placeholder, system, user
from promptlib.errors import InvalidInputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.trace import Tracer

CARD = "4111 1111 1111 1111"


class Address(BaseModel):
    city: str


class Ticket(BaseModel):
    ticket: str
    times: int = 1
    address: Address = Address(city="Köln")
    history: Thread = ()


class Tracing:
    """A tracer whose spans are kept."""

    def __init__(self, provider: TracerProvider) -> None:
        """Keep the spans of *provider*."""
        self.exporter = InMemorySpanExporter()
        self.provider = provider
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer: Tracer = provider.get_tracer("tests")

    def attributes(self, name: str) -> dict[str, Any]:
        """Return the attributes of the one finished span of this name."""
        (span,) = [each for each in self.exporter.get_finished_spans() if each.name == name]
        return dict(span.attributes or {})


@pytest.fixture
def tracing() -> Tracing:
    """Return a tracer whose spans are kept."""
    return Tracing(TracerProvider())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store where support/triage, which includes support/style, is in production."""
    store = Store.init(tmp_path / "prompts.git", bare=True)
    store.save("support/style", Prompt.define(system("Be kind.")))
    triage = Prompt.define(
        Ticket,
        system("{% include 'style' %} Sort tickets."),
        placeholder("history"),
        user("{{ ticket }} {{ times }} {{ address.city }}"),
        includes={"style": store.load("support/style")},
    )
    store.label("support/triage", "production", store.save("support/triage", triage))
    yield store
    store.close()


@pytest.fixture
def rendered(store: Store) -> RenderedPrompt:
    """Return what production says to a customer who tells a secret."""
    prompt = store.load("support/triage@production", inputs=Ticket)
    return prompt.render(Ticket(ticket=CARD, history=(user("Hi"), assistant("Hello"))))


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_current_span_says_which_version_ran(tracing: Tracing, store: Store, rendered: RenderedPrompt) -> None:
    version = store.version("support/triage@v1")
    with tracing.tracer.start_as_current_span("chat"):
        otel.record(rendered)
    assert tracing.attributes("chat") == {
        "gen_ai.prompt.name": "support/triage",
        "gen_ai.prompt.version": version.digest,
        "promptlib.prompt.ref": version.ref,
        "promptlib.prompt.label": "production",
        "promptlib.prompt.commit": version.commit,
        "promptlib.prompt.includes": (str(store.version("support/style").pin),),
    }


def test_name_and_version_load_what_ran(tracing: Tracing, store: Store, rendered: RenderedPrompt) -> None:
    with tracing.tracer.start_as_current_span("chat"):
        otel.record(rendered)
    told = tracing.attributes("chat")
    by_version = store.load(f"{told['gen_ai.prompt.name']}#{told['gen_ai.prompt.version']}")
    assert by_version == store.load(told["promptlib.prompt.ref"]) == store.load("support/triage@production")


def test_the_version_is_the_same_with_and_without_history(tmp_path: Path, rendered: RenderedPrompt) -> None:
    source = rendered.source
    assert source is not None
    prompt = Prompt.define(user("Hello"))
    with Store.init(tmp_path / "a.git", bare=True) as store:
        store.save("greeting", prompt)
        stored = otel.attributes(store.load("greeting").render())
    alone = otel.attributes(prompt.render())
    assert alone == {"gen_ai.prompt.version": prompt.digest}
    assert stored["gen_ai.prompt.version"] == alone["gen_ai.prompt.version"]


def test_an_edited_content_is_told_without_the_number_that_it_had(store: Store) -> None:
    prompt = store.load("support/triage@production")
    changed = prompt.evolve(inputs=Address, messages=(user("{{ city }}"),), includes={})
    told = otel.attributes(changed.render(city="Köln"))
    assert told["gen_ai.prompt.version"] == changed.digest
    assert told["promptlib.prompt.ref"] == f"support/triage#{changed.digest[7:15]}"
    assert told["promptlib.prompt.edited"] is True


def test_a_budget_tells_its_count(store: Store) -> None:
    prompt = store.load("support/triage@production", inputs=Ticket)
    rendered = prompt.render(Ticket(ticket="Hi"), budget=Budget(1_000))
    told = otel.attributes(rendered)
    assert told["promptlib.prompt.token_count"] == int(rendered.tokens)
    assert told["promptlib.prompt.token_exactness"] == "exact"


def test_nothing_of_the_messages_is_told(tracing: Tracing, rendered: RenderedPrompt) -> None:
    with tracing.tracer.start_as_current_span("chat"):
        otel.record(rendered)
    told = json.dumps(tracing.attributes("chat"))
    assert CARD not in told
    assert "Sort tickets" not in told


def test_a_history_that_cannot_be_read_costs_only_the_number(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = store.load("support/triage@production", inputs=Ticket)
    (store.path / "HEAD").write_text("ref: refs/heads/gone\n")
    store.close()
    told = otel.attributes(prompt.render(Ticket(ticket="Hi")))
    assert told["promptlib.prompt.ref"] == f"support/triage#{prompt.digest[7:15]}"
    assert "promptlib.prompt.commit" not in told


def test_messages_that_no_prompt_made_have_no_version(tracing: Tracing) -> None:
    with (
        tracing.tracer.start_as_current_span("chat"),
        pytest.raises(InvalidInputs, match="made by no prompt") as caught,
    ):
        otel.record(RenderedPrompt(messages=(user("Hi"),)))
    assert caught.value.hint == "give what prompt.render(…) returned"


# --- variables --------------------------------------------------------------------------------------------------------


def test_variables_are_told_by_name(rendered: RenderedPrompt) -> None:
    told = otel.attributes(rendered, variables=("times", "address", "no_such_input"))
    assert {key: value for key, value in told.items() if "variable" in key} == {
        "gen_ai.prompt.variable.times": "1",
        "gen_ai.prompt.variable.address": '{"city": "Köln"}',
    }
    assert "gen_ai.prompt.variable.ticket" in otel.attributes(rendered, variables="ticket")


def test_all_variables_are_all_but_messages(rendered: RenderedPrompt) -> None:
    told = otel.attributes(rendered, variables=True)
    assert {key.rpartition(".")[2] for key in told if "variable" in key} == {"ticket", "times", "address"}
    assert otel.attributes(rendered, variables=("history",)) == otel.attributes(rendered)


def test_messages_inside_of_other_values_stay_out() -> None:
    class Turns(BaseModel):
        turns: tuple[Thread, ...]
        files: tuple[File, ...] = ()
        flag: bool = True
        note: str | None = None

    prompt = Prompt.define(
        Turns,
        user("{% for each in turns %}{{ each | length }}{% endfor %}{{ files | length }}{{ flag }}{{ note or 0 }}"),
    )
    told = otel.attributes(prompt.render(turns=((user("Hi"),),)), variables=True)
    assert {key.rpartition(".")[2]: value for key, value in told.items() if "variable" in key} == {
        "files": "[]",
        "flag": "true",
        "note": "null",
    }


def test_a_long_value_is_cut_and_a_lone_surrogate_replaced() -> None:
    prompt = Prompt.define(Address, user("{{ city }}"))
    long = otel.attributes(prompt.render(city="x" * 100_000), variables=True)["gen_ai.prompt.variable.city"]
    assert long == "x" * (otel.LONGEST_VALUE - 1) + "…"
    broken = otel.attributes(prompt.render(Address.model_construct(city="a\ud800b")), variables=True)
    assert broken["gen_ai.prompt.variable.city"] == "a?b"


# --- which span -------------------------------------------------------------------------------------------------------


def test_of_nested_spans_the_innermost_is_told(tracing: Tracing, rendered: RenderedPrompt) -> None:
    with tracing.tracer.start_as_current_span("request"), tracing.tracer.start_as_current_span("chat"):
        otel.record(rendered)
    assert tracing.attributes("request") == {}
    assert tracing.attributes("chat")["gen_ai.prompt.name"] == "support/triage"


def test_a_given_span_is_told_instead_of_the_current_one(tracing: Tracing, rendered: RenderedPrompt) -> None:
    with tracing.tracer.start_as_current_span("request"):
        chat = tracing.tracer.start_span("chat")
        otel.record(rendered, span=chat)
        chat.end()
    assert tracing.attributes("request") == {}
    assert tracing.attributes("chat")["gen_ai.prompt.name"] == "support/triage"


def test_a_span_can_be_started_with_the_attributes(tracing: Tracing, rendered: RenderedPrompt) -> None:
    with tracing.tracer.start_as_current_span("chat", attributes=otel.attributes(rendered)):
        pass
    assert tracing.attributes("chat") == otel.attributes(rendered)


def test_without_a_recording_span_nothing_is_looked_up(rendered: RenderedPrompt) -> None:
    nothing = RenderedPrompt(messages=(user("Hi"),))
    otel.record(nothing)
    sampled_out = Tracing(TracerProvider(sampler=ALWAYS_OFF))
    with sampled_out.tracer.start_as_current_span("chat"):
        otel.record(nothing)
    ended = Tracing(TracerProvider()).tracer.start_span("chat")
    ended.end()
    otel.record(nothing, span=ended)
    assert sampled_out.exporter.get_finished_spans() == ()


def test_a_span_that_a_client_makes_is_told_through_the_processor(tracing: Tracing, rendered: RenderedPrompt) -> None:
    tracing.provider.add_span_processor(otel.span_processor())
    with tracing.tracer.start_as_current_span("request"), otel.using(rendered, variables=("times",)):
        with tracing.tracer.start_as_current_span("chat"), tracing.tracer.start_as_current_span("POST"):
            pass
        with tracing.tracer.start_as_current_span("chat again"):
            pass
    with tracing.tracer.start_as_current_span("later"):
        pass
    assert tracing.attributes("chat") == otel.attributes(rendered, variables=("times",))
    assert tracing.attributes("chat again") == tracing.attributes("chat")
    assert [tracing.attributes(name) for name in ("request", "POST", "later")] == [{}, {}, {}]


def test_an_error_inside_of_using_ends_it(tracing: Tracing, rendered: RenderedPrompt) -> None:
    tracing.provider.add_span_processor(otel.span_processor())
    with pytest.raises(KeyError), otel.using(rendered):
        raise KeyError
    with tracing.tracer.start_as_current_span("later"):
        pass
    assert tracing.attributes("later") == {}


def test_the_log_can_lead_to_the_trace(tracing: Tracing) -> None:
    assert otel.trace_context() == {}
    with tracing.tracer.start_as_current_span("chat") as span:
        found = otel.trace_context()
    assert found == otel.trace_context(span)
    assert found["trace_id"] == trace.format_trace_id(span.get_span_context().trace_id)
    assert [len(found["trace_id"]), len(found["span_id"])] == [32, 16]


# --- what is not installed --------------------------------------------------------------------------------------------

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {blocked!r} or name.startswith({blocked!r} + "."):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
try:
    {code}
except ImportError as error:
    print(type(error).__name__, error, sep="\\n")
"""


@pytest.mark.parametrize(
    ("blocked", "code", "what", "hint"),
    [
        (
            "opentelemetry",
            "from promptlib import otel",
            "promptlib.otel needs the package opentelemetry-api",
            "pip install opentelemetry-api; or with promptlib, from its checkout: pip install '.[otel]'",
        ),
        (
            "opentelemetry.sdk",
            "from promptlib import otel; otel.span_processor()",
            "span_processor() needs the package opentelemetry-sdk",
            "pip install opentelemetry-sdk",
        ),
    ],
)
def test_a_missing_package_is_an_import_error_that_says_how_to_get_it(
    blocked: str, code: str, what: str, hint: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(blocked=blocked, code=code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout == f"NotInstalled\n{what}, and it is not installed\n{hint}\n"


def test_promptlib_alone_imports_no_opentelemetry() -> None:
    code = "import promptlib, promptlib.store, promptlib.runs, sys; print('opentelemetry' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == "False\n"
