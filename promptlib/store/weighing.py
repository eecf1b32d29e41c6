"""How many tokens the source text of each prompt has: counted once for each content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, raise_if_passing
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from promptlib.store.past import History
    from promptlib.store.shelving import Entry
    from promptlib.store.view import View


def token_counts(view: View, history: History | None, entries: tuple[Entry, ...]) -> dict[str, int]:
    """Return by name the tokens of *entries*, which *view* has returned; what *history*'s index lacks is remembered.

    Those of a chain are those of its pinned steps: what a floating one runs has no size that could be remembered.
    """
    from promptlib.tokens import count_tokens  # noqa: PLC0415 - only numbers need a vocabulary

    readable = [each for each in entries if each.digest]
    known = history.index.choice.weights(dict.fromkeys(each.digest for each in readable)) if history is not None else {}
    counted: dict[str, int] = {}
    for each in readable:
        if each.digest in known or each.digest in counted:
            continue
        try:
            stored = view.load_stored(each.name)
        except PromptLibError as error:
            raise_if_passing(error)
            continue  # it was changed since, or cannot be read
        prompts = [stored] if isinstance(stored, Prompt) else [one for _, one in stored.included]
        counted[each.digest] = sum(int(count_tokens(piece.text)) for prompt in prompts for piece in prompt.messages)
    if history is not None and counted:
        history.index.choice.keep_weights(counted)
    known |= counted
    return {each.name: known[each.digest] for each in readable if each.digest in known}
