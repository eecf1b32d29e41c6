"""The application is importable, wherever the tests are started; a copy of it in a repository, and its spans."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from promptlib import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = Path(__file__).parent
sys.path.insert(0, str(APPLICATION))


class Model:
    """A model that keeps what it was sent."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.messages: list[dict[str, object]] = []

    def __call__(self, messages: list[dict[str, object]]) -> str:
        """Answer always alike."""
        self.messages = messages
        return "Normal. It is on its way."


@pytest.fixture
def model() -> Model:
    """Return a model that answers, and shows what it was sent."""
    return Model()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Store]:
    """Return the prompts of a copy of the application, in a git repository of its own."""
    folder = tmp_path / "app"
    shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for command in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Uma"],
        ["config", "user.email", "uma@example.com"],
        ["add", "."],
        ["commit", "-q", "-m", "The application"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    with Store(folder) as store:
        yield store


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    """Return what keeps every span of this session: a process has one provider for good."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    """Return what keeps the spans of this test."""
    exporter.clear()
    return exporter
