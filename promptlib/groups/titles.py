"""English titles that name a gender, and their neutral forms: our own list, under the licence of the project.

The pairs are those on which style guides agree (the Associated Press among them); where they differ, the form that is
one common word is taken. A title is listed only if its neutral form says the same of the work, in one form for one and
one for several, and fits wherever the title stood. Left out for that reason: "freshman" ("freshman year"), "maid",
"foreman" (of a jury, of a site), "serviceman" (of an army, of boilers), "waiter", "landlord", "ombudsman", "baseman",
"master", "patron"; and "nurse" or "secretary", which name no gender.
German titles have no neutral form that fits everywhere: see promptlib.groups.german.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.groups.axes import checked

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Title:
    """A word that names a gender, its neutral form, and why that one.

    `group` is the gender that it names, "" for a wording that means everybody and says men, such as *manpower*.
    """

    word: str
    neutral: str
    group: str
    plural: bool
    reason: str


class _Entry(NamedTuple):
    words: tuple[str, str]
    neutral: tuple[str, str]
    reason: str


_SAME = "the work is the same, whoever does it"
_CHAIR = "the office is meant, whoever holds it"
_GENERAL = "everybody is meant, and men are named"


def _entry(words: str, neutral: str, reason: str = _SAME) -> _Entry:
    one, many = (each.strip() for each in words.split("|"))
    new, news = (each.strip() for each in neutral.split("|"))
    return _Entry((one, many), (new, news), reason)


_MALE = (
    _entry("alderman | aldermen", "council member | council members", _CHAIR),
    _entry("anchorman | anchormen", "anchor | anchors"),
    _entry("barman | barmen", "bartender | bartenders"),
    _entry("businessman | businessmen", "businessperson | businesspeople"),
    _entry("cameraman | cameramen", "camera operator | camera operators"),
    _entry("chairman | chairmen", "chair | chairs", _CHAIR),
    _entry("clergyman | clergymen", "cleric | clerics"),
    _entry("congressman | congressmen", "member of Congress | members of Congress", _CHAIR),
    _entry("councilman | councilmen", "council member | council members", _CHAIR),
    _entry("craftsman | craftsmen", "craftsperson | craftspeople"),
    _entry("doorman | doormen", "door attendant | door attendants"),
    _entry("fireman | firemen", "firefighter | firefighters"),
    _entry("fisherman | fishermen", "fisher | fishers"),
    _entry("garbageman | garbagemen", "waste collector | waste collectors"),
    _entry("headmaster | headmasters", "head teacher | head teachers", _CHAIR),
    _entry("layman | laymen", "layperson | laypeople"),
    _entry("mailman | mailmen", "mail carrier | mail carriers"),
    _entry("male nurse | male nurses", "nurse | nurses"),
    _entry("middleman | middlemen", "intermediary | intermediaries"),
    _entry("policeman | policemen", "police officer | police officers"),
    _entry("postman | postmen", "mail carrier | mail carriers"),
    _entry("repairman | repairmen", "repairer | repairers"),
    _entry("salesman | salesmen", "salesperson | salespeople"),
    _entry("spokesman | spokesmen", "spokesperson | spokespeople", _CHAIR),
    _entry("sportsman | sportsmen", "athlete | athletes"),
    _entry("tradesman | tradesmen", "tradesperson | tradespeople"),
    _entry("weatherman | weathermen", "weather forecaster | weather forecasters"),
    _entry("workman | workmen", "worker | workers"),
)
_FEMALE = (
    _entry("actress | actresses", "actor | actors"),
    _entry("air hostess | air hostesses", "flight attendant | flight attendants"),
    _entry("authoress | authoresses", "author | authors"),
    _entry("barmaid | barmaids", "bartender | bartenders"),
    _entry("businesswoman | businesswomen", "businessperson | businesspeople"),
    _entry("chairwoman | chairwomen", "chair | chairs", _CHAIR),
    _entry("cleaning lady | cleaning ladies", "cleaner | cleaners"),
    _entry("comedienne | comediennes", "comedian | comedians"),
    _entry("congresswoman | congresswomen", "member of Congress | members of Congress", _CHAIR),
    _entry("councilwoman | councilwomen", "council member | council members", _CHAIR),
    _entry("craftswoman | craftswomen", "craftsperson | craftspeople"),
    _entry("headmistress | headmistresses", "head teacher | head teachers", _CHAIR),
    _entry("hostess | hostesses", "host | hosts"),
    _entry("housewife | housewives", "homemaker | homemakers"),
    _entry("poetess | poetesses", "poet | poets"),
    _entry("policewoman | policewomen", "police officer | police officers"),
    _entry("saleswoman | saleswomen", "salesperson | salespeople"),
    _entry("spokeswoman | spokeswomen", "spokesperson | spokespeople", _CHAIR),
    _entry("stewardess | stewardesses", "flight attendant | flight attendants"),
    _entry("usherette | usherettes", "usher | ushers"),
    _entry("waitress | waitresses", "server | servers"),
)
#: Wordings that mean everybody. They have one number.
_EVERYBODY = (
    _entry("mankind | mankind", "humankind | humankind", _GENERAL),
    _entry("manpower | manpower", "staff | staff", _GENERAL),
    _entry("man-hours | man-hours", "person-hours | person-hours", _GENERAL),
)
#: With a capital these are products as often as people: "send it by Postman".
PRODUCTS = frozenset(("postman", "craftsman"))
#: Words beside which a title is one of a pair that means everybody: "actors and actresses".
_COUNTERPARTS = """
    actor actors author authors host hosts poet poets steward stewards usher ushers waiter waiters comedian comedians
    househusband househusbands
"""
COUNTERPARTS = frozenset(_COUNTERPARTS.split())


def _titles() -> Iterator[Title]:
    for group, entries in (("male", _MALE), ("female", _FEMALE), ("", _EVERYBODY)):
        for words, forms, reason in entries:
            yield Title(words[0], forms[0], group, plural=False, reason=reason)
            if words[1] != words[0]:
                yield Title(words[1], forms[1], group, plural=True, reason=reason)


#: Every title by its words, in small letters.
TITLES = {each.word: each for each in _titles()}


def neutral(word: str, *, language: str = "en") -> Title | None:
    """Return what is known of the title *word*, in one form or the other; None for a word that names nobody.

    Raises `NotFound` for a language without words. In German there is no neutral form that fits wherever a title
    stood, so it is None for each word.
    """
    return TITLES.get(" ".join(word.split()).lower()) if checked(language) == "en" else None
