"""A log of runs: what a line holds, what a line must not hold, and the questions that it answers without a store."""

from __future__ import annotations

import json
import logging
import os
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Budget, Image, Pin, Prompt, RenderedPrompt, system, user
from promptlib.errors import BadRef, InvalidInputs, NotFound, StoreError
from promptlib.plain import thaw
from promptlib.runs import Run, RunLog, Skipped, output_digest
from promptlib.runs.reading import BLOCK, LONGEST_LINE
from promptlib.runs.run import NoRunError, run_of

if TYPE_CHECKING:
    from pathlib import Path

CARD = "My card is 4111 1111 1111 1111"


class Ticket(BaseModel):
    ticket: str


STYLE = Prompt.define(system("Be kind."))
LONGER = Prompt.define(system("{% include 'style' %} Be brief."), includes={"style": STYLE})
TRIAGE = Prompt.define(Ticket, system("{% include 'how' %} Sort."), user("{{ ticket }}"), includes={"how": LONGER})


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    """Return a log that is not there yet."""
    return RunLog(tmp_path / "logs" / "runs.jsonl")


@pytest.fixture
def rendered() -> RenderedPrompt:
    """Return what a prompt of no store says to a customer."""
    return TRIAGE.render(ticket=CARD)


def line_of(log: RunLog) -> dict[str, Any]:
    """Return the only line of *log*."""
    (line,) = log.path.read_bytes().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


# --- what a line holds ------------------------------------------------------------------------------------------------


def test_a_line_tells_what_ran_and_no_text(log: RunLog, rendered: RenderedPrompt) -> None:
    before = datetime.now(UTC)
    run = log.record(rendered, output="It is urgent", model="gpt-4o")
    provenance = rendered.provenance
    assert provenance is not None
    assert line_of(log) == {
        "promptlib": 1,
        "kind": "run",
        "run": run.id,
        "time": run.time.isoformat().replace("+00:00", "Z"),
        "digest": TRIAGE.digest,
        "includes": [f"#{LONGER.digest[7:]}", f"#{STYLE.digest[7:]}"],
        "inputs_digest": provenance.inputs_digest,
        "result_digest": provenance.result_digest,
        "output_digest": f"sha256:{sha256(b'It is urgent').hexdigest()}",
        "model": "gpt-4o",
    }
    assert before <= run.time <= datetime.now(UTC)
    text = log.path.read_text()
    for word in ("card", "urgent", "Sort", "kind."):
        assert word not in text


def test_texts_are_kept_when_they_are_asked_for(log: RunLog, rendered: RenderedPrompt) -> None:
    run = log.record(rendered, output="Déjà \x1b[31m vu", texts=True)
    line = line_of(log)
    assert line["messages"] == rendered.to_openai()
    assert line["output"] == "Déjà \x1b[31m vu"
    assert log.path.read_bytes().isascii()
    assert b"\x1b" not in log.path.read_bytes()
    assert list(log) == [run]
    assert CARD not in repr(run)
    assert CARD not in str(run)


@pytest.mark.parametrize(
    ("output", "kept", "data"),
    [
        ("text", "text", b"text"),
        (b"\xff\x00", "\\xff\x00", b"\xff\x00"),
        ({"b": [1, 2.5], "a": None}, {"b": [1, 2.5], "a": None}, b'{"a":null,"b":[1,{"$float":"2.5"}]}'),
        ("", "", b""),
    ],
)
def test_an_output_is_a_text_or_bytes_or_plain_data(log: RunLog, output: Any, kept: Any, data: bytes) -> None:
    run = log.record(STYLE.render(), output=output, texts=True)
    assert run.output_digest == output_digest(output) == f"sha256:{sha256(data).hexdigest()}"
    assert line_of(log)["output"] == kept
    assert list(log.producing(output)) == [run]


def test_tokens_are_those_at_hand(log: RunLog) -> None:
    rendered = STYLE.render(budget=Budget(100))
    assert (log.record(STYLE.render()).tokens, log.record(STYLE.render()).exactness) == (None, "")
    counted, told, none = log.record(rendered), log.record(rendered, tokens=812), log.record(rendered, tokens=0)
    assert (counted.tokens, counted.exactness) == (int(rendered.tokens), "exact")
    assert (told.tokens, told.exactness) == (812, "provider")
    assert (none.tokens, none.exactness) == (0, "provider")
    assert list(log)[2:] == [counted, told, none]


def test_what_the_caller_says_is_kept(log: RunLog) -> None:
    at = datetime(2026, 11, 3, 14, tzinfo=timezone(timedelta(hours=1)))
    run = log.record(STYLE.render(), run="request-7", time=at, fields={"trace_id": "4bf9", "nested": {"a": [1, None]}})
    assert line_of(log)["time"] == "2026-11-03T13:00:00.000000Z"
    assert line_of(log)["run"] == "request-7"
    (again,) = log
    assert again == run
    assert thaw(again.fields) == {"trace_id": "4bf9", "nested": {"a": [1, None]}}
    assert pickle.loads(pickle.dumps(again)) == run  # noqa: S301 - made above
    assert hash(again) == hash(run)


def test_ids_differ(log: RunLog) -> None:
    assert len({log.record(STYLE.render()).id for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"output": object()}, "this run cannot be logged: the output is a object, not plain data"),
        ({"output": {"a": float("nan")}}, "the output.a is nan"),
        (
            {"fields": {"digest": "x"}},
            "the field 'digest' has a meaning of its own in a log\nchoose another name: my_digest",
        ),
        ({"fields": {"a": object()}}, "this run cannot be logged: fields.a is a object"),
        ({"model": 7}, "model is 7, not a text"),
        ({"model": "m" * 1_001}, "model is longer than 1,000 characters"),
        ({"run": ""}, "run is '', not a text"),
        ({"tokens": -1}, "tokens is -1, no number of tokens"),
        ({"tokens": True}, "tokens is True, no number"),
        ({"tokens": "many"}, "tokens is 'many', no number"),
        ({"time": datetime(2026, 1, 1)}, "time is no datetime with a zone"),  # noqa: DTZ001 - that is what is refused
        ({"time": "now"}, "time is no datetime"),
        ({"output": "x" * LONGEST_LINE, "texts": True}, "leave the texts out"),
    ],
)
def test_what_cannot_be_told_is_refused_and_nothing_is_written(log: RunLog, options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        log.record(STYLE.render(), **options)
    assert text in str(caught.value)
    assert not log.path.exists()


def test_messages_that_no_prompt_made_are_refused(log: RunLog) -> None:
    with pytest.raises(InvalidInputs, match="made by no prompt"):
        log.record(RenderedPrompt(messages=(user("Hi"),)))


def test_pictures_are_kept_as_they_are_sent(log: RunLog) -> None:
    class Look(BaseModel):
        picture: Image

    rendered = Prompt.define(Look, user("{{ picture }}")).render(picture=Image("https://example.org/a.png"))
    log.record(rendered, texts=True)
    assert line_of(log)["messages"] == rendered.to_openai()


# --- lines that are no runs -------------------------------------------------------------------------------------------

WHOLE: dict[str, Any] = {
    "promptlib": 1,
    "kind": "run",
    "run": "1",
    "time": "2026-11-03T14:00:00Z",
    "name": "support/triage",
    "ref": f"support/triage@v3#{'a' * 8}",
    "digest": f"sha256:{'a' * 64}",
}


def changed(**changes: object) -> bytes:
    """Return a line that holds *changes*; None takes a key out."""
    return json.dumps({key: value for key, value in {**WHOLE, **changes}.items() if value is not None}).encode()


def test_a_line_of_another_writer_is_read() -> None:
    run = run_of(changed(includes=[f"support/style#{'b' * 64}"], mine=[1, {"a": 2.5}], tokens=3))
    assert run == Run(
        id="1",
        time=datetime(2026, 11, 3, 14, tzinfo=UTC),
        digest=f"sha256:{'a' * 64}",
        name="support/triage",
        number=3,
        includes=(Pin("support/style", f"sha256:{'b' * 64}"),),
        tokens=3,
        fields=run.fields,
    )
    assert thaw(run.fields) == {"mine": [1, {"a": 2.5}]}
    assert run.ref == f"support/triage@v3#{'a' * 8}"
    assert str(run) == f"2026-11-03T14:00:00.000000Z support/triage@v3#{'a' * 8}"
    assert str(replace(run, label="production", model="m")).endswith(" (production) m")
    assert run_of(run.to_line()) == run


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\xff", "it is no UTF-8"),
        (b"Traceback (most recent call last):", "it is no JSON"),
        (b'{"promptlib":1,"kind":"run","run', "it is no JSON"),
        (b"[" * 200_000, "it is nested too deep"),
        (b'{"kind": "run"} and more', "it is no JSON"),
        (b"9" * 10_000, "it is no JSON"),
        (b'{"a": NaN}', "it holds NaN, which is no JSON"),
        (b"[1]", "it is something else than a run"),
        (b'{"kind": "run"}', "it is something else than a run"),
        (changed(kind="label"), "it is something else than a run"),
        (changed(promptlib=2), "it has a shape that this promptlib does not know (2)"),
        (changed(promptlib=[1]), "it has a shape that this promptlib does not know ([1])"),
        (changed(run=None), "its 'run' is no text"),
        (changed(run=7), "its 'run' is no text"),
        (changed(run=""), "its 'run' is no text"),
        (changed(run="x" * 1_001), "its 'run' is longer than 1,000 characters"),
        (changed(time=None), "its 'time' is none"),
        (changed(time=7), "its 'time' is none"),
        (changed(time="yesterday"), "its 'time' is none"),
        (changed(time="2026-11-03T14:00:00"), "its 'time' has no zone"),
        (changed(digest=None), "its 'digest' is none"),
        (changed(digest="sha256:1"), "its 'digest' is none"),
        (changed(digest=["a"]), "its 'digest' is no text"),
        (changed(digest=f"sha256:{'A' * 64}"), "its 'digest' is none"),
        (changed(output_digest=f"sha256:{'g' * 64}"), "its 'output_digest' is none"),
        (changed(name="../etc"), "'../etc' is no prompt name: the segment '..' holds something"),
        (changed(name=["a"]), "its 'name' is no text"),
        (changed(ref=f"support/triage@v3#{'b' * 8}"), "its 'ref' names something else than its digest"),
        (changed(ref=f"support/style@v3#{'a' * 8}"), "its 'ref' names something else than its digest"),
        (changed(ref="@"), "its 'ref' names something else than its digest"),
        (changed(ref=f"support/triage@v0#{'a' * 8}"), "its 'ref' names something else than its digest"),
        (changed(ref=f"support/triage@production#{'a' * 8}"), "its 'ref' names something else than its digest"),
        (changed(ref=f"support/triage#{'a' * 7}"), "its 'ref' names something else than its digest"),
        (changed(ref=[1]), "its 'ref' is no text"),
        (changed(label="latest"), "'latest' cannot be a label"),
        (changed(label=[1]), "its 'label' is no text"),
        (changed(includes="x"), "its 'includes' are no list of texts"),
        (changed(includes=["x"]), "'x' is no pin"),
        (changed(includes=[{}]), "its 'includes' are no list of texts"),
        (changed(commit="HEAD"), "its 'commit' is none"),
        (changed(inputs_digest="x"), "its 'inputs_digest' is none"),
        (changed(result_digest=7), "its 'result_digest' is none"),
        (changed(output_digest="x"), "its 'output_digest' is none"),
        (changed(model=7), "its 'model' is no text"),
        (changed(model="m" * 1_001), "its 'model' is longer than 1,000 characters"),
        (changed(tokens="many"), "its 'tokens' are no number"),
        (changed(tokens=-1), "its 'tokens' are no number"),
        (changed(tokens=True), "its 'tokens' are no number"),
        (changed(exactness="sure"), "its 'exactness' is none of estimate, exact, provider"),
        (changed(exactness=[1]), "its 'exactness' is no text"),
        (changed(messages={}), "its messages are no list"),
        (changed(messages=[2**60]), "a message is an integer past 2^53"),
        (changed(mine="\ud800"), "its 'mine' holds a lone surrogate"),
        (changed(output=2**60), "its output is an integer past 2^53"),
    ],
)
def test_a_line_that_is_no_run_says_why(line: bytes, why: str) -> None:
    with pytest.raises(NoRunError) as caught:
        run_of(line)
    assert why in str(caught.value)


@given(st.binary(max_size=200) | st.lists(st.none() | st.integers() | st.text()).map(json.dumps).map(str.encode))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    with pytest.raises(NoRunError):
        run_of(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from([*WHOLE, "includes", "label", "commit", "model", "tokens", "messages", "output", "edited"]), JSON
)
def test_no_value_of_a_key_breaks_the_reader(key: str, value: object) -> None:
    line = json.dumps({**WHOLE, key: value}).encode()
    try:
        run = run_of(line)
    except NoRunError:
        return
    assert run_of(run.to_line()) == run


def test_lines_that_are_no_runs_are_skipped_and_told(
    log: RunLog, rendered: RenderedPrompt, caplog: pytest.LogCaptureFixture
) -> None:
    first = log.record(rendered)
    with log.path.open("ab") as file:
        file.write(b"\n\nhello\n" + changed(time=None) + b"\n")
    last = log.record(rendered)
    with log.path.open("ab") as file:
        file.write(first.to_line()[:100])
    with caplog.at_level(logging.WARNING, "promptlib"):
        assert list(log) == [first, last]
    told = (
        "line 4: it is no JSON; line 5: its 'time' is none; line 7: it has no end: its writer was killed, or is at work"
    )
    assert [record.getMessage() for record in caplog.records] == [f"{log.path}: skipped {told}"]
    assert "\n".join(map(str, log.problems())) == told.replace("; ", "\n")
    found: list[Skipped] = []
    assert list(log.read(found.append)) == [first, last]
    assert [each.line for each in found] == [4, 5, 7]


def test_of_many_such_lines_the_first_are_told(log: RunLog, caplog: pytest.LogCaptureFixture) -> None:
    log.record(STYLE.render())
    with log.path.open("ab") as file:
        file.write(b"no\n" * 1_234)
    with caplog.at_level(logging.WARNING, "promptlib"):
        assert len(list(log)) == 1
    assert caplog.messages[0].endswith("line 6: it is no JSON, and 1,229 more")
    assert sum(1 for _ in log.problems()) == 1_234


def test_whoever_stops_early_is_told_what_was_met(log: RunLog, caplog: pytest.LogCaptureFixture) -> None:
    log.path.parent.mkdir()
    log.path.write_bytes(b"no\n")
    log.record(STYLE.render())
    with caplog.at_level(logging.WARNING, "promptlib"):
        reading = iter(log)
        next(reading)
        del reading
    assert caplog.messages == [f"{log.path}: skipped line 1: it is no JSON"]


def test_a_whole_last_line_without_an_end_is_a_run(log: RunLog) -> None:
    run = log.record(STYLE.render())
    log.path.write_bytes(log.path.read_bytes()[:-1])
    assert list(log) == [run]
    assert list(log.of(run.pin)) == [run]
    assert list(log.problems()) == []


@pytest.mark.parametrize(("ended", "behind"), [(False, 0), (True, 0), (True, 2)])
def test_a_line_too_long_for_memory_is_skipped(log: RunLog, ended: bool, behind: int) -> None:  # noqa: FBT001 - a table's column
    first = log.record(STYLE.render())
    with log.path.open("ab") as file:
        for _ in range(LONGEST_LINE // BLOCK + 2):
            file.write(b"x" * BLOCK)
        file.write(b"\n" * ended)
    expected = [first, *(log.record(STYLE.render()) for _ in range(behind))]
    assert list(log.problems()) == [Skipped(2, "it is longer than 16 MiB")]
    assert list(log) == expected
    assert list(log.of(first.pin)) == expected


def test_a_log_that_begins_with_a_line_too_long_is_read_behind_it(log: RunLog) -> None:
    log.path.parent.mkdir()
    log.path.write_bytes(b"x" * (LONGEST_LINE + 2 * BLOCK) + b"\n")
    run = log.record(STYLE.render())
    assert list(log.problems()) == [Skipped(1, "it is longer than 16 MiB")]
    assert list(log) == [run]


def test_lines_across_blocks_are_whole(log: RunLog) -> None:
    sizes = [10, BLOCK - 700, BLOCK, BLOCK + 1, 10, 3 * BLOCK, 5]
    runs = [log.record(STYLE.render(), fields={"pad": "x" * size}) for size in sizes]
    marked = log.record(TRIAGE.render(ticket="x"))
    assert list(log) == [*runs, marked]
    assert list(log.of(runs[0].pin)) == runs
    assert list(log.of(marked.pin)) == [marked]


@pytest.mark.parametrize(
    ("make", "text"),
    [(lambda path: path.mkdir(), "is no file\na log of runs is a file of JSON lines"), (os.mkfifo, "is no file")],
)
def test_what_is_no_file_is_told(tmp_path: Path, make: Any, text: str) -> None:
    make(tmp_path / "runs.jsonl")
    with pytest.raises(StoreError) as caught:
        list(RunLog(tmp_path / "runs.jsonl"))
    assert text in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    log.record(STYLE.render())
    monkeypatch.setattr("promptlib.runs.reading.open", refuse, raising=False)
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        list(log)


def test_a_disk_that_fails_on_the_way_is_told(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

    log.record(STYLE.render())
    monkeypatch.setattr("promptlib.runs.reading.open", lambda *_, **__: Failing(), raising=False)
    with pytest.raises(StoreError, match="cannot be read: Input/output error"):
        list(log)


def test_a_log_that_is_not_there_is_empty(log: RunLog) -> None:
    assert list(log) == []
    assert list(log.problems()) == []
    assert log.versions() == ()
    assert list(RunLog(log.path.parent / "no" / "folder")) == []


# --- questions --------------------------------------------------------------------------------------------------------


def stored(name: str, prompt: Prompt[Any], label: str = "") -> Prompt[Any]:
    """Return *prompt* as if it had been loaded by *name*."""
    from promptlib.origin import Origin

    return prompt.with_origin(Origin(name, prompt.digest, label))


@pytest.fixture
def runs(log: RunLog) -> dict[str, Run]:
    """Return runs of two names, one after the other, a day apart."""
    triage = TRIAGE.evolve(includes={"how": stored("support/how", LONGER)})
    made = {
        "old": stored("support/style", STYLE, "production"),
        "new": stored("support/style", STYLE.evolve(messages=(system("Be very kind."),)), "production"),
        "triage": stored("support/triage", triage),
        "nameless": STYLE,
    }
    return {
        key: log.record(
            prompt.render({"ticket": "x"} if prompt.inputs else {}),
            output=key,
            time=datetime(2026, 11, 3, tzinfo=UTC) + timedelta(days=at),
        )
        for at, (key, prompt) in enumerate(made.items())
    }


def keys(runs: dict[str, Run], found: Any) -> str:
    """Return the keys of the runs that were *found*."""
    return " ".join(next(key for key, run in runs.items() if run == each) for each in found)


def test_which_runs_a_version_ran_in(log: RunLog, runs: dict[str, Run]) -> None:
    old = runs["old"]
    assert keys(runs, log.of("support/style")) == "old new"
    assert keys(runs, log.of(old.pin)) == "old nameless"
    assert keys(runs, log.of(old.digest)) == "old nameless"
    assert keys(runs, log.of(f"support/style#{old.digest[7:15]}")) == "old nameless"
    # The number may have moved since: the digest says which content is meant.
    assert keys(runs, log.of(f"support/style@v9#{old.digest[7:15]}")) == "old nameless"
    assert keys(runs, log.of("support/style@production")) == "old new"
    assert keys(runs, log.of("support/style@staging")) == ""
    assert keys(runs, log.of("support/other")) == ""
    assert keys(runs, log.of(Pin("support/other", old.digest))) == "nameless"


def test_which_runs_a_version_had_a_part_in(log: RunLog, runs: dict[str, Run]) -> None:
    assert keys(runs, log.with_version("support/how")) == "triage"
    assert keys(runs, log.of("support/how")) == ""
    assert keys(runs, log.with_version(LONGER.digest)) == "triage"
    # Included by what was included.
    assert keys(runs, log.with_version(STYLE.digest)) == "old triage nameless"
    assert keys(runs, log.with_version(f"support/style#{STYLE.digest[7:]}")) == "old triage nameless"
    assert runs["triage"].used(Pin("support/how", LONGER.digest))
    assert not runs["old"].used(Pin("support/how", LONGER.digest))
    assert not runs["old"].used(Pin("support/other", STYLE.digest))


def test_which_versions_made_an_output(log: RunLog, runs: dict[str, Run]) -> None:
    assert keys(runs, log.producing("triage")) == "triage"
    assert keys(runs, log.producing(output_digest("triage"))) == "triage"
    assert keys(runs, log.producing("nothing")) == ""
    (used,) = log.producing("old").versions()
    assert (used.pin, used.runs, used.version) == (runs["old"].pin, 1, None)
    assert str(used) == f"support/style ({STYLE.digest[7:15]}), not in a history at hand: 1 run, 2026-11-03"


def test_versions_are_counted_and_ordered_by_their_last_use(log: RunLog, runs: dict[str, Run]) -> None:
    log.record(stored("support/style", STYLE).render(), time=datetime(2026, 11, 9, tzinfo=UTC))
    found = log.versions()
    assert [each.pin for each in found] == [runs[key].pin for key in ("new", "triage", "nameless", "old")]
    assert str(found[-1]).endswith(": 2 runs, 2026-11-03 to 2026-11-09")
    assert str(found[-2]).startswith("not stored (")


def test_conditions_add_up(log: RunLog, runs: dict[str, Run]) -> None:
    assert keys(runs, log.of("support/style").producing("new")) == "new"
    assert keys(runs, log.of("support/style").producing("triage")) == ""
    assert keys(runs, log.of("support/style").between(until="2026-11-04T00:00Z")) == "old"
    assert repr(log.of("support/style")) == f"Runs({str(log.path)!r}, 1 conditions)"
    assert repr(log) == f"RunLog({str(log.path)!r})"


def test_between_times(log: RunLog, runs: dict[str, Run]) -> None:
    assert keys(runs, log.between("2026-11-04 00:00+00:00")) == "new triage nameless"
    assert keys(runs, log.between(datetime(2026, 11, 4, tzinfo=UTC), "2026-11-05T00:00:00+01:00")) == "new"
    assert keys(runs, log.between()) == "old new triage nameless"


@pytest.mark.parametrize("ref", ["support/style@v1", "support/style@latest"])
def test_a_log_alone_guesses_no_number(log: RunLog, ref: str) -> None:
    with pytest.raises(NotFound) as caught:
        log.of(ref)
    assert str(caught.value) == (
        f"which content {ref} is, a log alone knows digests, and no history that could say\n"
        "ask by digest, support/style#3f9c2a1b, or ask a store: Store.open().runs"
    )
    with pytest.raises(NotFound):
        log.with_version("support/style@production")


def test_wrong_questions_are_refused(log: RunLog) -> None:
    with pytest.raises(BadRef):
        log.of("Support/Style")
    with pytest.raises(BadRef):
        log.of("sha256:12")
    with pytest.raises(BadRef) as caught:
        log.between("3 May")
    assert (
        str(caught.value) == '\'3 May\' is no time\na time is written "2026-11-03 14:00+01:00" or "2026-11-03T13:00Z"'
    )
    with pytest.raises(BadRef, match="2026-11-03 00:00 says no time zone, and the answer depends on it"):
        log.between("2026-11-03")
    with pytest.raises(BadRef, match="a time is a datetime or a text, not a int"):
        log.between(7)  # type: ignore[arg-type] # the wrong type is the test
