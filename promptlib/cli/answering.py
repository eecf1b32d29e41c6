"""A command of the user's that answers: messages as JSON on its stdin, the answer on its stdout."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from promptlib.chain.running import Messages

#: The variable that a command reads its seed from, where it is given one.
SEED = "PROMPTLIB_ANSWER_SEED"
#: So much of what a command says on stderr is told when it fails.
MOST_TOLD = 400


class CommandFailedError(RuntimeError):
    """A command that was to answer could not, or said no."""


class Answering(Protocol):
    """What sends messages to a command and returns its answer."""

    def __call__(self, messages: Messages, *, seed: int | None = None) -> str:
        """Ask; the command reads *seed* in its environment."""


def answered_by(command: str, option: str) -> Answering:
    """Return what sends messages to *command*, which *option* gave, and returns its answer."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise typer.BadParameter(f"{command!r}: {error}", param_hint=option) from error
    if not words:
        raise typer.BadParameter("give a command, such as 'llm'", param_hint=option)

    def ask(messages: Messages, *, seed: int | None = None) -> str:
        environment = None if seed is None else os.environ | {SEED: str(seed)}
        try:
            done = subprocess.run(  # noqa: S603 - the user's own words, without a shell
                words, input=json.dumps(messages).encode(), capture_output=True, check=False, env=environment
            )
        except OSError as error:
            message = f"{words[0]}: {error.strerror}"
            raise CommandFailedError(message) from error
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()[-MOST_TOLD:]
            message = f"{words[0]} ended with {done.returncode}{f': {told}' if told else ''}"
            raise CommandFailedError(message)
        try:
            return done.stdout.decode().removesuffix("\n")
        except UnicodeDecodeError as error:
            message = f"{words[0]} answered something that is no UTF-8"
            raise CommandFailedError(message) from error

    return ask
