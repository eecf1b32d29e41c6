"""How many tokens the source text of each prompt has: counted once for each content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError

if TYPE_CHECKING:
    from promptlib.store.past import History
    from promptlib.store.shelving import Entry
    from promptlib.store.view import View


def token_counts(view: View, history: History | None, entries: tuple[Entry, ...]) -> dict[str, int]:
    """Return by name the tokens of *entries*, which *view* has returned; what *history*'s index lacks is remembered."""
    from promptlib.tokens import count_tokens  # noqa: PLC0415 - only numbers need a vocabulary

    readable = [each for each in entries if each.digest]
    known = history.index.choice.weights(dict.fromkeys(each.digest for each in readable)) if history is not None else {}
    counted: dict[str, int] = {}
    for each in readable:
        if each.digest in known or each.digest in counted:
            continue
        try:
            pieces = view.load(each.name).messages
        except PromptLibError:
            continue  # it was changed since, or cannot be read
        counted[each.digest] = sum(int(count_tokens(piece.text)) for piece in pieces)
    if history is not None and counted:
        history.index.choice.keep_weights(counted)
    known |= counted
    return {each.name: known[each.digest] for each in readable if each.digest in known}
