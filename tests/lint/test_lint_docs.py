"""The pages of rules have one source, and the index lists what there is."""

from __future__ import annotations

from pathlib import Path

from promptlib.lint import IDS, RULES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/reference/lint"


def test_the_docs_show_the_pages_of_the_package() -> None:
    shown = {path.stem: path.read_text("utf-8") for path in DOCS.glob("*.md") if path.stem != "index"}
    assert shown == {rule: f'--8<-- "promptlib/lint/pages/{rule}.md"\n' for rule in IDS}


def test_the_index_says_of_each_rule_what_it_is() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    for each in RULES:
        kept = f"{each.family} | {each.severity} | {'on' if each.on else 'off'} | {'yes' if each.fixes else ''} |"
        assert f"| [{each.id}]({each.id}.md) | {kept} {each.summary} |\n" in index


def test_the_changelog_counts_the_rules() -> None:
    on, off = (sum(each.on is which for each in RULES) for which in (True, False))
    words = " ".join((ROOT / "CHANGELOG.md").read_text("utf-8").split())
    assert f"by {on} rules that are on and {off} about wording that are off" in words


def test_every_rule_is_called_by_words_that_can_stand_in_a_silence() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(part.isalpha() and part.islower() for rule in IDS for part in rule.split("-"))
