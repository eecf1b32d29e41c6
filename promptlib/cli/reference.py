"""The page of all verbs: `python -m promptlib.cli.reference > docs/reference/cli.md`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import typer

from promptlib.cli.app import app
from promptlib.cli.exits import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = "88"
INTRODUCTION = """\
# The shell

<!-- Written by `python -m promptlib.cli.reference > docs/reference/cli.md`; a test says when it is out of date. -->

```console
$ promptlib --help
Usage: promptlib [OPTIONS] COMMAND [ARGS]...
...
```

- Every verb works on the store around the working directory, or on the one that `-C DIR` names.
- Every verb that reads takes `--json`; the documents are described in [JSON](json.md).
- `python -m promptlib` is the same command. `promptlib --install-completion` lets TAB complete names and labels.
- Colours are for terminals: `NO_COLOR` turns them off, `FORCE_COLOR` on. `COLUMNS` says how wide to write, and `PAGER`
  shows what does not fit on the screen. Progress goes to stderr.
- What a prompt holds is shown, never obeyed: escape sequences and invisible characters appear as signs such as `␛`.
"""


def page() -> str:
    """Return the page: exit codes, then the help of each verb."""
    os.environ |= {"COLUMNS": COLUMNS, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    sections = [INTRODUCTION, f"## Exit codes\n\n| code | meaning |\n|---|---|\n{codes}\n| 130 | interrupted |\n"]
    command = typer.main.get_command(app)
    with command.make_context("promptlib", ["-C", "."], resilient_parsing=True) as context:
        sections += [f"## {title}\n\n```text\n{text}\n```\n" for title, text in _helps(command, context)]
    return "\n".join(sections)


def _helps(group: Any, context: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - typer keeps these types to itself
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        with verb.make_context(name, [], parent=context, resilient_parsing=True) as inner:
            if hasattr(verb, "list_commands"):
                yield from _helps(verb, inner)
            else:
                yield inner.command_path, inner.get_help()


if __name__ == "__main__":
    sys.stdout.write(page())
