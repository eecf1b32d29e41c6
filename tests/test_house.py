"""The rules of the house: what an import may load, what a wheel holds, how large things grow, why a check is silent."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "promptlib"
CODE = sorted(path for folder in ("promptlib", "tests", "examples", "docs") for path in (ROOT / folder).rglob("*.py"))
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *CODE, *ROOT.glob("*.yml"), ROOT / "Makefile"])

HEAVY = {
    "asyncio",
    "filelock",
    "git",
    "opentelemetry",
    "requests",
    "rich",
    "ruamel",
    "sqlite3",
    "tiktoken",
    "tokenizers",
    "typer",
}
LONGEST_MODULE = 500
LONGEST_FUNCTION = 50


# --- importing --------------------------------------------------------------------------------------------------------

WATCHED_IMPORT = """
import json, os, sys
seen = []
def watch(event, details):
    if event.startswith("socket."):
        seen.append(event)
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.fork"):
        seen.append(event)
    elif event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.append(f"writes {details[0]}")
sys.addaudithook(watch)
import promptlib
print(json.dumps({"modules": sorted(sys.modules), "seen": seen}))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Return what a fresh process loads and does on `import promptlib`."""
    run = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, list[str]] = json.loads(run.stdout)
    return found


def test_import_loads_nothing_heavy(imported: dict[str, list[str]]) -> None:
    assert HEAVY & {module.partition(".")[0] for module in imported["modules"]} == set()


def test_import_opens_no_socket_starts_no_process_and_writes_no_file(imported: dict[str, list[str]]) -> None:
    assert imported["seen"] == []


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_no_module_has_two_secrets() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": lines
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    words = {"base", "common", "helper", "helpers", "manager", "misc", "types", "util", "utils"}
    assert [path for path in PACKAGE.rglob("*.py") if path.stem.strip("_") in words] == []


# --- silenced checks --------------------------------------------------------------------------------------------------

SILENCERS = re.compile(r"#\s*(?:ruff:\s*)?(noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no\s+(?:cover|branch))")
REASONED = re.compile(
    r"#\s*(?:(?:ruff:\s*)?noqa:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*"
    r"|(?:type|pyright):\s*ignore\[[\w\-, ]+\]"
    r"|pragma:\s*no\s+(?:cover|branch))\s*(?:-|\#)\s*\S.{2,}"
)


def silencers(source: str) -> Iterator[tuple[int, str, bool]]:
    """Yield line, comment and whether a reason is given, for each comment that silences a check."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and SILENCERS.search(token.string):
            yield token.start[0], token.string, bool(REASONED.search(token.string))


def test_every_silenced_check_says_why() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{line} {comment}"
        for path in CODE
        for line, comment, reasoned in silencers(path.read_text("utf-8"))
        if not reasoned
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("comment", "reasoned"),
    [
        ("# noqa", False),
        ("# noqa: S101", False),
        ("# type: ignore[arg-type]", False),
        ("# noqa - because I say so", False),
        ("# pragma: no cover", False),
        ("# noqa: S101, S102 - the shell is under test", True),
        ("# type: ignore[arg-type] # the wrong type is the test", True),
        ("# type: ignore[arg-type]  - the wrong type is the test", True),
    ],
)
def test_the_rule_for_reasons(comment: str, reasoned: bool) -> None:  # noqa: FBT001 - a table's column
    assert [found[2] for found in silencers(f"x = 1  {comment}\n")] == [reasoned]


def test_every_rule_that_is_off_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    settings = tomllib.loads(text)["tool"]["ruff"]["lint"]
    codes = {*settings["ignore"], *(code for codes in settings["per-file-ignores"].values() for code in codes)}
    silent = [code for code in codes if not re.search(rf'^\s*"{code}",?\s*# \S.{{9,}}$', text, re.MULTILINE)]
    assert codes
    assert silent == []


# --- what is published ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel under test, or build one from the checkout."""
    folder = os.environ.get("PROMPTLIB_WHEEL")
    if folder is None:
        folder = str(tmp_path_factory.mktemp("wheel"))
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = Path(folder).glob("promptlib-*.whl")
    return path


@pytest.fixture(scope="module")
def published(wheel: Path) -> dict[str, int]:
    """Return the files of the wheel with their compressed sizes."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.compress_size for entry in archive.infolist()}


def test_the_wheel_holds_the_package_and_its_data(published: dict[str, int]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")}
    vocabularies = {f"promptlib/tokens/vocabularies/{name}.xz" for name in ("o200k_base", "cl100k_base")}
    assert modules | vocabularies | {"promptlib/py.typed"} <= set(published)


def test_the_wheel_holds_nothing_else(published: dict[str, int]) -> None:
    folders = {name.partition("/")[0] for name in published}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"promptlib"}
    assert [name for name in published if "test" in name or name.endswith(".pyc")] == []


def test_the_wheel_carries_its_licences_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
        assert "OpenAI" in archive.read(f"{info}/licenses/NOTICE").decode()
        assert "promptlib = promptlib.cli:main" in archive.read(f"{info}/entry_points.txt").decode()


def test_the_vocabularies_stay_small(published: dict[str, int]) -> None:
    assert sum(size for name, size in published.items() if name.endswith(".xz")) <= 1_250_000


def test_nobody_is_told_to_install_a_foreign_package() -> None:
    advice = re.compile(
        r"(?:pip|uv|pipx|poetry|conda)\s+(?:tool\s+)?(?:install|add)\s+(?:-\S+\s+)*['\"]?promptlib\b(?!\s*@)"
    )
    assert advice.search("pip " + "install -U promptlib")
    assert advice.search("uv " + "add promptlib")
    assert not advice.search('pip install "promptlib @ git+https://example.org/promptlib"')
    found = [path for path in TEXTS if path != Path(__file__) and advice.search(path.read_text("utf-8"))]
    assert found == []


def test_the_top_level_holds_what_the_design_names() -> None:
    allowed = {
        "promptlib",
        "examples",
        "docs",
        "tests",
        "pyproject.toml",
        "mkdocs.yml",
        "README.md",
        "LICENSE",
        "NOTICE",
    }
    allowed |= {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile"}
    if not (ROOT / ".git").exists():
        pytest.skip("what git tracks is only known in a clone; this is a source archive")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    top = {name.partition("/")[0] for name in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= allowed
