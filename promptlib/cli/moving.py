"""`promptlib import langchain`, `import langfuse` and `import mlflow`: what other libraries hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from promptlib.cli.arriving import DryOption, IntoOption, RenameOption, TrustOption, bring
from promptlib.cli.options import Json, Message


def _roles_of(given: list[str] | None) -> dict[str, str]:
    """Return what `--role critic=user` says; raises `BadParameter` for another form."""
    pairs = [each.partition("=") for each in given or ()]
    if wrong := next((word for word, mark, role in pairs if not (word and mark and role)), None):
        raise typer.BadParameter(f"{wrong!r} maps no role to another: write --role critic=user", param_hint="--role")
    return {word: role for word, _, role in pairs}


RolesOption = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="THEIRS=OURS", help="Such as critic=user; may be given again.", show_default=False),
]


def langchain(  # noqa: PLR0913 - what files may be like
    files: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER", help="JSON of LangChain's dumpd, or folders.")],
    *,
    into: IntoOption = "",
    rename: RenameOption = None,
    role: RolesOption = None,
    functions: Annotated[
        bool, typer.Option("--functions", help="A value that a function made becomes an input; else it is refused.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Mustache puts values in as they are; else as HTML, as LangChain does.")
    ] = False,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Save prompt templates of LangChain as prompts, in one commit; nothing in a file is run.

    Run again, it adds only what is new. Ends with 1 while a file is left out.
    """
    from promptlib.formats.langchain_files import import_langchain  # noqa: PLC0415 - help needs no formats

    bring(
        import_langchain, *files, json=json, rename=rename, into=into, roles=_roles_of(role), escape=not plain,
        functions="inputs" if functions else "refuse", trust=trust, dry_run=dry_run, message=message,
    )  # fmt: skip


def langfuse(  # noqa: PLR0913 - what files may be like
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="JSON of Langfuse's API: one prompt, or a list.")],
    *,
    into: IntoOption = "",
    rename: RenameOption = None,
    role: RolesOption = None,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    json: Json = False,
) -> None:
    """Save prompts of Langfuse: each version under its name, in order, and the labels.

    Run again, it adds only what is new. Ends with 1 while a version is left out.
    """
    from promptlib.formats.langfuse import import_langfuse  # noqa: PLC0415 - help needs no formats

    bring(
        import_langfuse, *files, json=json, rename=rename, into=into, roles=_roles_of(role), trust=trust,
        dry_run=dry_run,
    )  # fmt: skip


def mlflow(  # noqa: PLR0913 - what a registry may be like
    uri: Annotated[str, typer.Argument(metavar="URI", help="Such as sqlite:///mlflow.db or https://mlflow.example.")],
    *,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="Only this prompt; may be given again.", show_default=False),
    ] = None,
    into: IntoOption = "",
    rename: RenameOption = None,
    role: RolesOption = None,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    json: Json = False,
) -> None:
    """Save the prompts of an MLflow registry: each version under its name, in order, and the aliases.

    MLflow itself reads the registry: it must be installed beside promptlib. Run again, it adds only what is new. Ends
    with 1 while a version is left out.
    """
    from promptlib.formats.mlflow import import_mlflow  # noqa: PLC0415 - help needs no formats

    bring(
        import_mlflow, _client(uri), json=json, rename=rename, names=tuple(name or ()), into=into,
        roles=_roles_of(role), trust=trust, dry_run=dry_run,
    )  # fmt: skip


def _client(uri: str) -> Any:  # noqa: ANN401 - of MLflow, which need not be here
    """Return MLflow's client for the registry at *uri*; raises `NotInstalled`."""
    from promptlib.errors import NotInstalled  # noqa: PLC0415 - help needs no errors

    try:
        from mlflow import MlflowClient  # noqa: PLC0415 - the user asks for it, and only here
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - beside it
    except ImportError as error:
        raise NotInstalled(
            "mlflow is not installed in this environment, and only it reads its registries",
            hint="install mlflow-skinny (and sqlalchemy and alembic for a database file) beside promptlib",
        ) from error
    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, ImportError) as error:
        raise typer.BadParameter(
            f"MLflow cannot open {uri}: {str(error).strip().splitlines()[0]}", param_hint="URI"
        ) from error
