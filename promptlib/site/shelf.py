"""The first page of a site: search as you type, facets, and a card for each prompt; and a plain list of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.site.markup import SEARCH, Shell, address, cut, line
from promptlib.site.telling import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Cards that are in the page before its script shows others.
FIRST = 40
#: Values of a facet that are shown at first.
_SHORT = 10
_LONGEST_TEXT = 220


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the first page says of a prompt or chain; the text is its description, or else how its words begin."""

    name: str
    kind: str
    text: str
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    number: int | None
    day: str
    size: int | None

    @property
    def told(self) -> str:
        """Version, day and size in one line."""
        parts = [f"v{self.number}" if self.number is not None else "", self.day]
        parts += [f"{self.size:,} tokens" if self.size is not None else ""]
        return " · ".join(filter(None, parts))

    def data(self) -> list[object]:
        """Return it as the script reads it."""
        return [
            self.name,
            address(self.name),
            self.kind,
            cut(self.text, _LONGEST_TEXT),
            list(self.tags),
            list(self.labels),
            list(self.inputs),
            self.told,
            self.day,
        ]


def folders(name: str) -> list[str]:
    """Return the folders that *name* is in, the outermost first."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]


def shelf(title: str, cards: Sequence[Card], index: dict[str, object], told: str, foot: str) -> str:
    """Return the first page; *told* is the line below its title, and *foot* that at its end."""
    data = {"cards": [card.data() for card in cards], "index": index, "first": FIRST, "short": _SHORT}
    return Shell(title, "shelf", "shelf.js").page(_body(title, cards, told, foot), data, title="")


def _body(title: str, cards: Sequence[Card], told: str, foot: str) -> Iterator[str]:
    yield f'<main id="main"><header class="hero"><h1><bdi>{line(title)}</bdi></h1><p class="soft">{line(told)}</p>'
    yield (
        '<div class="search" role="search"><label class="hidden" for="find">What do you need?</label>'
        '<input id="find" type="search" placeholder="What do you need? Say it in your own words" spellcheck="false" '
        'autocomplete="off" autocapitalize="off" aria-controls="hits" aria-describedby="keys">'
        '<kbd aria-hidden="true">/</kbd></div>'
        '<p id="keys" class="hidden">Arrow down goes to the results, Enter opens the first one, Escape clears.</p>'
        "</header>"
    )
    yield '<div class="shelf-columns"><aside id="facets" aria-label="Filters">'
    yield '<button id="filters" type="button" aria-expanded="false" aria-controls="facet-lists">Filters</button>'
    yield f'<div id="facet-lists">{"".join(_facets(cards))}</div></aside>'
    shown = f"{count(len(cards), 'prompt')}"
    yield (
        f'<section id="results" aria-label="Prompts"><div class="told"><p id="status" role="status">{shown}</p>'
        '<label class="hidden" for="order">Order</label><select id="order"><option value="">Best first</option>'
        '<option value="newest">Newest first</option></select></div><ol id="hits">'
    )
    yield from (_card(card) for card in cards[:FIRST])
    rest = "" if len(cards) > FIRST else " hidden"
    yield f'</ol><button id="more" type="button"{rest}>Show more</button></section></div>'
    yield f'<footer class="soft"><a href="all.html">All prompts as one list</a> · {line(foot)}</footer></main>'


def _facets(cards: Sequence[Card]) -> Iterator[str]:
    """Yield the facets that part the cards; the script makes the same ones."""
    for key, title, values in facet_values(cards):
        items = "".join(_value(key, value, number) for value, number in values[:_SHORT])
        more = f'<button type="button" class="rest" data-rest="{key}">{len(values) - _SHORT} more</button>'
        yield (
            f'<section class="facet" data-facet="{key}"><h2>{title}</h2><ul>{items}</ul>'
            f"{more if len(values) > _SHORT else ''}</section>"
        )


def _value(key: str, value: str, number: int) -> str:
    return (
        f'<li><button type="button" data-key="{key}" data-value="{line(value)}" aria-pressed="false">'
        f"<bdi>{line(value)}</bdi> <span>{number:,}</span></button></li>"
    )


def facet_values(cards: Sequence[Card]) -> Iterator[tuple[str, str, list[tuple[str, int]]]]:
    """Yield key, title and values of each facet, the commonest first; one whose value all cards share parts nothing."""
    facets = (
        ("kind", "Kind", [[card.kind] for card in cards]),
        ("folder", "Folder", [folders(card.name) for card in cards]),
        ("tag", "Tag", [card.tags for card in cards]),
        ("label", "Label", [card.labels for card in cards]),
        ("input", "Input", [card.inputs for card in cards]),
    )
    for key, title, lists in facets:
        found = Counter(value for values in lists for value in dict.fromkeys(values))
        values = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        if values and not (len(values) == 1 and values[0][1] == len(cards)):
            yield key, title, values


def _card(card: Card) -> str:
    folder, slash, last = card.name.rpartition("/")
    before = f'<span class="folder">{line(folder + slash)}</span>' if folder else ""
    chips = "".join(f'<span class="chip label">{line(label)}</span>' for label in card.labels)
    chips += "".join(f'<span class="chip"><bdi>{line(tag)}</bdi></span>' for tag in card.tags)
    kind = f' <span class="chip kind">{card.kind}</span>' if card.kind != "prompt" else ""
    return (
        f'<li><a class="card" href="{address(card.name)}"><h2>{before}<bdi>{line(last)}</bdi>{kind}</h2>'
        f'<p class="text"><bdi>{line(cut(card.text, _LONGEST_TEXT))}</bdi></p>'
        f'<p class="foot"><span class="soft">{line(card.told)}</span>{chips}</p></a></li>'
    )


def whole_list(title: str, cards: Sequence[Card]) -> str:
    """Return the page that lists every prompt, which needs no script."""
    rows = "".join(
        f'<li><a href="{address(card.name)}"><bdi>{line(card.name)}</bdi></a> <span class="soft"><bdi>'
        f"{line(cut(card.text, _LONGEST_TEXT))}</bdi></span></li>"
        for card in cards
    )
    body = [f'<main id="main"><h1>All prompts</h1><ul class="whole">{rows}</ul></main>']
    return Shell(title, "leaf").page(body, {}, title="All prompts", middle=SEARCH.format(root=""))
