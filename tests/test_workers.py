"""Prompts in worker processes: small to send, compiled once where they arrive; and values that nobody reads."""

from __future__ import annotations

import ctypes
import json
import pickle
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Image, Prompt, Thread, placeholder, system, user
from promptlib.plain import canonical
from promptlib.trust import TRUSTS, Trust

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

# --- pickles ----------------------------------------------------------------------------------------------------------


class Question(BaseModel):
    text: str
    tone: str = "plain"
    examples: list[str] = []
    history: Thread = ()


PROMPT = Prompt.define(
    Question,
    system("{% for each in examples %}{{ each }}{% endfor %} Answer in a {{ tone }} voice. " + "Be brief. " * 200),
    placeholder("history"),
    user("{{ text }}"),
)
#: What a pickle says besides the content: names of classes and fields.
HEAD = 700


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_pickle_is_the_content_and_little_more(trust: Trust) -> None:
    prompt = Prompt.define(Question, *PROMPT.messages, trust=trust)
    fresh = len(pickle.dumps(prompt))
    assert fresh <= len(canonical(prompt.content())) + HEAD
    prompt.render(text="a").to_openai()
    assert prompt.digest
    assert prompt.model is Question
    assert len(pickle.dumps(prompt)) == fresh
    names = pickle.dumps(prompt).decode("latin-1")
    assert "jinja2" not in names
    assert "promptlib.rendering" not in names


def test_a_prompt_of_a_stored_declaration_carries_no_model() -> None:
    stored: Prompt[BaseModel] = Prompt(messages=PROMPT.messages, inputs=PROMPT.inputs)
    before = pickle.dumps(stored)
    assert stored.model.__name__ == "Inputs"
    assert stored.render(text="a").messages
    assert pickle.dumps(stored) == before
    assert b"pydantic" not in before


WORKERS = """\
import json
import multiprocessing
import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor

from pydantic import BaseModel
from promptlib import Prompt, system, user
from promptlib.rendering import template, units


class Ticket(BaseModel):
    text: str
    tags: list[str] = []


compiled = []


def watched(module, name):
    original = getattr(module, name)

    def call(*args):
        compiled.append(name)
        return original(*args)

    setattr(module, name, call)


watched(template, "_compiled")
watched(units.Unit, "_compile")


def work(task):
    prompt, text = pickle.loads(task)
    return os.getpid(), prompt.render(text=text).text, compiled[:]


if __name__ == "__main__":
    prompts = [
        Prompt.define(Ticket, user("{{ text | upper }}{{ tags | join }}"), trust=trust) for trust in ("own", "foreign")
    ]
    tasks = [pickle.dumps((prompt, f"ticket {at}")) for at in range(20) for prompt in prompts]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(json.dumps(list(pool.map(work, tasks))))
        rows = [{"text": "a"}, {"text": "b"}]
        print(json.dumps([rendered.text for rendered in pool.map(prompts[0].render, rows)]))
"""


def test_a_spawned_worker_compiles_a_content_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WORKERS)
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    told, rendered = map(json.loads, run.stdout.splitlines())
    assert [text for _, text, _ in told] == [f"TICKET {at}" for at in range(20) for _ in TRUSTS]
    last = {process: compiled for process, _, compiled in told}
    assert 1 <= len(last) <= 2
    for compiled in last.values():
        # Once parsed and once turned into code for each trust, however many copies have come.
        assert max(map(compiled.count, ("_compiled", "_compile"))) <= len(TRUSTS)
    assert rendered == ["A", "B"]


# --- values that nobody reads -----------------------------------------------------------------------------------------


class Document(BaseModel):
    document: str
    question: str


SOURCES = {
    "join": "Read:\n{{ document }}\nNow {{ question }}",
    "general": "Read:\n{{ document }}\n{% if question %}Now {{ question }}{% endif %}",
}
MEGABYTES = 50


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize("character", ["x", "\u4e16"], ids=["ascii", "wide"])
def test_a_large_value_is_copied_by_the_join_and_by_nothing_else(source: str, character: str) -> None:
    prompt = Prompt.define(Document, user(source))
    prompt.render(document="warm", question="?")
    inputs = Document(document=character * (MEGABYTES * 1_000_000 // len(character.encode("utf-16-le"))), question="?")
    tracemalloc.start()
    try:
        rendered = prompt.render(inputs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(rendered.text) > len(inputs.document)
    size = sys.getsizeof(rendered.messages[0].text)
    assert peak <= size + 1_000_000


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython's layout of a text is known here")
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_value_is_never_hashed(source: str) -> None:
    prompt = Prompt.define(Document, user(source))
    document = "".join(map(chr, range(65, 80)))
    hashed = ctypes.c_ssize_t.from_address(id(document) + 3 * ctypes.sizeof(ctypes.c_ssize_t))
    assert hashed.value == -1
    for _ in range(2):
        prompt.render(Document(document=document, question="?"))
        prompt.render(document=document, question="?")
    assert hashed.value == -1
    assert hash(document) == hashed.value


def called(prompt: Prompt[Document], inputs: Document) -> list[str]:
    """Return the functions of C that a render calls, in order."""
    names: list[str] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call":
            names.append(getattr(argument, "__name__", ""))

    sys.setprofile(watch)
    try:
        prompt.render(inputs)
    finally:
        sys.setprofile(None)
    return names[:-1]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_nothing_is_done_to_a_value_but_the_join(source: str) -> None:
    prompt = Prompt.define(Document, user(source))
    small, large = Document(document="x", question="?"), Document(document="x" * 1_000_000, question="?")
    called(prompt, small)
    names = called(prompt, large)
    assert names == called(prompt, small)
    assert "join" in names
    looking = {"count", "encode", "find", "finditer", "hash", "isascii", "match", "search", "sub", "translate"}
    assert looking & {*names} == set()


def test_a_picture_is_passed_on_as_it_is() -> None:
    class Picture(BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        picture: Image

    image = Image("data:image/png;base64," + "A" * 1_000_000)
    rendered = Prompt.define(Picture, user("{{ picture }}")).render(picture=image)
    assert rendered.messages[0].parts == (image,)
    assert rendered.messages[0].parts[0] is image
