"""The verbs, put together: a verb's module is loaded when it is called, so that the shell does not wait."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from io import UnsupportedOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from promptlib.cli.exits import DIFFERENT, MEANINGS, code_of
from promptlib.cli.options import SETTINGS
from promptlib.cli.terminal import emit, plain, print_error, quiet_pipe
from promptlib.errors import NotAStore, PromptLibError

#: Verb -> module:function, in the order of the help.
VERBS = {
    "init": "init:init",
    "save": "save:save",
    "log": "log:log",
    "show": "show:show",
    "diff": "diff:diff",
    "review": "review:review",
    "label": "label:label",
    "revert": "revert:revert",
    "rename": "rename:rename",
    "trust": "trust:trust",
    "delete": "delete:delete",
    "ls": "names:names",
    "search": "search:search",
    "lineage": "lineage:lineage",
    "impact": "impact:impact",
    "graph": "graph:graph",
    "blame": "blame:blame",
    "runs": "runs:runs",
    "merge": "merge:merge",
    "sync": "sync:sync",
    "fetch": "fetch:fetch",
    "render": "render:render",
    "run": "run:run",
    "vary": "vary:vary",
    "count": "count:count",
    "mcp": "mcp:mcp",
    "import": "importing:app",
    "export": "export:app",
    "site": "site:site",
    "lock": "lock:lock",
    "merge-file": "merge_file:merge_file",
    "lint": "lint:lint",
    "explain": "explain:explain",
    "learn": "learn:learn",
    "check": "check:check",
    "fsck": "fsck:fsck",
    "maintain": "maintain:maintain",
    "demo": "demo:demo",
}


class Verbs(TyperGroup):
    """Loads verbs late, and ends every command with words for people and a code for programs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own signature
        """Return the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own signature
        """Return the verb, its module loaded now; None for an unknown one."""
        if cmd_name not in VERBS:
            self.commands = {name: self.get_command(ctx, name) for name in VERBS}  # what typer guesses from
            return None
        module, _, function = VERBS[cmd_name].partition(":")
        found = getattr(import_module(f"promptlib.cli.{module}"), function)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        verb = typer.Typer(add_completion=False, rich_markup_mode=None)
        verb.command(cmd_name, context_settings=SETTINGS)(found)
        return typer.main.get_command(verb)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own signature
        """Run the verb; an error of ours is three parts on stderr and its exit code, never a traceback."""
        _speak_unicode()
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except PromptLibError as error:
            sys.stdout.flush()
            print_error(error)
            raise typer.Exit(code_of(error)) from error
        except BrokenPipeError as error:
            quiet_pipe()
            raise typer.Exit(0) from error
        except OSError as error:
            print_error(PromptLibError(f"{error.filename or 'the system'}: {error.strerror or error}"))
            raise typer.Exit(DIFFERENT) from error
        return result


def _speak_unicode() -> None:
    """A terminal that cannot show a character shows its escape instead."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, UnsupportedOperation):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a replaced stream may lack it


app = typer.Typer(
    name="promptlib",
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=SETTINGS,
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items()) + ".",
)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - typer's own signature
    if asked:
        emit([plain(f"promptlib {_installed()}")])
        raise typer.Exit


def _installed() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - needed for one option only

    try:
        return version("promptlib")
    except PackageNotFoundError:
        return "from a checkout"


@app.callback()
def start(
    ctx: typer.Context,
    *,
    directory: Annotated[
        Path | None,
        typer.Option("-C", metavar="DIR", help="Work as if started in DIR: a store, a folder inside one, or a bundle."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Prompts as typed, versioned values, kept in git."""
    if directory is not None and directory.is_file():
        from promptlib.store import opening  # noqa: PLC0415 - help needs no store

        ctx.call_on_close(opening.stand_at(directory))
    elif directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise NotAStore(
                f"{directory}: {error.strerror}", hint=f"make a store there: promptlib init --bare {directory}"
            ) from error
