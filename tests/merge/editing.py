"""Random edits of prompts, as two people would make them: seeded, and each leaves a valid prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Text, assistant, system, user

if TYPE_CHECKING:
    from random import Random

    from promptlib import Prompt
    from promptlib.messages import Piece

WORDS = ("calm", "always", "never", "cite", "table", "two", "sources", "österreichisch", "短く", "— note", "100 %")


def edited(prompt: Prompt[Any], random: Random, edits: int) -> Prompt[Any]:
    """Return *prompt* after so many random edits; one that would make no valid prompt is not made."""
    for _ in range(edits):
        try:
            prompt = random.choice(EDITS)(prompt, random)
        except InvalidPrompt:
            continue
    return prompt


def _message(prompt: Prompt[Any], random: Random) -> tuple[list[Piece], int]:
    pieces = list(prompt.messages)
    return pieces, random.choice([at for at, piece in enumerate(pieces) if isinstance(piece, Message)])


def _with_text(prompt: Prompt[Any], pieces: list[Piece], at: int, text: str) -> Prompt[Any]:
    piece = pieces[at]
    assert isinstance(piece, Message)
    pieces[at] = Message(piece.role, (Text(text),), literal=piece.literal)
    return prompt.evolve(messages=pieces)


def _sentence(random: Random) -> str:
    return " ".join(random.choice(WORDS) for _ in range(random.randint(2, 7))) + "."


def replace_line(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    lines = pieces[at].text.split("\n")
    lines[random.randrange(len(lines))] = _sentence(random)
    return _with_text(prompt, pieces, at, "\n".join(lines))


def insert_lines(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    lines = pieces[at].text.split("\n")
    new = [random.choice(["", _sentence(random), "- " + _sentence(random)]) for _ in range(random.randint(1, 3))]
    place = random.randint(0, len(lines))
    lines[place:place] = new
    return _with_text(prompt, pieces, at, "\n".join(lines))


def delete_lines(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    lines = pieces[at].text.split("\n")
    place = random.randrange(len(lines))
    del lines[place : place + random.randint(1, 3)]
    return _with_text(prompt, pieces, at, "\n".join(lines))


def change_words(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    words = pieces[at].text.split(" ")
    place = random.randrange(len(words))
    words[place : place + random.randint(0, 2)] = random.choices(WORDS, k=random.randint(0, 2))
    return _with_text(prompt, pieces, at, " ".join(words))


def swap_lines(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    lines = pieces[at].text.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return _with_text(prompt, pieces, at, "\n".join(lines))


def add_message(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces = list(prompt.messages)
    make = random.choice([system, user, assistant])
    pieces.insert(random.randint(0, len(pieces)), make(_sentence(random)))
    return prompt.evolve(messages=pieces)


def delete_message(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces = list(prompt.messages)
    del pieces[random.randrange(len(pieces))]
    return prompt.evolve(messages=pieces)


def move_message(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces = list(prompt.messages)
    piece = pieces.pop(random.randrange(len(pieces)))
    pieces.insert(random.randint(0, len(pieces)), piece)
    return prompt.evolve(messages=pieces)


def change_role(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    piece = pieces[at]
    assert isinstance(piece, Message)
    pieces[at] = Message(random.choice(["system", "user", "developer"]), piece.parts, literal=piece.literal)
    return prompt.evolve(messages=pieces)


def use_new_input(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    pieces, at = _message(prompt, random)
    piece = pieces[at]
    if isinstance(piece, Message) and piece.literal:
        return prompt
    name = random.choice(["tone", "audience", "language", "limit"])
    known = {each.name for each in prompt.inputs}
    new = Input(name=name, type=InputType(kind="string"), required=False, default=random.choice(WORDS))
    inputs = prompt.inputs if name in known else (*prompt.inputs, new)
    pieces[at] = (
        Message(piece.role, (Text(f"{piece.text}\n{name}: {{{{ {name} }}}}"),)) if isinstance(piece, Message) else piece
    )
    return prompt.evolve(messages=pieces, inputs=inputs)


def change_input(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    inputs = list(prompt.inputs)
    if not inputs:
        return prompt
    at = random.randrange(len(inputs))
    old = inputs[at]
    if random.random() < 0.5:
        inputs[at] = Input(
            name=old.name, type=old.type, required=old.required, default=old.default, description=_sentence(random)
        )
    elif old.type.kind == "string":
        inputs[at] = Input(
            name=old.name,
            type=InputType(kind="string", max_length=random.randint(50, 60), min_length=random.choice([None, 1])),
            required=old.required,
            default=old.default,
            description=old.description,
        )
    return prompt.evolve(inputs=tuple(inputs))


def change_settings(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    settings = {**prompt.settings, random.choice(["temperature", "top_p", "seed"]): random.randint(0, 3)}
    return prompt.evolve(settings=settings)


def change_tags(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    kept = [tag for tag in prompt.tags if random.random() < 0.7]
    return prompt.evolve(tags=dict.fromkeys([*kept, random.choice(["a", "b", "c", "d"])]))


def change_description(prompt: Prompt[Any], random: Random) -> Prompt[Any]:
    words = prompt.description.split(" ")
    words.insert(random.randint(0, len(words)), random.choice(WORDS))
    return prompt.evolve(description=" ".join(words))


EDITS = (
    replace_line, replace_line, insert_lines, insert_lines, delete_lines, change_words, change_words, change_words,
    swap_lines, add_message, delete_message, move_message, change_role, use_new_input, change_input, change_settings,
    change_tags, change_description,
)  # fmt: skip
