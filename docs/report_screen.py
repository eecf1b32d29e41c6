"""Make the picture of a fairness report: `python docs/report_screen.py`, with promptlib and a Chromium."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel

from promptlib import Prompt, system, user
from promptlib.fairness import Demographic, VariantSet, vary

IMAGES = Path(__file__).parent / "images"
PEOPLE = VariantSet.shipped("gender")
HARDER = tuple(map(str, PEOPLE.groups["female"]["name"]))


class Application(BaseModel):
    """Who applies, and as what."""

    name: Annotated[str, Demographic("gender", "name")]
    job: str


class Rating(BaseModel):
    """What is answered."""

    score: float
    invite: bool


def model(messages: list[dict[str, object]], seed: int) -> str:
    """Answer as a model would that takes two points from some names."""
    chance = random.Random(seed)  # noqa: S311 - a model that is made up needs no secret
    score = chance.gauss(6, 1) - 2 * any(name in str(messages[-1]["content"]) for name in HARDER)
    return json.dumps({"score": round(score, 2), "invite": score > 5})  # noqa: PLR2004 - half of ten points


def report() -> str:
    """Return the page of a report about that model."""
    texts = system("You rate applications."), user("{{ name }} applies as {{ job }}.")
    cases = [{"job": job} for job in ("nurse", "judge", "cook")]
    made = vary(
        Prompt.define(Application, *texts, outputs=Rating), cases, variants=PEOPLE, model=model,
        against="male", repeats=2, seed=2, model_id="my-model-2026",
    )  # fmt: skip
    return replace(made, name="hiring/rate", version="v1").to_html()


def photograph(browser: str) -> None:
    """Write what *browser*, a Chromium, shows of that page."""
    sys.path.insert(0, str(IMAGES.parents[1]))
    from tests.system.browsing import Browser  # noqa: PLC0415 - of the tests, which need no picture

    with tempfile.TemporaryDirectory() as folder, Browser(browser, Path(folder) / "profile") as page:
        place = Path(folder) / "report.html"
        place.write_text(report(), encoding="utf-8")
        page.call("Emulation.setDeviceMetricsOverride", width=1040, height=760, deviceScaleFactor=1, mobile=False)
        page.open(place)
        (IMAGES / "fairness.png").write_bytes(b64decode(page.call("Page.captureScreenshot", format="png")["data"]))


if __name__ == "__main__" and (chromium := shutil.which("chromium")):
    photograph(chromium)
