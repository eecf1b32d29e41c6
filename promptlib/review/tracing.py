"""Whom a change touches, and the versions around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, raise_if_of_the_system
from promptlib.lineage import USES, Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.lineage import Edge, Impact, Node
    from promptlib.review.findings import PromptReview
    from promptlib.store import View

_USES = USES | {"derived_from"}
#: More versions than a picture shows.
MOST_VERSIONS = 60


@dataclass(frozen=True, slots=True)
class Touched:
    """A version in use that includes a prompt or derives from it, maybe through others.

    `newest` says that it is what stands under its name, `labels` which labels carry it. `uses` is the version of the
    prompt that it includes or derives from, `through` what is in between, and `bumped` whether that version is the
    newest one.
    """

    ref: str
    name: str
    kind: str
    labels: tuple[str, ...]
    newest: bool
    uses: str
    through: tuple[str, ...]
    bumped: bool

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data."""
        return {
            "ref": self.ref,
            "name": self.name,
            "kind": self.kind,
            "labels": list(self.labels),
            "newest": self.newest,
            "uses": self.uses,
            "through": list(self.through),
            "bumped": self.bumped,
        }


def touched(view: View, name: str) -> tuple[Touched, ...]:
    """Return the versions in use that include or run *name*, then those that derive from it; the nearest first."""
    try:
        found = view.impact(name)
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return ()  # it has no version here that can be asked about: what is wrong with it is told elsewhere
    in_use = (_touched(each) for each in found if each.current and each.name != name)
    return tuple(sorted(in_use, key=lambda each: each.kind not in USES))


def _touched(impact: Impact) -> Touched:
    used = impact.path[0].target
    between = (edge.target for edge in impact.path[1:])
    return Touched(
        ref=impact.ref,
        name=impact.name,
        kind=impact.kind,
        labels=impact.labels,
        newest=impact.newest,
        uses=used.ref,
        through=tuple(node.ref for node in between if node.name not in {impact.name, used.name}),
        bumped=used.current,
    )


def around(view: View, prompts: Sequence[PromptReview]) -> Graph | None:
    """Return the versions that were made, what they came from and include, and who uses them; None for too many."""
    made = {(version.name, version.commit) for each in prompts for version in each.versions}
    if len(made) > MOST_VERSIONS:
        return None
    edges = [edge for each in prompts if each.versions for edge in _edges(view, each)]
    names = {each.name for each in prompts}
    kept = [edge for edge in edges if (edge.source.name, edge.source.commit) in made or _in_use(edge, names)]
    return Graph((), kept)


def _edges(view: View, each: PromptReview) -> Iterator[Edge]:
    try:
        yield from view.lineage(each.versions[-1].ref).edges
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return  # a file that cannot be read has no place in the picture


def _in_use(edge: Edge, names: set[str]) -> bool:
    user: Node = edge.source
    return edge.kind in _USES and edge.target.name in names and (user.current or bool(user.labels))
