from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"good": "Be good.\n", "Bad Name": "Be bad.\n"}
MATCH = ("--match", "patterns/{name}/system.md")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a git repository that keeps two prompts as text, one under a name that ours cannot be."""
    folder = tmp_path / "source"
    for name, text in NAMES.items():
        (folder / "patterns" / name).mkdir(parents=True)
        (folder / "patterns" / name / "system.md").write_text(text)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "Both"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


def test_what_is_left_out_is_told_with_the_lines_that_let_it_in(bare: Any, source: Path) -> None:
    ended = bare("import", "git", str(source), *MATCH)
    assert ended.code == 1
    assert ended.out.startswith(
        "imported 1 version, 1 name, 0 renames, 0 deletions\n\n1 left out:\n  Bad Name -> bad-name\n"
    )
    mapping = ended.out.splitlines()[-1]
    assert mapping == '"Bad Name" = "bad-name"'
    assert bare.ok("show", "good", "--text") == NAMES["good"]

    file = bare.write("names.toml", mapping)
    again = bare.ok("import", "git", str(source), *MATCH, "--rename", file)
    assert again == "imported 1 version, 1 name, 0 renames, 0 deletions\n"
    assert bare.ok("show", "bad-name", "--text") == NAMES["Bad Name"]
    assert bare.ok("import", "git", str(source), *MATCH, "--rename", file).startswith("nothing new: ")


def test_the_report_as_json(bare: Any, source: Path) -> None:
    document = bare("import", "git", str(source), *MATCH, "--role", "user", "--json").json
    assert (document["versions"], document["names"]) == (1, 1)
    assert document["left_out"][0]["proposal"] == "bad-name"
    assert bare("show", "good", "--json").json["messages"][0]["role"] == "user"


@pytest.mark.parametrize(
    ("text", "words"), [("= broken", "names.toml"), ('"a" = 1', "is no text"), (None, "No such file")]
)
def test_a_wrong_mapping_is_a_usage_error(bare: Any, source: Path, text: str | None, words: str) -> None:
    if text is not None:
        bare.write("names.toml", text)
    ended = bare("import", "git", str(source), *MATCH, "--rename", "names.toml")
    assert ended.code == 2
    assert words in ended.err


def test_a_pattern_needs_its_name(bare: Any, source: Path) -> None:
    assert bare("import", "git", str(source), "--match", "system.md").code == 2


def test_an_application_takes_no_import(application: Any, source: Path) -> None:
    ended = application("import", "git", str(source), *MATCH)
    assert ended.code == 4
    assert "promptlib init --bare" in ended.err


def test_a_real_library(bare: Any, fabric_repository: Path) -> None:
    ended = bare("import", "git", str(fabric_repository), *MATCH)
    assert ended.code == 0, ended.out
    names = bare.ok("ls").split()
    assert len(names) == 225
    assert bare.ok("log", "summarize").splitlines()[0].startswith("v")
