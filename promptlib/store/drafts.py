"""What one commit will change: every rule about what may be saved, labelled, renamed or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from promptlib import codec
from promptlib.chain import Chain
from promptlib.errors import (
    Conflict,
    InvalidChain,
    InvalidPrompt,
    NotFound,
    SaveRefused,
    StoreDamaged,
    StoreError,
    Superseded,
)
from promptlib.inputs.demographic import parts
from promptlib.prompt import DEEPEST_INCLUDE
from promptlib.refs import Pin, Ref, missing_name
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.store.layout import Labelled, include_path, label_path, labels_of, name_at, names_in, prompt_path
from promptlib.store.remembering import content_of, found_content, is_written, written
from promptlib.trust import FOREIGN, OWN, Vouched

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.inputs import Input
    from promptlib.prompt import Prompt
    from promptlib.store.homes import Home, Overlay
    from promptlib.store.past import History

Outcome = Literal["created", "unchanged"]


class Draft:
    """Changes laid over one tip, each checked against that tip and against those before it."""

    __slots__ = ("_disk", "_numbers", "_past", "files", "tip")

    def __init__(self, files: Overlay, past: History, tip: str | None, disk: Home | None = None) -> None:
        """Begin without changes over *files*, the files at *tip*, whose history is *past*.

        *disk* holds the files as people edit them, where there is a work tree.
        """
        self._disk = disk
        self.files = files
        self.tip = tip
        self._past = past
        self._numbers: dict[str, int | None] = {}

    def current(self, name: str) -> Stored | None:
        """Return the newest content of *name*, changes of this draft included."""
        path = prompt_path(name)
        key = self.files.key(path)
        if key is None:
            return None
        return found_content(key) or content_of(self.files.read(path) or b"", self.files.shown(path), key)

    def existing(self, name: str) -> Stored:
        """Return the newest content of *name*; raises `NotFound`, with the nearest names."""
        found = self.current(name)
        if found is None:
            raise self._missing(name)
        return found

    def names(self) -> tuple[str, ...]:
        """Return the names that have a file."""
        return names_in(self.files)

    def number(self, name: str) -> int | None:
        """Return the number that the newest content of *name* has, or gets when this draft is committed."""
        known = self._numbers[name] if name in self._numbers else self._past.newest_number(name)
        if known is None or prompt_path(name) not in self.files.changes:
            return known
        current = self.current(name)
        before = current.renamed_from if current is not None and not known else ""
        if before and self.files.changes.get(prompt_path(before), b"") is None:
            known = self._past.newest_number(before) or 0
        return known + 1

    def labels(self, name: str) -> tuple[str, ...]:
        """Return the labels that point at *name*."""
        return tuple(sorted(labels_of(name, self.files)))

    def save(self, name: str, prompt: Stored, base: str | None, file: bytes | None = None) -> Outcome:
        """Lay *prompt* over the newest content of *name*, which must be *base* where one is given.

        *file* is the prompt as its author wrote it. Raises `Conflict` and `Superseded`; see `Store.save`.
        """
        path = prompt_path(name)
        newest = self.current(name)
        _check_kind(name, prompt, newest)
        if base is not None and (newest is None or newest.digest != base) and not self._never_stored(name):
            self._check_offered(name, prompt, file)
            raise self._conflict(name, base, newest)
        if newest is not None:
            prompt = _adopted(prompt, newest)
            if same_words(newest, prompt):
                return "unchanged"
        self._refuse_superseded(name, prompt, newest)
        prompt = self._with_names(prompt)
        self._check_includes(prompt)
        data = _saying(file, prompt) or self._written_on_disk(path, prompt)
        if data is None and self._is_ours(path):
            data = codec.write(prompt)  # no hand but ours has been at it: there is nothing to keep as it stands
            check_size(data, name)
            _check_round_trip(self.files.shown(path), same_words(codec.outline(data), prompt))
            written(data, prompt)
        else:
            data = data or codec.edit(self.files.read(path) or b"", prompt)
            check_size(data, name)
            same = content_of(data, self.files.shown(path)).digest == prompt.digest
            _check_round_trip(self.files.shown(path), same)
        self.files.put(path, data)
        return "created"

    def _is_ours(self, path: str) -> bool:
        """Tell whether the file at *path* is as the codec writes it, or not there."""
        key = self.files.key(path)
        if key is None or is_written(key):
            return True
        before = self.files.read(path) or b""
        return before == _as_written(content_of(before, self.files.shown(path), key))

    def _written_on_disk(self, path: str, prompt: Stored) -> bytes | None:
        """Return the file that somebody has edited into just this prompt: their comments are kept."""
        try:
            data = self._disk.read(path) if self._disk else None
            found = codec.read_stored(data) if data is not None else None
        except (InvalidPrompt, StoreError):
            return None  # what is on disk is something else; that it is in the way is git's to say
        if found is None or same_words(found, prompt):
            return data
        if prompt.trust == FOREIGN and found.trust == OWN and found.digest == prompt.digest:
            name = name_at(path)
            raise SaveRefused(
                f"the file of {name} no longer says that it is foreign, and a save raises no trust",
                hint=f"put the line back, save, and vouch for it: promptlib trust {name} --reason '…'",
            )
        return None

    def offered(self, name: str, prompt: Stored, file: bytes | None) -> dict[str, bytes | None]:
        """Return all changes of this draft and, whatever the rules say of it, the file of *prompt*."""
        return self.files.changes | {prompt_path(name): file or codec.write(self._with_names(prompt))}

    def _check_offered(self, name: str, prompt: Stored, file: bytes | None) -> None:
        """What may not be stored may not be kept for later either."""
        for path, data in self.offered(name, prompt, file).items():
            self.files.check(path, data)

    def put_file(self, name: str, data: bytes, base: str | None = None) -> Outcome:
        """Lay the file *data* over the newest one of *name*, which must be *base* where one is given."""
        path = prompt_path(name)
        if base is not None and (newest := self.current(name)) is not None and newest.digest != base:
            raise self._conflict(name, base, newest)
        if self.files.read(path) == data:
            return "unchanged"
        content_of(data, self.files.shown(path))
        self.files.put(path, data)
        return "created"

    def label(self, name: str, label: str, data: bytes | None, expect: str | None) -> Outcome:
        """Let *label* point at the version whose file is *data*; None takes the label away.

        *expect* is the digest that the label must hold now.
        """
        path = label_path(name, label)
        before = self.files.read(path)
        # A damaged label can be moved, and so mended, by whoever does not ask what it held.
        asked = expect is not None and before is not None
        held = Labelled.from_bytes(before or b"", self.files.shown(path)).digest if asked else None
        if expect is not None and held != expect:
            raise Conflict(
                f"the label {label!r} on {name} is {held or 'not set'}, and {expect} was expected",
                hint=f"look first: promptlib diff {name}@{label} {name}#{expect.removeprefix('sha256:')[:8]}"
                if held
                else f"set it without an expectation: promptlib label {name} {label} VERSION",
                expected=expect,
                found=held or "",
            )
        if data is None:
            if before is None:
                known = ", ".join(self.labels(name)) or "none"
                raise NotFound(f"no label {label!r} on {name}", hint=f"labels here: {known}")
            self.files.put(path, None)
            return "created"
        prompt = codec.read_stored(data, source=name)
        self.files.put(path, Labelled(prompt.digest, data).to_bytes())
        self._keep_includes(prompt)
        return "unchanged" if self.files.read(path) == before else "created"

    def vouch(self, name: str, reason: str, by: str, expect: str | None) -> Outcome:
        """Let the file of *name* say that its content is one's own from now on; it must be *expect* where given."""
        newest = self.existing(name)
        if expect is not None and newest.digest != expect:
            raise self._conflict(name, expect, newest)
        if newest.trust == OWN:
            return "unchanged"
        path = prompt_path(name)
        said = newest.with_origin(None, trust=OWN, vouched=Vouched(newest.digest, reason, by))
        self.files.put(path, codec.edit(self.files.read(path) or b"", said))
        return "created"

    def rename(self, old: str, new: str) -> None:
        """Move the file and the labels of *old* to *new*, and let the file say so."""
        moved = self.existing(old)
        target = prompt_path(new)
        if self.files.read(target) is not None:
            raise Conflict(f"{new} exists already", hint="choose another name, or delete it first")
        before = self.files.read(prompt_path(old))
        renamed = moved.with_origin(None, renamed_from=old)
        self.files.put(target, codec.edit(before or b"", renamed))
        self.files.put(prompt_path(old), None)
        for label in self.labels(old):
            self.files.put(label_path(new, label), self.files.read(label_path(old, label)))
            self.files.put(label_path(old, label), None)

    def delete(self, name: str) -> None:
        """Take the file and the labels of *name* away."""
        self.existing(name)
        self.files.put(prompt_path(name), None)
        for label in self.labels(name):
            self.files.put(label_path(name, label), None)

    def _missing(self, name: str) -> NotFound:
        gone = self._past.gone(name)
        what = f"{name} was {gone}" if gone else f"no prompt {name!r} here"
        return NotFound(what, hint=missing_name(name, self.names()))

    def _conflict(self, name: str, base: str, newest: Stored | None) -> Conflict:
        made_from = self._past.told(name, base)
        if newest is None:
            return Conflict(
                f"{name} has no file any more, and this save was made from {made_from}",
                hint="save it without an origin to begin anew: store.save(name, prompt.with_origin(None), …)",
                expected=base,
            )
        now = self._past.told(name, newest.digest)
        return Conflict(
            f"{name} has moved on: this save was made from {made_from}, the newest is {now}",
            hint=(
                f"see what changed: promptlib diff {name}#{base.removeprefix('sha256:')[:8]} {name}@latest\n"
                f"then load {name} again and make your change on top of it"
            ),
            expected=base,
            found=newest.digest,
        )

    def _never_stored(self, name: str) -> bool:
        """A prompt loaded from a file that no commit holds was made from no version."""
        return self.current(name) is None and not self._past.versions(name)

    def _refuse_superseded(self, name: str, prompt: Stored, newest: Stored | None) -> None:
        self._numbers[name], alike = self._past.before_a_save(name, prompt.digest)
        for version, file in alike:
            if (
                newest is not None
                and newest.digest == prompt.digest
                and not same_words(codec.read_stored(file), prompt)
            ):
                continue  # the newest content with other words around it, which no older version had
            which = f"v{version.number}" if version.number is not None else version.digest
            raise Superseded(
                f"this is the content of {version}, and {name} has moved on since",
                hint=f'to go back on purpose: store.revert("{name}", "{which}") or promptlib revert {name} {which}',
            )

    def _check_includes(self, prompt: Stored, depth: int = 0) -> None:
        """What is included is in this store, all the way down, and fits where it is put."""
        if depth >= DEEPEST_INCLUDE:
            raise InvalidPrompt(
                f"includes go deeper than {DEEPEST_INCLUDE}: {', '.join(map(str, prompt.includes.values()))[:80]}",
                hint="put the texts of the innermost ones together",
            )
        if isinstance(prompt, Chain):
            prompt = self._with_followed(prompt)
        for alias, pin in prompt.includes.items():
            stored = codec.read_stored(self._included(str(pin)), source=str(pin))
            _check_fits(prompt, alias, stored)
            if stored.includes:
                self._check_includes(stored, depth + 1)

    def _with_followed(self, chain: Chain[Any]) -> Chain[Any]:
        """Return *chain* with the prompts that its floating steps run now; raises `InvalidChain` for one unfit."""
        found = [(name, self._followed(name, Ref.parse(str(text)))) for name, text in chain.follows.items()]
        fitting = chain.with_origin(chain.origin, included=found)
        for _, prompt in found:
            self._check_includes(prompt, 1)
        return fitting

    def _followed(self, step: str, ref: Ref) -> Prompt[Any]:
        data = self.files.read(label_path(ref.name, ref.label))
        if data is None:
            known = ", ".join(self.labels(ref.name)) or "none"
            raise InvalidChain(
                f"the step {step!r} follows {ref}, and there is no such label here",
                hint=f"labels on {ref.name}: {known}; set it first: promptlib label {ref.name} {ref.label} VERSION",
            )
        return codec.read(Labelled.from_bytes(data, str(ref)).data, source=str(ref))

    def _with_names(self, prompt: Stored) -> Stored:
        """Say the name in the pins of includes that were defined in code, which know their digest alone."""
        pins = {alias: Pin.parse(str(pin)) for alias, pin in prompt.includes.items()}
        if all(pin.name for pin in pins.values()):
            return prompt
        named = {
            alias: str(pin if pin.name else Pin(self._name_of(pin.digest), pin.digest)) for alias, pin in pins.items()
        }
        return prompt.with_origin(prompt.origin, includes=named)

    def _name_of(self, digest: str) -> str:
        """Return a name whose content is *digest*, or an empty text."""
        changed = (name for path, data in self.files.changes.items() if data is not None and (name := name_at(path)))
        mine = (name for name in changed if (found := self.current(name)) is not None and found.digest == digest)
        return next(mine, "") or self._past.name_of(digest)

    def _included(self, text: str) -> bytes:
        pin = Pin.parse(text)
        data = self._past.pinned(pin) or self.files.read(include_path(pin.digest))
        if data is None and pin.name and (current := self.current(pin.name)) and current.digest == pin.digest:
            data = self.files.read(prompt_path(pin.name))
        if data is None:
            raise NotFound(f"the include {pin} is not in this store", hint=_include_first(pin))
        return data

    def _keep_includes(self, prompt: Stored) -> None:
        """Lay what a labelled prompt includes beside its label, so that it loads without history."""
        for text in prompt.includes.values():
            pin = Pin.parse(str(text))
            data = self._included(str(pin))
            self.files.put(include_path(pin.digest), data)
            self._keep_includes(codec.read_stored(data, source=str(pin)))


def _include_first(pin: Pin) -> str:
    """What is included lies in the same store, so that a store is read alone; a copy has the same digest."""
    name = pin.name or "NAME"
    return f'save the included prompt first; one of another store as a copy: store.save("{name}", included)'


def same_words(stored: Stored | codec.Outline, given: Stored) -> bool:
    """Whether saving *given* over *stored* would change nothing that a reader of the file sees."""
    if stored.digest != given.digest:
        return False
    return all(
        getattr(stored, part) == getattr(given, part)
        for part in ("description", "tags", "authors", "derived_from", "renamed_from", "trust", "vouched", "extra")
    ) and _said(stored.inputs) == _said(given.inputs)


def _said(inputs: tuple[Input, ...]) -> list[tuple[object, ...]]:
    """Return what inputs, and what is inside of them, say to people."""
    return [(each.description, each.demographic) for _, each in parts(inputs)]


def _as_written(prompt: Stored) -> bytes:
    """Return the file that we would write, empty for one that only a hand can."""
    try:
        return codec.write(prompt)
    except InvalidPrompt:
        return b""


def _adopted(prompt: Stored, newest: Stored) -> Stored:
    """What only the file knows stays in the file, when the prompt comes from code that does not know it."""
    kept = {
        part: known
        for part in ("extra", "derived_from", "renamed_from", "vouched")
        if (known := getattr(newest, part)) and not getattr(prompt, part)
    }
    if newest.trust == FOREIGN and prompt.trust == OWN and _came_from(prompt, newest):
        kept["trust"] = FOREIGN
    elif newest.trust == OWN and newest.vouched is not None and newest.vouched.digest == prompt.digest:
        kept["trust"] = OWN  # these very words were read and vouched for
    return prompt.with_origin(prompt.origin, **kept) if kept else prompt


def _came_from(prompt: Stored, newest: Stored) -> bool:
    """Whether *prompt* is the foreign *newest* in other clothes: saving it makes nobody's words one's own."""
    origin = prompt.origin
    return prompt.digest == newest.digest or (origin is not None and origin.standing.digest == newest.digest)


def _saying(file: bytes | None, prompt: Stored) -> bytes | None:
    """Return the *file* of *prompt*, changed only where it claims more trust than the prompt has."""
    return file if file is None or codec.read_stored(file).trust == prompt.trust else codec.edit(file, prompt)


def _check_fits(prompt: Stored, alias: str, stored: Stored) -> None:
    prompt.resolve(alias, lambda _: cast("Prompt[Any]", stored))  # whoever asks refuses a chain by itself


def _check_kind(name: str, given: Stored, newest: Stored | None) -> None:
    """A name is that of a prompt or of a chain: whoever loads it knows what comes."""
    if newest is not None and isinstance(newest, Chain) != isinstance(given, Chain):
        kinds = ("a chain", "a prompt") if isinstance(newest, Chain) else ("a prompt", "a chain")
        raise InvalidPrompt(
            f"{name} is {kinds[0]}, and this is {kinds[1]}", hint="a name stays what it is: save it under another name"
        )


def check_size(data: bytes, name: str) -> None:
    """Raise `InvalidPrompt` for a file that no load would read."""
    if len(data) > LARGEST_PROMPT:
        raise InvalidPrompt(
            f"{name} would be a file of {len(data):,} bytes; more than {LARGEST_PROMPT:,} are refused",
            hint="give long texts as inputs when it is rendered; nothing was saved",
        )


def _check_round_trip(source: str, holds: bool) -> None:  # noqa: FBT001 - what was found is all that is said
    """No file is stored that would not read back as the same content."""
    if not holds:
        raise StoreDamaged(
            f"{source} would not read back as it was given: nothing was saved", hint="please report this prompt"
        )
