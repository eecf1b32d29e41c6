"""`promptlib site`: what is written, what is refused, and what people and programs are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.cli import app as shell
from promptlib.cli.site import rows
from promptlib.site import Report

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_store_is_written_and_told(triage: Any, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    told = triage.ok("site", str(out), "--title", "Ours <b>").splitlines()
    assert told[0].startswith("1 prompt, 3 versions: 3 files, ")
    assert told[1] == f"Open {out / 'index.html'} in a browser"
    assert "<title>Ours &lt;b&gt;</title>" in (out / "index.html").read_text("utf-8")
    document = triage("site", str(out), "--json", "--label", "production").json
    assert (document["kind"], document["prompts"], document["versions"]) == ("site", 1, 1)
    assert document["out"] == str(out)
    assert (document["unreadable"], document["searched"]) == ([], 0)
    assert triage("site", str(out), "--json", "--limit-versions", "0").json["versions"] == 0
    assert triage("site", str(out), "--json", "--at", "main").json["at"]["commit"]


def test_what_is_refused_says_what_to_do(triage: Any, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    ended = triage("site", str(out))
    assert ended.code == 4
    assert "holds thesis.tex, which is no part of an earlier site" in ended.err
    assert "name a new folder" in ended.err
    assert (out / "thesis.tex").read_text() == "mine"
    ended = triage("site", str(tmp_path / "none"), "--only", "sales/")
    assert ended.code == 3
    assert "no prompt here below 'sales/'" in ended.err
    assert triage("site", str(tmp_path / "none"), "--label", "beta").code == 3
    assert triage("site", str(tmp_path / "none"), "--limit-versions", "-1").code == 2
    ended = triage("site", str(tmp_path / "none"), "--only", "shared:")
    assert ended.code == 2
    assert "another store" in ended.err
    assert not (tmp_path / "none").exists()


def test_the_report_tells_what_is_missing(tmp_path: Path) -> None:
    report = Report(
        out=tmp_path,
        prompts=2,
        versions=1,
        files=4,
        size=2_500_000,
        unreadable=(("bad", "no prompt\x1b"),),
        searched=1_200,
        secrets=(("a@v1#12345678", "a key of somebody"),),
    )
    told = ["".join(text for text, _ in row) for row in rows(report)]
    assert told == [
        "2 prompts, 1 version: 4 files, 2.5 MB",
        "no page of bad: no prompt\x1b",
        "now public in a@v1#12345678: a key of somebody",
        "the search knows the first 1,200 characters of each text",
        f"Open {tmp_path / 'index.html'} in a browser",
    ]


def test_a_terminal_shows_how_far_it_is(triage: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptlib.cli.site.on_terminal", lambda *_: True)
    assert "1 prompt, 3 versions" in triage.ok("site", str(tmp_path / "pages"))
    assert "site" in shell.VERBS
