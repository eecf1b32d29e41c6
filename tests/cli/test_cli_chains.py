"""Chains in the shell: shown, drawn, run by a command, and gone on with after a step that failed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Chain, Prompt, Store, constant, step, system, user

if TYPE_CHECKING:
    from pathlib import Path


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


class Decide(BaseModel):
    summary: str
    tone: str


class Decisions(BaseModel):
    decisions: list[str]


SUMMARISE = Prompt.define(Text, user("Summarise: {{ text }}"), description="Sum up notes")
DECIDE = Prompt.define(Decide, system("Be {{ tone }}."), user("{{ summary }}"), outputs=Decisions)
MAIL = Prompt.define(Decisions, user("Tell all: {{ decisions | join('; ') }}"))

MODEL = """\
import json, sys
messages = json.load(sys.stdin)
print('{"decisions": ["tea"]}' if messages[0]["role"] == "system" else "said: " + messages[-1]["content"])
"""


@pytest.fixture
def minutes(bare: Any) -> Any:
    """Return a shell in a store that holds a chain of three steps, the last of which follows a label."""
    with Store(bare.folder) as store:
        store.save("team/summarise", SUMMARISE)
        store.save("team/decide", DECIDE)
        store.save("team/mail", MAIL)
        store.label("team/mail", "production", "v1")
        chain = Chain.define(
            Notes,
            step("summarise", store.load("team/summarise"), text="notes"),
            step("decide", store.load("team/decide"), summary="summarise.text", tone=constant("warm")),
            step("mail", "team/mail@production", decisions="decide.decisions"),
            description="From notes to a mail",
            tags=["minutes"],
            resolve=store.load,
        )
        store.save("team/minutes", chain)
    bare.write("model.py", MODEL)
    return bare


def command(shell: Any) -> str:
    return f"{sys.executable} {shell.folder / 'model.py'}"


def test_show_tells_steps_wires_and_what_floats(minutes: Any) -> None:
    shown = minutes.ok("show", "team/minutes")
    assert "tags: minutes" in shown
    assert f"  1. summarise  team/summarise v1 ({SUMMARISE.digest[7:15]})\n       text = notes\n" in shown
    assert "       tone = constant 'warm'\n       gives decide.decisions: list of texts\n" in shown
    assert f"  3. mail  team/mail@production floating, now v1 ({MAIL.digest[7:15]})\n" in shown
    drawn = minutes.ok("show", "team/minutes", "--mermaid")
    assert drawn.startswith("flowchart TB\n")
    assert "style s2 stroke-dasharray" in drawn
    assert minutes.ok("show", "team/minutes", "--text").splitlines()[2] == "mail: team/mail@production (floating)"
    assert minutes.ok("show", "team/minutes", "--source").startswith("---\ndescription: From notes")
    told = minutes("show", "team/minutes@v1", "--json").json
    assert (told["kind"], told["pinned"], told["problem"]) == ("chain", False, None)
    assert [each["pinned"] for each in told["steps"]] == [True, True, False]
    assert told["steps"][2]["runs"] == MAIL.digest
    assert told["steps"][1]["inputs"] == {"summary": "summarise.text", "tone": {"constant": "warm"}}
    assert minutes("show", "team/mail", "--mermaid").code == 2
    assert minutes("show", "team/minutes", "--mermaid", "--json").code == 2


def test_a_chain_whose_label_moved_away_is_shown_with_what_is_wrong(minutes: Any) -> None:
    with Store(minutes.folder) as store:
        store.save("team/mail", SUMMARISE)
    minutes.ok("label", "team/mail", "production", "v2")
    shown = minutes.ok("show", "team/minutes")
    assert "the step 'mail' wires 'decisions', which team/mail@production (floating) does not take" in shown
    told = minutes("show", "team/minutes", "--json").json
    assert told["problem"].startswith("the step 'mail' wires 'decisions'")
    assert told["steps"][2]["outputs"] is None
    assert minutes("run", "team/minutes", "--with", "true", "-i", "notes=x").code == 1
    assert minutes("check").code == 1


def test_the_verbs_of_prompts_know_chains(minutes: Any) -> None:
    assert minutes.ok("ls").split() == ["team/decide", "team/mail", "team/minutes", "team/summarise"]
    assert minutes.ok("ls", "--kind", "chain").split() == ["team/minutes"]
    assert "From notes to a mail" in minutes.ok("ls", "--long")
    assert "v1" in minutes.ok("log", "team/minutes")
    assert "steps" in minutes.ok("diff", "team/minutes")
    assert "step team/summarise v1" in minutes.ok("lineage", "team/minutes")
    assert "has as a floating step, now team/mail v1" in minutes.ok("impact", "team/mail")
    assert "step team/decide v1" in minutes.ok("graph")
    assert minutes.ok("render", "team/minutes", "-i", "notes=hello") == "user:\nSummarise: hello\n"
    assert minutes.ok("count", "team/minutes").splitlines()[0].split()[0] == "summarise"
    weighed = minutes("check", "--budget", "5000").out
    assert weighed.splitlines()[2].split(maxsplit=1) == ["team/minutes", "a chain: see its prompts"]
    assert "steps.mail.prompt" in minutes.ok("blame", "team/minutes", "--fields")
    assert minutes.ok("label", "team/minutes") == "team/minutes has no labels\n"
    minutes.ok("label", "team/minutes", "production", "v1")
    minutes.ok("rename", "team/minutes", "team/protocol")
    assert "renamed from: team/minutes" in minutes.ok("show", "team/protocol@production") or minutes.ok(
        "show", "team/protocol"
    )
    assert "all is well" in minutes.ok("fsck")
    refused = minutes("export", "prompty", "team/protocol")
    assert (refused.code, "is a chain of 3 steps" in refused.err) == (1, True)


def test_a_file_of_a_chain_is_saved(minutes: Any) -> None:
    file = minutes.ok("show", "team/minutes", "--source")
    minutes.write("other.prompty", file.replace("warm", "plain").replace("---\n", "---\n# Ours.\n", 1))
    assert "v2" in minutes.ok("save", "team/minutes", "other.prompty", "-m", "Plainer")
    assert "# Ours." in minutes.ok("show", "team/minutes", "--source")
    difference = minutes.ok("diff", "team/minutes")
    assert '~ tone: {"constant": "warm"} -> {"constant": "plain"}' in difference
    for form in ("--html", "--markdown", "--json"):
        assert "plain" in minutes.ok("diff", "team/minutes", form)
    minutes.write("bad.prompty", file.replace("summarise.text", "summarise.txt"))
    ended = minutes("save", "team/minutes", "bad.prompty")
    assert ended.code == 1
    assert "has no 'txt'" in ended.err


def test_run_asks_a_command_and_goes_on_after_a_failure(minutes: Any) -> None:
    ended = minutes("run", "team/minutes", "--with", command(minutes), "-i", "notes=we talked")
    assert (ended.code, ended.out) == (0, "said: Tell all: tea\n")
    assert ended.err.splitlines()[2].startswith(f"3. mail  team/mail@v1#{MAIL.digest[7:15]}, floating, ")
    record = str(minutes.folder / "run.json")
    failed = minutes(
        "run", "team/minutes", "--with", command(minutes), "--step-with", "decide=false", "-i", "notes=x", "-o", record
    )
    assert failed.code == 1
    assert "step 2 of 3, 'decide', failed: the model raised CommandFailedError: false ended with 1" in failed.err
    assert f"go on with: --resume {record}" in failed.err
    # The steps that ran are not asked again: this command could not answer the first one.
    going = minutes(
        "run", "team/minutes", "--with", command(minutes), "--step-with", "summarise=false", "-i", "notes=x",
        "--resume", record, "-o", record, "--json",
    )  # fmt: skip
    assert going.code == 0
    told = going.json
    assert told["kind"] == "chain run"
    assert [each["step"] for each in told["run"]["steps"]] == ["summarise", "decide", "mail"]
    assert json.loads((minutes.folder / "run.json").read_text()) == told["run"]
    assert told["run"]["steps"][0]["began"] is not None


def test_run_says_what_is_wrong_with_a_command(minutes: Any, tmp_path: Path) -> None:
    loud = tmp_path / "loud.py"
    loud.write_text("import sys; sys.stderr.write('no \\x1b[31mcredit'); sys.exit(3)")
    bytes_ = tmp_path / "bytes.py"
    bytes_.write_text("import sys; sys.stdout.buffer.write(bytes([255]))")
    asked: dict[str, tuple[list[str], int, str]] = {
        "not there": (["--with", "no-such-command"], 1, "no-such-command: No such file or directory"),
        "no": (["--with", f"{sys.executable} {loud}"], 1, "ended with 3: no ␛[31mcredit"),
        "no text": (["--with", f"{sys.executable} {bytes_}"], 1, "no UTF-8"),
        "no command": (["--with", ""], 2, "give a command"),
        "no end": (["--with", "'x"], 2, "No closing quotation"),
        "no step": (["--with", "true", "--step-with", "decide"], 2, "write STEP=COMMAND"),
        "no such step": (["--with", "true", "--step-with", "x=true"], 1, "models names the step 'x'"),
        "too much": (["--with", "true", "--budget", "2"], 1, "step 1 of 3, 'summarise', failed"),
        "no run": (["--with", "true", "--resume", str(loud)], 1, "this is no run of a chain"),
    }  # fmt: skip
    for name, (words, code, told) in asked.items():
        ended = minutes("run", "team/minutes", "-i", "notes=x", *words)
        assert (name, ended.code) == (name, code)
        assert told in ended.err, name
    (tmp_path / "bad").write_bytes(b"\xff")
    assert minutes("run", "team/minutes", "--with", "true", "--resume", str(tmp_path / "bad")).code == 2
    assert minutes("run", "team/mail", "--with", "true").code == 1
    quiet = minutes("run", "team/minutes", "--with", "false", "-i", "notes=x", "--json")
    assert (quiet.code, quiet.json["run"]["failed"]) == (1, "summarise")
