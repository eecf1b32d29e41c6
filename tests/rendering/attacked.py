"""A process that is attacked: reads trust and templates, renders each, and tells what it took.

Started by `test_rendering_attacks` with limits on its memory and time; one line of JSON for each template.
"""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from promptlib.errors import PromptLibError
from promptlib.messages import user
from promptlib.rendering import compile_pieces

MOST_MEMORY = 2 << 30
MOST_SECONDS = 120
STATUS = Path("/proc/self/status")
DOCUMENT = "a few words of a long document-like text. " * 25_000


def values() -> dict[str, Any]:
    """Return what the attacked templates are given."""
    return {
        "x": "ab",
        "doc": DOCUMENT[:1_000_000],
        "rows": [{"k": f"key {n % 977}", "n": n, "list": [n, n]} for n in range(10_000)],
        "data": {"a": "b"},
        "items": ["b", "a"],
    }


def peak() -> int:
    """Return the most memory that this process has held since `forget`, in bytes."""
    if STATUS.exists():
        return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget() -> int:
    """Begin to count anew, where the system can; return what is held now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def outcome(template: str, trust: Any, given: dict[str, Any]) -> tuple[str, str]:
    """Return how the template ended: `rejected`, `failed` (both typed), `rendered` or `raw`, and its words.

    One that states segments is rendered with their places: what these take is what may not become too much.
    """
    try:
        made = compile_pieces((user(template),), trust=trust)
        messages = made.render_marked(given, {})[0] if "{% segment" in template else made.render(given)
    except PromptLibError as error:
        kind = type(error).__name__
        return kind, f"{getattr(error, 'rule', '')}: {str(error)[:300]}"
    except BaseException as error:  # noqa: BLE001 - what is not typed is what the test is about
        return "raw", f"{type(error).__name__}: {error}"[:300]
    return "rendered", messages[0].text[:2000]


def main() -> None:
    """Render what stdin holds."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    job = json.load(sys.stdin)
    given = values()
    before = json.dumps(given)
    outcome("{{ x|upper }}{% for i in items %}{{ loop.index }}{% endfor %}", job["trust"], given)
    outcome("{{ x|tojson }}{{ x|wordwrap }}{{ nope.a }}{{ x|urlencode|striptags }}", job["trust"], given)
    gc.collect()
    gc.freeze()  # what is given need not be looked through after each attack
    for template in job["templates"]:
        gc.collect()
        held, began = forget(), time.process_time()
        kind, words = outcome(template, job["trust"], given)
        seconds, memory = time.process_time() - began, peak() - held
        sys.stdout.write(json.dumps({"kind": kind, "words": words, "seconds": seconds, "memory": memory}) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"unchanged": json.dumps(given) == before}) + "\n")


if __name__ == "__main__":
    main()
