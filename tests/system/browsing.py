"""A real browser without a window, spoken to through a pipe: no driver, no port."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars"),
    "--disable-features=IsolateSandboxedIframes",
)
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

    def open(self, path: Path) -> None:
        """Open a file, until it is loaded and drawn."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.ask("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")
        self.drawn()

    def drawn(self) -> None:
        """Wait for the next picture."""
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

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
        words = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **words)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.drawn()
