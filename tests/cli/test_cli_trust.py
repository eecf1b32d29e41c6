from __future__ import annotations

from typing import Any

FOREIGN = "---\nmetadata:\n  promptlib:\n    trust: foreign\n---\nsystem:\nWords of others.\n"


def test_show_and_log_say_whose_words_they_are(bare: Any) -> None:
    bare.ok("save", "a", "-", given=FOREIGN)
    assert "trust: foreign: nobody here has vouched for its words" in bare.ok("show", "a")
    shown = bare("show", "a", "--json").json
    assert (shown["trust"], shown["vouched"]) == ("foreign", None)
    assert bare.ok("log", "a").splitlines()[1].strip() == "foreign"
    told = bare("log", "a", "--json").json["versions"][0]
    assert (told["trust"], told["vouched"]) == ("foreign", None)


def test_trust_vouches_for_a_reason_and_says_so(bare: Any) -> None:
    bare.ok("save", "a", "-", given=FOREIGN)
    made = bare.ok("trust", "a", "--reason", "Read by Uma.", "--expect", "v1")
    assert made.startswith("a v2 (")
    assert bare.ok("trust", "a", "--reason", "Again.").startswith("a is own already: v2 (")
    shown = bare("show", "a", "--json").json
    assert shown["trust"] == "own"
    assert shown["vouched"]["reason"] == "Read by Uma."
    assert "vouched for: Read by Uma. (" in bare.ok("show", "a")
    rows = [row.strip() for row in bare.ok("log", "a").splitlines()]
    assert "vouched for: Read by Uma." in rows
    assert bare("log", "a", "--json").json["versions"][0]["vouched"] == "Read by Uma."
    assert bare("trust", "a", "--reason", "x", "--json").json["outcome"] == "unchanged"


def test_trust_needs_a_reason_and_the_version_that_was_read(bare: Any) -> None:
    bare.ok("save", "a", "-", given=FOREIGN)
    bare.ok("save", "a", "-", given=FOREIGN.replace("Words", "More words"))
    assert bare("trust", "a").code == 2
    assert bare("trust", "a", "--reason", " ").code == 1
    assert bare("trust", "a", "--reason", "x", "--expect", "v1").code == 4
    assert bare("trust", "b", "--reason", "x").code == 3


def test_what_a_foreign_template_may_not_is_told_by_the_shell(bare: Any) -> None:
    ended = bare("save", "a", "-", given=FOREIGN.replace("Words", "{{ 'x'|pprint }}"))
    assert ended.code == 1
    assert "the filter 'pprint' is not for foreign templates" in ended.err
    bare.ok("save", "a", "-", given=FOREIGN.replace("Words", "{{ 'x' * 99999999 }}"))
    ended = bare("render", "a")
    assert ended.code == 1
    assert "24 MiB" in ended.err
