"""A real browser without a window, spoken to through a pipe: no driver, no port."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars"),
    "--disable-features=IsolateSandboxedIframes",
)
#: What the browser says of a page that was left while it was asked.
LEFT = ("navigated or closed", "Not attached to an active page", "context was destroyed", "execution context")
#: Keys that do something by themselves, by the numbers that they have.
CODES = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
#: Colours below each other are mixed as they are drawn.
CONTRASTS = """
((selector) => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const over = (top, below) => {
    const share = top.length < 4 ? 1 : top[3];
    return [0, 1, 2].map((at) => top[at] * share + below[at] * (1 - share));
  };
  const paper = (element) => {
    const own = parse(getComputedStyle(element).backgroundColor);
    if (own.length < 4 || own[3] === 1) return own;
    const below = element.parentElement ? paper(element.parentElement) : [255, 255, 255];
    return over(own, below);
  };
  return [...document.querySelectorAll(selector)]
    .filter((element) => element.checkVisibility() && !element.closest(":disabled, .hidden"))
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .map((element) => {
      const below = paper(element), ink = over(parse(getComputedStyle(element).color), below);
      const [one, other] = [light(ink), light(below)];
      const what = `${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}`;
      return [what, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
    });
})(%s)
"""
#: The browser reads what it is told from file 3, and answers on file 4.
BEGIN = """
import os, sys
from fcntl import F_DUPFD, fcntl
told, answers = (fcntl(int(word), F_DUPFD, 10) for word in sys.argv[1:3])
os.dup2(told, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a Chromium; what it complains of, asks and loads is kept in `events`."""

    def __init__(
        self, program: str, profile: Path, *, width: int = 1280, height: int = 760, dark: bool = False
    ) -> None:
        """Start *program* with a profile of its own in *profile*."""
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._session = ""
        self._left = b""
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        words = [program, *OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        words += ["--blink-settings=preferredColorScheme=0"] if dark else []
        self._process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(to_browser), str(from_browser), *words, "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)

    def __enter__(self) -> Self:
        """Open a page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the browser."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **words: Any) -> dict[str, Any]:
        """Return what the browser answers; other things that it tells are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": words}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                answer: dict[str, Any] = told["result"]
                return answer
            self.events.append(told)

    def _next(self) -> dict[str, Any]:
        end = monotonic() + PATIENCE
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._read], [], [], max(0, end - monotonic()))
            assert ready, "the browser says nothing"
            more = os.read(self._read, 1 << 16)
            assert more, "the browser has ended"
            self._left += more
        line, _, self._left = self._left.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return what the browser has told of one kind."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def open(self, path: Path | str) -> None:
        """Open a file or an address, until it is loaded and drawn."""
        self.events.clear()
        self.call("Page.navigate", url=path if isinstance(path, str) else path.as_uri())
        self.loaded()

    def loaded(self) -> None:
        """Wait until the page is loaded and drawn."""
        self.ask("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")
        self.drawn()

    def open_without_scripts(self, path: Path) -> None:
        """Open a file as a browser does that runs no scripts."""
        self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        end = monotonic() + PATIENCE
        while self.ask("document.readyState") != "complete":
            assert monotonic() < end, "the page is never whole"

    def with_scripts(self) -> None:
        """Run scripts again."""
        self.call("Emulation.setScriptExecutionDisabled", value=False)

    def arrived(self, part: str) -> None:
        """Wait until the page's address holds *part*, after something that leads there."""
        end = monotonic() + PATIENCE
        while part not in self._address():
            assert monotonic() < end, f"{part} is not reached"
        self.loaded()

    def _address(self) -> str:
        """Return where the page is; nothing while it is on its way."""
        with suppress(AssertionError):
            history = self.call("Page.getNavigationHistory")
            return str(history["entries"][history["currentIndex"]]["url"])
        return ""

    def narrow(self, width: int, height: int) -> None:
        """Show the page as a telephone of that size does."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        self.drawn()

    def light(self, *, dark: bool) -> None:
        """Say whether the person prefers dark pages."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # Colours that are on their way are neither.
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, still])
        self.drawn()

    def clipboard(self) -> str:
        """Return what was copied last."""
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        text: str = self.ask("navigator.clipboard.readText()")
        return text

    def allow_clipboard(self) -> None:
        """Let pages read the clipboard, as only a test needs to."""
        session, self._session = self._session, ""
        self.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self._session = session
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def type(self, text: str) -> None:
        """Type *text* where the focus is, a letter at a time."""
        for letter in text:
            self.call("Input.insertText", text=letter)
        self.drawn()

    def drawn(self) -> None:
        """Wait for the next picture; of a page that has just been left there is none."""
        try:
            self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        except AssertionError as error:
            if not any(word in str(error) for word in LEFT):
                raise

    def ask(self, expression: str, context: int | None = None) -> Any:
        """Return what *expression* is in the page, or in another frame's context."""
        where = {} if context is None else {"contextId": context}
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, **where)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def contexts(self) -> list[int]:
        """Return the contexts of the page and its frames."""
        return [each["context"]["id"] for each in self.told("Runtime.executionContextCreated")]

    def mouse(self, kind: str, x: float, y: float, **words: Any) -> None:
        """Move, press, release or turn the wheel."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **words)
        self.drawn()

    def click(self, x: float, y: float) -> None:
        """Click."""
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def key(self, key: str, text: str = "") -> None:
        """Press a key."""
        words: dict[str, Any] = {"text": text} if text else {}
        if key in CODES:
            words |= {"code": key, "windowsVirtualKeyCode": CODES[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **words)
        self.call(
            "Input.dispatchKeyEvent", type="keyUp", key=key, **{name: words[name] for name in words if name != "text"}
        )
        self.drawn()

    def contrasts(self, selector: str) -> list[tuple[str, float]]:
        """Return the contrast of every text of *selector* with the paper below it, as WCAG 2 counts it."""
        found: list[tuple[str, float]] = self.ask(CONTRASTS % json.dumps(selector))
        return found
