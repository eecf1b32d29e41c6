"""German words that fix a group of people: our own short lists, under the licence of the project.

German marks gender by grammar, so most of what English lists hold is left out on purpose:

- pronouns: "er" and "sie" follow the gender of a noun ("der Text … er"), and "sie" is also "they" and "you".
- job titles in -er and -erin ("Entwickler", "Entwicklerin"): the masculine form is the general one too, so a word
  alone does not tell whether a group is meant. Neither is a finding here.
- neutral forms: article, adjective and verb would have to agree with them. No rewording is proposed in German.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlib.groups.axes import Axis

#: Nouns are written with a capital: "junge" is an adjective, "Junge" is a boy.
WORDS: dict[tuple[Axis, str], str] = {
    ("gender", "male"): """
        Mann Mannes Männer Männern Junge Jungen Herr Herrn Herren Vater Vaters Väter Sohn Sohnes Söhne Bruder Bruders
        Brüder Ehemann Ehemannes Großvater Enkel Onkel Neffe Witwer männlich männliche männlichen männlicher
        Kaufmann Feuerwehrmann Hausmann Kameramann Geschäftsmann Obmann
    """,
    ("gender", "female"): """
        Frau Frauen Mädchen Dame Damen Mutter Mütter Tochter Töchter Schwester Schwestern Ehefrau Ehefrauen Großmutter
        Enkelin Tante Nichte Witwe weiblich weibliche weiblichen weiblicher
        Kauffrau Putzfrau Hausfrau Krankenschwester Krankenschwestern Stewardess Geschäftsfrau Sekretärin
    """,
    ("age", "younger"): "Jugendliche Jugendlichen Teenager",
    ("age", "older"): "Rentner Rentnerin Rentnerinnen Senioren Seniorin Seniorinnen Greis Greisin",
    ("origin", "immigrant"): "Migrant Migranten Migrantin Migrantinnen Flüchtling Flüchtlinge Ausländer Ausländerin",
    ("religion", "muslim"): "Muslim Muslime Muslimin Muslima Musliminnen",
    ("religion", "jewish"): "Jude Juden Jüdin Jüdinnen",
    ("religion", "christian"): "Christ Christen Christin Christinnen",
    ("disability", "disabled"): "Behinderte Behinderten Schwerbehinderte Rollstuhlfahrer Rollstuhlfahrerin",
}
PHRASES: dict[tuple[Axis, str], tuple[str, ...]] = {
    ("disability", "disabled"): ("mit Behinderung", "mit Behinderungen"),
}
ASIDE = ("Damen und Herren", "Sehr geehrter Herr", "Mutter Natur", "Herr der Lage")
_ARTICLES = (" ", " ein ", " eine ", " der ", " die ")
JOINERS = frozenset(
    ["/", " / ", ", ", " bzw. ", *(f" {word}{article}" for word in ("oder", "und") for article in _ARTICLES)]
)
