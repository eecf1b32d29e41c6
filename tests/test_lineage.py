from __future__ import annotations

import json
import pickle
import re
from copy import copy
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.lineage import KINDS, Edge, Fields, Graph, Node, Told, joined
from promptlib.refs import Pin


def sha(letter: str) -> str:
    return f"sha256:{letter * 64}"


def node(name: str, number: int, letter: str = "", message: str = "", labels: tuple[str, ...] = ()) -> Node:
    return Node(name, sha(letter or str(number)), number, f"commit-{name}-{number}", message=message, labels=labels)


STYLE = node("style", 1, "e")
BASE = node("base", 1, "b")
ONE = node("triage", 1, message="First cut")
MAIN = node("triage", 2)
SIDE = node("triage", 3)
BOTH = node("triage", 4, message="Both\n\nbody", labels=("production",))
RENAMED = node("sort", 5)
USER = node("reply", 1, "f")

GRAPH = joined(
    [
        Told(1, STYLE),
        Told(2, BASE),
        Told(3, ONE, derived_from=Pin("base", sha("b"))),
        Told(4, MAIN, (3,), derived_from=Pin("base", sha("b")), includes=(Pin("style", sha("e")),)),
        Told(5, SIDE, (3,)),
        Told(6, BOTH, (4, 5)),
        Told(7, RENAMED, (6,), came_from="triage", renamed_from="triage"),
        Told(8, USER, includes=(Pin("triage", sha("4")), Pin("gone", sha("0")))),
    ]
)


def test_edges_have_kinds() -> None:
    assert set(GRAPH.edges) == {
        Edge("derived_from", ONE, BASE),
        Edge("parent", MAIN, ONE),
        Edge("includes", MAIN, STYLE),
        Edge("parent", SIDE, ONE),
        Edge("parent", BOTH, MAIN),
        Edge("merged_from", BOTH, SIDE),
        Edge("renamed_from", RENAMED, BOTH),
        Edge("includes", USER, BOTH),
        Edge("includes", USER, Node("gone", sha("0"), missing=True)),
    }


def test_ancestors_come_nearest_first() -> None:
    assert GRAPH.of(RENAMED).ancestors() == (BOTH, MAIN, SIDE, ONE, STYLE, BASE)
    assert GRAPH.of(BASE).ancestors() == ()


def test_descendants_include_users() -> None:
    assert GRAPH.of(MAIN).descendants() == (BOTH, RENAMED, USER)
    assert [found.name for found in GRAPH.of(STYLE).descendants()] == ["triage", "triage", "sort", "reply"]


def test_the_common_ancestor_is_the_nearest_origin() -> None:
    assert GRAPH.of(MAIN).common_ancestor(SIDE) == ONE
    assert GRAPH.of(RENAMED).common_ancestor(GRAPH.of(SIDE)) == SIDE
    assert GRAPH.of(SIDE).common_ancestor(SIDE) == SIDE
    assert GRAPH.of(USER).common_ancestor(RENAMED) is None


def test_a_nearer_candidate_that_others_come_from_is_no_common_ancestor() -> None:
    old, new, left, right = (node("a", number) for number in (1, 2, 3, 4))
    edges = [Edge("parent", new, old), Edge("parent", left, old), Edge("merged_from", left, new)]
    graph = Graph([], [*edges, Edge("parent", right, new)])
    assert graph.of(left).common_ancestor(right) == new


def test_an_old_name_that_only_the_file_tells_leads_to_its_newest_version() -> None:
    graph = joined([Told(1, ONE), Told(2, MAIN, (1,)), Told(3, RENAMED, renamed_from="triage"), Told(4, SIDE, (2,))])
    assert graph.of(RENAMED).ancestors() == (MAIN, ONE)


def test_a_pin_means_the_newest_version_with_that_content() -> None:
    again = Node("base", sha("b"), 2, "later")
    graph = joined([Told(1, BASE), Told(2, again), Told(3, ONE, includes=(Pin("", sha("b")), Pin("base", sha("b"))))])
    assert graph.of(ONE).ancestors() == (again,)
    assert graph.find("base", sha("b")) == again
    assert graph.find("base", sha("c")) is None


def test_what_is_not_here_is_told() -> None:
    missing = GRAPH.of(USER).ancestors()[1]
    assert (missing.name, missing.missing, str(missing)) == ("gone", True, "gone not here (00000000)")


def test_the_tree_is_a_column_of_parents_with_other_origins_set_in() -> None:
    assert GRAPH.of(RENAMED).tree().splitlines() == [
        "sort v5 (55555555)",
        "renamed from triage v4 (44444444) [production]  Both",
        "│  merged from triage v3 (33333333)",
        "│  triage v1 (11111111)  First cut",
        "│     derived from base v1 (bbbbbbbb)",
        "triage v2 (22222222)",
        "│  includes style v1 (eeeeeeee)",
        "triage v1 (11111111), shown above",
    ]


def test_the_tree_tells_what_came_of_a_version() -> None:
    assert GRAPH.of(BOTH).tree().splitlines()[-3:] == [
        "came of it:",
        "  sort v5 (55555555)  renamed from triage v4 (44444444)",
        "  reply v1 (ffffffff)  includes triage v4 (44444444)",
    ]


def test_a_hostile_message_moves_no_cursor() -> None:
    hostile = node("a", 1, message="\x1b[2J\x9b31m\u202eevil" + "x" * 100)
    tree = Graph([hostile]).of(hostile).tree()
    assert "\x1b" not in tree
    assert "\x9b" not in tree
    assert "\u202e" not in tree
    assert tree.endswith("x…")


def test_mermaid() -> None:
    assert GRAPH.of(BOTH).mermaid().splitlines() == [
        "flowchart BT",
        '    n0["triage v4 (44444444)<br/>#91;production#93;<br/>Both"]',
        '    n1["triage v2 (22222222)"]',
        '    n2["triage v3 (33333333)"]',
        '    n3["triage v1 (11111111)<br/>First cut"]',
        '    n4["style v1 (eeeeeeee)"]',
        '    n5["base v1 (bbbbbbbb)"]',
        '    n6["sort v5 (55555555)"]',
        '    n7["reply v1 (ffffffff)"]',
        "    n0 --> n1",
        "    n0 -->|merged from| n2",
        "    n1 --> n3",
        "    n1 ==>|includes| n4",
        "    n2 --> n3",
        "    n3 -.->|derived from| n5",
        "    n6 -->|renamed from| n0",
        "    n7 ==>|includes| n0",
        "    style n0 stroke-width:3px",
    ]


@given(st.text(max_size=80), st.text(max_size=20))
def test_no_text_breaks_out_of_a_mermaid_label(message: str, name: str) -> None:
    hostile = Node(name, sha("a"), 1, message=message, labels=('"];click n0 "javascript:x"', "%%{init}%%"))
    _, label, style = Graph([hostile]).of(hostile).mermaid().split("\n")
    assert re.fullmatch(r'    n0\["([^"<>\[\]{}|`;#%&\n]|#\d+;|<br/>)*"\]', label)
    assert style.startswith("    style n0 ")


def test_the_data_is_plain_json() -> None:
    when = datetime(2026, 5, 3, 14, tzinfo=UTC)
    one = Node("a", sha("a"), 1, "c1", when, "Ada", "First", ("production",))
    two = Node("a", sha("b"), 2, "c2")
    told = Graph([one], [Edge("parent", two, one)]).of(two).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["node"] == "n0"
    assert told["edges"] == [{"kind": "parent", "source": "n0", "target": "n1"}]
    assert told["nodes"][1] == {  # type: ignore[index] # the documented shape
        "id": "n1",
        "ref": f"a@v1#{'a' * 64}",
        "name": "a",
        "number": 1,
        "digest": sha("a"),
        "commit": "c1",
        "time": "2026-05-03T14:00:00+00:00",
        "author": "Ada",
        "message": "First",
        "labels": ["production"],
        "current": False,
        "missing": False,
        "trust": "own",
        "vouched": None,
        "run": None,
    }


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_circles_in_damaged_data_end(raw: list[tuple[str, int, int]]) -> None:
    nodes = [node("a", number) for number in range(7)]
    graph = Graph(nodes, [Edge(kind, nodes[source], nodes[target]) for kind, source, target in raw])  # type: ignore[arg-type] # sampled from KINDS
    for each in nodes:
        lineage = graph.of(each)
        reached = {each}
        for _ in nodes:
            reached |= {edge.target for edge in graph.edges if edge.source in reached}
        assert set(lineage.ancestors()) == reached - {each}
        assert each not in lineage.descendants()
        assert len(lineage.tree().splitlines()) <= 2 * len(raw) + 2
        assert lineage.mermaid()
        assert lineage.common_ancestor(nodes[0]) in {
            None,
            *({each, *lineage.ancestors()} & {nodes[0], *graph.of(nodes[0]).ancestors()}),
        }


def test_a_long_line_needs_no_recursion() -> None:
    nodes = [node("a", number) for number in range(1, 5001)]
    graph = Graph(nodes, [Edge("parent", new, old) for old, new in pairwise(nodes)])
    lineage = graph.of(nodes[-1])
    assert len(lineage.ancestors()) == 4999
    assert len(lineage.tree().splitlines()) == 5000
    assert lineage.common_ancestor(nodes[0]) == nodes[0]


@pytest.mark.parametrize("part", ["nodes", "edges"])
def test_a_lineage_tells_its_part_of_the_graph(part: str) -> None:
    found = getattr(GRAPH.of(STYLE), part)
    expected = {
        "nodes": (STYLE, MAIN, BOTH, RENAMED, USER),
        "edges": (
            Edge("includes", MAIN, STYLE),
            Edge("parent", BOTH, MAIN),
            Edge("renamed_from", RENAMED, BOTH),
            Edge("includes", USER, BOTH),
        ),
    }
    assert found == expected[part]


def test_a_node_is_a_value() -> None:
    plain = Node("a", sha("a"), 1, "c1", labels=("production",), current=True)
    told = Node.told("all of it", lambda text: plain.fields._replace(message=text))
    assert told == Node("a", sha("a"), 1, "c1", message="all of it", labels=("production",), current=True)
    assert hash(told) == hash(copy(told))
    assert told != plain != "a"
    assert pickle.loads(pickle.dumps(told)) == told  # noqa: S301 - our own
    assert repr(plain).startswith(f"Node(name='a', digest='{sha('a')}', number=1, commit='c1', time=None")
    with pytest.raises(AttributeError):
        plain.name = "b"  # type: ignore[misc] # what must not be


def test_a_node_is_taken_apart_once_and_late() -> None:
    read: list[str] = []

    def fields(text: str) -> Fields:
        read.append(text)
        return Node(text, sha("a")).fields

    told = Node.told("late", fields)
    assert read == []
    assert (told.name, told.digest, str(told)) == ("late", sha("a"), "late v? (aaaaaaaa)")
    assert read == ["late"]
