"""`promptlib label`: movable pointers to versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Message, Name
from promptlib.cli.terminal import aligned, emit, plain, print_json
from promptlib.cli.versions import age, described, number, subject

if TYPE_CHECKING:
    from promptlib import Store, Version
    from promptlib.store import View


def label(  # noqa: PLR0913 - one option for each thing that a move of a label takes
    name: Name,
    label: Annotated[
        str | None,
        typer.Argument(metavar="LABEL", help="Such as production.", autocompletion=completing.labels),
    ] = None,
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="v3, a digest or another label; else the newest.")
    ] = None,
    *,
    message: Message = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take the label away.")] = False,
    expect: Annotated[
        str, typer.Option(metavar="VERSION", help="Only when the label is on this version now.", show_default=False)
    ] = "",
    at: At = "",
    json: Json = False,
) -> None:
    """Let LABEL on NAME point at a version; without LABEL, list the labels of NAME."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    if remove and (label is None or version is not None):
        raise typer.BadParameter("--remove takes a name and a label, and no version", param_hint="--remove")
    if label is None:
        with asked(at) as view:
            _list(view, name, json=json)
        return
    if at:
        raise typer.BadParameter("--at lists the labels of a NAME; what was cannot be changed", param_hint="--at")
    with Store.open() as store:
        before = _held(store, name, label)
        to = None if remove else version or store.version(name)
        found = store.label(name, label, to, expect=expect or None, message=message)
        if json:
            pointed = {"before": described(before) if before else None, "version": described(found) if found else None}
            print_json("label", {"name": name, "label": label, **pointed})
        else:
            was = f" (was {number(before)} {before.short})" if before else ""
            now = f"{number(found)} ({found.short})" if found else "removed"
            emit([((f"{name}@{label}", "bold green"), (f": {now}{was}", ""))])


def _held(store: Store, name: str, label: str) -> Version | None:
    """Return what the label was on; a damaged one is on nothing, and moving it is what mends it."""
    from promptlib.errors import StoreDamaged  # noqa: PLC0415 - help needs no store

    try:
        return store.labels(name).get(label)
    except StoreDamaged:
        return None


def _list(store: View, name: str, *, json: bool) -> None:
    labels = store.labels(name)
    if json:
        print_json(
            "labels",
            {"name": name, "labels": {label: described(each) for label, each in labels.items()}} | moment(store),
        )
        return
    if not labels:
        store.load_stored(name)  # says so when there is no such name
        emit([plain(f"{name} has no labels", "dim")])
    emit(
        aligned(
            [
                (
                    (label, "bold green"),
                    (number(each), "bold yellow"),
                    (each.short, "cyan"),
                    (age(each.time) if each.commit else "", "dim"),
                    (subject(each), ""),
                )
                for label, each in sorted(labels.items())
            ]
        )
    )
