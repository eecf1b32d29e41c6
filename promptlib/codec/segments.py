"""Segments in front matter: the words of each, below the name of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.codec.source import Node, Source, plain_of
from promptlib.errors import InvalidFile, InvalidPrompt, nearest
from promptlib.segments import WORDS, Segment, segment_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_segment(source: Source, name: str, node: Node) -> Segment:
    """Return the segment of the input *name* that *node* says; raises `InvalidFile` at the word that is wrong."""
    words = node.value if isinstance(node.value, dict) else {}
    if not isinstance(node.value, dict) and node.value is not None:
        raise source.error(
            node.at, f"the segment {name!r:.80} holds keys and values", f"write `{name}: {{priority: 10}}`", len(name)
        )
    for word, each in words.items():
        if word not in WORDS:
            hint = f"{nearest(word, WORDS)} words: {', '.join(WORDS)}".strip()
            raise source.error(each.at, f"the segment {name!r:.80} has no {word!r:.80}", hint, len(word))
    try:
        return segment_of({word: plain_of(each) for word, each in words.items()}, f"the segment {name!r:.80}")
    except InvalidPrompt as error:
        raise _placed(source, name, node, words, error) from error


def _placed(source: Source, name: str, node: Node, words: Mapping[str, Node], error: InvalidPrompt) -> InvalidFile:
    """Return *error* at the one word that is wrong by itself, or at the name when only all together are."""
    for word, each in words.items():
        try:
            segment_of({word: plain_of(each)}, f"the segment {name!r:.80}")
        except InvalidPrompt as alone:
            return source.error(each.at, alone.what, alone.hint, len(word))
    return source.error(node.at, error.what, error.hint, len(name))
