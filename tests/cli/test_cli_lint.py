"""`promptlib lint` and `promptlib explain`, as typed."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from promptlib import Store
from promptlib.lint import IDS

GOOD = "---\ndescription: Says when the shop is open\n---\nuser:\nWhen are you open?\n"
BLANKS = GOOD.replace("open?", "open?  ")
SHOUTED = GOOD.replace("When", "YOU MUST TELL: when")


def test_nothing_found_is_one_line_and_ends_well(shell: Any) -> None:
    shell.write("good.prompty", GOOD)
    assert shell.ok("lint", "good.prompty") == "1 prompt: nothing found\n"


def test_a_finding_shows_its_line_and_what_to_do_and_ends_with_1(shell: Any) -> None:
    shell.write("a.prompty", BLANKS)
    ended = shell("lint", "a.prompty")
    assert ended.code == 1
    assert ended.out == (
        "warning trailing-blanks: the line ends in blanks\n"
        "  --> a.prompty:5:19\n"
        "  |\n"
        "5 | When are you open?\n"
        "  |                   ^^\n"
        "  take them out: --fix does; two blanks that break a line of Markdown may stay\n"
        "\n"
        "1 finding in 1 of 1 prompt\n"
        "     1  trailing-blanks  --fix mends\n"
        "promptlib explain RULE tells why, and how to silence it\n"
    )


def test_a_bare_store_is_mended_by_one_commit_that_says_what_becomes_other(bare: Any) -> None:
    bare.ok("save", "shop/hours", "-", given=BLANKS)
    bare.ok("save", "shop/more", "-", given=BLANKS.replace("open?", "closed?").replace("is open", "is closed"))
    shown = bare("lint", "--diff")
    assert shown.code == 1
    assert "\n-When are you open?\n+When are you open?\n" in shown.out
    assert "shop/hours: can be mended, other content: " in shown.out
    with Store(bare.folder) as store:
        assert len(store.history("shop/hours")) == 1
    told = bare.ok("lint", "--fix")
    assert "  trailing-blanks: blanks at the end of 1 line\n" in told
    assert told.endswith("2 prompts: nothing found\n")
    with Store(bare.folder) as store:
        assert [each.message for each in store.history("shop/hours")] == ["Save shop/hours", "Lint: trailing-blanks"]
        assert store.history("shop/hours")[-1].commit == store.history("shop/more")[-1].commit
        assert store.file("shop/hours").decode() == GOOD
    assert bare.ok("lint", "--fix") == "2 prompts: nothing found\n"


def test_other_line_ends_are_a_version_of_the_same_content(bare: Any) -> None:
    bare.ok("save", "shop/hours", "-", given=GOOD.replace("\n", "\r\n").encode())
    told = bare.ok("lint", "--fix")
    assert "shop/hours: mended, same content (" in told
    with Store(bare.folder) as store:
        first, second = store.history("shop/hours")
        assert first.digest == second.digest
        assert store.file("shop/hours").decode() == GOOD
    assert bare.ok("lint") == "1 prompt: nothing found\n"


def test_a_mending_may_lead_back_to_an_older_content(bare: Any) -> None:
    bare.ok("save", "shop/hours", "-", given=GOOD)
    bare.ok("save", "shop/hours", "-", given=BLANKS)
    bare.ok("lint", "--fix")
    with Store(bare.folder) as store:
        digests = [each.digest for each in store.history("shop/hours")]
        assert digests[0] == digests[2] != digests[1]


def test_an_application_gets_its_files_edited_and_nothing_committed(application: Any) -> None:
    application.write("prompts/shop/hours.prompty", BLANKS)
    application.write("pyproject.toml", '[tool.promptlib.lint]\nselect = ["default", "shouting"]\n')
    application.write("prompts/loud.prompty", SHOUTED)
    ended = application("lint", "--fix")
    assert ended.code == 1
    assert "prompts/shop/hours.prompty" in ended.out
    assert "warning shouting: 'MUST' is shouted\n  --> prompts/loud.prompty:5:5\n" in ended.out
    assert (application.folder / "prompts/shop/hours.prompty").read_text() == GOOD
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=application.folder, capture_output=True, text=True, check=True
    )
    assert "?? prompts/shop/hours.prompty" in status.stdout


def test_rules_are_chosen_left_out_and_all_taken(shell: Any) -> None:
    shell.write("a.prompty", BLANKS.replace("When", "YOU MUST TELL: when"))
    by_rule = {
        "": {"trailing-blanks": 1},
        "--select shouting": {"shouting": 1},
        "--select shouting,trailing-blanks": {"shouting": 1, "trailing-blanks": 1},
        "--select wording --ignore no-output-form": {"shouting": 1},
        "--all-rules --ignore no-output-form": {"shouting": 1, "trailing-blanks": 1},
        "--budget 1": {"over-budget": 1, "trailing-blanks": 1},
    }
    for words, found in by_rule.items():
        document = shell("lint", "a.prompty", *words.split(), "--json").json
        assert document["by_rule"] == found, words


def test_notes_are_told_and_fail_only_where_that_is_asked_for(shell: Any) -> None:
    shell.write("a.prompty", GOOD.replace("description", "# lint: off missing-description a draft\ndescription"))
    ended = shell("lint", "a.prompty")
    assert ended.code == 0
    assert ended.out.startswith("info unused-silence: missing-description finds nothing here, so nothing is silenced\n")
    assert "\n1 finding in 1 of 1 prompt\n" in ended.out
    assert shell("lint", "a.prompty", "--json").json["ok"] is True
    assert shell("lint", "a.prompty", "--strict").code == 1


def test_json_holds_every_part_of_a_finding(shell: Any) -> None:
    shell.write("a.prompty", BLANKS)
    document = shell("lint", "a.prompty", "--diff", "--json").json
    assert document["kind"] == "lint"
    assert (document["ok"], document["prompts"], document["silenced"], document["applied"]) == (False, 1, 0, False)
    assert document["findings"] == [
        {
            "rule": "trailing-blanks",
            "severity": "warning",
            "name": "a.prompty",
            "file": "a.prompty",
            "line": 5,
            "column": 19,
            "width": 2,
            "text": "When are you open?  ",
            "message": "the line ends in blanks",
            "advice": "take them out: --fix does; two blanks that break a line of Markdown may stay",
            "fix": "blanks at the end of 1 line",
            "suggestion": None,
        }
    ]
    assert document["fixes"][0]["keeps_digest"] is False
    assert (shell.folder / "a.prompty").read_text() == BLANKS


def test_a_workflow_gets_commands_that_no_text_can_forge(shell: Any) -> None:
    name = shell.write("a,b:c.prompty", BLANKS)
    told = shell("lint", name, "--format", "github").out
    assert told.startswith(
        "::warning file=a%2Cb%3Ac.prompty,line=5,col=19,title=trailing-blanks::the line ends in blanks. "
    )
    assert told.count("\n") == 1
    forged = BLANKS.replace(
        "description: Says", 'description: Says\nx: "100%"\nmetadata:\n  lint: ["a%\\n::error::b"]\ny: '
    )
    shell.write("f.prompty", forged)
    lines = shell("lint", "f.prompty", "--select", "unknown-silence", "--format", "github").out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::warning ")


def test_a_file_that_is_no_prompt_is_a_finding(shell: Any) -> None:
    shell.write("a.prompty", "---\ndescription: x\n---\nuser:\n{{ nobody }}\n")
    shell.write("b.prompty", "\xff")
    ended = shell("lint", "a.prompty", "b.prompty", "--fix")
    assert ended.code == 1
    assert "error unreadable: undeclared variable 'nobody'\n  --> a.prompty:5:4\n" in ended.out


def test_a_slip_in_the_path_of_a_file_is_told_as_one(shell: Any) -> None:
    """Nobody who names a file is told that there is no store."""
    ended = shell("lint", "nofile.prompty")
    assert ended.code == 2
    assert "nofile.prompty: No such file or directory" in ended.err


def test_a_file_of_the_store_that_is_no_prompt_hides_no_other(application: Any) -> None:
    application.write("prompts/bad.prompty", "---\ndescription: x\n---\nuser:\n{{ nobody }}\n")
    application.write("prompts/worse.prompty", "---\n- 1\n")
    application.write("prompts/good.prompty", BLANKS)
    document = application("lint", "--fix", "--json").json
    assert document["by_rule"] == {"unreadable": 2}
    assert [each["file"] for each in document["findings"]] == ["prompts/bad.prompty", "prompts/worse.prompty"]
    assert [each["name"] for each in document["fixes"]] == ["good"]
    assert application("lint", "nobody").code == 3


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--select", "secrte", "a.prompty"], 3, "no rule 'secrte'\ndid you mean 'secret'?"),
        (["nothing/here", "a.prompty"], 2, "nothing/here is no file"),
        (["a.prompty", "--at", "HEAD"], 2, "--at is for prompts of the store"),
        (["--at", "HEAD", "--fix"], 2, "what was is not mended"),
        (["-", "--fix"], 2, "standard input is not mended"),
    ],
)
def test_what_cannot_be_asked_says_so(words: list[str], code: int, told: str, shell: Any) -> None:
    shell.write("a.prompty", GOOD)
    ended = shell("lint", *words, given=BLANKS)
    assert ended.code == code
    flat = " ".join(ended.err.replace("│", " ").split())
    assert " ".join(told.split()) in flat


def test_a_name_that_there_is_not_is_not_found(bare: Any) -> None:
    ended = bare("lint", "shop/hours")
    assert ended.code == 3


def test_explain_lists_the_rules_and_prints_a_page(shell: Any) -> None:
    listed = shell.ok("explain")
    assert [line.split()[0] for line in listed.splitlines()] == list(IDS)
    page = shell.ok("explain", "crlf")
    assert page.startswith("crlf\n\nLines that end in CR LF. On by default; warning; family `characters`.")
    assert "\nWhy\n" in page
    assert "\n    When are you open?␍\n" in page
    document = shell("explain", "crlf", "--json").json
    assert (document["kind"], document["id"], document["on"], document["fixes"]) == ("rule", "crlf", True, True)
    assert list(document["sections"]) == ["why", "bad", "good", "source", "silence"]
    assert [each["id"] for each in shell("explain", "--json").json["rules"]] == list(IDS)


def test_explain_of_no_rule_names_the_nearest(shell: Any) -> None:
    ended = shell("explain", "clrf")
    assert ended.code == 3
    assert "no rule 'clrf'" in ended.err
    assert "did you mean 'crlf'? all rules: promptlib explain" in ended.err


# --- suggestions ------------------------------------------------------------------------------------------------------

CABIN = "---\ndescription: Answers passengers\n---\nuser:\nYou are a stewardess. He works here.\n"


def test_what_is_suggested_is_shown_and_nothing_changes(bare: Any) -> None:
    bare.ok("save", "air/cabin", "-", given=CABIN)
    told = bare.ok("lint", "air/cabin", "--suggest")
    assert "\n-You are a stewardess. He works here.\n+You are a flight attendant. He works here.\n" in told
    assert "air/cabin: 1 rewording, " in told
    assert "  gendered-title: stewardess becomes flight attendant: the work is the same, whoever does it\n" in told
    assert "left to you air/cabin.prompty:5:23: 'He' fixes gender: male\n" in told
    assert told.endswith(
        "Nothing is changed. To save this as a new version, which you can go back from:\n"
        "  promptlib lint air/cabin --suggest --save-suggested\n"
    )
    with Store(bare.folder) as store:
        assert len(store.history("air/cabin")) == 1


@pytest.mark.parametrize("home", ["bare", "application"])
def test_only_the_option_saves_a_new_version_with_its_parent(home: str, request: pytest.FixtureRequest) -> None:
    shell: Any = request.getfixturevalue(home)
    shell.ok("save", "air/cabin", "-", given=CABIN)
    assert shell.ok("lint", "air/cabin", "--suggest", "--save-suggested").startswith("air/cabin v2")
    with Store(shell.folder) as store:
        first, second = store.history("air/cabin")
        assert [each.digest for each in second.parents] == [first.digest]
        assert second.message == "Reword by gendered-title\n\nstewardess becomes flight attendant"
        assert store.file("air/cabin") == CABIN.replace("stewardess", "flight attendant").encode()
    assert "no rewording to propose\n" in shell.ok("lint", "air/cabin", "--suggest", "--save-suggested")


def test_an_edited_file_is_not_saved_over(application: Any) -> None:
    application.ok("save", "air/cabin", "-", given=CABIN)
    application.write("prompts/air/cabin.prompty", CABIN.replace("works", "sleeps"))
    ended = application("lint", "air/cabin", "--suggest", "--save-suggested")
    assert ended.code == 2
    assert "air/cabin is edited and not saved" in " ".join(ended.err.split())
    assert (application.folder / "prompts/air/cabin.prompty").read_text() == CABIN.replace("works", "sleeps")


def test_what_is_suggested_as_a_document(bare: Any) -> None:
    bare.ok("save", "air/cabin", "-", given=CABIN)
    document = bare("lint", "--suggest", "--json").json
    assert document["kind"] == "suggest"
    (proposal,) = document["proposals"]
    assert [each["rewording"] for each in proposal["rewordings"]] == ["flight attendant"]
    assert [each["rule"] for each in document["left"]] == ["fixed-group"]
    assert document["saved"] == []
    saved = bare("lint", "air/cabin", "--suggest", "--save-suggested", "--json").json["saved"]
    assert [each["number"] for each in saved] == [2]


def test_what_cannot_be_read_is_named_among_others_and_raised_alone(shell: Any) -> None:
    shell.write("cabin.prompty", CABIN)
    shell.write("open.prompty", "---\n---\nuser:\n{{ open\n")
    told = shell.ok("lint", "cabin.prompty", "open.prompty", "--suggest")
    assert "stewardess becomes flight attendant" in told
    assert "cannot be read: open.prompty; promptlib check tells why\n" in told
    assert shell("lint", "cabin.prompty", "open.prompty", "--suggest", "--json").json["unreadable"] == ["open.prompty"]
    ended = shell("lint", "open.prompty", "--suggest")
    assert ended.code == 1
    assert "never closed" in ended.err


def test_one_rule_can_be_asked_alone(bare: Any) -> None:
    bare.ok("save", "air/cabin", "-", given=CABIN)
    told = bare.ok("lint", "--suggest", "--select", "fixed-group")
    assert "stewardess becomes" not in told
    assert "'He' fixes gender: male" in told


def test_of_a_file_words_are_shown_and_not_saved(shell: Any) -> None:
    shell.write("cabin.prompty", CABIN)
    told = shell.ok("lint", "cabin.prompty", "--suggest")
    assert told.endswith("Nothing is changed. Edit the file, or save it in a store: promptlib save NAME FILE\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("cabin.prompty --save-suggested", "look at the rewordings first: give --suggest too"),
        ("--suggest --save-suggested", "name the prompts whose rewordings you have read"),
        ("cabin.prompty --suggest --save-suggested", "only a prompt of the store has versions: name one"),
        ("cabin.prompty --suggest --fix", "leave out --fix"),
        ("cabin.prompty --suggest --diff", "leave out --diff"),
        ("cabin.prompty --suggest --strict", "leave out --strict"),
        ("cabin.prompty --suggest --format github", "leave out --format"),
        ("cabin --suggest --save-suggested --at HEAD", "what was is not mended"),
    ],
)
def test_no_check_saves_by_accident(shell: Any, words: str, told: str) -> None:
    shell.write("cabin.prompty", CABIN)
    ended = shell("lint", *words.split())
    assert ended.code == 2
    assert told in " ".join(ended.err.split())
    assert (shell.folder / "cabin.prompty").read_text() == CABIN
