"""What a report says besides its numbers: which inputs were allowed to name a group, and what nobody looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Store
from promptlib.cli.app import app
from promptlib.cli.varying import rows
from promptlib.errors import PairingRefused
from promptlib.fairness import Report, paired, vary
from tests.fairness.models import CASES, NAMES, PROMPT

if TYPE_CHECKING:
    from pathlib import Path

TELLING: list[dict[str, Any]] = [*CASES, {**CASES[0], "job": "midwife, as her mother was"}]
NOTE = "the input 'job' names a group, and was allowed to: 'her', 'mother'"


def report(**options: Any) -> Report:
    found: Report = vary(
        PROMPT, TELLING, variants=NAMES, model=lambda _: '{"score": 5, "invite": true}', permutations=99, **options
    )
    return found


def test_a_report_says_what_was_allowed() -> None:
    with pytest.raises(PairingRefused, match="the input 'job' of cases"):
        report()
    found = report(allow=["job"])
    assert found.notes == (NOTE,)
    assert Report.from_json(found.to_json()) == found
    assert (
        "the input &#x27;job&#x27; names a group" in found.to_html()
        or "the input 'job' names a group" in found.to_html()
    )
    assert any(NOTE in "".join(text for text, _ in row) for row in rows(found))


def test_a_report_of_before_has_none() -> None:
    data = report(allow=["job"]).to_dict()
    del data["notes"]
    assert Report.from_dict(data).notes == ()


def test_a_report_says_what_was_not_looked_for() -> None:
    french = replace(NAMES, language="fr")
    pairing = paired(PROMPT, CASES, french)
    assert len(pairing.notes) == 1
    assert "in the language 'fr': outside of the fields only the set's own values were looked for" in pairing.notes[0]


def test_the_shell_allows_it_too(tmp_path: Path) -> None:
    folder = str(tmp_path / "prompts.git")
    with Store.init(folder, bare=True) as store:
        store.save("rate", PROMPT)
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"job": "midwife, as her mother was"}\n', "utf-8")
    told = ["-C", folder, "vary", "rate", "--set", "gender", "--cases", str(cases), "--dry-run"]
    refused = CliRunner().invoke(app, told)
    assert refused.exit_code != 0
    allowed = CliRunner().invoke(app, [*told, "--allow", "job"])
    assert allowed.exit_code == 0
    assert "midwife, as her mother was" in allowed.stdout
