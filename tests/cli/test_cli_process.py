from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from promptlib.cli import completing, main, reference

ROOT = Path(__file__).parents[2]


def test_the_command_and_the_module_are_one(triage: Any) -> None:
    run = triage.process("ls")
    assert (run.returncode, run.stdout, run.stderr) == (0, b"support/triage\n", b"")
    version = triage.process("--version")
    assert version.stdout.startswith(b"promptlib ")


def test_a_pipe_that_closes_ends_it_quietly(triage: Any) -> None:
    command = f"{sys.executable} -m promptlib show support/triage --json | head -c 1"
    run = subprocess.run(["sh", "-c", command], cwd=triage.folder, capture_output=True, timeout=60, check=True)
    assert run.stderr == b""


def test_an_interrupt_ends_it_quietly(triage: Any) -> None:
    # A shell's background job ignores interrupts, and so does all that it starts: here they must arrive.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "promptlib", "count"],
        cwd=triage.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    signal.signal(signal.SIGINT, before)
    _wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def _wait_until_it_reads(process: int) -> None:
    """Wait until the process sleeps in a read of its stdin."""
    place = Path(f"/proc/{process}/wchan")
    if not place.exists():
        pytest.skip("this system does not tell what a process waits for")
    end = time.monotonic() + 30
    while "pipe" not in place.read_text() and time.monotonic() < end:
        os.sched_yield()


def test_an_interrupt_while_it_loads_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("promptlib.cli.app.app", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_raw_text_is_exact_in_a_pipe(bare: Any) -> None:
    text = "x\x1b[31m\u202e é\n"
    (bare.folder / "evil.prompty").write_bytes(b"---\n---\nuser:\n" + text.encode())
    bare.ok("save", "evil", "evil.prompty")
    assert bare.process("show", "evil", "--text").stdout == text.encode().rstrip(b"\n")
    assert bare.process("show", "evil", "--source").stdout == (bare.folder / "evil.prompty").read_bytes()


def test_a_terminal_that_speaks_ascii_gets_escapes(bare: Any) -> None:
    bare.ok("save", "a", "-", given="---\n---\nuser:\né 日本\n")
    run = bare.process("show", "a", PYTHONIOENCODING="ascii")
    assert (run.returncode, run.stderr) == (0, b"")
    assert rb"\xe9 \u65e5\u672c" in run.stdout


def test_show_loads_nothing_that_it_does_not_need(triage: Any) -> None:
    code = (
        "import sys; sys.argv = ['promptlib', 'show', 'support/triage']\n"
        "from promptlib.cli import main\n"
        "try: main()\n"
        "finally: print(*sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'git', 'rich', 'tiktoken', 'ruamel', 'requests', 'asyncio'}), file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=triage.folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stderr.split() == []


# --- completion -------------------------------------------------------------------------------------------------------


def test_names_and_labels_are_completed(application: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    application.ok("save", "support/triage", "-", given="---\n---\nuser:\nhi\n")
    application.ok("save", "support/reply", "-", given="---\n---\nuser:\nhi there\n")
    application.ok("label", "support/triage", "production")
    monkeypatch.chdir(application.folder)
    assert completing.names("support/t") == ["support/triage"]
    assert completing.refs("support/") == ["support/reply", "support/triage"]
    assert completing.refs("support/triage@") == ["support/triage@production", "support/triage@latest"]
    assert completing.refs("support/triage@p") == ["support/triage@production"]


def test_names_and_labels_of_a_bare_store(triage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(triage.folder)
    assert completing.refs("s") == ["support/triage"]
    assert completing.refs("support/triage@p") == ["support/triage@production"]


def test_no_store_completes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completing.refs("s") == []
    assert completing.refs("s@") == ["s@latest"]


def test_a_root_of_its_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.promptlib]\nroot = "src/prompts"\n')
    (tmp_path / "src" / "prompts").mkdir(parents=True)
    (tmp_path / "src" / "prompts" / "one.prompty").write_text("")
    monkeypatch.chdir(tmp_path / "src")
    assert completing.names("") == ["one"]
    (tmp_path / "pyproject.toml").write_text("broken")
    monkeypatch.chdir(tmp_path)
    assert completing.names("") == []


def test_the_shell_asks_without_git_or_sqlite(application: Any) -> None:
    application.ok("save", "support/triage", "-", given="---\n---\nuser:\nhi\n")
    code = (
        "import sys; from promptlib.cli.app import app\n"
        "try: app(prog_name='promptlib')\n"
        "finally: print(*sorted({'git', 'sqlite3', 'pydantic', 'rich', 'promptlib.store'} & set(sys.modules)), "
        "file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=application.folder,
        env=os.environ
        | {"_PROMPTLIB_COMPLETE": "complete_bash", "COMP_WORDS": "promptlib show sup", "COMP_CWORD": "2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.split() == ["support/triage"]
    assert set(run.stderr.split()) <= {"pydantic"}


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_of_all_verbs_is_current() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "promptlib.cli.reference"], capture_output=True, text=True, timeout=60, check=True
    )
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert run.stdout == page, "python -m promptlib.cli.reference > docs/reference/cli.md"


def test_every_verb_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = reference.page()
    for verb in (
        "init",
        "save",
        "log",
        "show",
        "diff",
        "label",
        "revert",
        "rename",
        "trust",
        "delete",
        "ls",
        "lineage",
        "render",
    ):
        assert f"## promptlib {verb}\n" in text
    assert text.count("  -h, --help") == text.count("## promptlib ")
