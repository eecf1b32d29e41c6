"""A small library of prompts with a history, to try things out on."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from promptlib.codec import read_stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from promptlib.chain import Stored

_NEWEST = re.compile(r"(?P<name>[a-z/-]+)#newest\b")
_PERSON = re.compile(r"(?P<name>.+) <(?P<email>.+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One version in the life of the library, to be stored as it is: `data` is the file, `stored` what it says.

    `labels` are those that point at this version when all is stored. Pins in `data` are whole digests of earlier
    events, so the events are stored in their order.
    """

    name: str
    data: bytes
    stored: Stored
    message: str
    author: str
    email: str
    time: datetime
    labels: tuple[str, ...]

    @property
    def moment(self) -> tuple[int, str]:
        """The time as git writes it: seconds since 1970 and a zone such as `+0100`."""
        return int(self.time.timestamp()), self.time.strftime("%z")


def events() -> Iterator[Event]:
    """Yield the versions of the library, oldest first, from the files in this package.

    In a file `support/style#newest` stands for the pin of that name's newest version so far.
    """
    folder = files(__name__)
    newest: dict[str, str] = {}
    for entry in tomllib.loads(folder.joinpath("story.toml").read_text("utf-8"))["event"]:
        source = folder.joinpath("library", f"{entry['file']}.prompty").read_text("utf-8")
        data = _NEWEST.sub(lambda found: f"{found['name']}#{newest[found['name']]}", source).encode()
        stored = read_stored(data, source=f"{entry['file']}.prompty")
        newest[entry["name"]] = stored.digest.removeprefix("sha256:")
        name, email = _PERSON.fullmatch(entry["author"]).groups()  # type: ignore[union-attr] # of our own file
        yield Event(
            name=entry["name"],
            data=data,
            stored=stored,
            message=entry["message"].strip(),
            author=name,
            email=email,
            time=entry["time"],
            labels=tuple(entry["labels"]),
        )
