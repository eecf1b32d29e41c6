"""Asking the model: every variant of a pairing, in an order that no group profits from, and no answer is lost."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, replace
from hashlib import sha256
from inspect import isawaitable, iscoroutinefunction
from random import Random
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

from promptlib.errors import InvalidInputs, VaryFailed
from promptlib.fairness.measures import Answer
from promptlib.plain import Frozen, freeze
from promptlib.plain import digest as digest_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from promptlib.chain.running import Messages
    from promptlib.fairness.pairing import Pairing

_Call: TypeAlias = "Callable[[Messages, Key], object]"

#: The version of the shape of `Answers.to_jsonl`; it grows when a key changes its meaning or goes.
SHAPE = 1
KIND = "answer"
#: Seeds stay below 2^31: that is what every provider takes.
_SEED_BITS = 31


class Key(NamedTuple):
    """One call: who is asked about, and which of the repeats it is; `again` is the second run of the reference."""

    group: str
    row: int
    case: int
    repeat: int
    again: bool

    def __str__(self) -> str:
        """Say which call it is, as errors tell it: case and row from 1, as people count."""
        run = ", second run" if self.again else ""
        return f"group {self.group!r}, case {self.case + 1}, row {self.row + 1}, repeat {self.repeat + 1}{run}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered so far. Immutable, and JSON lines both ways, so that a run can go on elsewhere.

    `run` is the digest of what was to be asked: pairs, seed, repeats and model id. Answers are never mixed with those
    of another run. The texts are in it: keep it where the answers may lie.
    """

    run: str
    texts: tuple[tuple[Key, str], ...] = ()

    def __len__(self) -> int:
        """Return how many answers there are."""
        return len(self.texts)

    @staticmethod
    def line(answer: Answer) -> str:
        """Return one line of JSON for *answer*, without the line end: `from_jsonl` reads many below each other."""
        parts = [answer.group, answer.row, answer.case, answer.repeat, answer.again, answer.text]
        told = dict(zip((*Key._fields, "text"), parts, strict=True))
        return json.dumps({"promptlib": SHAPE, "kind": KIND, "run": answer.run, **told})

    def to_jsonl(self) -> str:
        """Return one line an answer."""
        return "".join(self.line(Answer(**key._asdict(), text=text, run=self.run)) + "\n" for key, text in self.texts)

    @classmethod
    def from_jsonl(cls, text: str, *, source: str = "the answers") -> Answers:
        """Read what `to_jsonl` writes; a last line that was cut off while it was written is left out.

        Raises `InvalidInputs`, with the line, for anything else, and for answers of more than one run.
        """
        read = [_document(line, f"{source}, line {at}") for at, line in enumerate(text.split("\n")[:-1], 1)]
        runs = {str(each["run"]) for each in read}
        if len(runs) > 1:
            raise InvalidInputs(
                f"{source} holds answers of {len(runs)} runs", hint="keep each run in a file of its own"
            )
        texts = {Key(*(each[name] for name in Key._fields)): each["text"] for each in read}
        return cls(runs.pop() if runs else "", tuple(texts.items()))


def _document(line: str, where: str) -> dict[str, Any]:
    """Return what a line says, every part of its kind."""
    again = "take that line away: it is asked again"
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InvalidInputs(f"{where} is no JSON", hint=again) from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise InvalidInputs(f"{where} is no answer of promptlib vary", hint="give the file that --answers wrote")
    if found.get("promptlib") != SHAPE:
        raise InvalidInputs(
            f"{where} has the format {found.get('promptlib')!r:.20}, and this promptlib reads {SHAPE}",
            hint="read it with the newer promptlib that wrote it",
        )
    wrong = [name for name, kind in _KINDS.items() if type(found.get(name)) is not kind]
    if wrong:
        raise InvalidInputs(f"{where} does not say its {wrong[0]}", hint=again)
    return found


_KINDS = {"run": str, "group": str, "row": int, "case": int, "repeat": int, "again": bool, "text": str}


def seed_of(seed: int, key: Key) -> int:
    """Return the seed of one call: another for each, the same in every run with *seed*.

    Matched variants get different seeds as well. One seed for both would be less noise between groups, but the A-A
    baseline would then compare each answer with itself: its yardstick would be nothing, and every difference large.
    """
    return int.from_bytes(sha256(repr((seed, tuple(key))).encode()).digest()[:4]) >> (32 - _SEED_BITS)


class Running:
    """One run: what is to be asked, what was answered, and how the two meet."""

    def __init__(
        self,
        pairing: Pairing,
        against: str,
        repeats: int,
        seed: int,
        model_id: str,
        on_answer: Callable[[Answer], object] | None,
    ) -> None:
        """Lay out every call, in the order that *seed* shuffles them to."""
        self._variants = {(each.group, each.row, each.case): each for each in pairing.variants}
        self._own = {key: tuple(map(str, each.values.values())) for key, each in self._variants.items()}
        self._seed = seed
        self._on_answer = on_answer
        self._told: dict[Key, str] = {}
        self._lock = Lock()
        keys = [
            Key(group, row, case, repeat, again)
            for again in (False, True)
            for group, row, case in self._variants
            for repeat in range(repeats)
            if not again or group == against
        ]
        # A model that changes with the hour must not do so to one group.
        Random(f"order {seed}").shuffle(keys)  # noqa: S311 - an order that can be repeated, no secret
        self.keys = tuple(keys)
        self._said = Frozen({"against": against, "repeats": repeats, "seed": seed, "model": model_id})
        self._run = ""

    @property
    def run(self) -> str:
        """The digest of what is to be asked: answers of another run are never taken for this one's."""
        if not self._run:
            sent = tuple((*key, freeze(each.rendered.to_openai())) for key, each in sorted(self._variants.items()))
            self._run = digest_of(Frozen({"sent": sent, **self._said}))
        return self._run

    def resume(self, answers: Answers) -> None:
        """Take over *answers*; raises `InvalidInputs` for those of another run."""
        if not isinstance(answers, Answers):
            raise InvalidInputs(f"resume is a {type(answers).__name__}, not Answers", hint="give VaryFailed.answers")
        if answers.run != self.run:
            raise InvalidInputs(
                "these answers are of another run: of other messages, repeats, another seed or model id",
                hint="give what that run began with, or begin anew without them",
            )
        asked = set(self.keys)
        self._told = {key: text for key, text in answers.texts if key in asked}

    @property
    def answers(self) -> Answers:
        """The answers so far, in the order of the calls."""
        return Answers(self.run, tuple((key, self._told[key]) for key in self.keys if key in self._told))

    def read(self) -> tuple[Answer, ...]:
        """Return the answers as measures read them."""
        return tuple(self._answer(key, self._told[key]) for key in self.keys if key in self._told)

    def ask(self, model: Callable[..., object], at_once: int) -> Awaitable[None] | None:
        """Ask what is left, *at_once* calls at a time; return what has to be awaited where the model is async."""
        waiting = iter([key for key in self.keys if key not in self._told])
        call = _caller(model, self._seed)
        if iscoroutinefunction(model) or iscoroutinefunction(type(model).__call__):
            return self._ask_later(call, waiting, at_once)
        return self._ask_now(call, waiting, at_once)

    def _ask_now(self, call: _Call, waiting: Iterator[Key], at_once: int) -> Awaitable[None] | None:
        if at_once > 1:
            self._ask_in_threads(call, waiting, at_once)
            return None
        for key in waiting:
            try:
                answer = call(self._messages(key), key)
                text = None if isawaitable(answer) else _text(answer)
            except Exception as error:  # noqa: BLE001 - whatever a model raises ends the run, and is told
                self._fail(key, error)
            if text is None:
                return self._ask_later(call, waiting, at_once, (key, answer))
            self._take(key, text)
        return None

    def _ask_in_threads(self, call: _Call, waiting: Iterator[Key], at_once: int) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - one call at a time needs no threads

        failed: list[tuple[Key, Exception]] = []
        ended = Event()

        def work() -> None:
            while not failed and not ended.is_set():
                with self._lock:
                    key = next(waiting, None)
                if key is None:
                    return
                try:
                    answer = _text(call(self._messages(key), key))
                except Exception as error:  # noqa: BLE001 - whatever a model raises ends the run, and is told
                    failed.append((key, error))
                else:
                    self._take(key, answer)

        with ThreadPoolExecutor(at_once) as pool:
            try:
                for each in [pool.submit(work) for _ in range(at_once)]:
                    each.result()
            finally:
                ended.set()  # whoever interrupts waits for the calls that are under way, and for no others
        if failed:
            self._fail(*failed[0])

    async def _ask_later(
        self, call: _Call, waiting: Iterator[Key], at_once: int, begun: tuple[Key, object] | None = None
    ) -> None:
        from asyncio import gather  # noqa: PLC0415 - a model that is not async needs none of it

        failed: list[tuple[Key, Exception]] = []

        async def one(key: Key, given: object = None) -> None:
            try:
                answer = call(self._messages(key), key) if given is None else given
                text = _text(await answer if isawaitable(answer) else answer)
            except Exception as error:  # noqa: BLE001 - whatever a model raises ends the run, and is told
                failed.append((key, error))
            else:
                self._take(key, text)

        async def work() -> None:
            for key in waiting:
                await one(key)
                if failed:
                    return

        if begun is not None:
            await one(*begun)
            if failed:
                self._fail(*failed[0])
        # What was sent when another call failed is waited for: its answer is kept.
        await gather(*(work() for _ in range(at_once)))
        if failed:
            self._fail(*failed[0])

    def _messages(self, key: Key) -> Messages:
        return self._variants[key[:3]].rendered.to_openai()

    def _take(self, key: Key, answer: str) -> None:
        with self._lock:
            self._told[key] = answer
            if self._on_answer is not None:
                self._on_answer(replace(self._answer(key, answer), run=self.run))

    def _answer(self, key: Key, text: str) -> Answer:
        return Answer(**key._asdict(), text=text, own=self._own[key[:3]])

    def _fail(self, key: Key, error: Exception) -> NoReturn:
        if isinstance(error, InvalidInputs):
            words, hint = error.what, error.hint
        else:
            words, hint = f"it raised {type(error).__name__}: {error}".removesuffix(": "), ""
        go_on = f"{len(self._told):,} of {len(self.keys):,} answers are kept: go on with vary(…, resume=error.answers)"
        raise VaryFailed(
            f"the model failed at {key}: {words:.400}",
            hint="\n".join(filter(None, (hint, go_on if self._told else ""))),
            at=(key.group, key.case, key.row, key.repeat),
            answers=self.answers,
        ) from error


def _text(answer: object) -> str:
    if not isinstance(answer, str):
        what = f"it answered a {type(answer).__name__}, not a text"
        raise InvalidInputs(what, hint="return the text of the answer alone")
    return answer


def _caller(model: Callable[..., object], seed: int) -> _Call:
    """Return what calls *model*, with `seed=` where its signature names it."""
    try:
        parameter = inspect.signature(model).parameters.get("seed")
    except (TypeError, ValueError):
        parameter = None
    if parameter is None or parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
        return lambda messages, _: model(messages)
    return lambda messages, key: model(messages, seed=seed_of(seed, key))
