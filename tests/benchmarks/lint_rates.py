"""How often each rule of lint speaks on real libraries: `PYTHONPATH=tests python -m benchmarks.lint_rates`.

`PROMPTLIB_CORPUS` names their folder. Both are imported as they are, as literal texts. Such texts have no values, so
what rules say of values is asked of the second one once more, as templates: its places to fill, `${name}`, and the
requests in quotation marks at its ends become inputs of any text.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlib import Prompt, PromptLibError, Store, user
from promptlib.formats.git_history import import_git
from promptlib.inputs import Input, InputType
from promptlib.lint import RULES, Report, Settings, lint

if TYPE_CHECKING:
    from collections.abc import Iterator

PATTERNS = {"fabric": "patterns/{name}/system.md", "awesome": "prompts/{name}.md"}
TABLE = "awesome-chatgpt-prompts/prompts-2025-11.csv"
EVERYTHING = Settings(select=("all",))
_PLACE = re.compile(r"\$\{([^}:]*)(?::[^}]*)?\}")
_REQUEST = re.compile(r"""(\bMy first [a-z ]+ is )["'].*["'](\.?)\s*$""", re.DOTALL)


def imported(corpus: Path, which: str, folder: Path) -> Store:
    """Return a bare store in *folder* that holds one of the libraries, its history too."""
    source = folder / f"{which}-source"
    subprocess.run([sys.executable, corpus / "make_git.py", source, which], check=True, capture_output=True)
    store = Store.init(folder / f"{which}.git", bare=True)
    import_git(store, source, match=PATTERNS[which])
    return store


def templates(corpus: Path) -> Iterator[Prompt[Any]]:
    """Yield the texts that have a place to fill, as templates with inputs of any text."""
    with (corpus / TABLE).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = _template(row["act"], row["prompt"])
            if found is not None:
                yield found


def _template(title: str, text: str) -> Prompt[Any] | None:
    names: list[str] = []

    def input_of(found: re.Match[str]) -> str:
        names.append(re.sub(r"\W+", "_", found[1].strip().lower()).strip("_") or "what")
        return f"\x00{names[-1]}\x01"

    filled = _PLACE.sub(input_of, text)
    if _REQUEST.search(filled):
        filled = _REQUEST.sub('\\1"\x00request\x01"\\2', filled)
        names.append("request")
    if not names:
        return None
    written = filled.replace("{", "{{ '{' }}").replace("\x00", "{{ ").replace("\x01", " }}")
    inputs = tuple(Input(name=name, type=InputType(kind="string"), description=name) for name in dict.fromkeys(names))
    try:
        return Prompt(messages=(user(written),), inputs=inputs, description=f"Does what is asked of a {title}")
    except PromptLibError:
        return None


def reports(corpus: Path) -> dict[str, Report]:
    """Return what is found in each library, and in the templates."""
    with tempfile.TemporaryDirectory() as folder:
        found = {which: lint(imported(corpus, which, Path(folder)), settings=EVERYTHING) for which in PATTERNS}
    return found | {"as templates": lint(list(templates(corpus)), settings=EVERYTHING)}


def table(found: dict[str, Report]) -> str:
    """Return the rates as a table: of how many prompts in a hundred a rule has said something."""
    head = [f"{which}, {report.prompts} prompts" for which, report in found.items()]
    rows = [f"| rule | default | {' | '.join(head)} |", f"|---|---|{'---:|' * len(head)}"]
    for rule in RULES:
        rates = [_rate(report, rule.id) for report in found.values()]
        rows.append(f"| [{rule.id}]({rule.id}.md) | {'on' if rule.on else 'off'} | {' | '.join(rates)} |")
    return "\n".join(rows) + "\n"


def _rate(report: Report, rule: str) -> str:
    prompts = len({each.name for each in report.findings if each.rule == rule})
    return f"{prompts / report.prompts:.1%}" if prompts else "0"


if __name__ == "__main__":
    sys.stdout.write(table(reports(Path(os.environ["PROMPTLIB_CORPUS"]))))
