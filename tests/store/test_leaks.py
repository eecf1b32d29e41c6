"""Keys and tokens are refused before anything of them is written, and no error repeats them."""

from __future__ import annotations

import base64
import json
import pickle
import re
import subprocess
from random import Random
from string import ascii_letters, ascii_uppercase, digits
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, PromptLibError, Store, codec, user
from promptlib._git import Author
from promptlib.errors import SaveRefused, StoreError
from promptlib.store import replaying
from promptlib.store.leaks import PIECE, SHAPES, leaks
from promptlib.store.replaying import Replayed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store.conftest import Question

    Make = Callable[..., Prompt[Question]]
    Run = Callable[..., str]

WORD = ascii_letters + digits
URL_SAFE = WORD + "-_"
HEX = "0123456789abcdef"


def some(random: Random, count: int, letters: str = WORD) -> str:
    return "".join(random.choices(letters, k=count))


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


#: What each maker hands out; put together here, so that no scanner of repositories finds a key in this file.
MAKERS: dict[str, Callable[[Random], str]] = {
    "AWS access key id": lambda r: "AK" + "IA" + some(r, 16, ascii_uppercase + "234567"),
    "AWS temporary key id": lambda r: "AS" + "IA" + some(r, 16, ascii_uppercase + "234567"),
    "AWS secret access key": lambda r: "aws_secret_" + "access_key = " + some(r, 40, WORD + "+/"),
    "GitHub personal": lambda r: "gh" + "p_" + some(r, 36),
    "GitHub server": lambda r: "gh" + "s_" + some(r, 36),
    "GitHub oauth": lambda r: "gh" + "o_" + some(r, 36),
    "GitHub fine-grained": lambda r: "github" + "_pat_" + some(r, 22) + "_" + some(r, 59),
    "GitLab": lambda r: "gl" + "pat-" + some(r, 20, URL_SAFE),
    "Slack bot": lambda r: f"xo{'xb'}-{some(r, 12, digits)}-{some(r, 12, digits)}-{some(r, 24)}",
    "Slack app": lambda r: f"xap{'p-1'}-A{some(r, 10, ascii_uppercase)}-{some(r, 13, digits)}-{some(r, 64, HEX)}",
    "Slack webhook": lambda r: f"https://hooks.slack{'.com'}/services/T{some(r, 8)}/B{some(r, 10)}/{some(r, 24)}",
    "OpenAI, old": lambda r: "s" + "k-" + some(r, 20) + "T3BlbkFJ" + some(r, 20),
    "OpenAI, project": lambda r: "s" + "k-proj-" + some(r, 74, URL_SAFE) + "T3BlbkFJ" + some(r, 74, URL_SAFE),
    "OpenRouter": lambda r: "s" + "k-or-v1-" + some(r, 64, HEX),
    "Anthropic": lambda r: "s" + "k-ant-api03-" + some(r, 93, URL_SAFE) + "AA",
    "Google": lambda r: "AI" + "za" + some(r, 35, URL_SAFE),
    "Stripe": lambda r: "s" + "k_live_" + some(r, 24),
    "Stripe, restricted": lambda r: "r" + "k_live_" + some(r, 99),
    "Hugging Face": lambda r: "h" + "f_" + some(r, 34, ascii_letters),
    "npm": lambda r: "np" + "m_" + some(r, 36),
    "PyPI": lambda r: "pypi" + "-AgEI" + some(r, 160, URL_SAFE),
    "SendGrid": lambda r: "S" + "G." + some(r, 22, URL_SAFE) + "." + some(r, 43, URL_SAFE),
    "Twilio": lambda r: "S" + "K" + some(r, 32, HEX),
    "JWT": lambda r: ".".join([encoded({"alg": "HS256"}), encoded({"sub": some(r, 12)}), some(r, 43, URL_SAFE)]),
    "URL": lambda r: f"postgres://app:{some(r, 12)}1a@db.internal:5432/orders",
    "private key": lambda r: "\n".join([f"-----BEGIN RSA PRIV{'ATE'} KEY-----", some(r, 64, WORD + "+/"), some(r, 64)]),
    "private key on a line": lambda r: f"-----BEGIN PRIV{'ATE'} KEY-----\\n{some(r, 64)}\\n{some(r, 64)} {some(r, 8)}",
}

PLACEHOLDERS = """
sk-... sk-your-api-key-here sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-<your key> YOUR_API_KEY
ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ghp_123456789012345678901234567890123456 ghp_... GITHUB_TOKEN
ghp_yourTokenHereyourTokenHereyourTokenHe github_pat_<token> {{ github_token }} ghp_{{ token }}
AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY {{ api_key }} ${OPENAI_API_KEY} <API_KEY>
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx xoxb-your-token-here xoxb-not-a-real-token-this-is-a-test
SK00000000000000000000000000000000 https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX
postgres://user:password@localhost/db https://user:pass@host/ postgres://postgres:postgres@db:5432/app
https://name:Tr0ub4dor@example.com/path mysql://root:My5ecret1@localhost redis://:{{ password }}@cache:6379
https://user:${PASSWORD}@host/ https://foo.com:123,foo:bar@bar.com/path http://host:8080/user@name
eyJhbGciOiJIUzI1NiJ9.<payload>.<signature> git@github.com:a/b.git task-aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0bC2dE4
sk_test_... rk_live_... pk_live_51H8aB2eZvKYlo2C SG.xxxxxxxxxxxxxxxxxxxxxx.yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
risk-assessment disk-usage ask-me-anything-about-the-history-of-the-roman-empire sha256:9f86d081884c7d659a2feaa0c55ad015
-----BEGIN PRIVATE KEY-----
...
-----END PRIVATE KEY-----
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlRuRnThUjU8prwYxbty
-----BEGIN RSA PRIVATE KEY-----
(the key)
-----END RSA PRIVATE KEY----- MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlRuRnThUjU8prwYxbty
"""


def secret(kind: str = "GitHub personal", seed: int = 7) -> str:
    return MAKERS[kind](Random(seed))


def holds_none_of(text: str, hidden: str) -> bool:
    """Whether no eight characters of what is random in *hidden* stand in *text*."""
    parts = [part for part in re.split(r"[^A-Za-z0-9+/]+", hidden) if len(part) >= 20]
    return not any(part[at : at + 8] in text for part in parts for at in range(len(part) - 7))


# --- what is one, and what is none ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKERS)
def test_a_key_is_found_wherever_it_stands(kind: str) -> None:
    random = Random(kind)
    found = 0
    for _ in range(200):
        made = MAKERS[kind](random)
        found += all(
            leaks(text)
            for text in (
                made,
                f"key={made}",
                f'first\n\t"{made}", and',
                f"x: '{made}'\n",
                f'd: "one\\n{made}"',
                f"({made})",
            )
        )
    assert found >= 199, "of 200; a random one may look like a word"


def test_every_shape_is_tried() -> None:
    told = {leak.kind for kind in MAKERS for leak in leaks(secret(kind))}
    assert told == {shape.kind for shape in SHAPES}


@pytest.mark.parametrize("line", PLACEHOLDERS.strip().split("\n"))
def test_a_placeholder_passes(line: str) -> None:
    assert leaks(line) == []


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (encoded({"alg": "HS256", "typ": "JWT"}), encoded({"sub": "1234567890", "name": "John Doe"})),
        (encoded({"nothing": "to see"}), encoded({"a": "b", "c": "d"})),
        (encoded({"alg": 5, "kid": "five"}), encoded({"a": "b", "c": "d"})),
        ("eyJ" + "W" * 20, encoded({"a": "b", "c": "d"})),
        ("eyJhbGciOiJIUzI1NiIsI", encoded({"a": "b", "c": "d"})),
    ],
    ids=["specimen", "no algorithm", "a number", "no text", "cut off"],
)
def test_three_parts_that_are_no_token(header: str, payload: str) -> None:
    assert leaks(f"{header}.{payload}.{some(Random(1), 43, URL_SAFE)}") == []


def test_placeholders_pass_together() -> None:
    assert leaks(PLACEHOLDERS) == []


def test_no_prompt_of_the_real_libraries_is_refused(corpus: Path) -> None:
    texts = [path.read_text(errors="replace") for ending in ("md", "csv") for path in corpus.rglob(f"*.{ending}")]
    for path in corpus.rglob("history.jsonl"):
        texts += [json.loads(line).get("text") or "" for line in path.read_text(encoding="utf-8").strip().split("\n")]
    assert len(texts) > 1500
    assert [leak for text in texts for leak in leaks(text)] == []


def test_the_line_is_shown_without_what_looks_like_a_secret() -> None:
    made, other = secret("AWS access key id"), some(Random(3), 40)
    (leak,) = leaks(f"one\n\tid: {made} and {other}, which is 16 long\r\n")
    assert leak.shown == f"\tid: {'*' * 20} and {'*' * 40}, which is 16 long"
    assert (leak.line, leak.column, leak.width) == (2, 6, 20)


def test_a_key_of_several_lines_is_shown_without_any_of_them() -> None:
    made = secret("private key")
    first, second, third = leaks(f"{made}\n and {secret()} after {made}")
    assert (first.line, first.column, set(first.shown)) == (1, 1, {"*"})
    assert second.shown == third.shown == f" and {'*' * 40} after {'*' * len(made.splitlines()[0])}"
    assert second.line == third.line == 4


def test_a_line_that_nobody_reads_is_not_shown() -> None:
    (leak,) = leaks("x " * 5000 + secret())
    assert (leak.shown, leak.column) == ("", 10_001)


@pytest.mark.parametrize("mark", sorted({mark for shape in SHAPES for mark in shape.marks}))
def test_a_text_of_beginnings_comes_to_an_end(mark: str) -> None:
    """A key behind it is found. Time that grew with the square of the length would be hours here."""
    size = 400_000
    floods = [(mark + between) * (size // len(mark + between)) for between in ("", "-", "aB3-")]
    for flood in (*floods, mark + "aB3dE5" * (size // 6)):
        assert leaks(f"{flood}\n{secret()}")[-1].line == 2


# --- a project's own expressions --------------------------------------------------------------------------------------


def test_own_expressions_see_every_part_of_a_long_line() -> None:
    own = [re.compile(r"acme-[0-9]{8}"), re.compile(r"\b")]
    for at in (0, PIECE // 2 - 5, PIECE - 5, PIECE, 3 * PIECE - 1):
        (leak,) = leaks("one\n" + "." * at + "acme-12345678" + "." * PIECE + "\nend", own)
        assert (leak.kind, leak.line, leak.column) == ("what expression 1 of refuse_secrets describes", 2, at + 1)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('["acme-("]', "expression 1 is no regular expression: missing ), unterminated subpattern at position 5"),
        ('["ok-[0-9]", "(x)*"]', "expression 2 matches an empty text, so every text"),
        ('["(a+)+b"]', "expression 1 repeats a repetition without end"),
        ('["(a*){2,}b"]', "expression 1 repeats a repetition without end"),
        ('["(?:a{1,}?)*b"]', "expression 1 repeats a repetition without end"),
        ('"acme"', "is neither true, false nor a list of regular expressions"),
        ("[1]", "is neither true, false nor a list of regular expressions"),
        ("7", "is neither true, false nor a list of regular expressions"),
    ],
)
def test_settings_that_cannot_be_understood(application: Path, make: Make, setting: str, words: str) -> None:
    Store.init(application).close()
    (application / "pyproject.toml").write_text(f"[tool.promptlib]\nrefuse_secrets = {setting}\n")
    with Store(application) as store, pytest.raises(StoreError) as caught:
        store.save("a", make("One."))
    assert words in caught.value.what
    assert f"[tool.promptlib] refuse_secrets in {application / 'pyproject.toml'}" in caught.value.what
    assert caught.value.hint
    assert Store(application).names() == ()


def test_a_brace_for_a_group_is_not_a_repetition(application: Path, make: Make) -> None:
    with Store.init(application, refuse_secrets=["(?:[a-z]{1,8}-){3}[0-9]{6}", r"x(\+)+y"]) as store:
        with pytest.raises(SaveRefused, match="expression 1"):
            store.save("a", make("one-two-three-123456"))
        with pytest.raises(SaveRefused, match="expression 2"):
            store.save("a", make("x++y"))


@pytest.mark.parametrize("content", ["tool = 3\n", "[tool]\npromptlib = 3\n", "[project]\nname = 'x'\n"])
def test_a_project_without_settings(application: Path, make: Make, content: str) -> None:
    (application / "pyproject.toml").write_text(content)
    with Store.init(application) as store:
        assert store.save("a", make(secret())).number == 1


# --- who says so ------------------------------------------------------------------------------------------------------


def test_without_a_setting_nothing_is_looked_for(store: Store, make: Make) -> None:
    assert store.save("a", make(secret())).number == 1


@pytest.mark.parametrize(("value", "refused"), [("true", "yes"), ("Yes", "yes"), ("1", "yes"), ("off", ""), ("", "")])
def test_a_bare_store_says_it_in_its_configuration(bare: Store, make: Make, run: Run, value: str, refused: str) -> None:
    run(bare.path, "config", "promptlib.refuseSecrets", value)
    with Store(bare.path) as store:
        if not refused:
            assert store.save("a", make(secret())).number == 1
            return
        with pytest.raises(SaveRefused) as caught:
            store.save("a", make(secret()))
        assert caught.value.hint.endswith(f"git -C {bare.path} config promptlib.refuseSecrets false")
        run(bare.path, "config", "promptlib.refuseSecrets", "false")
    assert Store(bare.path).save("a", make(secret())).number == 1


def test_a_configuration_that_says_neither(bare: Store, make: Make, run: Run) -> None:
    run(bare.path, "config", "promptlib.refuseSecrets", "maybe")
    with Store(bare.path) as store, pytest.raises(StoreError, match="neither true nor false") as caught:
        store.save("a", make("One."))
    assert caught.value.hint == f"git -C {bare.path} config promptlib.refuseSecrets true"


def test_init_writes_it_down(tmp_path: Path, make: Make, run: Run) -> None:
    Store.init(tmp_path / "new.git", bare=True, refuse_secrets=True).close()
    assert run(tmp_path / "new.git", "config", "promptlib.refuseSecrets") == "true\n"
    with pytest.raises(SaveRefused):
        Store(tmp_path / "new.git").save("a", make(secret()))
    with Store.open(tmp_path / "new.git", refuse_secrets=False) as store:
        assert store.save("a", make(secret())).number == 1


def test_a_project_says_it_and_adds_its_own(application: Path, make: Make) -> None:
    (application / "pyproject.toml").write_text("[tool.promptlib]\nrefuse_secrets = ['acme-[0-9a-f]{8}']\n")
    with Store.init(application) as store:
        with pytest.raises(SaveRefused, match="GitHub token") as caught:
            store.save("a", make(secret()))
        assert caught.value.hint.endswith(
            f"refuse_secrets = false in [tool.promptlib] of {application / 'pyproject.toml'}"
        )
        assert str(caught.value.where) == "prompts/a.prompty:7:1"
        with pytest.raises(SaveRefused, match="expression 1 of refuse_secrets") as caught:
            store.save("a", make("the key acme-0123abcd"))
        assert caught.value.where is not None
        assert caught.value.where.text == "the key *************"
    with Store(application, refuse_secrets=False) as store:
        assert store.save("a", make(secret())).number == 1


def test_a_project_says_it_to_those_who_stand_deeper_inside(application: Path, make: Make) -> None:
    (application / "pyproject.toml").write_text("[tool.promptlib]\nrefuse_secrets = true\n")
    Store.init(application).close()
    (application / "prompts/pyproject.toml").write_text("[project]\nname = 'x'\n")
    with Store(application / "prompts") as store:
        with pytest.raises(SaveRefused) as caught:
            store.save("a", make(secret()))
        assert caught.value.hint.endswith(str(application / "pyproject.toml"))
    (application / "prompts/pyproject.toml").write_text("[tool.promptlib]\nrefuse_secrets = false\n")
    with Store(application / "prompts") as store:
        assert store.save("a", make(secret())).number == 1


def test_a_project_around_the_repository_says_nothing(application: Path, make: Make) -> None:
    (application.parent / "pyproject.toml").write_text("[tool.promptlib]\nrefuse_secrets = true\n")
    with Store.init(application) as store:
        assert store.save("a", make(secret())).number == 1


def test_a_caller_insists(application: Path, make: Make) -> None:
    (application / "pyproject.toml").write_text("[tool.promptlib]\nrefuse_secrets = false\n")
    with Store.init(application, refuse_secrets=["acme-[0-9a-f]{8}"]) as store:
        for text in (secret(), "acme-0123abcd"):
            with pytest.raises(SaveRefused) as caught:
                store.save("a", make(text))
            assert caught.value.hint.endswith("open the store with refuse_secrets=False")


# --- nothing is written, nothing is told ------------------------------------------------------------------------------


def everything(folder: Path) -> dict[str, bytes]:
    """Return each file of a repository that a write could change; what the index remembers is no object."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {"promptlib", "index"} & set(path.parts) and path.name != "COMMIT_EDITMSG"
    }


@pytest.fixture(params=["bare", "tree"])
def strict(request: pytest.FixtureRequest, make: Make) -> Store:
    """A store in each home that refuses secrets, where v1 of `old` holds one and v2 does not."""
    store: Store = request.getfixturevalue(request.param)
    with Store(store.path, refuse_secrets=False) as careless:
        careless.save("old", make(secret()))
        careless.save("old", make("Clean."))
    return Store(store.path, refuse_secrets=True)


def file_of(store: Store) -> bytes:
    return store.file("old@latest")


def renamed(store: Store) -> None:
    """Rename a prompt whose newest version holds a key, as an earlier day has left it."""
    with Store(store.path, refuse_secrets=False) as careless:
        careless.save("kept", Prompt.define(user(secret())))
    before = everything(store.path)
    try:
        store.rename("kept", "other")
    finally:
        assert everything(store.path) == before
        with Store(store.path) as careless:
            careless.delete("kept")


def together(store: Store, key: str) -> None:
    with store.transaction("Both") as transaction:
        transaction.save("fine", Prompt.define(user("Fine.")))
        transaction.save("new", Prompt.define(user(key)))


ATTEMPTS: dict[str, Callable[[Store, str], object]] = {
    "in a message": lambda store, key: store.save("new", Prompt.define(user(f"Use {key}."))),
    "in a description": lambda store, key: store.save("new", Prompt.define(user("x"), description=f'one\n{key} \\ "')),
    "in a tag": lambda store, key: store.save("new", Prompt.define(user("x"), tags=[key])),
    "in a comment": lambda store, key: store.save(
        "new", codec.read(file_of(store)), file=file_of(store).replace(b"---\n", f"---\n# {key}\n".encode(), 1)
    ),
    "in a default": lambda store, key: store.save(
        "new", codec.read(f"---\ninputs:\n  a: {{kind: string, default: '{key}'}}\n---\nuser:\n{{{{ a }}}}\n".encode())
    ),
    "in a name": lambda store, _: store.save("gl" + "pat-" + "a1b2c3d4e5f6g7h8i9j0", Prompt.define(user("x"))),
    "in a message of a commit": lambda store, key: store.save("new", Prompt.define(user("x")), message=f"Use {key}"),
    "in a broken message": lambda store, key: store.save(
        "new", Prompt.define(user("x")), message=f"Use {key[:9]}\0{key[9:]}"
    ),
    "in an author": lambda store, key: store.save("new", Prompt.define(user("x")), author=Author(key, "a@b.example")),
    "label": lambda store, _: store.label("old", "production", "v1"),
    "revert": lambda store, _: store.revert("old", "v1"),
    "rename": lambda store, _: renamed(store),
    "late": lambda store, key: store.save("old", store.load("old@v1").evolve(description=key)),
    "late, a file": lambda store, key: store.save(
        "old", codec.read(b"---\n---\nuser:\nx\n"), expect="v1", file=f"---\n# {key}\n---\nuser:\nx\n".encode()
    ),
    "beside others": together,
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_is_written(strict: Store, attempt: str) -> None:
    key = secret()
    before = everything(strict.path)
    with pytest.raises(SaveRefused, match="nothing was saved") as caught:
        ATTEMPTS[attempt](strict, key)
    if attempt != "rename":
        assert everything(strict.path) == before
    for told in (str(caught.value), repr(caught.value), pickle.dumps(caught.value).decode("latin-1")):
        assert holds_none_of(told, key)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - what was dumped right here
    assert str(again) == str(caught.value)
    assert "to save it all the same" in caught.value.hint
    assert strict.names() == ("old",)
    strict.save("old", Prompt.define(user("And on it goes.")))


def test_what_goes_away_is_not_looked_at(strict: Store) -> None:
    with Store(strict.path, refuse_secrets=False) as careless:
        careless.save("kept", Prompt.define(user(secret())))
        careless.label("kept", "production", "v1")
    strict.label("kept", "production", None)
    strict.delete("kept")
    assert strict.names() == ("old",)


def test_an_edited_file_of_an_application(tree: Store, make: Make) -> None:
    tree.save("a", make("One."))
    path = tree.path / "prompts/a.prompty"
    path.write_text(path.read_text().replace("One.", f"Use {secret()}."))
    with Store(tree.path, refuse_secrets=True) as store:
        before = everything(tree.path)
        with pytest.raises(SaveRefused):
            store.save("a", store.load("a"), file=store.file("a"))
        assert everything(tree.path) == before


def test_all_of_one_file_are_told(strict: Store) -> None:
    made = [secret(kind) for kind in MAKERS if kind != "private key on a line"]
    with pytest.raises(SaveRefused) as caught:
        strict.save("new", Prompt.define(user("\n".join(f"{at}: {key}" for at, key in enumerate(made)))))
    assert len(caught.value.others) == 9
    assert all(isinstance(each, SaveRefused) and not each.hint for each in caught.value.others)
    assert all(holds_none_of(str(caught.value), key) for key in made)


# --- imports ----------------------------------------------------------------------------------------------------------


def replayed(number: int, text: str, **words: str) -> Replayed:
    data = codec.write(Prompt.define(user(text)))
    return Replayed(
        {f"n{number}": data}, words.get("message", "One"), words.get("author", "Ada"), "a@b.example", (number, "+0000")
    )


@pytest.mark.parametrize("place", ["text", "message", "author"])
@pytest.mark.parametrize(("at", "kept"), [(1, 0), (3, 0), (4, 3), (8, 6)])
def test_an_import_stops_before_the_part_that_holds_one(
    bare: Store, monkeypatch: pytest.MonkeyPatch, place: str, at: int, kept: int
) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 3)
    key = secret()
    commits = [replayed(number, "Fine.") for number in range(1, 10)]
    commits[at - 1] = replayed(at, key) if place == "text" else replayed(at, "Fine.", **{place: f"by {key}"})
    with Store(bare.path, refuse_secrets=True) as store:
        with pytest.raises(SaveRefused) as caught:
            store.replay(iter(commits))
        words = f"the {kept} commits before its thousand are kept" if kept else "nothing was imported"
        assert caught.value.what.startswith(f"commit {at} of the import: ")
        assert caught.value.what.endswith(f"; {words}")
        assert holds_none_of(str(caught.value), key)
        assert len(store.names()) == kept
    done = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=bare.path, capture_output=True, check=True
    )
    assert key.encode() not in done.stdout
    with Store(bare.path, refuse_secrets=False) as store:
        assert store.replay(iter(commits)) == 9


# --- errors of settings -----------------------------------------------------------------------------------------------


def test_a_text_alone_is_no_list(bare: Store, make: Make) -> None:
    with Store(bare.path, refuse_secrets="acme-[0-9]+") as store, pytest.raises(PromptLibError) as caught:
        store.save("a", make("One."))
    assert caught.value.what == "refuse_secrets is neither true, false nor a list of regular expressions"
