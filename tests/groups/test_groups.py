"""What a text says of groups of people: found word by word, and what is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import PromptLibError
from promptlib.groups import AXES, LANGUAGES, mentions, neutral, rewordings
from promptlib.groups.titles import TITLES


def told(text: str, language: str = "en") -> list[tuple[str, str, str]]:
    """Return what is found: axis, group and words."""
    return [(each.axis, each.group, each.text) for each in mentions(text, language=language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She likes her work.", [("gender", "female", "She"), ("gender", "female", "her")]),
        ("Hire him.", [("gender", "male", "him")]),
        ("WRITE WHAT HE SAYS", [("gender", "male", "HE")]),
        ("The man's boss and the women’s team", [("gender", "male", "man"), ("gender", "female", "women")]),
        ("Mr. Smith", [("gender", "male", "Mr")]),
        ("Dear Ms {{ name }}", [("gender", "female", "Ms")]),
        ("a chairman and a stewardess's bag", [("gender", "male", "chairman"), ("gender", "female", "stewardess")]),
        ("the cleaning\nlady", [("gender", "female", "cleaning\nlady")]),
        ("She is 35 years old", [("gender", "female", "She"), ("age", "a stated age", "35 years old")]),
        ("a 12-year-old", [("age", "a stated age", "12-year-old")]),
        ("aged 61", [("age", "a stated age", "aged 61")]),
        ("an elderly millennial", [("age", "older", "elderly"), ("age", "younger", "millennial")]),
        ("young people", [("age", "younger", "young")]),
        ("US citizens, let us go", [("origin", "american", "US")]),
        ("Polish customers polish shoes", [("origin", "polish", "Polish")]),
        ("black people on a black page", [("origin", "black", "black")]),
        (
            "an African-American immigrant",
            [("origin", "black", "African-American"), ("origin", "immigrant", "immigrant")],
        ),
        ("a fireman or a stewardess", [("gender", "male", "fireman"), ("gender", "female", "stewardess")]),
        ("A Muslim user", [("religion", "muslim", "Muslim")]),
        ("a Christian view", [("religion", "christian", "Christian")]),
        ("a person with disabilities", [("disability", "disabled", "with disabilities")]),
        ("blind people, a blind test", [("disability", "blind", "blind")]),
        # A model reads quotations and fences like the rest, and prompts use both as delimiters.
        ('"she" `him`', [("gender", "female", "she"), ("gender", "male", "him")]),
        ("```\nHer age\n```", [("gender", "female", "Her")]),
        ("{{ open she", [("gender", "female", "she")]),
    ],
)
def test_what_fixes_a_group_is_found(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        # words that name nobody
        "They told the people what their parents and children said.",
        "Use the theory: there, here, other, shepherd, human, women_count, himher, manage",
        "In May, let us polish it in French or Chinese, with a catholic taste.",
        "HIS is a system, HE a sector; 500 ms; sir/madam",
        "a disabled button, a blind test, deaf to it, an old file, a young project, black and white",
        "man pages, a man-made lake, man-hours, a man-in-the-middle, a straw man, the Isle of Man",
        "mother tongue, Mother's Day, a sister company, the founding fathers, a male connector",
        "Christian Bale",
        "guys, host, waiter, actor, master, senior, junior, king, nurse, secretary",
        # groups side by side
        "he or she, he/she, s/he, (s)he, his or her, him/her, himself or herself",
        "men and women, male or female, a man or a woman, boys and girls, Mr/Ms, Sir or Madam",
        "male, female, or other",
        "a Muslim, or a Christian",
        "ladies and gentlemen, sons and daughters, husband or wife",
        "actors and actresses, waiter/waitress, chairman or chairwoman",
        # what is no prose
        "https://she.example/her/his and mother@his.org, www.man.example",
        "{{ she }} {% if his %}{# her #}{% endif %} {{ person['her'] }}",
        "",
    ],
)
def test_what_fixes_nothing_is_left_alone(text: str) -> None:
    assert told(text) == []


def test_known_false_findings_stay_known() -> None:
    """What a list cannot tell: each of these is found, and means no person. A change here is a change of the lists."""
    wrong = {
        "The company is 5 years old.": "5 years old",
        "a 12-year-old whisky": "12-year-old",
        "The ship and her captain": "her",
        "The Old Man and the Sea": "Man",
        "Women's World is a magazine": "Women",
        "a widow in typography": "widow",
        "man the phones": "man",
    }
    assert {text: mentions(text)[-1].text for text in wrong} == wrong


def test_german_nouns_are_found_and_pronouns_are_not() -> None:
    assert told("Die Kundin sprach mit ihrer Mutter, er mit dem Jungen.", "de") == [
        ("gender", "female", "Mutter"),
        ("gender", "male", "Jungen"),
    ]
    assert told("Männlich, mit Behinderung", "de") == [
        ("gender", "male", "Männlich"),
        ("disability", "disabled", "mit Behinderung"),
    ]
    assert (
        told("Frau oder Mann, junge Leute, Damen und Herren, Entwicklerin, Termin, der Mann oder die Frau", "de") == []
    )


def test_a_mark_on_a_letter_belongs_to_its_word() -> None:
    assert told("man\u0303ana, \u00fcber, ma\u0301n") == []


def test_what_nobody_sees_hides_no_word() -> None:
    assert told("sh\u00ade, wo\u200bman, ＳＨＥ ＩＳ, h\u200der") == [
        ("gender", "female", "sh\u00ade"),
        ("gender", "female", "wo\u200bman"),
        ("gender", "female", "ＳＨＥ"),
        ("gender", "female", "h\u200der"),
    ]


def test_letters_that_only_look_alike_are_others() -> None:
    """What is not attempted: a Cyrillic letter in it makes another word of it."""
    assert told("sh\u0435") == []


def test_places_are_those_of_the_text() -> None:
    text = "Tell {{ name }}'s mother: she is here."
    assert [text[each.start : each.end] for each in mentions(text)] == ["mother", "she"]


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(PromptLibError, match="no words for groups of people in the language 'fr'") as refused:
        mentions("elle", language="fr")
    assert "languages here: en, de" in refused.value.hint
    for each in (rewordings, neutral):
        with pytest.raises(PromptLibError, match="'xx'"):
            each("text", language="xx")


def test_axes_are_few_and_all_have_words() -> None:
    everything = "he; elderly; immigrant; Muslim; autistic"
    assert {each.axis for each in mentions(everything)} == set(AXES)
    assert LANGUAGES == ("en", "de")


# --- neutral forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("the chairman", "the chair"),
        ("Chairmen vote", "Chairs vote"),
        ("the chairmen's vote, the chairmen’s hats", "the chairs' vote, the chairs’ hats"),
        ("the chairman's vote", "the chair's vote"),
        ("ask a stewardess", "ask a flight attendant"),
        ("You are an actress", "You are an actor"),
        ("You are a\nmiddleman", "You are an\nintermediary"),
        ("An air hostess", "A flight attendant"),
        ("AN ACTRESS", "AN ACTOR"),
        ("a young actress", "a young actor"),
        ("A housewife, a poetess", "A homemaker, a poet"),
        ("AN AIR HOSTESS", "A FLIGHT ATTENDANT"),
        ("salesmen and firemen", "salespeople and firefighters"),
        ("the cleaning\nladies", "the cleaners"),
        ("mankind, manpower, man-hours", "humankind, staff, person-hours"),
        ("Every Policeman", "Every Police officer"),
        ("a congressman", "a member of Congress"),
        # left alone
        ("Neil Postman, send it by Postman, ask Fireman about it, Chairman Mao", None),
        ("Postman sends requests; the foreman of the jury", None),
        ("the Chairman and our Spokesman. Chairman: sign here", "the Chair and our Spokesperson. Chair: sign here"),
        ("actors and actresses, a waiter or a waitress, policeman/policewoman", None),
        ("craftsmanship, workmanship, Chapman, salesmanship", None),
        ("{{ chairman }}, https://x.org/chairman", None),
        ("a nurse, the secretary, a waiter, freshman", None),
    ],
)
def test_titles_are_reworded_with_the_words_around_them(text: str, after: str | None) -> None:
    assert reworded(text) == (text if after is None else after)


def reworded(text: str) -> str:
    """Return *text* with every rewording applied."""
    for each in reversed(rewordings(text)):
        assert text[each.start : each.end] == each.text
        text = text[: each.start] + each.proposed + text[each.end :]
    return text


def test_every_title_has_a_neutral_form_that_is_none() -> None:
    for each in TITLES.values():
        assert reworded(f"the {each.word} was") == f"the {each.neutral} was"
        assert neutral(each.neutral) is None
        assert mentions(each.neutral) == ()
        assert each.reason
        assert each.word == each.word.lower()


def test_what_is_known_of_a_title() -> None:
    title = neutral("Stewardesses")
    assert title is not None
    assert (title.neutral, title.group, title.plural) == ("flight attendants", "female", True)
    assert neutral("developer") is None
    assert neutral("Putzfrau", language="de") is None
    assert rewordings("Putzfrau, chairman", language="de") == ()


PIECES = ["chairman", "an ", "a ", "actress", "'s", " or ", "Neil ", "{{ x }}", "{{", "\n", " ", "she", "MEN", "/", "é"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_reworded_text_has_nothing_to_reword(text: str) -> None:
    once = reworded(text)
    assert reworded(once) == once


@given(st.text(max_size=200))
def test_no_text_breaks_the_search(text: str) -> None:
    found = mentions(text) + mentions(text, language="de")
    assert all(text[each.start : each.end] == each.text for each in found)


HOSTILE = [
    "{{",
    "}}{{",
    "a",
    "a@",
    "http://",
    "he ",
    "(s",
    "he or she ",
    "35 years ",
    "an ",
    "\n",
    "chairman or ",
    "man in ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_takes_time_by_its_length(piece: str) -> None:
    text = (piece * 50_000)[:50_000]
    begin = time.process_time()
    mentions(text)
    rewordings(text)
    assert time.process_time() - begin < 5  # a walk for each place takes minutes
