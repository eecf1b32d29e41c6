"""Every documented line runs: the blocks of README.md, docs/ and examples/ run, page by page, each in its folder.

- `python` blocks of a page share one module; `--8<-- "path"` stands for that file of the repository.
- A `text` block right below a `python` block is what it prints.
- In a `console` block each line `$ command` runs in a shell, and the lines below it are its output. A command must end
  well unless the next one is `$ echo $?`. `...` in an expected line stands for any text, alone for any lines.
- A block with `title="some/file"` is written to that file instead.
- `<!-- skip: next "reason" -->` leaves out the block below it; without a reason it is an error.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest import SkipTest

import pytest
from sybil import Document, Example, Region
from sybil.parsers.markdown import SkipParser

from tests.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
APPLICATION = ROOT / "examples" / "app"
PAGES = sorted(path for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if path.is_file())
PAGES.append(APPLICATION / "README.md")

FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
SNIPPET = re.compile(r'^--8<-- "([^":]+)"$', re.MULTILINE)
COMMAND = re.compile(r"^\$ (.+(?:\\\n.+)*)\n?", re.MULTILINE)
#: Languages of blocks that only show something.
SHOWN = {"", "text", "yaml", "toml", "json", "jinja", "ini", "diff", "mermaid", "html", "css", "make", "prompty", "xml"}
SHOWN |= {"dockerfile"}
SECONDS = 120


class Page:
    """The state that the blocks of one page share."""

    def __init__(self, path: Path, folder: Path, commands: Path, *, skipping: bool = True) -> None:
        """Read the page; its files go to *folder*, its `python` and `promptlib` are those of *commands*.

        Without *skipping*, skipped blocks run as well.
        """
        self.folder = folder
        self.commands = commands
        self.printed: str | None = None
        self.status = 0
        self.module = ModuleType(re.sub(r"\W", "_", f"page_{path.stem}"))
        self.document = Document.parse(str(path), *([SkipParser()] if skipping else []), self.blocks)

    def blocks(self, document: Document) -> Iterator[Region]:
        """Yield a region for each fenced block."""
        for match in FENCE.finditer(document.text):
            yield Region(match.start(), match.end(), match, self.evaluate)

    def run(self) -> int:
        """Run the page from top to bottom; return how many blocks ran."""
        path = list(sys.path)
        sys.path[:] = [each for each in path if not Path(each).is_relative_to(ROOT / "examples")]
        hidden = {name: sys.modules.pop(name) for name in self._of_pages()}
        sys.modules[self.module.__name__] = self.module  # pydantic and pickle look classes up there
        done = 0
        try:
            with contextlib.chdir(self.folder):
                for example in self.document.examples():
                    with contextlib.suppress(SkipTest):
                        example.evaluate()
                        done += isinstance(example.parsed, re.Match)
        finally:
            sys.path[:] = path
            for name in self._of_pages():
                del sys.modules[name]
            sys.modules.update(hidden)
        return done

    def _of_pages(self) -> list[str]:
        """Return the names of modules of a page or of an example: another page may have one of the same name."""
        places = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
        return [
            name
            for name, place in places.items()
            if name == self.module.__name__
            or any(Path(place).is_relative_to(folder) for folder in (self.folder, ROOT / "examples"))
        ]

    def evaluate(self, example: Example) -> None:
        """Run, compare or write one block, by its language."""
        match: re.Match[str] = example.parsed
        language, _, options = match["info"].strip().partition(" ")
        where = f"{Path(example.path).name}:{example.line}"
        body = textwrap.dedent(match["body"])
        title = re.search(r'title="([^"]+)"', options)
        if title:
            self._write(title[1], self._with_snippets(body))
        elif language == "python":
            self._run_python(self._with_snippets(body), example)
            return
        elif language == "console":
            self._run_console(body, where)
        elif language == "text" and self.printed is not None and self._follows(example, match.start()):
            check_output(body, self.printed, where)
        else:
            assert language in SHOWN, f"{where}: nothing runs a {language!r} block; write python or console"
        self.printed = None

    def _follows(self, example: Example, start: int) -> bool:
        return example.document.text[:start].rstrip().endswith("```")

    def _with_snippets(self, body: str) -> str:
        return SNIPPET.sub(lambda match: (ROOT / match[1]).read_text("utf-8"), body)

    def _write(self, name: str, body: str) -> None:
        path = self.folder / name
        assert path.resolve().is_relative_to(self.folder.resolve()), f"{name} lies outside the page's folder"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8", newline="")

    def _run_python(self, body: str, example: Example) -> None:
        code = compile("\n" * example.line + body, example.path, "exec", dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, vars(self.module))  # noqa: S102 - the page's code is what is under test
        self.printed = printed.getvalue()

    def _run_console(self, body: str, where: str) -> None:
        commands = list(COMMAND.finditer(body))
        assert commands, f"{where}: a console block holds lines that begin with `$ `"
        assert not body[: commands[0].start()].strip(), f"{where}: output stands before the first command"
        ends = [match.start() for match in commands[1:]] + [len(body)]
        for at, (match, end) in enumerate(zip(commands, ends, strict=True)):
            output = self._run_command(match[1])
            expected = body[match.end() : end]
            if expected.strip():
                check_output(expected, output, f"{where}, $ {match[1]}")
            told = at + 1 < len(commands) and commands[at + 1][1].strip() == "echo $?"
            assert self.status == 0 or told, f"{where}: `{match[1]}` ended with {self.status}:\n{output}"

    def _run_command(self, command: str) -> str:
        run = subprocess.run(
            ["sh", "-c", f"(exit {self.status})\n{command}"],
            cwd=self.folder,
            env=os.environ | {"PATH": f"{self.commands}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        self.status = run.returncode
        return run.stdout


def check_output(expected: str, output: str, where: str) -> None:
    """Compare line by line; `...` stands for any text in a line, and alone for any lines."""
    pattern = ""
    for line in expected.strip("\n").splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*?".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
    actual = "\n".join(line.rstrip() for line in output.strip("\n").splitlines()) + "\n"
    assert re.fullmatch(pattern, actual), f"{where} shows\n{expected}\nbut the output is\n{actual}"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder whose `python` and `promptlib` are the tested ones, installed or not."""
    with standing(tmp_path_factory.mktemp("commands")) as folder:
        yield folder


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs(
    page: Path, tmp_path: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.is_relative_to(APPLICATION):
        # Its commands run in a copy of it, where `python -m helpdesk` finds the application in the working directory.
        shutil.copytree(APPLICATION, tmp_path / "page", ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    else:
        (tmp_path / "page").mkdir()
    Page(page, tmp_path / "page", commands).run()


def test_every_skipped_block_says_why() -> None:
    directive = re.compile(r"<!-+\s*(?:skip|invisible).*?-->")
    reasoned = re.compile(r'<!-+\s*skip: (?:next|start) "[^"]{10,}"\s*-+>|<!-+\s*skip: end\s*-+>')
    silent = [
        f"{path.name}: {match[0]}"
        for path in PAGES
        for match in directive.finditer(path.read_text("utf-8"))
        if not reasoned.fullmatch(match[0])
    ]
    assert silent == []


# --- the machinery itself ---------------------------------------------------------------------------------------------

GOOD = """\
# A page

```python
from dataclasses import dataclass

@dataclass
class Point:
    x: int
```

Text between.

```python
import pickle
point = Point(3)
assert pickle.loads(pickle.dumps(point)) == point
print("point", point.x)
print("seconds: 0.123")
```

```text
point 3
seconds: ...
```

```toml title="conf/settings.toml"
[tool]
answer = 42
```

```console
$ cat conf/settings.toml
[tool]
answer = 42
$ printf 'one\\ntwo\\nthree\\n'
one
...
three
$ exit 3
$ echo $?
3
$ python -c 'import promptlib; print(promptlib.__name__)'
promptlib
```

<!-- skip: next "needs a network that is not there" -->

```console
$ false
```
"""


def run_text(folder: Path, text: str, commands: Path) -> int:
    """Run *text* as a page."""
    path = folder / "sample.md"
    path.write_text(text)
    (folder / "page").mkdir()
    return Page(path, folder / "page", commands).run()


def test_a_good_page_runs(tmp_path: Path, commands: Path) -> None:
    assert run_text(tmp_path, GOOD, commands) == 5
    assert (tmp_path / "page" / "conf" / "settings.toml").read_text() == "[tool]\nanswer = 42\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nassert 1 == 2, 'unequal'\n```\n", "unequal"),
        ("```python\nprint('one')\n```\n\n```text\ntwo\n```\n", "the output is"),
        ("```console\n$ false\n```\n", "ended with 1"),
        ("```console\n$ echo one\ntwo\n```\n", "the output is"),
        ("```console\necho one\n```\n", "begin with"),
        ("```bash\necho one\n```\n", "nothing runs a 'bash' block"),
        ('```toml title="../outside.toml"\n```\n', "outside"),
        ("- item\n\n    ```python\n    assert 1 == 2, 'indented'\n    ```\n", "indented"),
    ],
    ids=["python", "printed", "status", "output", "prompt", "language", "outside", "indented"],
)
def test_a_wrong_page_fails(text: str, words: str, tmp_path: Path, commands: Path) -> None:
    with pytest.raises(AssertionError, match=re.escape(words)):
        run_text(tmp_path, text, commands)
