"""Plain data: what is taken, that it cannot be changed, and its one text."""

from __future__ import annotations

import enum
import json
import math
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import InvalidPrompt
from promptlib.plain import DEEPEST, Frozen, canonical, digest, freeze, thaw

if TYPE_CHECKING:
    from promptlib.plain import Plain

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
integers = st.integers(-(2**53 - 1), 2**53 - 1)
without_floats = st.none() | st.booleans() | integers | texts
scalars = without_floats | st.floats(allow_nan=False, allow_infinity=False)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


class Tone(str, enum.Enum):  # noqa: UP042 - str() of such an enum is not its value, and that is the point
    WARM = "warm"


class Level(enum.IntEnum):
    HIGH = 3


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:  # noqa: D105 - test data
        return "something else"


class TestFreeze:
    @given(nested(scalars, texts))
    def test_frozen_data_thaws_to_what_it_was(self, value: object) -> None:
        frozen = freeze(value)
        assert thaw(frozen) == value
        assert freeze(frozen) == frozen
        assert hash(frozen) == hash(freeze(value))

    def test_subclasses_become_the_plain_value_that_they_are(self) -> None:
        frozen = cast("Frozen", freeze({Tone.WARM: Tone.WARM, "level": Level.HIGH, "loud": Loud("quiet")}))
        assert dict(frozen) == {"warm": "warm", "level": 3, "loud": "quiet"}
        assert [type(value) for value in frozen.values()] == [str, int, str]
        assert [type(key) for key in frozen] == [str, str, str]

    @pytest.mark.parametrize(
        "value",
        [
            b"bytes",
            {1, 2},
            frozenset(),
            object(),
            Decimal(1),
            datetime(2026, 1, 1, tzinfo=UTC),
            range(3),
            1j,
            bytearray(),
        ],
    )
    def test_everything_else_is_refused_with_its_place(self, value: object) -> None:
        with pytest.raises(InvalidPrompt) as caught:
            freeze({"a": [0, {"b": value}]}, what="settings")
        assert caught.value.what == f"settings.a[1].b is a {type(value).__name__}, not plain data"
        assert caught.value.hint.startswith("plain data is None, bool, int, float, str")

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_numbers_that_json_does_not_have_are_refused(self, value: float) -> None:
        with pytest.raises(InvalidPrompt, match="is no JSON number") as caught:
            freeze(value)
        assert caught.value.hint == "write a finite number or None"

    def test_integers_that_readers_disagree_about_are_refused(self) -> None:
        assert freeze(2**53 - 1) == 2**53 - 1
        for value in (2**53, -(2**53)):
            with pytest.raises(InvalidPrompt, match="value is an integer past 2") as caught:
                freeze(value)
            assert caught.value.hint == "write it as a text"

    def test_a_key_that_is_no_text_is_refused(self) -> None:
        with pytest.raises(InvalidPrompt, match="value has a key that is no text: 1") as caught:
            freeze({1: "one"})
        assert caught.value.hint == "write the key as a text"

    @pytest.mark.parametrize("value", ["é\ud800", {"\udfff": 1}])
    def test_half_a_character_is_refused(self, value: object) -> None:
        with pytest.raises(InvalidPrompt, match="value holds a lone surrogate at character") as caught:
            freeze(value)
        assert caught.value.hint == "such text is no Unicode"

    def test_depth_is_limited_also_for_data_that_holds_itself(self) -> None:
        deep: list[object] = []
        for _ in range(DEEPEST):
            deep = [deep]
        freeze(deep)
        loop: list[object] = []
        loop.append(loop)
        for value in ([deep], loop):
            with pytest.raises(InvalidPrompt, match="nested deeper than 64 levels") as caught:
                freeze(value)
            assert caught.value.hint == "keep the inner part as JSON text"


class TestFrozen:
    def test_nothing_of_it_can_be_changed(self) -> None:
        frozen = Frozen({"a": 1})
        as_any: Any = frozen
        with pytest.raises(TypeError):
            as_any["a"] = 2
        with pytest.raises(TypeError):
            del as_any["a"]
        with pytest.raises(AttributeError, match="Frozen is immutable: cannot set '_items'"):
            as_any._items = {}
        with pytest.raises(AttributeError, match="Frozen is immutable: cannot delete '_items'"):
            del as_any._items
        assert frozen == {"a": 1}

    def test_it_keeps_no_hold_of_what_it_was_made_from(self) -> None:
        given: dict[str, Plain] = {"a": 1}
        frozen = Frozen(given)
        given["a"] = 2
        assert frozen["a"] == 1

    def test_it_is_a_mapping_that_hashes_and_compares_by_its_items(self) -> None:
        one, other = Frozen({"a": 1, "b": (2,)}), Frozen({"b": (2,), "a": 1})
        assert one == other
        assert hash(one) == hash(other) == hash(one)
        assert one == {"a": 1, "b": (2,)}
        assert one != Frozen({"a": 1})
        assert (len(one), list(one), repr(one)) == (2, ["a", "b"], "{'a': 1, 'b': (2,)}")
        assert not Frozen()

    @given(nested(scalars, texts))
    def test_it_comes_back_from_a_pickle(self, value: object) -> None:
        frozen = Frozen({"value": freeze(value)})
        again = pickle.loads(pickle.dumps(frozen))  # noqa: S301 - made above
        assert again == frozen
        assert digest(again) == digest(frozen)


class TestCanonical:
    @given(nested(without_floats, texts.filter(lambda key: not key.startswith("$"))))
    def test_without_floats_it_is_rfc_8785(self, value: object) -> None:
        assert canonical(freeze(value)) == rfc8785.dumps(cast("Any", value))

    @given(nested(scalars, texts))
    def test_it_depends_on_no_order_of_keys(self, value: object) -> None:
        assert canonical(freeze(_reversed(value))) == canonical(freeze(value))

    @given(nested(scalars, texts), nested(scalars, texts))
    def test_two_texts_are_equal_only_for_equal_data(self, one: object, other: object) -> None:
        assert (canonical(freeze(one)) == canonical(freeze(other))) == (_kinds(one) == _kinds(other))

    def test_numbers_keep_their_kind(self) -> None:
        assert canonical(freeze([1, 1.0, True, -0.0])) == b'[1,{"$float":"1.0"},true,{"$float":"-0.0"}]'

    def test_no_data_passes_for_a_float(self) -> None:
        assert canonical(freeze({"$float": "1.0"})) == b'{"$$float":"1.0"}'
        assert canonical(freeze({"$$float": "1.0"})) == b'{"$$$float":"1.0"}'

    def test_the_digest_of_today_is_the_digest_of_tomorrow(self) -> None:
        value = freeze({"text": "Grüße\n\u2028", "numbers": [1, 2.5], "none": None})
        text = '{"none":null,"numbers":[1,{"$float":"2.5"}],"text":"Grüße\\n\u2028"}'
        assert canonical(value) == text.encode()
        assert digest(value) == "sha256:" + sha256(text.encode()).hexdigest()
        assert digest(value).startswith("sha256:56dcf103e962cbfb")


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def _kinds(value: object) -> str:
    """Return a text of *value* that tells 1, 1.0 and True apart, made by another library."""
    return json.dumps(value, sort_keys=True)
