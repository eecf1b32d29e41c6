"""One content is compiled once, in a bounded cache that threads can share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from promptlib.errors import InvalidPrompt
from promptlib.messages import Message, Piece, Prelude, Text, assistant, placeholder, system, user
from promptlib.rendering import compile_pieces, template
from promptlib.rendering.generating import Program


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "_CACHE", template._Cache())


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """Return the programs that are made from here on."""
    made: list[Program] = []
    original = Program.__init__

    def counting(self: Program, *arguments: object) -> None:
        made.append(self)
        original(self, *arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Program, "__init__", counting)
    return made


def pieces(name: str = "x") -> tuple[Piece, ...]:
    return (system("s"), user(f"{{{{ {name} | upper }}}}"))


def test_equal_content_is_compiled_once_and_only_when_rendered(compiled: list[Program]) -> None:
    first, second = compile_pieces(pieces()), compile_pieces(pieces())
    assert not compiled
    assert first.render({"x": "a"})[1].text == "A"
    assert second.render({"x": "b"})[1].text == "B"
    assert compile_pieces(pieces()).render({"x": "c"})[1].text == "C"
    assert len(compiled) == 1


def test_what_is_compiled_differs_by_role_text_kind_and_literal() -> None:
    variants: list[tuple[Piece, ...]] = [
        (user("{{ a }}"),),
        (system("{{ a }}"),),
        (user("{{ b }}"),),
        (user("{{ a }}", literal=True),),
        (Prelude(""), user("{{ a }}")),
        (placeholder("a"), user("{{ a }}")),
        (placeholder("b"), user("{{ a }}")),
    ]
    for each in variants * 2:
        compile_pieces(each)
    assert len(template._CACHE._units) == len(variants)
    values = {"a": "A", "b": "B"}
    assert compile_pieces(variants[0]).render(values) == (Message("user", (Text("A"),)),)
    assert compile_pieces(variants[1]).render(values) == (Message("system", (Text("A"),)),)
    assert compile_pieces(variants[3]).render(values) == (Message("user", (Text("{{ a }}"),)),)


def test_the_cache_is_bounded_and_forgets_the_longest_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "CACHED", 3)
    for name in ("a", "b", "c", "a", "d"):
        compile_pieces(pieces(name))
    kept = [unit.uses[0].name for unit in template._CACHE._units.values()]
    assert kept == ["c", "a", "d"]


def test_broken_templates_are_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(InvalidPrompt):
            compile_pieces((user("{{ a"),))
    assert not template._CACHE._units


def test_many_threads_render_one_template_alike() -> None:
    chat = (
        Prelude("{% for e in examples %}"),
        user("{{ e }}{{ n | string }}"),
        assistant("{{ loop.index }}{% endfor %}"),
        user("{{ q | upper }}"),
    )
    barrier = Barrier(8)

    def work(n: int) -> bool:
        barrier.wait()
        return all(
            [message.text for message in compile_pieces(chat).render({"examples": ["a", "b"], "n": n, "q": f"q{n}"})]
            == [f"a{n}", "1", f"b{n}", "2", f"Q{n}"]
            for _ in range(50)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_checking_after_rendering_parses_again() -> None:
    made = compile_pieces(pieces())
    made.render({"x": "a"})
    with pytest.raises(InvalidPrompt, match="undeclared variable 'x'"):
        made.check((), ())
