from __future__ import annotations

import subprocess
from typing import Any

TRIAGE = "support/triage"


def git(shell: Any, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=shell.folder, check=True, capture_output=True, text=True)
    return run.stdout


# --- maintain ---------------------------------------------------------------------------------------------------------


def test_sizes_before_and_after(triage: Any) -> None:
    count = git(triage, "count-objects").split()[0]
    rows = [row.split() for row in triage.ok("maintain").splitlines()]
    assert rows[0] == ["before", "after"]
    assert rows[1] == ["loose", "objects", count, "0"]
    assert rows[2] == ["packed", "objects", "0", count]
    assert rows[3] == ["packs", "0", "1"]
    assert [row[0] for row in rows[4:]] == ["objects,", "index,"]
    assert triage.ok("log", TRIAGE).startswith("v3")


def test_the_report_for_programs(triage: Any) -> None:
    found = triage("maintain", "--json").json
    assert found["kind"] == "maintain"
    assert found["repacked"] is True
    assert set(found["before"]) == {"loose", "packed", "packs", "size"}
    assert (found["after"]["loose"], found["waiting"]) == (0, [])


def test_what_went_and_what_is_left(triage: Any, triage_text: str) -> None:
    late = triage("save", TRIAGE, "-", "--expect", "v1", given=triage_text.replace("sort", "file"))
    assert late.code == 4
    git(triage, "update-ref", "refs/promptlib/import/aa", "HEAD")
    lost = git(triage, "-c", "user.name=A", "-c", "user.email=a@b.example", "commit-tree", "-m", "x", "HEAD^{tree}")
    git(triage, "update-ref", "refs/promptlib/import/bb", lost.strip())
    *_, dropped, told, half, kept = triage.ok("maintain", columns=400).splitlines()
    assert dropped == "refs of finished work removed: 1"
    assert told == "kept for you to look at, then remove with git update-ref -d:"
    assert half == f"  refs/promptlib/import/bb  git -C {triage.folder} log refs/promptlib/import/bb"
    assert kept.startswith(f"  {TRIAGE}  git -C {triage.folder} show refs/promptlib/pending/")


def test_the_objects_of_an_application_are_left_to_git(application: Any, triage_text: str) -> None:
    application.ok("save", TRIAGE, "-", given=triage_text)
    out = application.ok("maintain")
    assert "the objects of an application's repository are left to git: git maintenance run, or git gc" in out


# --- refuse_secrets ---------------------------------------------------------------------------------------------------


def test_a_store_that_refuses_secrets(bare: Any, triage_text: str) -> None:
    key = "gh" + "p_" + "4bVt2LwQ9sXc7Rk1Zn8JpD3fGh6TyUm5Ea0B"
    out = bare.ok("init", "--bare", "--refuse-secrets", "strict.git")
    assert out.startswith("bare store at ")
    assert git(bare, "-C", "strict.git", "config", "promptlib.refuseSecrets") == "true\n"
    refused = bare("-C", "strict.git", "save", TRIAGE, "-", given=triage_text.replace("tickets", key))
    assert refused.code == 4
    assert refused.err.startswith("error: support/triage.prompty holds a GitHub token: nothing was saved\n")
    assert f"You sort support {'*' * 40}." in refused.err
    assert key[4:] not in refused.err + refused.out
    assert bare.ok("-C", "strict.git", "ls") == ""
    bare.ok("-C", "strict.git", "save", TRIAGE, "-", given=triage_text)
    bare.ok("init", "--bare", "--refuse-secrets", ".")
    assert bare("save", TRIAGE, "-", given=triage_text.replace("tickets", key)).code == 4


def test_an_application_says_it_itself(application: Any) -> None:
    ended = application("init", "--refuse-secrets")
    assert ended.code == 2
    assert "[tool.promptlib] refuse_secrets = true" in ended.err
