"""The page of each rule says what the rule does: its bad example fires that rule alone, its good one nothing."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from promptlib import PromptLibError, Store, codec
from promptlib.lint import RULES, Page, Rule, Settings, lint, lint_file, page

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(r'^```prompty(?: title="([^"]+)\.prompty")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
#: A comment of a file in an example: which label its version carries.
LABEL = re.compile(r"^# label: (\w+)$", re.MULTILINE)
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A key of no one, put together here so that no scanner of secrets finds one in the repository.
KEY = "ghp_" + "Zk3vQ9xLr7TmW2bN8yHc5dJf4gPs6aUeR1oK"
#: What a page cannot show, as it writes it.
WRITTEN = {"␍": "\r", "␠": " ", "⟨U+200B⟩": "\u200b", "⟨a key⟩": KEY, "⟨1,200 words⟩": " ".join(["Be kind."] * 400)}
PIN = re.compile(r"⟨(\w+)@(v\d)⟩")


def settings_of(found: Page) -> Settings:
    table = TOML.search(found.text)
    words = tomllib.loads(table[1])["tool"]["promptlib"]["lint"] if table else {}
    return Settings(select=("default", found.rule.id)).with_words(**words)


def fired(found: Page, title: str, folder: Path) -> set[str]:
    """Return the rules that look up from the last file of an example, after all were saved in order."""
    files = [(name or "shop/answer", text) for name, text in BLOCK.findall(found.sections[title] + "\n")]
    assert files, f"{found.rule.id} shows no file under {title}"
    settings = settings_of(found)
    with Store.init(folder / title, bare=True) as store:
        for name, written in files:
            text = written
            for sign, meant in WRITTEN.items():
                text = text.replace(sign, meant)
            text = PIN.sub(lambda match: str(store.version(f"{match[1]}@{match[2]}").pin), text)
            try:
                version = store.save(name, codec.read_stored(text.encode()), file=text.encode())
                if label := LABEL.search(text):
                    store.label(name, label[1], version)
            except PromptLibError:  # what no store takes lies on somebody's disk
                return set(lint_file(text.encode(), source=name, settings=settings).by_rule)
        return set(lint(store, name, settings=settings).by_rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_example_fires_its_rule_alone_and_the_good_one_none(rule: Rule, tmp_path: Path) -> None:
    found = page(rule.id)
    assert fired(found, "Bad", tmp_path) == {rule.id}
    assert fired(found, "Good", tmp_path) == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_has_its_parts_and_says_what_the_rule_is(rule: Rule) -> None:
    found = page(rule.id)
    assert list(found.sections) == ["Why", "Bad", "Good", "Source", "Silence"]
    fix = " `--fix` mends what it can." if rule.fixes else ""
    summary = rule.summary[0].upper() + rule.summary[1:]
    told = f"{'On' if rule.on else 'Off'} by default; {rule.severity}; family `{rule.family}`.{fix}"
    assert found.text.startswith(f"# {rule.id}\n\n{summary}. {told}\n")
    assert rule.id in found.sections["Silence"]
