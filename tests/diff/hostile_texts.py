"""Texts that mean more to a browser or a forge than they say, and prompts that hold them everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib import Prompt, system, user
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Text
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = (
    "<script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    "![x](https://evil.example/x.png) [y](javascript:alert(1))",
    "@octocat @org/team #12 GH-12 deadbeefdeadbeef https://evil.example www.evil.example a@b.example",
    "```\n# heading\n```\n~~~\n- [ ] task",
    "````diff\n+ x\n````` and ``` and `",
    "| a | b |\n|---|---|\n| \\| | c |",
    "--> <!-- -- ]]> &lt;b&gt; &amp; &#60;",
    "a\x1b[31m\u202eb\u2028c\u2066d\x07\r\x00e".replace("\x00", ""),
    "</style><style>*{display:none}</style>",
    "<details><summary>x</summary>$\\mathrm{x}$ $`y`$",
    "${{ secrets.TOKEN }} {% raw %}{{ x }}{% endraw %}",
    "[^1]: note\n\n[x]: https://evil.example\n> quote\n    code\n***",
)


def hostile_prompts(text: str) -> Iterator[tuple[Prompt[Any] | None, Prompt[Any]]]:
    """Yield pairs of prompts that hold *text* in every place where a text may stand."""
    line = text.replace("\n", " ")
    plain = Prompt.define(system("same"), user("x", literal=True), description="d", settings={"k": 1})
    everywhere: Prompt[Any] = Prompt(
        messages=(system("same {{ tone }}{{ more }}"), Message("user", (Text(f"x {text} y"),), literal=True)),
        inputs=(
            Input(name="tone", type=InputType(kind="enum", values=(text, "b")), description=text),
            Input(name="more", type=InputType(kind="string"), required=False, default=text),
        ),
        outputs=(Input(name="out", type=InputType(kind="string", pattern="a|b"), description=text),),
        settings={"k": text, line: 1, "response_format": text},  # type: ignore[arg-type] # it takes a mapping
        tools=({"name": line, "description": text}, {"name": "t", "parameters": {"enum": [text]}}),  # type: ignore[arg-type] # and these
        description=text,
        tags=(line.strip() or "t",),
        authors=(line.strip() or "a",),
        derived_from=Pin("a/b", "sha256:" + "0" * 64),
        trust="foreign",
    )
    other = everywhere.evolve(
        messages=(system("same {{ tone }}"), Message("user", (Text(f"x y {text}\nz"),), literal=True)),
        inputs=(Input(name="tone", type=InputType(kind="enum", values=("b", line + "!"))),),
        outputs=(Input(name="out", type=InputType(kind="string", pattern=f"c{'a' * 3}")),),
        tools=({"name": "t", "parameters": {"enum": [text, line + "?"]}},),
    )
    yield plain, everywhere
    yield everywhere, plain
    yield everywhere, other
    yield None, everywhere
