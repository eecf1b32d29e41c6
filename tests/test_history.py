"""Numbers over commit graphs, against a slow and obvious model."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.history import Entry, Event, Growth, Life, Nothing, Place, Step, advance, meeting, ordered, paired

NAMES = ("a", "b", "x/a", "y/a")


def claimed(blob: str) -> str:
    """Test blobs say `from:<old name>:…` where a file would hold `renamed_from`."""
    return blob.split(":")[1] if blob.startswith("from:") else ""


def numbers(growth: Growth) -> list[tuple[str, int | None]]:
    return [(event.name, event.number) for event in growth.events]


def steps_of(*steps: Step) -> dict[str, Step]:
    return {step.id: step for step in steps}


class TestOnALine:
    def test_each_change_is_the_next_number_and_its_parent_the_one_before(self) -> None:
        steps = steps_of(Step("1", (), (("a", "A"),)), Step("2", ("1",)), Step("3", ("2",), (("a", "B"),)))
        growth = advance(steps, "3")
        assert growth.events == [Event(1, 0, "a", 1, "A", ()), Event(2, 2, "a", 2, "B", (1,))]

    def test_a_change_of_the_mode_alone_is_no_version(self) -> None:
        growth = advance(steps_of(Step("1", (), (("a", "A"),)), Step("2", ("1",), (("a", "A"),))), "2")
        assert numbers(growth) == [("a", 1)]

    def test_numbers_go_on_after_a_removal_which_is_an_event_without_number(self) -> None:
        steps = steps_of(
            Step("1", (), (("a", "A"),)), Step("2", ("1",), (("a", None),)), Step("3", ("2",), (("a", "A"),))
        )
        growth = advance(steps, "3")
        assert numbers(growth) == [("a", 1), ("a", None), ("a", 2)]
        assert growth.events[2].parents == (1,)

    def test_a_rename_continues_the_numbers_and_the_old_name_goes_on_too(self) -> None:
        steps = steps_of(
            Step("1", (), (("a", "A"),)),
            Step("2", ("1",), (("a", "B"),)),
            Step("3", ("2",), (("a", None), ("b", "B"))),
            Step("4", ("3",), (("a", "C"), ("b", "D"))),
        )
        growth = advance(steps, "4")
        assert numbers(growth) == [("a", 1), ("a", 2), ("a", None), ("b", 3), ("a", 3), ("b", 4)]
        gone, renamed = growth.events[2:4]
        assert (gone.became, renamed.came_from, renamed.parents) == ("b", "a", (2,))

    def test_a_rename_that_only_the_file_tells_is_followed(self) -> None:
        steps = steps_of(Step("1", (), (("a", "A"),)), Step("2", ("1",), (("a", None), ("b", "from:a:B"))))
        assert numbers(advance(steps, "2", renamed_from=claimed)) == [("a", 1), ("a", None), ("b", 2)]
        assert numbers(advance(steps, "2")) == [("a", 1), ("a", None), ("b", 1)]

    def test_a_name_with_numbers_of_its_own_keeps_them_when_another_is_renamed_to_it(self) -> None:
        steps = steps_of(
            Step("1", (), (("a", "A"), ("b", "B"))),
            Step("2", ("1",), (("a", "A2"), ("b", None))),
            Step("3", ("2",), (("a", None), ("b", "A2"))),
        )
        growth = advance(steps, "3")
        assert numbers(growth)[-1] == ("b", 2)
        assert (growth.events[-1].came_from, growth.events[-1].parents) == ("a", (3,))

    def test_files_are_asked_only_when_a_commit_both_adds_and_removes(self) -> None:
        asked: list[str] = []

        def ask(blob: str) -> str:
            asked.append(blob)
            return ""

        steps = steps_of(
            Step("1", (), (("a", "A"),)),
            Step("2", ("1",), (("b", "B"),)),
            Step("3", ("2",), (("a", None), ("x/a", "X"))),
        )
        advance(steps, "3", renamed_from=ask)
        assert asked == ["X"]

    def test_a_history_that_is_cut_off_begins_with_what_it_shows(self) -> None:
        growth = advance(steps_of(Step("5", ("4",), (("a", "E"), ("b", None)))), "5")
        assert numbers(growth) == [("a", 1)]

    def test_a_circle_in_damaged_data_ends(self) -> None:
        steps = steps_of(Step("1", ("2",), (("a", "A"),)), Step("2", ("1",), (("a", "B"),)))
        assert len(advance(steps, "2").commits) == 2

    def test_a_long_line_needs_no_recursion(self) -> None:
        steps = steps_of(*(Step(str(at), (str(at - 1),) if at else (), (("a", f"{at}"),)) for at in range(5000)))
        assert advance(steps, "4999").events[-1].number == 5000


class TestMerges:
    BASE = (Step("1", (), (("a", "A"),)), Step("m", ("1",), (("a", "M"),)), Step("s", ("1",), (("a", "S"),)))

    def test_the_first_parent_is_numbered_first(self) -> None:
        steps = steps_of(*self.BASE, Step("x", ("m", "s")))
        assert [event.blob for event in advance(steps, "x").events] == ["A", "M", "S"]

    def test_a_merge_that_takes_a_side_is_no_version_and_the_next_one_follows_that_side(self) -> None:
        for merge, parent in ((Step("x", ("m", "s")), 2), (Step("x", ("m", "s"), (("a", "S"),)), 3)):
            growth = advance(steps_of(*self.BASE, merge, Step("y", ("x",), (("a", "Y"),))), "y")
            assert (growth.events[-1].number, growth.events[-1].parents) == (4, (parent,))

    def test_content_that_no_parent_holds_is_a_version_with_both_parents(self) -> None:
        growth = advance(steps_of(*self.BASE, Step("x", ("m", "s"), (("a", "X"),))), "x")
        assert (growth.events[-1].number, growth.events[-1].parents) == (4, (2, 3))

    def test_a_merge_after_a_rename_on_one_side_has_both_lines_as_parents(self) -> None:
        steps = steps_of(
            Step("1", (), (("a", "A"),)),
            Step("m", ("1",), (("a", "M"),)),
            Step("s", ("1",), (("a", None), ("b", "A"))),
            Step("x", ("m", "s"), (("a", None), ("b", "M"))),
        )
        event = advance(steps, "x").events[-1]
        assert (event.name, event.number, event.parents) == ("b", 4, (2, 4))

    def test_a_merge_that_drops_what_the_other_side_never_had_is_a_removal(self) -> None:
        steps = steps_of(
            Step("1", (), (("b", "B"),)),
            Step("m", ("1",), (("a", "M"),)),
            Step("s", ("1",), (("b", "S"),)),
            Step("x", ("m", "s"), (("a", None), ("b", "S"))),
        )
        assert numbers(advance(steps, "x")) == [("b", 1), ("a", 1), ("b", 2), ("a", None)]


class TestPairing:
    def test_one_of_each(self) -> None:
        assert paired({"a": "A"}, {"b": "A"}, claimed) == {"b": "a"}

    def test_a_moved_folder_of_equal_files_is_paired_by_the_last_segment(self) -> None:
        assert paired({"x/a": "A", "x/b": "A"}, {"y/a": "A", "y/b": "A"}, claimed) == {"y/a": "x/a", "y/b": "x/b"}

    def test_several_candidates_are_no_rename(self) -> None:
        assert paired({"a": "A", "b": "A"}, {"c": "A", "d": "A"}, claimed) == {}
        assert paired({"a": "A"}, {"c": "A", "d": "A"}, claimed) == {}

    def test_one_old_name_is_given_once(self) -> None:
        assert paired({"a": "A"}, {"c": "from:a:1", "d": "from:a:2"}, claimed) == {"c": "a"}

    def test_what_a_file_says_comes_before_an_equal_blob(self) -> None:
        assert paired({"a": "A"}, {"b": "A", "c": "from:a:1"}, claimed) == {"c": "a"}
        assert paired({"a": "A", "b": "B"}, {"c": "B", "d": "from:a:A"}, claimed) == {"c": "b", "d": "a"}


# ---------------------------------------------------------------- the model


@dataclass
class Graph:
    """Random commits with whole trees, as git has them."""

    parents: list[tuple[int, ...]] = field(default_factory=list)
    trees: list[dict[str, str]] = field(default_factory=list)

    def steps(self) -> dict[str, Step]:
        found = {}
        for at, (parents, tree) in enumerate(zip(self.parents, self.trees, strict=True)):
            before = self.trees[parents[0]] if parents else {}
            changed = sorted(name for name in before.keys() | tree.keys() if before.get(name) != tree.get(name))
            found[str(at)] = Step(str(at), tuple(map(str, parents)), tuple((n, tree.get(n)) for n in changed))
        return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    for at in range(draw(st.integers(1, 14))):
        tip = [at - 1] if at else []
        others = draw(st.lists(st.integers(0, at - 1), max_size=2)) if at else []
        kind = draw(st.sampled_from(["line", "line", "branch", "merge"]))
        parents = tip if kind == "line" else others[:1] if kind == "branch" else tip + others
        parents = list(dict.fromkeys(parents))
        trees = [graph.trees[parent] for parent in parents] or [{}]
        tree = {}
        for name in NAMES:
            held = draw(st.sampled_from(trees)).get(name)
            if held:
                tree[name] = held
        for _ in range(draw(st.integers(0, 2))):
            name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
            act = draw(st.sampled_from(["write", "same", "remove", "move", "claim"]))
            if act == "write":
                tree[name] = f"{at}-{draw(st.integers(0, 3))}"
            elif act == "same":
                tree[name] = "S"
            elif act == "remove":
                tree.pop(name, None)
            elif name in tree and other not in tree:
                held = tree.pop(name)
                tree[other] = held if act == "move" else f"from:{name}:{at}"
        graph.parents.append(tuple(parents))
        graph.trees.append(tree)
    return graph


def slow_order(graph: Graph, tip: int) -> list[int]:
    seen: list[int] = []

    def visit(commit: int) -> None:
        if commit not in seen:
            for parent in graph.parents[commit]:
                visit(parent)
            seen.append(commit)

    visit(tip)
    return seen


def model(graph: Graph, tip: int) -> list[Event]:
    """Hold for every commit what stands under every name: (version, blob or None)."""
    standing: dict[int, dict[str, tuple[int, str | None]]] = {}
    counts: dict[str, int] = {}
    continues: dict[str, str] = {}
    events: list[Event] = []

    def write(commit: int, position: int, name: str, blob: str, parents: list[int], origin: str = "") -> None:
        if origin and name not in counts:
            counts[name], continues[name] = counts.get(origin, 0), origin
        counts[name] = counts.get(name, 0) + 1
        number = counts[name]
        events.append(Event(len(events) + 1, position, name, number, blob, tuple(dict.fromkeys(parents)), origin))
        standing[commit][name] = (len(events), blob)

    def origin_in(state: dict[str, tuple[int, str | None]], name: str) -> tuple[int, str | None] | None:
        while name not in state and name in continues:
            name = continues[name]
        return state.get(name)

    for position, commit in enumerate(slow_order(graph, tip)):
        tree, parents = graph.trees[commit], [standing[parent] for parent in graph.parents[commit]]
        before = dict(parents[0]) if parents else {}
        standing[commit] = dict(before)
        changed = [n for n in NAMES if (before.get(n, (0, None))[1]) != tree.get(n)]
        removed = {n: before[n][1] or "" for n in changed if n not in tree}
        added = {n: tree[n] for n in changed if n in tree and before.get(n, (0, None))[1] is None}
        origins = paired(removed, added, claimed) if len(parents) < 2 else {}
        for name in changed:
            blob = tree.get(name)
            same = [p[name] for p in parents[1:] if name in p and p[name][1] == blob]
            if same:
                standing[commit][name] = same[0]
            elif blob is None:
                became = next((new for new, old in origins.items() if old == name), "")
                events.append(Event(len(events) + 1, position, name, None, None, (before[name][0],), "", became))
                standing[commit][name] = (before[name][0], None)
            elif len(parents) > 1:
                sources = [found for p in parents if (found := origin_in(p, name))]
                write(commit, position, name, blob, [version for version, _ in sources])
            else:
                origin = origins.get(name, "")
                entry = before.get(origin or name)
                write(commit, position, name, blob, [entry[0]] if entry else [], origin)
    return events


@pytest.mark.no_cover
@given(graphs())
def test_any_graph_reads_as_the_model_reads_it(graph: Graph) -> None:
    tip = len(graph.parents) - 1
    assert advance(graph.steps(), str(tip), renamed_from=claimed).events == model(graph, tip)


@given(graphs())
def test_what_stands_at_the_tip_is_the_tree_of_the_tip(graph: Graph) -> None:
    tip = len(graph.parents) - 1
    lives = advance(graph.steps(), str(tip), renamed_from=claimed).lives
    assert {name: entry.blob for name, (_, entry) in lives.items() if entry and entry.blob} == graph.trees[tip]


@given(graphs())
def test_the_order_is_first_parent_first(graph: Graph) -> None:
    tip = len(graph.parents) - 1
    assert [int(step.id) for step, _ in ordered(graph.steps(), str(tip))] == slow_order(graph, tip)


class Kept:
    """A past that remembers what earlier runs found, as an index does."""

    def __init__(self) -> None:
        self.commits = 0
        self.events = 0
        self.places: dict[str, Place] = {}
        self.parents: dict[int, int | None] = {}
        self.lives: dict[str, Life] = {}
        self.entries: dict[tuple[str, int], list[Entry]] = {}

    def place(self, commit: str) -> Place | None:
        return self.places.get(commit)

    def fork(self, line: int) -> Place | None:
        parent = self.parents[line]
        return next((place for place in self.places.values() if place.position == parent), None)

    def life(self, name: str) -> Life:
        return self.lives.get(name, Life())

    def entry(self, name: str, place: Place) -> Entry | None:
        entries = self.entries.get((name, place.line), [])
        return next((entry for entry in reversed(entries) if entry.position <= place.position), None)

    def add(self, growth: Growth) -> None:
        for commit in growth.commits:
            self.places[commit.id] = commit.place
            self.parents[commit.place.position] = commit.parent
        lines = {place.position: place.line for place in self.places.values()}
        entries = list(growth.taken)
        for event in growth.events:
            version = event.parents[0] if event.number is None else event.id
            entries.append((event.name, Entry(event.position, version, event.blob)))
        for name, entry in sorted(entries, key=lambda pair: pair[1].position):
            self.entries.setdefault((name, lines[entry.position]), []).append(entry)
        self.lives |= {name: life for name, (life, _) in growth.lives.items()}
        self.commits += len(growth.commits)
        self.events += len(growth.events)


@pytest.mark.no_cover
@given(graphs(), st.data())
def test_growing_along_the_first_parent_only_appends(graph: Graph, data: st.DataObject) -> None:
    """Numbers of a tip stay when a later tip has it on its first-parent line, in one go or in many."""
    steps = graph.steps()
    line = [str(len(graph.parents) - 1)]
    while steps[line[-1]].parents:
        line.append(steps[line[-1]].parents[0])
    stops = [tip for tip in reversed(line) if tip == line[0] or data.draw(st.booleans())]
    kept, events = Kept(), []
    for tip in stops:
        fresh = {key: step for key, step in steps.items() if kept.place(key) is None}
        assert kept.commits == 0 or meeting(fresh, tip) in kept.places
        growth = advance(fresh, tip, past=kept, renamed_from=claimed)
        kept.add(growth)
        events += growth.events
    assert events == advance(steps, line[0], renamed_from=claimed).events


def test_meeting_is_where_the_first_parent_line_leaves_the_new_commits() -> None:
    steps = steps_of(Step("3", ("2", "s")), Step("s", ("1",)))
    assert meeting(steps, "3") == "2"
    assert meeting(steps_of(Step("1", ())), "1") is None
    assert meeting({}, "9") == "9"


def test_nothing_is_an_empty_past() -> None:
    nothing = Nothing()
    assert (nothing.commits, nothing.events, nothing.life("a")) == (0, 0, Life())
    assert (nothing.place("1"), nothing.fork(1), nothing.entry("a", Place(0, 0))) == (None, None, None)
