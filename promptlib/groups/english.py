"""English words that fix a group of people: our own lists, under the licence of the project.

They were written for this purpose from the grammar's closed sets (pronouns, kinship, forms of address) and from what
style guides name; no list of others was copied. They are short on purpose: a word is on them only if it means people
nearly always, since each further word costs more false findings than it finds. What was left out, and why:

- "guys", "waiter", "host", "steward", "actor": said of everybody.
- "child", "kid", "senior", "master", "blind", "king", "queen", "bachelor", "groom": mean a node, a rank, a test, a
  piece, a degree or a verb as often as a person. "blind", "deaf" and "disabled" count before a word for a person.
- names of languages and cuisines: "French" counts only before a word for a person.
- "native speaker": a skill in most prompts, though it is not innocent in a job advertisement.
- slurs: no prompt needs a list of them to be read by a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlib.groups.axes import Axis

#: Single words by axis and group.
WORDS: dict[tuple[Axis, str], str] = {
    # The whole of the third person, kinship in the first three degrees, and words for adults and children.
    ("gender", "male"): """
        he him his himself man men boy boys male males gentleman gentlemen
        father fathers dad dads daddy son sons brother brothers husband husbands uncle uncles nephew nephews
        grandfather grandfathers grandpa grandson grandsons stepfather stepson boyfriend boyfriends widower widowers
        mr sir foreman foremen serviceman servicemen
    """,
    ("gender", "female"): """
        she her hers herself woman women girl girls female females lady ladies
        mother mothers mom moms mommy mum mums mummy daughter daughters sister sisters wife wives aunt aunts
        niece nieces grandmother grandmothers grandma granddaughter granddaughters stepmother stepdaughter
        girlfriend girlfriends widow widows bride brides
        mrs ms madam
    """,
    # Words that name an age and no role: "junior" and "senior" are ranks.
    ("age", "younger"): """
        teenager teenagers teenage adolescent adolescents toddler toddlers millennial millennials zoomer zoomers
    """,
    ("age", "older"): """
        elderly pensioner pensioners retiree retirees boomer boomers octogenarian octogenarians
    """,
    ("origin", "immigrant"): "immigrant immigrants migrant migrants refugee refugees foreigner foreigners",
    ("origin", "hispanic"): "latino latinos latina latinas latinx",
    ("religion", "muslim"): "muslim muslims",
    ("religion", "jewish"): "jew jews jewish",
    ("religion", "hindu"): "hindu hindus",
    ("religion", "buddhist"): "buddhist buddhists",
    ("religion", "sikh"): "sikh sikhs",
    ("religion", "christian"): "christian christians",
    ("religion", "catholic"): "catholic catholics",
    ("religion", "atheist"): "atheist atheists",
    ("disability", "autistic"): "autistic",
    ("disability", "dyslexic"): "dyslexic dyslexics",
    ("disability", "paraplegic"): "paraplegic paraplegics",
}
#: Words that mean people only when they are written with a capital: "christian names" are given names, a "catholic
#: taste" is a wide one. Forms of address stand before a name.
CAPITALISED = frozenset(["christian", "christians", "catholic", "catholics", "sir", "madam", "mr", "mrs", "ms"])
#: What is a given name too, before another word with a capital: "Christian Bale".
GIVEN_NAMES = frozenset(("christian",))
#: Pronouns are shouted in a shouted sentence only; elsewhere capitals are an abbreviation (HIS, HE).
PRONOUNS = frozenset(["he", "him", "his", "himself", "she", "her", "hers", "herself"])

#: Words that fix a group before a word for a person, and only there.
BEFORE_PEOPLE: dict[tuple[Axis, str], str] = {
    ("age", "younger"): "young younger",
    ("age", "older"): "old older aged",
    ("origin", "black"): "black",
    ("origin", "white"): "white",
    ("origin", "asian"): "Asian",
    ("origin", "african"): "African",
    ("origin", "arab"): "Arab",
    ("origin", "hispanic"): "Hispanic",
    ("origin", "american"): "American US",
    ("origin", "british"): "British",
    ("origin", "chinese"): "Chinese",
    ("origin", "french"): "French",
    ("origin", "german"): "German",
    ("origin", "indian"): "Indian",
    ("origin", "mexican"): "Mexican",
    ("origin", "polish"): "Polish",
    ("origin", "russian"): "Russian",
    ("origin", "turkish"): "Turkish",
    ("disability", "blind"): "blind",
    ("disability", "deaf"): "deaf",
    ("disability", "disabled"): "disabled handicapped",
}
PEOPLE = """
    person persons people man men woman women boy boy's boys girl girls adult adults child children kid kids
    applicant applicants candidate candidates citizen citizens customer customers employee employees patient patients
    student students worker workers colleague colleagues tenant tenants family families user users
"""
#: Several words, behind the first one of them; a blank stands for any blanks of one line, and a line break.
PHRASES: dict[tuple[Axis, str], tuple[str, ...]] = {
    ("age", "younger"): ("generation z", "gen z", "gen zers"),
    ("age", "older"): ("senior citizen", "senior citizens", "baby boomer", "baby boomers", "generation x", "gen x"),
    ("origin", "black"): ("african american", "african americans", "african-american", "african-americans"),
    ("origin", "asian"): ("asian american", "asian americans", "asian-american", "asian-americans"),
    ("disability", "disabled"): ("with disabilities", "with a disability", "with special needs"),
    ("disability", "wheelchair user"): ("wheelchair user", "wheelchair users"),
    ("disability", "visually impaired"): ("visually impaired", "vision impaired"),
    ("disability", "hearing impaired"): ("hearing impaired", "hard of hearing"),
}
#: Words of the lists that mean something else, or everybody, in these words.
ASIDE = (
    "s/he",
    "(s)he",
    "him/herself",
    "ladies and gentlemen",
    "dear sir",
    "male connector",
    "male plug",
    "female connector",
    "female socket",
    "male/female",
    "man page",
    "man pages",
    "man-made",
    "man made",
    "man-hour",
    "man-hours",
    "man hour",
    "man hours",
    "man-in-the-middle",
    "man in the middle",
    "isle of man",
    "straw man",
    "mother tongue",
    "mother nature",
    "mother earth",
    "mother's day",
    "father's day",
    "father christmas",
    "founding fathers",
    "sister company",
    "sister companies",
    "sister site",
    "sister project",
    "daughter company",
    "daughter companies",
    "black and white",
)
#: What stands between two groups of which neither is fixed: "he or she", "men and women", "his/her".
_ARTICLES = (" ", " a ", " an ", " the ")
JOINERS = frozenset(
    [
        "/",
        " / ",
        ", ",
        " & ",
        *(f"{word}{article}" for word in (" or", " and", ", or", ", and") for article in _ARTICLES),
    ]
)
