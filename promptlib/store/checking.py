"""Verifying a store: what is there against what its digests, labels and index say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from promptlib import codec
from promptlib.errors import PromptLibError
from promptlib.refs import Pin
from promptlib.store.layout import INCLUDES, LABELS, PROMPT, Labelled, include_path, label_at, name_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._git import Repository
    from promptlib.prompt import Prompt
    from promptlib.store.homes import Home
    from promptlib.store.past import History

Kind = Literal["object", "prompt", "label", "include", "file", "index"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not verify: of which kind, where, and what is wrong."""

    kind: Kind
    place: str
    what: str

    def __str__(self) -> str:
        """Return kind, place and what is wrong on one line."""
        return f"{self.kind} {self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified, and what did not hold."""

    problems: tuple[Problem, ...]
    prompts: int
    labels: int
    versions: int

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data: `ok`, the counts, and problems with kind, place and what."""
        return {
            "ok": self.ok,
            "prompts": self.prompts,
            "labels": self.labels,
            "versions": self.versions,
            "problems": [{"kind": each.kind, "place": each.place, "what": each.what} for each in self.problems],
        }


@dataclass(slots=True)
class _Examination:
    files: Home
    problems: list[Problem] = field(default_factory=list)
    prompts: int = 0
    labels: int = 0

    def files_below_root(self) -> None:
        for path in self._paths():
            try:
                self._file(path)
            except PromptLibError as error:
                kind: Kind = "prompt" if path.endswith(PROMPT) else "file"
                if path.startswith(LABELS):
                    kind = "include" if path.startswith(INCLUDES) else "label"
                self._found(kind, path, error.what)

    def _paths(self) -> Iterator[str]:
        """Iterate as far as it goes: a folder that cannot be read hides what is behind it, and nothing else."""
        try:
            yield from self.files.walk()
        except PromptLibError as error:
            self._found("file", self.files.shown(""), error.what)

    def _file(self, path: str) -> None:
        data = self.files.read(path) or b""
        if path.startswith(INCLUDES):
            self._include(path, data)
        elif path.startswith(LABELS):
            self._label(path, data)
        elif path.endswith(PROMPT):
            if name_at(path) is None:
                self._found("prompt", path, "its path is no prompt name, so nothing can load it")
                return
            self.prompts += 1
            codec.read(data, source=self.files.shown(path))

    def _include(self, path: str, data: bytes) -> None:
        found = codec.read(data, source=path)
        if include_path(found.digest) != path:
            self._found("include", path, f"holds {found.digest}")
        self._nested("include", path, found)

    def _label(self, path: str, data: bytes) -> None:
        if label_at(path) is None:
            self._found("label", path, "its path is no label of a name")
            return
        self.labels += 1
        held = Labelled.from_bytes(data, self.files.shown(path))
        prompt = codec.read(held.data, source=self.files.shown(path))
        if prompt.digest != held.digest:
            self._found("label", path, f"says {held.digest} and holds {prompt.digest}")
        self._nested("label", path, prompt)

    def _nested(self, kind: Kind, path: str, prompt: Prompt[Any]) -> None:
        for pin in prompt.includes.values():
            if self.files.read(include_path(Pin.parse(str(pin)).digest)) is None:
                self._found(kind, path, f"its include {str(pin)[:40]}… does not lie beside it")

    def _found(self, kind: Kind, place: str, what: str) -> None:
        self.problems.append(Problem(kind, place, what))


def examine(files: Home, repository: Repository | None, history: History | None) -> Report:
    """Verify every object (by git), every prompt, label and include below the root, and every row of the index."""
    examination = _Examination(files)
    examination.files_below_root()
    problems = examination.problems
    versions = 0
    if repository is not None:
        problems += [Problem("object", str(repository.git_dir), line) for line in repository.fsck()]
    if history is not None:
        try:
            versions, wrong = history.verify()
        except PromptLibError as error:
            wrong = [("history", error.what)]
        problems += [Problem("index", place, what) for place, what in wrong]
    return Report(tuple(problems), examination.prompts, examination.labels, versions)
