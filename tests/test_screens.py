"""The pictures of a terminal show what the commands print today."""

from __future__ import annotations

import html
import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def text_of(svg: str) -> list[str]:
    """Return the words of the picture; how they are drawn is rich's business."""
    texts = re.findall(r"<text [^>]*>(.*?)</text>", svg)
    return [word for text in texts for word in html.unescape(text).split()]


def test_the_pictures_are_current() -> None:
    pictures = runpy.run_path(str(DOCS / "screens.py"))["pictures"]()
    assert {path.stem for path in (DOCS / "images").glob("*.svg")} == pictures.keys()
    for name, svg in pictures.items():
        kept = (DOCS / "images" / f"{name}.svg").read_text("utf-8")
        assert text_of(svg) == text_of(kept), "make it again: python docs/screens.py"
        assert "url(" not in kept.replace("url(#", ""), "a picture asks no server for anything"
