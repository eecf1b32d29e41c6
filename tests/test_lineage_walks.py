"""Walks over random graphs, held against the plainest way to say what they mean; refs that a graph understands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import NotFound
from promptlib.lineage import KINDS, LINE, ORIGINS, USES, Edge, Graph, Kind, Node
from promptlib.refs import Ref
from promptlib.version import Version, instant

NODES = tuple(
    Node(f"name-{at % 4}", f"sha256:{at * 7 % 9:064x}", at // 4 + 1, f"commit-{at}", current=at >= 8)
    for at in range(12)
)
KINDS_HERE: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "produced")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Mostly edges from later versions to earlier ones, so that merges cross; sometimes a circle, as by damage."""
    pairs = st.tuples(st.sampled_from(KINDS_HERE), st.integers(0, 11), st.integers(0, 11))
    told = draw(st.lists(pairs, max_size=24))
    edges = [Edge(kind, NODES[max(one, other)], NODES[min(one, other)]) for kind, one, other in told]
    edges += [Edge(kind, NODES[one], NODES[other]) for kind, one, other in draw(st.lists(pairs, max_size=1))]
    return Graph(NODES, edges)


def reached(graph: Graph, start: Node, kinds: frozenset[Kind] | None = None, *, forth: bool = False) -> dict[Node, int]:
    """How far away everything is that can be reached: sets grow until they stay."""
    away = {start: 0}
    for _ in NODES:
        for edge in graph.edges:
            if kinds is None or edge.kind in kinds:
                one, other = (edge.target, edge.source) if forth else (edge.source, edge.target)
                if one in away:
                    away[other] = min(away.get(other, 99), away[one] + 1)
    return away


@given(graphs(), st.sampled_from(NODES))
def test_ancestors_and_descendants_are_what_can_be_reached_nearest_first(graph: Graph, node: Node) -> None:
    for found, away in (
        (graph.ancestors(node), reached(graph, node)),
        (graph.descendants(node), reached(graph, node, forth=True)),
    ):
        assert set(found) == set(away) - {node}
        distances = [away[each] for each in found]
        assert distances == sorted(distances)


@given(graphs(), st.sampled_from(NODES), st.sampled_from(NODES))
def test_a_path_is_the_shortest_by_way_of_what_both_share(graph: Graph, one: Node, other: Node) -> None:
    left, right = reached(graph, one), reached(graph, other)
    shared = [left[each] + right[each] for each in left if each in right]
    path = graph.path_between(one, other)
    assert (path is None) == (not shared)
    if path is None:
        return
    assert len(path) == min(shared)
    assert set(path) <= set(graph.edges)
    ends = [{edge.source, edge.target} for edge in path]
    if path:
        assert one in ends[0]
        assert other in ends[-1]
    assert all(before & after for before, after in pairwise(ends))
    # Back first, then forth: never from a version to what uses it and back again.
    ways, at = [], one
    for edge in path:
        ways.append(edge.source == at)
        at = edge.target if ways[-1] else edge.source
    assert at == other
    assert ways == sorted(ways, reverse=True)


@given(graphs(), st.sampled_from(NODES), st.sampled_from(NODES))
def test_a_common_ancestor_comes_from_no_other_unless_damage_turns_in_circles(
    graph: Graph, one: Node, other: Node
) -> None:
    left, right = reached(graph, one, ORIGINS), reached(graph, other, ORIGINS)
    shared = set(left) & set(right)
    found = graph.common_ancestor(one, other)
    assert (found in shared) if shared else found is None
    if found is not None and not any(one in reached(graph, each, ORIGINS) for each in shared if each != one):
        later = [each for each in shared if each != found and found in reached(graph, each, ORIGINS)]
        assert all(each in reached(graph, found, ORIGINS) for each in later)


@given(graphs(), st.sampled_from(NODES))
def test_impact_is_who_includes_or_derives_from_it_through_others_too(graph: Graph, node: Node) -> None:
    starts = {each for each in NODES if (each.name, each.digest) == (node.name, node.digest)}
    derived: set[Node] = set()
    touched: set[Node] = set()
    for _ in range(2 * len(NODES)):
        for edge in graph.edges:
            if edge.source in starts:
                continue
            if edge.kind in USES | {"derived_from"} and edge.target in starts | touched:
                touched.add(edge.source)
                if edge.kind == "derived_from":
                    derived.add(edge.source)
            if edge.kind in LINE and edge.target in derived:
                touched.add(edge.source)
                derived.add(edge.source)
    found = graph.impact(node)
    assert {each.node for each in found} == touched
    assert len(found) == len(touched)
    for each in found:
        assert each.path[0].target in starts
        assert each.path[-1].source == each.node
        assert all(one.source == two.target for one, two in pairwise(each.path))
        assert each.kind in USES | {"derived_from"}
        assert str(each).startswith(str(each.node))
        assert each.to_dict()["ref"] == f"{each.name}@v{each.number}#{each.digest.removeprefix('sha256:')}"


STYLE = Node("style", f"sha256:{'e' * 64}", 1, "c1")
STYLE_2 = Node("style", f"sha256:{'d' * 64}", 2, "c2", current=True)
HEAD = Node("head", f"sha256:{'a' * 64}", 1, "c3", labels=("production",))
PAGE = Node("page", f"sha256:{'b' * 64}", 1, "c4", current=True)
MAIL = Node("mail", f"sha256:{'c' * 64}", 1, "c5")
MAIL_2 = Node("mail", f"sha256:{'9' * 64}", 2, "c6", current=True)
GONE = Node("gone", f"sha256:{'0' * 64}", missing=True)
DEEP = Graph(
    [STYLE, STYLE_2, HEAD, PAGE, MAIL, MAIL_2],
    [
        Edge("parent", STYLE_2, STYLE),
        Edge("includes", HEAD, STYLE),
        Edge("includes", PAGE, HEAD),
        Edge("derived_from", MAIL, PAGE),
        Edge("parent", MAIL_2, MAIL),
        Edge("includes", MAIL_2, GONE),
    ],
)


def test_impact_says_by_which_path_and_what_is_in_use() -> None:
    head = "includes style v1 (eeeeeeee)"
    page = f"includes head v1 (aaaaaaaa), which {head}"
    mail = f"derives from page v1 (bbbbbbbb), which {page}"
    assert list(map(str, DEEP.impact("style@v1"))) == [
        f"head v1 (aaaaaaaa) [production]: {head}",
        f"page v1 (bbbbbbbb), newest: {page}",
        f"mail v1 (cccccccc): {mail}",
        f"mail v2 (99999999), newest: comes from mail v1 (cccccccc), which {mail}",
    ]
    assert [(each.current, each.newest, each.labels, each.kind) for each in DEEP.impact("style")] == [
        (True, False, ("production",), "includes"),
        (True, True, (), "includes"),
        (False, False, (), "derived_from"),
        (True, True, (), "derived_from"),
    ]
    assert DEEP.impact("style@latest") == ()
    assert [each.version for each in DEEP.impact("head")] == ["v1", "v1", "v2"]


def test_a_graph_understands_refs_versions_and_nodes() -> None:
    version = Version(
        name="head",
        number=1,
        digest=HEAD.digest,
        commit="c3",
        author="",
        email="",
        time=instant(0, "+0000"),
        message="",
    )
    for which in (
        "head",
        "head@v1",
        "head@production",
        "head#aaaaaaaa",
        "head@v1#aaaaaaaa",
        Ref("head"),
        version,
        HEAD,
    ):
        assert DEEP.of(which).node == HEAD
    assert DEEP.of(Node(HEAD.name, HEAD.digest, HEAD.number, HEAD.commit)).node == HEAD
    assert DEEP.of("style").node == STYLE_2
    assert DEEP.of("style@v1").common_ancestor("style@latest") == STYLE
    assert [edge.kind for edge in DEEP.path_between("mail", "style") or ()] == [
        "parent",
        "derived_from",
        "includes",
        "includes",
        "parent",
    ]


@pytest.mark.parametrize(
    ("ref", "what", "hint"),
    [
        ("styel", "no prompt 'styel' in this graph", "did you mean 'style'?"),
        ("gone", "no prompt 'gone' in this graph", "names here: head, mail, page, style"),
        ("style@v9", "style@v9 is not in this graph", "2 versions are there: v1 eeeeeeee, v2 dddddddd"),
        ("style@production", "style@production is not in this graph", "2 versions are there"),
        ("style#ffffffff", "style#ffffffff is not in this graph", "v2 dddddddd"),
    ],
)
def test_what_is_not_in_a_graph_is_told_with_what_is(ref: str, what: str, hint: str) -> None:
    for ask in (DEEP.of, DEEP.impact):
        with pytest.raises(NotFound) as caught:
            ask(ref)
        assert caught.value.what == what
        assert hint in caught.value.hint


def test_a_node_of_another_graph_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"style v1 \(00000000\) is not in this graph\nit belongs to another store"):
        DEEP.of(Node(STYLE.name, f"sha256:{'0' * 64}", 1, "c1"))


def test_a_run_came_of_the_version_that_ran_and_is_no_origin() -> None:
    run = Node("", "", run="run-1")
    graph = Graph([HEAD], [Edge("produced", run, HEAD)])
    assert graph.of(HEAD).descendants() == (run,)
    assert graph.of(run).common_ancestor(HEAD) is None
    assert graph.impact(HEAD) == ()
    assert "run of" in graph.mermaid()


def test_an_impact_is_a_value() -> None:
    first, second = DEEP.impact(STYLE), DEEP.impact(STYLE)
    assert first
    assert first == second
    assert {*first} == {*second}
    assert first[0] != first[0].node
    assert repr(first[0]) == f"Impact(node={first[0].node!r})"
