from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store

if TYPE_CHECKING:
    from pathlib import Path

TRIAGE = "support/triage"


def git(shell: Any, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=shell.folder, check=True, capture_output=True, text=True)
    return run.stdout


# --- making, saving ---------------------------------------------------------------------------------------------------


def test_init_says_where_and_what_next(bare: Any) -> None:
    out = bare.ok("init", "--bare", "other.git")
    assert out == (
        f"bare store at {bare.folder / 'other.git'}\n"
        "next: promptlib -C other.git save support/triage FILE.prompty -m 'First cut'\n"
    )


def test_save_says_number_digest_and_token_change(bare: Any, triage_text: str) -> None:
    bare.write("triage.prompty", triage_text)
    first = bare.ok("save", TRIAGE, "triage.prompty", "-m", "First cut")
    assert first.startswith("support/triage v1 (")
    assert first.endswith(")  +13 tokens\n")
    longer = triage_text.replace("tickets.", "tickets by urgency.")
    assert bare.ok("save", TRIAGE, "-", given=longer).endswith("  +2 tokens\n")


def test_the_same_again_is_no_change(triage: Any) -> None:
    newest = triage("show", TRIAGE, "--source").out
    short = triage("show", TRIAGE, "--json").json["digest"][7:15]
    assert triage.ok("save", TRIAGE, "-", given=newest) == f"no change since v3 ({short})\n"
    assert triage("save", TRIAGE, "-", "--json", given=newest).json["outcome"] == "unchanged"


def test_the_file_is_stored_to_the_byte(triage: Any, triage_text: str) -> None:
    assert triage.ok("show", f"{TRIAGE}@v1", "--source") == triage_text
    assert triage.ok("show", f"{TRIAGE}@production", "--source") == triage_text


def test_save_expects(triage: Any, triage_text: str) -> None:
    other = triage_text.replace("sort", "file")
    late = triage("save", TRIAGE, "-", "--expect", "v2", given=other)
    assert late.code == 4
    assert "has moved on" in late.err
    assert triage("save", TRIAGE, "-", "--expect", "v3", given=other).code == 0


def test_an_older_content_is_refused_with_the_command_to_go_back(triage: Any, triage_text: str) -> None:
    refused = triage("save", TRIAGE, "-", given=triage_text)
    assert refused.code == 4
    assert "promptlib revert support/triage v1" in refused.err
    assert triage.ok("revert", TRIAGE, "v1").startswith("support/triage v4 (")
    assert triage.ok("show", TRIAGE, "--source") == triage_text
    assert triage.ok("revert", TRIAGE, "v1").startswith("no change since v4")


def test_a_broken_file_is_shown_with_its_place(bare: Any) -> None:
    ended = bare("save", "a", "-", given="---\n---\nuser:\n{{ ticket }\n")
    assert ended.code == 1
    assert "standard input:4:" in ended.err
    assert "^" in ended.err
    assert bare.ok("ls") == ""


def test_a_missing_file_is_a_usage_error(bare: Any) -> None:
    ended = bare("save", "a", "missing.prompty")
    assert ended.code == 2
    assert "missing.prompty: No such file" in ended.err


def test_save_without_a_file_commits_the_edited_one(application: Any, triage_text: str) -> None:
    path = application.write("prompts/support/triage.prompty", triage_text)
    application.write("staged.txt", "somebody's work")
    git(application, "add", "staged.txt")
    assert application.ok("save", TRIAGE, "-m", "By hand").startswith("support/triage v1 (")
    application.write(path, triage_text.replace("tickets.", "mails.").replace("comment", "note"))
    assert application.ok("save", TRIAGE, "-m", "By hand again").startswith("support/triage v2 (")
    assert "# a note that stays" in (application.folder / path).read_text()
    assert git(application, "status", "--short") == "A  staged.txt\n"
    assert git(application, "log", "--format=%s", "-2").split("\n")[:2] == ["By hand again", "By hand"]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_log_is_newest_first_with_tokens(triage: Any) -> None:
    rows = triage.ok("log", TRIAGE).splitlines()
    assert [row.split()[0] for row in rows[::2]] == ["v3", "v2", "v1"]
    assert [row.strip() for row in rows[1::2]] == ["Change 3", "Change 2", "Change 1"]
    assert "production" in rows[4]
    assert "13 tokens  +13  just now" in rows[4]
    assert len(triage.ok("log", TRIAGE, "-n", "1").splitlines()) == 2


def test_log_as_json(triage: Any) -> None:
    document = triage("log", TRIAGE, "-n", "2", "--json").json
    assert (document["kind"], document["name"]) == ("log", TRIAGE)
    assert [each["number"] for each in document["versions"]] == [3, 2]
    assert [each["change"] for each in document["versions"]] == [0, 2]
    assert document["versions"][1]["tokens"] == 15
    assert document["versions"][0]["time"].endswith("+00:00")


def test_log_follows_a_rename(triage: Any) -> None:
    assert triage.ok("rename", TRIAGE, "support/sort").startswith("support/triage is now support/sort v4 (")
    assert triage.ok("log", "support/sort").count("as support/triage") == 3
    assert [each["change"] for each in triage("log", "support/sort", "--json").json["versions"]] == [0, 0, 2, 13]


def test_show_tells_inputs_and_messages(triage: Any) -> None:
    out = triage.ok("show", f"{TRIAGE}@production")
    assert out.splitlines()[0].endswith(")  production")
    assert "Sort a ticket\n" in out
    assert "  ticket  text            required\n  times   a whole number  default 1\n" in out
    assert out.endswith("system:\nYou sort support tickets.\n\nuser:\n{{ ticket }} ({{ times }})\n")


def test_show_text_and_json(triage: Any) -> None:
    assert triage.ok("show", f"{TRIAGE}@v1", "--text") == "You sort support tickets.\n\n{{ ticket }} ({{ times }})"
    document = triage("show", f"{TRIAGE}@v1", "--json").json
    assert document["version"]["labels"] == ["production"]
    assert document["inputs"][1]["default"] == 1
    assert document["messages"][0] == {"role": "system", "text": "You sort support tickets."}
    assert triage("show", TRIAGE, "--json", "--text").code == 2


def test_show_an_edited_file(application: Any, triage_text: str) -> None:
    path = application.write("prompts/support/triage.prompty", triage_text)
    application.ok("save", TRIAGE)
    application.write(path, triage_text.replace("tickets.", "mails."))
    assert "edited on disk since v1" in application.ok("show", TRIAGE)
    assert application("show", TRIAGE, "--json").json["edited"] is True
    assert "{+mails+}" in application.ok("diff", TRIAGE)


def test_diff_of_two_of_the_last_two_and_of_the_first(triage: Any) -> None:
    assert "tickets [-by urgency-]{+and mails+}." in triage.ok("diff", TRIAGE)
    assert "tickets{+ by urgency+}." in triage.ok("diff", f"{TRIAGE}@v1", f"{TRIAGE}@v2")
    assert "nothing -> support/triage v1" in triage.ok("diff", f"{TRIAGE}@production")
    assert triage.ok("diff", TRIAGE, TRIAGE).endswith("no difference\n")


def test_diff_tells_by_its_exit_code(triage: Any) -> None:
    assert triage("diff", f"{TRIAGE}@v1", f"{TRIAGE}@v2", "--exit-code").code == 1
    assert triage("diff", f"{TRIAGE}@v1", f"{TRIAGE}@v1", "--exit-code").code == 0
    document = triage("diff", f"{TRIAGE}@v1", f"{TRIAGE}@v2", "--json").json
    assert (document["any"], document["breaking"], document["before"]["version"]) == (True, False, "v1")


def test_labels_move_are_listed_and_go(triage: Any) -> None:
    assert "(was v1 " in triage.ok("label", TRIAGE, "production")
    assert triage.ok("label", TRIAGE).split()[:2] == ["production", "v3"]
    assert triage("label", TRIAGE, "--json").json["labels"]["production"]["number"] == 3
    assert triage("label", TRIAGE, "production", "v2", "--expect", "v1").code == 4
    assert "removed (was v3" in triage.ok("label", TRIAGE, "production", "--remove")
    assert triage.ok("label", TRIAGE) == "support/triage has no labels\n"
    assert triage("label", TRIAGE, "--remove").code == 2
    assert triage("label", "nobody").code == 3


def test_a_label_is_moved_with_a_message(triage: Any) -> None:
    triage.ok("label", TRIAGE, "production", "v2", "-m", "Release: sorted by urgency")
    assert git(triage, "log", "-1", "--format=%s") == "Release: sorted by urgency\n"


def test_delete_keeps_the_history(triage: Any) -> None:
    assert "promptlib revert support/triage v3" in triage.ok("delete", TRIAGE)
    assert triage("show", TRIAGE).code == 3
    assert triage.ok("revert", TRIAGE, "v3").startswith("support/triage v4 (")


def test_ls(triage: Any) -> None:
    triage.ok("save", "other", "-", given="---\n---\nuser:\nhi\n")
    assert triage.ok("ls") == "other\nsupport/triage\n"
    assert triage.ok("ls", "support/") == "support/triage\n"
    assert [each["version"]["number"] for each in triage("ls", "--json").json["names"]] == [1, 3]


def test_lineage(triage: Any) -> None:
    assert triage.ok("lineage", TRIAGE).startswith("support/triage v3 (")
    assert triage.ok("lineage", TRIAGE, "--mermaid").startswith("flowchart BT\n")
    assert len(triage("lineage", TRIAGE, "--json").json["edges"]) == 2
    assert triage("lineage", TRIAGE, "--json", "--mermaid").code == 2


def test_a_folder_without_git_is_read(triage: Any, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", triage.folder, folder / "prompts"], check=True, capture_output=True)
    subprocess.run(["rm", "-rf", folder / "prompts" / ".git"], check=True)
    shell = type(triage)(folder)
    assert shell.ok("ls") == "support/triage\n"
    assert "You sort" in shell.ok("show", f"{TRIAGE}@production")
    (told,) = shell("ls", "--json").json["names"]
    assert (told["name"], told["version"], told["tags"], told["problem"]) == (TRIAGE, None, [], "")
    assert shell("save", TRIAGE).code == 4


# --- rendering, counting ----------------------------------------------------------------------------------------------


def test_render_fills_in(triage: Any) -> None:
    out = triage.ok("render", TRIAGE, "-i", "ticket=a=b", "--input", "times=3")
    assert out == "system:\nYou sort support tickets and mails.\n\nuser:\na=b (3)\n"


def test_render_reads_json_and_options_win(triage: Any) -> None:
    values = triage.write("values.json", '{"ticket": "from a file", "times": 7}')
    assert triage.ok("render", TRIAGE, "--inputs", values, "-i", "times=8").endswith("from a file (8)\n")
    assert triage.ok("render", TRIAGE, "--inputs", "-", given='{"ticket": "x"}').endswith("x (1)\n")


def test_render_for_apis(triage: Any) -> None:
    messages = json.loads(triage.ok("render", TRIAGE, "-i", "ticket=x", "--format", "openai"))
    assert [each["role"] for each in messages] == ["system", "user"]
    assert json.loads(triage.ok("render", TRIAGE, "-i", "ticket=x", "--format", "anthropic"))["system"]


def test_render_tells_tokens_and_provenance(triage: Any) -> None:
    out = triage.ok("render", f"{TRIAGE}@production", "-i", "ticket=x", "--budget", "100", "--reserve", "9", "--tokens")
    rows = [row.split() for row in out.splitlines()[-7:]]
    assert rows[0] == ["1", "system", "5"]
    assert [row[0] for row in rows[2:]] == ["overhead", "total", "reserve", "limit", "remaining"]
    document = triage("render", f"{TRIAGE}@production", "-i", "ticket=x", "--json").json
    assert document["provenance"]["label"] == "production"
    assert document["tokens"]["total"] == int(rows[3][1])
    assert document["budget"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 1, "ticket"),
        (("-i", "tikcet=x"), 1, "did you mean 'ticket'"),
        (("-i", "ticket=x", "-i", "times=often"), 1, "times"),
        (("-i", "ticket"), 2, "has no ="),
        (("-i", "ticket=x", "--budget", "5"), 1, "tokens"),
        (("--reserve", "5"), 2, "--budget"),
        (("--inputs", "broken.json"), 2, "is no JSON"),
        (("--inputs", "list.json"), 2, "holds no object"),
        (("-i", "ticket=x", "--encoding", "o200k"), 3, "o200k_base"),
    ],
)
def test_render_refuses(triage: Any, arguments: tuple[str, ...], code: int, words: str) -> None:
    triage.write("broken.json", "{")
    triage.write("list.json", "[]")
    ended = triage("render", TRIAGE, *arguments)
    assert ended.code == code, ended.err
    assert words in ended.err
    assert ended.out == ""


def test_count(triage: Any) -> None:
    assert triage.ok("count", given="hello world") == "2 tokens (exact, o200k_base)\n"
    assert triage.ok("count", TRIAGE).splitlines() == ["  system  7", "  user    8", "15 tokens (exact, o200k_base)"]
    path = triage.write("a.txt", "<|endoftext|>")
    assert triage("count", path, "--encoding", "cl100k_base", "--json").json["engine"] == "cl100k_base"
    assert triage("count", "-", given=b"\xff").code == 2
    assert triage("count", "nobody").code == 3


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_fsck(triage: Any) -> None:
    assert triage.ok("fsck") == "1 prompt, 1 label, 3 versions: all is well\n"
    assert triage("fsck", "--json").json["ok"] is True


def test_fsck_of_a_damaged_label(application: Any, triage_text: str) -> None:
    application.write("prompts/support/triage.prompty", triage_text)
    application.ok("save", TRIAGE)
    application.ok("label", TRIAGE, "production")
    label = next(application.folder.rglob("*.label"))
    label.write_text(label.read_text().replace("sort", "lose"))
    ended = application("fsck")
    assert ended.code == 5
    assert "label" in ended.out
    assert "1 damaged" in ended.out
    assert application("show", f"{TRIAGE}@production").code == 5


def test_the_demo_works_twice_and_stays_in_its_folder(bare: Any, tmp_path: Path) -> None:
    out = bare.ok("demo", "--keep", str(tmp_path / "one"), columns=80)
    for words in (
        "$ promptlib log support/triage",
        "{+",
        "derived from",
        "minutes.text",
        "total",
        "≠  outputs",
        "lessons",
    ):
        assert words in out
    written = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert written == ["complaint.jsonl", "conversation.json", "found.json", "model.py", "prompts.git"]
    with Store.open(tmp_path / "one" / "prompts.git") as store:
        assert len(store.names()) >= 8
        assert store.fsck().ok
    assert bare.ok("demo", "--keep", str(tmp_path / "two")).replace(f"{tmp_path}/two", f"{tmp_path}/one") == out
    assert bare("demo", "--keep", str(tmp_path / "one")).code == 2


def test_each_step_of_the_demo_can_be_repeated(bare: Any, tmp_path: Path) -> None:
    out = bare.ok("demo", "--keep", str(tmp_path / "one"))
    steps = out.split("\n── ")[1:-1]
    shell = type(bare)(tmp_path / "one" / "prompts.git")
    for step in steps:
        _, command, *shown = step.rstrip("\n").split("\n")
        verb = shlex.split(command.removeprefix("$ promptlib "))
        again = [line for line in shell.ok(*verb).rstrip("\n").split("\n") if not line.startswith("time  ")]
        # A pipe is given the names alone.
        named = [line.split()[0] for line in shown if line[0] != " "] if verb[0] in {"ls", "search"} else shown
        assert again == named
