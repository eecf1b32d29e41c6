"""What of a store is served: which names, and which version of each where a client does not say."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from promptlib.errors import BadRef, InvalidPrompt, NotFound, PromptLibError
from promptlib.refs import Ref, missing_name
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.chain import Chain
    from promptlib.prompt import Prompt
    from promptlib.store import View
    from promptlib.tokens import Budget

T = TypeVar("T")

#: How often an answer is begun again because the store has moved under it.
_TRIES = 3
LATEST = "latest"


class IsChain(InvalidPrompt):
    """What was asked for as a prompt is a chain."""


@dataclass(slots=True)
class _Known:
    """What was found out of the names in one state of the store."""

    state: str = ""
    names: tuple[str, ...] | None = None
    #: Names that have none of the labels: to ask for each of very many takes seconds.
    unlabelled: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store as it is served.

    `labels` say which version is meant by a bare name: that of the first label which the name has (`latest` means the
    newest version). Without labels a bare name is what `store.load` makes of it. `only` is how the names that are
    served begin.
    """

    store: View
    labels: tuple[str, ...] = ()
    only: str = ""
    budget: Budget | None = None
    _known: list[_Known] = field(init=False, compare=False, repr=False, default_factory=lambda: [_Known()])

    def names(self, after: str = "") -> Iterator[str]:
        """Iterate over the names behind *after*, whether they have a version that is served or not."""
        names = self._served()
        yield from names[bisect_right(names, after) :]

    def has(self, name: str) -> bool:
        """Say whether there is a prompt of the bare *name* among those that may be served."""
        names = self._served()
        return bisect_left(names, name) < bisect_right(names, name)

    def _served(self) -> tuple[str, ...]:
        known = self._known[0]
        if known.names is None:
            known.names = self.store.names(self.only)
        return known.names

    def load(self, name: str, version: str = "") -> Prompt[Any]:
        """Return the prompt that a client means by *name*, a name or a ref, and *version*, if it says one.

        Raises `NotFound` with the nearest names of those that are served.
        """
        ref = self._ref(name, version)
        if ref.label or ref.number is not None or ref.latest or ref.prefix or not self.labels:
            return self._loaded(ref)
        unlabelled = self._known[0].unlabelled
        for label in self.labels if str(ref) not in unlabelled else ():
            try:
                return self._loaded(ref.with_version(label))
            except NotFound:
                if label == LATEST or not self.has(str(ref)):
                    raise
        unlabelled.add(str(ref))
        raise NotFound(
            f"{ref} has no version that is served: it lacks the label {' and '.join(self.labels)}",
            hint=f"ask for one by itself: {ref}@latest, {ref}@v1",
        )

    def bare(self, name: str) -> str:
        """Return *name*, a name or a ref, without what says the version; raises `NotFound` if it is not served."""
        ref = Ref.parse(name)
        bare = f"{ref.store}:{ref.name}" if ref.store else ref.name
        if not bare.startswith(self.only) or (ref.store and not self.only.startswith(f"{ref.store}:")):
            raise self._unknown(bare)
        return bare

    def _ref(self, name: str, version: str) -> Ref:
        bare, ref = self.bare(name), Ref.parse(name)
        if not version:
            return ref
        if str(ref) != bare:
            raise BadRef(f"{ref} and the version {version[:80]!r} both say which one is meant", hint="say it once")
        return ref.with_version(f"v{version}" if version.isdecimal() else version)

    def _loaded(self, ref: Ref) -> Prompt[Any]:
        try:
            return self.store.load(ref)
        except NotFound:
            bare = str(replace(ref, label="", number=None, latest=False, prefix=""))
            if self.only and not self.has(bare):
                raise self._unknown(bare) from None
            raise
        except InvalidPrompt as error:
            if (chain := self._chain(ref)) is None:
                raise
            raise IsChain(
                f"{ref} is a chain of {len(chain.steps)} steps, and no prompt",
                hint=f"its steps are prompts: {', '.join(_steps(chain))}",
            ) from error

    def steps(self, name: str) -> list[str]:
        """Return the prompts of the chain *name*, as refs that `load` takes, in order; none for no chain."""
        chain = self._chain(Ref.parse(name))
        return _steps(chain) if chain is not None else []

    def _chain(self, ref: Ref) -> Chain[Any] | None:
        """Return the chain that *ref* names, if it names one."""
        with suppress(PromptLibError):
            return self.store.load_chain(ref, follow=False)
        return None

    def _unknown(self, name: str) -> NotFound:
        return NotFound(f"no prompt {name!r} is served here", hint=missing_name(name, self._served()))

    def hidden(self) -> tuple[str, ...]:
        """Return the texts that no client is told: where this store lies."""
        place = Path(self.store.path)
        return tuple({str(place.absolute()), str(place.resolve()), str(Path.home())} - {place.anchor, "/"})

    def at_one_moment(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, made again where the store has moved meanwhile: no answer is of two moments.

        All that is asked of a shelf is asked in here: what it remembers of the names is of the state at the beginning.
        """
        for _ in range(_TRIES):
            state = self._begin()
            try:
                result = work()
            except PromptLibError:
                if self.store.state() == state:
                    raise
            else:
                if self.store.state() == state:
                    return result
        # It never stands still: what is answered now is as true as what would be answered later.
        self._begin()
        return work()

    def _begin(self) -> str:
        state = self.store.state()
        if self._known[0].state != state:
            self._known[0] = _Known(state)
        return state


def _steps(chain: Chain[Any]) -> list[str]:
    parts = (str(step.use).partition("#") for step in chain.steps)
    return [f"{name}{mark}{digest[:SHORT]}" for name, mark, digest in parts]
