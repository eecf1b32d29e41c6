"""Inputs, settings, tools, includes, tags and all the rest: each part by its own rule."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, codec, system, user
from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.merge import Merged, merge
from promptlib.messages import Message, Text
from promptlib.plain import Frozen, freeze, thaw
from promptlib.refs import Pin
from promptlib.trust import Vouched
from tests.merge.test_merge_properties import check_merge
from tests.strategies import inputs_strategy, plain_strategy

STRING = InputType(kind="string")
ONE, TWO, THREE = ("sha256:" + digit * 64 for digit in "123")


def declared(name: str, kind_of: InputType = STRING, **parts: Any) -> Input:
    return Input(name=name, type=kind_of, required="default" not in parts, **parts)


X = declared("a", default="x")


def prompt(**parts: Any) -> Prompt[Any]:
    """Return a prompt that prints all its inputs, so that any of them can come and go."""
    inputs = parts.pop("inputs", ())
    text = "Words." + "".join(f"\n{each.name}: {{{{ {each.name} }}}}" for each in inputs)
    return Prompt(messages=(parts.pop("message", system(text)), user("Go.")), inputs=inputs, **parts)


def outputs(*inputs: Input) -> Prompt[Any]:
    return prompt(outputs=inputs)


def merged(base: Prompt[Any] | None, ours: Prompt[Any], theirs: Prompt[Any]) -> Prompt[Any]:
    found = check_merge(base, ours, theirs)
    assert found.conflicts == ()
    assert found.prompt is not None
    return found.prompt


def contested(base: Prompt[Any] | None, ours: Prompt[Any], theirs: Prompt[Any]) -> dict[str, tuple[Any, ...]]:
    """Return what conflicts: by field the three values."""
    found = check_merge(base, ours, theirs)
    return {each.field: (thaw(each.base), thaw(each.ours), thaw(each.theirs)) for each in found.conflicts}


# --- declarations -----------------------------------------------------------------------------------------------------


def test_inputs_come_and_go_by_name() -> None:
    a, b, c, d = (declared(name) for name in "abcd")
    found = merged(prompt(inputs=(a, b)), prompt(inputs=(a, b, c)), prompt(inputs=(b,)))
    assert [each.name for each in found.inputs] == ["b", "c"]
    found = merged(prompt(inputs=(a,)), prompt(inputs=(b, a)), prompt(inputs=(a, c, d)))
    assert [each.name for each in found.inputs] == ["b", "a", "c", "d"]
    # In one place the names are in order, whoever comes first.
    found = merged(outputs(a), outputs(a, d), outputs(a, c))
    assert [each.name for each in found.outputs] == ["a", "c", "d"]
    found = merged(outputs(a), outputs(a, b), outputs(a, b))
    assert found.outputs == (a, b)
    found = merged(outputs(a, b), outputs(b, a, c), outputs(a, b, declared("d", description="x")))
    assert [each.name for each in found.outputs] == ["b", "a", "c", "d"]


def test_a_declaration_is_merged_by_what_it_says() -> None:
    base = outputs(declared("a", InputType(kind="integer", ge=0, le=9), description="A number", default=3))
    ours = outputs(declared("a", InputType(kind="integer", ge=1, le=9), description="A number", default=5))
    theirs = outputs(
        declared("a", InputType(kind="integer", ge=0, le=20, nullable=True), description="A big number", default=3)
    )
    (found,) = merged(base, ours, theirs).outputs
    assert found == declared(
        "a", InputType(kind="integer", ge=1, le=20, nullable=True), description="A big number", default=5
    )


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (X, declared("a", default="y"), declared("a", default="z"), {"default": ("x", "y", "z")}),
        (X, declared("a"), declared("a", default="z"), {"required": ({"default": "x"}, True, {"default": "z"})}),
        (
            declared("a", description="one"),
            declared("a", description="two"),
            declared("a", description="three"),
            {"description": ("one", "two", "three")},
        ),
        (
            declared("a", InputType(kind="string", max_length=1)),
            declared("a", InputType(kind="string", max_length=2)),
            declared("a", InputType(kind="string")),
            {"max_length": (1, 2, None)},
        ),
        (
            declared("a"),
            declared("a", InputType(kind="integer")),
            declared("a", InputType(kind="float")),
            {"type": ({"kind": "string"}, {"kind": "integer"}, {"kind": "float"})},
        ),
        (
            declared("a", InputType(kind="array", items=InputType(kind="integer", le=1))),
            declared("a", InputType(kind="array", items=InputType(kind="integer", le=2))),
            declared("a", InputType(kind="array", items=InputType(kind="integer", le=3))),
            {"[].le": (1, 2, 3)},
        ),
    ],
)  # fmt: skip
def test_two_words_about_one_thing_conflict(base: Input, ours: Input, theirs: Input, expected: dict[str, Any]) -> None:
    found = contested(outputs(base), outputs(ours), outputs(theirs))
    assert found == {f"outputs.a{'' if at.startswith('[') else '.'}{at}": values for at, values in expected.items()}


def test_an_input_that_one_side_takes_out_and_the_other_changes_conflicts() -> None:
    a, changed = declared("a"), declared("a", description="What came in")
    merging = merge(outputs(a), outputs(), outputs(changed))
    (conflict,) = merging.conflicts
    assert (conflict.field, conflict.ours, thaw(conflict.theirs)) == (
        "outputs.a", None, {"kind": "string", "description": "What came in"},
    )  # fmt: skip
    chosen: list[object] = [declared("other", description="x"), {"kind": "string", "description": "x"}, None]
    for value in chosen:
        found = merging.resolve({"outputs.a": value})
        assert found is not None
        assert found.outputs == ((declared("a", description="x"),) if value else ())
    with pytest.raises(InvalidPrompt, match=re.escape("the value for outputs.a is none: a int is no declaration")):
        merging.resolve({"outputs.a": 3})
    with pytest.raises(InvalidPrompt, match=re.escape("the value for outputs.a is none")):
        merging.resolve({"outputs.a": {"kind": "strnig"}})


def test_a_limit_of_one_side_that_the_default_of_the_other_breaks_conflicts() -> None:
    base = outputs(declared("a", default="x"))
    ours = outputs(declared("a", InputType(kind="string", max_length=2), default="x"))
    theirs = outputs(declared("a", default="long words"))
    merging = check_merge(base, ours, theirs)
    (conflict,) = merging.conflicts
    assert conflict.field == "outputs.a"
    assert conflict.why.startswith("merged, it is no valid declaration: the default of 'a'")
    kind_of = {"kind": "string", "maxLength": 40, "default": "long words"}
    found = merging.resolve({"outputs.a": kind_of})
    assert found is not None
    assert found.outputs[0].type.max_length == 40


def test_limits_that_make_no_type_together_conflict_as_the_type() -> None:
    base, ours, theirs = (
        outputs(declared("a", InputType(kind="integer", ge=low, le=high))) for low, high in ((1, 5), (4, 5), (1, 2))
    )
    merging = check_merge(base, ours, theirs)
    (conflict,) = merging.conflicts
    assert conflict.field == "outputs.a.type"
    assert conflict.why.startswith("merged, it is no valid type: ")
    for value in ({"kind": "integer", "minimum": 2}, InputType(kind="integer", ge=2)):
        found = merging.resolve({"outputs.a.type": value})
        assert found is not None
        assert found.outputs[0].type == InputType(kind="integer", ge=2)
    with pytest.raises(InvalidPrompt, match="the value for a type is none"):
        merging.resolve({"outputs.a.type": None})


def test_values_of_an_enum_are_a_set_and_properties_go_by_name() -> None:
    def chosen(*values: object) -> Prompt[Any]:
        return outputs(declared("a", InputType(kind="enum", values=values)))  # type: ignore[arg-type] # plain values

    (found,) = merged(chosen("a", "b", 1), chosen("a", "b", 1, "d"), chosen("b", 1, "c", 1.0)).outputs
    assert found.type.values == ("b", 1, "c", "d", 1.0)

    def having(*properties: Input) -> Prompt[Any]:
        return outputs(declared("a", InputType(kind="object", properties=properties)))

    x, y, z = (declared(name) for name in "xyz")
    (found,) = merged(having(x), having(x, y), having(declared("x", description="X"), z)).outputs
    assert found.type.properties == (declared("x", description="X"), y, z)
    deep = contested(having(x), having(declared("x", default="1")), having(declared("x", default="2")))
    assert deep == {"outputs.a.x.required": (True, {"default": "1"}, {"default": "2"})}


@settings(max_examples=40)
@given(inputs_strategy(), inputs_strategy(), inputs_strategy())
def test_any_declarations_merge_or_conflict(
    base: tuple[Input, ...], ours: tuple[Input, ...], theirs: tuple[Input, ...]
) -> None:
    check_merge(outputs(*base), outputs(*ours), outputs(*theirs))


# --- plain data -------------------------------------------------------------------------------------------------------


def test_settings_are_merged_by_key_into_nested_mappings() -> None:
    base = prompt(settings={"id": "m", "options": {"temperature": 0.5, "stop": ["a"]}, "old": 1})
    ours = prompt(settings={"id": "m", "options": {"temperature": 0.5, "stop": ["a"], "seed": 1}})
    theirs = prompt(settings={"id": "n", "options": {"temperature": 1, "stop": ["a"]}, "old": 1})
    found = merged(base, ours, theirs)
    assert thaw(found.settings) == {"id": "n", "options": {"temperature": 1, "stop": ["a"], "seed": 1}}


def test_settings_that_both_changed_conflict_as_small_as_can_be() -> None:
    base = prompt(settings={"options": {"t": 1, "a.b": 1}, "gone": {"x": 1}})
    ours = prompt(settings={"options": {"t": 2, "a.b": 2}, "gone": {"x": 2}, "new": {"y": 1}})
    theirs = prompt(settings={"options": {"t": 2.0, "a.b": 3}, "new": {"y": True}})
    assert contested(base, ours, theirs) == {
        "settings.options.t": (1, 2, 2.0),
        "settings.options['a.b']": (1, 2, 3),
        "settings.gone": ({"x": 1}, {"x": 2}, None),
        "settings.new.y": (None, 1, True),
    }


@settings(max_examples=40)
@given(*[st.dictionaries(st.sampled_from("abc"), plain_strategy, max_size=3)] * 3)
def test_any_settings_merge_or_conflict(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    merging = check_merge(prompt(settings=base), prompt(settings=ours), prompt(settings=theirs))
    for side, own in (("ours", ours), ("theirs", theirs)):
        found = merging.resolve(side)
        assert found is not None
        for key, value in own.items():
            # A scalar is as that side has it, unless only the other side has changed it.
            if not isinstance(value, dict) and key not in base:
                assert found.settings[key] == freeze(value)


def test_tools_are_merged_by_name_and_by_key() -> None:
    look = {"name": "look", "kind": "function", "description": "Look it up"}
    base = prompt(tools=(look, {"kind": "bare"}))
    ours = prompt(tools=({**look, "strict": True}, {"kind": "bare"}, {"name": "zip"}))
    theirs = prompt(tools=({**look, "description": "Look up"}, {"name": "act"}))
    found = merged(base, ours, theirs)
    assert [thaw(each) for each in found.tools] == [
        {"name": "look", "kind": "function", "description": "Look up", "strict": True},
        {"name": "act"},
        {"name": "zip"},
    ]
    other = prompt(tools=({"type": "function", "function": {"name": "look", "a": 1}}, {"kind": "bare"}))
    assert contested(
        base, prompt(tools=({**look, "kind": "x"}, {"kind": "bare"})), prompt(tools=({**look, "kind": "y"},))
    ) == {"tools.look.kind": ("function", "x", "y")}
    assert contested(base, other, prompt(tools=({"kind": "bare"},))).keys() == {"tools.look"}
    twice = prompt(tools=(look, look))
    assert merged(twice, twice, prompt(tools=(look, look, {"name": "z"}))).tools[2] == {"name": "z"}


def test_two_bumps_of_one_include_conflict() -> None:
    def including(**pins: str) -> Prompt[Any]:
        text = "".join(f'{{% include "{alias}" %}}' for alias in pins)
        pinned = {alias: str(Pin("a/style", digest)) for alias, digest in pins.items()}
        return Prompt(messages=(user(f"Words. {text}"),), includes=Frozen(pinned))

    assert merged(including(s=ONE), including(s=TWO), including(s=ONE)).includes["s"] == f"a/style#{'2' * 64}"
    assert merged(including(s=ONE), including(s=TWO), including(s=ONE, t=ONE)).includes.keys() == {"s", "t"}
    merging = check_merge(including(s=ONE), including(s=TWO), including(s=THREE))
    assert str(merging.conflicts[0]).splitlines() == [
        f'includes.s: changed from "a/style#{"1" * 64}" on both sides, differently',
        f'  base   "a/style#{"1" * 64}"',
        f'  ours   "a/style#{"2" * 64}"',
        f'  theirs "a/style#{"3" * 64}"',
    ]
    style = Prompt.define(system("Be kind."))
    for value in (style, Pin("", style.digest), str(Pin("", style.digest))):
        found = merging.resolve({"includes.s": value})
        assert found is not None
        assert found.includes["s"] == str(Pin("", style.digest))
    with pytest.raises(InvalidPrompt, match=re.escape("the value for includes.s is none: the include 's' is a int")):
        merging.resolve({"includes.s": 3})
    with pytest.raises(InvalidPrompt, match="with these choices it is no valid prompt"):
        merging.resolve({"includes.s": None})


def test_includes_at_hand_stay_at_hand() -> None:
    one, other = Prompt.define(system("Be kind.")), Prompt.define(system("Be brief."))
    base = Prompt.define(user('Words. {% include "s" %}'), includes={"s": one})
    ours = base.evolve(includes={"s": other})
    theirs = base.evolve(messages=[user('More words. {% include "s" %}')])
    found = merged(base, ours, theirs)
    assert found.included == (("s", other),)
    assert found.render().text == "More words. Be brief."


def test_segments_are_merged_by_word() -> None:
    docs = declared("docs")
    base, ours, theirs = (
        prompt(inputs=(docs,), segments={"docs": words})
        for words in ({"priority": 1}, {"priority": 1, "max_tokens": 9}, {"priority": 3})
    )
    assert thaw(merged(base, ours, theirs).segments) == {"docs": {"priority": 3, "max_tokens": 9}}
    assert contested(base, theirs, prompt(inputs=(docs,), segments={"docs": {"priority": 4}})) == {
        "segments.docs.priority": (1, 3, 4)
    }
    # Two words that say nothing together are both contested.
    cut = prompt(inputs=(docs,), segments={"docs": {"priority": 1, "min_tokens": 10}})
    assert contested(base, ours, cut).keys() == {"segments.docs.max_tokens", "segments.docs.min_tokens"}


# --- words ------------------------------------------------------------------------------------------------------------


def test_tags_and_authors_are_sets() -> None:
    base = prompt(tags=["a", "b"], authors=["Ann", "Ben"])
    ours, theirs = (
        prompt(tags=["b", "z"], authors=["Ann", "Ben", "Zoe"]),
        prompt(tags=["a", "b", "c"], authors=["Ben", "Cy"]),
    )
    found = merged(base, ours, theirs)
    assert (found.tags, found.authors) == (("b", "c", "z"), ("Ben", "Zoe", "Cy"))
    assert merged(base, theirs, ours).authors == ("Ben", "Cy", "Zoe")
    reordered = prompt(tags=["b", "a"], authors=["Ann", "Ben"], description="x")
    assert merged(base, reordered, prompt(tags=["a", "b"], authors=["Ann", "Ben"], settings={"t": 1})).tags == (
        "b",
        "a",
    )


def test_a_description_is_a_text_and_unknown_keys_go_by_key() -> None:
    base = prompt(
        description="Sort a ticket.\nIn two lines.", extra={"name": "n", "metadata": {"team": "a", "cost": 1}}
    )
    ours = prompt(
        description="Sort any ticket.\nIn two lines.", extra={"name": "n", "metadata": {"team": "b", "cost": 1}}
    )
    theirs = prompt(
        description="Sort a ticket.\nIn three lines.", extra={"name": "n", "metadata": {"team": "a"}, "x": "y"}
    )
    found = merged(base, ours, theirs)
    assert found.description == "Sort any ticket.\nIn three lines."
    assert thaw(found.extra) == {"name": "n", "metadata": {"team": "b"}, "x": "y"}
    assert contested(base, prompt(description="Other"), prompt(description="Words"))["description"] == (
        base.description, "Other", "Words",
    )  # fmt: skip


def test_where_a_prompt_came_from_is_one_value() -> None:
    one, other = Pin("a/b", ONE), Pin("a/c", TWO)
    base = prompt()
    found = merged(base, prompt(derived_from=one), prompt(renamed_from="old/name"))
    assert (found.derived_from, found.renamed_from) == (one, "old/name")
    merging = check_merge(
        base, prompt(derived_from=one, renamed_from="x"), prompt(derived_from=other, renamed_from="y")
    )
    assert [(each.field, each.ours, each.theirs) for each in merging.conflicts] == [
        ("derived_from", str(one), str(other)), ("renamed_from", "x", "y"),
    ]  # fmt: skip
    chosen = merging.resolve({"derived_from": str(other), "renamed_from": None})
    assert chosen is not None
    assert (chosen.derived_from, chosen.renamed_from) == (other, "")


# --- trust ------------------------------------------------------------------------------------------------------------


def foreign(text: str, **parts: Any) -> Prompt[Any]:
    return prompt(message=system(text), trust="foreign", **parts)


def own(text: str, **parts: Any) -> Prompt[Any]:
    made = prompt(message=system(text), **parts)
    return made.with_origin(None, vouched=Vouched(made.digest, "Read by Uma"))


def test_a_merge_raises_no_trust() -> None:
    base, ours, theirs = foreign("One.\nTwo."), own("One!\nTwo."), foreign("One.\nTwo!")
    found = merged(base, ours, theirs)
    assert (found.messages[0].text, found.trust, found.vouched) == ("One!\nTwo!", "foreign", None)
    # Where both sides vouch the result is own; whose record stands is to be said.
    both = check_merge(base, ours, own("One.\nTwo!"))
    assert [each.field for each in both.conflicts] == ["vouched"]
    vouched = both.resolve("ours")
    assert vouched is not None
    assert (vouched.messages[0].text, vouched.trust, vouched.vouched) == ("One!\nTwo!", "own", ours.vouched)
    assert merged(base, foreign("One!\nTwo."), theirs).trust == "foreign"
    for side in ("ours", "theirs"):
        # Who chooses words does not vouch for them.
        chosen = merge(base, own("One.\nTwo?", settings={"t": 1}), foreign("One.\nTwo!", settings={"u": 1})).resolve(
            side
        )
        assert chosen is not None
        assert chosen.trust == "foreign"


def test_what_was_vouched_for_stays_own_while_its_content_is_the_same() -> None:
    base, ours = foreign("One.\nTwo."), own("One.\nTwo.")
    theirs = foreign("One.\nTwo.", description="Words that nobody is sent", tags=["x"])
    found = merged(base, ours, theirs)
    assert (found.trust, found.vouched, found.tags) == ("own", ours.vouched, ("x",))
    assert merge(base, base, ours).prompt is ours
    assert merge(base, ours, base).prompt is ours


def test_two_records_of_who_vouched_conflict() -> None:
    base = own("One.\nTwo.")
    sides = [base.with_origin(None, vouched=Vouched(ONE, reason)) for reason in ("a", "b")]
    assert contested(base, *sides) == {
        "vouched": tuple(each.vouched.to_dict() for each in (base, *sides) if each.vouched is not None)
    }
    with pytest.raises(InvalidPrompt, match="who vouched for a prompt is decided by a side"):
        merge(base, *sides).resolve({"vouched": "me"})


def test_words_that_only_an_own_template_may_say_are_contested_whole_when_the_other_side_is_foreign() -> None:
    """As one's own they are fine, merged they would be foreign and refused: then one side holds altogether."""
    a = declared("a")
    base = foreign("One.\n{{ a }}", inputs=(a,))
    ours = own("One.\n{{ a | pprint }}", inputs=(a,))
    theirs = foreign("One and two.\n{{ a }}", inputs=(a,), settings={"t": 1})
    merging = check_merge(base, ours, theirs)
    assert "the filter 'pprint' is not for foreign templates" in merging.conflicts[0].why
    mine, yours = merging.resolve("ours"), merging.resolve("theirs")
    assert mine is not None
    assert yours is not None
    assert (mine.trust, mine.digest, mine.vouched) == ("own", ours.digest, ours.vouched)
    assert (yours.trust, yours.digest) == ("foreign", theirs.digest)


# --- what a file cannot hold ------------------------------------------------------------------------------------------


def test_front_matter_that_would_be_too_large_conflicts_before_it_is_made() -> None:
    long = "x" * 140_000
    base = prompt()
    ours, theirs = prompt(description=long), prompt(settings={"id": long})
    codec.write(ours)
    codec.write(theirs)
    merging: Merged[Prompt[Any]] = check_merge(base, ours, theirs)
    assert {each.field for each in merging.conflicts} >= {"description"}
    assert "front matter would be larger than 256 KiB" in merging.conflicts[0].why


def test_the_value_of_a_whole_part_is_checked() -> None:
    long = "x" * 140_000
    merging = merge(prompt(), prompt(description=long), prompt(settings={"id": long}))
    with pytest.raises(InvalidPrompt, match="with these choices it is no valid prompt"):
        merging.resolve({each.field: 3 for each in merging.conflicts})
    assert isinstance(merging.conflicts[0].to_dict(), dict)


def test_literal_messages_of_any_text_are_merged_exactly() -> None:
    base: Prompt[Any] = Prompt(messages=(Message("tool", (Text("a\r\n\r\nuser:\n{{ x }}\n"),), literal=True),))
    ours = base.evolve(messages=[Message("tool", (Text("a\r\n\r\nuser:\n{{ y }}\n"),), literal=True)])
    theirs = base.evolve(messages=[Message("tool", (Text("b\r\n\r\nuser:\n{{ x }}\n\n"),), literal=True)])
    assert merged(base, ours, theirs).messages[0].text == "b\r\n\r\nuser:\n{{ y }}\n\n"
