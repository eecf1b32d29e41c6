"""Texts of every kind, for tests that count and cut."""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

from hypothesis import strategies as st

CODE = Path(argparse.__file__).read_text(encoding="utf-8") * 10
WORDS = Path(argparse.__file__).read_text(encoding="utf-8").split()
CHINESE = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种"


def english(size: int) -> str:
    random, count = Random(1), size // 6
    ends = random.choices(["", "", "", ",", "."], k=count)
    return " ".join(word + end for word, end in zip(random.choices(WORDS, k=count), ends, strict=True))


def chinese(size: int, punctuation: str = "，。") -> str:
    return "".join(Random(2).choices(CHINESE * 2 + punctuation * 5, k=size))


_RUNS = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=3), st.integers(1, 300))


def texts(most: int = 6) -> st.SearchStrategy[str]:
    """Return texts over all of Unicode: runs, CJK, joined emoji, line breaks of both kinds, special-token text."""
    return st.lists(
        st.one_of(
            st.text(max_size=300),
            st.text(alphabet="the quick's (12) x_y/z\n\r\t.", max_size=300),
            st.text(alphabet="你好世界，。\u3000", max_size=300),
            st.text(alphabet="👨\u200d👩👍🏽🇩🇪e\u0301\ufe0f क\u093f", max_size=100),
            st.sampled_from(["<|endoftext|>", "\r\n\r\n", "a'sſ'tLL", "{% x %}"]),
            _RUNS,
        ),
        max_size=most,
    ).map("".join)


TEXTS = texts()


def broken_texts() -> st.SearchStrategy[str]:
    """Return texts of short words, so that safe cuts are near everywhere."""
    words = st.one_of(
        st.text(alphabet="abcdefgxyz", min_size=1, max_size=9),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        st.sampled_from(
            ["it's", "12", "3.5", "你好，", "世界。", "👨\u200d👩", "né", "{{x}}", "<|endoftext|>", "...", "//"]
        ),
    )
    return st.lists(st.tuples(words, st.sampled_from([" ", " ", " ", "\n", "\r\n", ", ", "\n\n"])), max_size=40).map(
        lambda pairs: "".join(word + blank for word, blank in pairs)
    )
