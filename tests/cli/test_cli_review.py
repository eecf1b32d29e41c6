"""`promptlib review`."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

TEXT = "---\n---\nsystem:\n{}\n"


@pytest.fixture
def feature(application: Any) -> Any:
    """Return a shell in an application whose branch `feature` has changed two prompts and moved a label."""
    application.write("prompts/a.prompty", TEXT.format("One."))
    application.ok("save", "a", "-m", "One")
    application.write("prompts/b.prompty", TEXT.format("Two."))
    application.ok("save", "b", "-m", "Two")
    for words in (["branch", "-M", "main"], ["switch", "-q", "-c", "feature"]):
        subprocess.run(["git", *words], cwd=application.folder, check=True, capture_output=True)
    application.write("prompts/a.prompty", TEXT.format("One more."))
    application.ok("save", "a", "-m", "One more")
    application.ok("label", "a", "production", "v2")
    return application


def test_it_prints_markdown(feature: Any) -> None:
    out = feature.ok("review", "main...feature")
    assert out.startswith("<!-- promptlib review -->\n## Prompts\n\n**1 changed**, none breaking, 1 label moved")
    assert "+ One{+ more+}." in out
    assert feature.ok("review", "main...HEAD") == out


def test_into_a_file_and_within_a_limit(feature: Any) -> None:
    assert feature.ok("review", "main...HEAD", "-o", "review.md") == ""
    assert (feature.folder / "review.md").read_text("utf-8") == feature.ok("review", "main...HEAD")
    assert len(feature.ok("review", "main...HEAD", "--limit", "600")) <= 600


def test_exit_codes(feature: Any) -> None:
    assert feature("review", "main...HEAD", "--exit-code").code == 1
    assert feature("review", "main..main", "--exit-code").code == 0
    assert feature("review", "main...HEAD", "--fail-on", "breaking").code == 0
    feature.ok("delete", "b")
    ended = feature("review", "main...HEAD", "--fail-on", "breaking")
    assert ended.code == 1
    assert "- `b`: the name is gone: a load of it fails" in ended.out
    assert feature("review", "main...HEAD").code == 0


def test_json(feature: Any) -> None:
    document = feature("review", "main...HEAD", "--json").json
    assert (document["kind"], document["any"], document["breaking"]) == ("review", True, False)
    assert [each["name"] for each in document["prompts"]] == ["a"]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("review", "main"), 2, "names no two commits"),
        (("review", "main...nowhere"), 3, "'nowhere' is no commit, branch or tag here"),
        (("review", "main...HEAD", "--fail-on", "rain"), 2, "rain"),
        (("review", "main...HEAD", "--json", "-o", "x"), 2, "--json prints on stdout"),
    ],
)
def test_what_cannot_be(feature: Any, words: tuple[str, ...], code: int, text: str) -> None:
    ended = feature(*words)
    assert ended.code == code
    assert text in ended.err
