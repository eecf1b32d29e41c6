"""A store searched by meaning: alone or with words, within the same filters, with what is embedded kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import BadRef, StoreError
from promptlib.semantic import Embedding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from promptlib.query import Hits

#: What is meant, by the words that mean it.
MEANINGS = (("vegetarian", "meat", "greens", "lentil"), ("car", "engine", "motor"), ("love", "marriage"))


class Ticket(BaseModel):
    ticket: str


class Meaning:
    """Knows what a few words mean, and counts the texts that it was asked for."""

    id = "meaning 1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str], /) -> list[list[int]]:
        self.asked += texts
        return [[sum(text.count(word) for word in words) for words in MEANINGS] for text in texts]


def prompt(text: str, description: str = "", tags: tuple[str, ...] = ()) -> Prompt[Ticket]:
    return Prompt.define(Ticket, system(text), user("{{ ticket }}"), description=description, tags=tags)


def names(hits: Hits) -> list[str]:
    return [hit.name for hit in hits]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("cook/lentils", prompt("Boil lentil and greens.", "A dish of greens", tags=("food",)))
        store.save("garage/noise", prompt("Listen to the motor."))
        store.save("garage/old", prompt("Look below the bonnet, where the engine is.", tags=("slow",)))
        store.save("advice/pair", prompt("Talk of marriage."))
        yield store


def test_meaning_alone_finds_what_no_word_of_the_need_stands_in(store: Store) -> None:
    hits = store.search("dinner without meat", ranking="semantic", embedder=Meaning())
    assert names(hits)[0] == "cook/lentils"
    assert store.search("dinner without meat").total == 0
    hit = hits[0]
    assert (hit.field, hit.snippet.text, hit.snippet.marks) == ("meaning", "A dish of greens", ())
    assert (hit.description, hit.tags, hit.kind) == ("A dish of greens", ("food",), "prompt")
    assert hit.version == store.version("cook/lentils")
    assert hit.score == pytest.approx(1.0)
    assert hits.total == 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_what_says_nothing_of_itself_is_shown_by_its_beginning(store: Store) -> None:
    (hit,) = store.search("my car", ranking="semantic", embedder=Meaning(), limit=1)
    assert (hit.name, hit.field) == ("garage/noise", "meaning")
    assert hit.snippet.text.startswith("Listen to the motor.")


def test_both_together_show_words_where_words_were_met(store: Store) -> None:
    hits = store.search("what is below the bonnet of a car", ranking="fused", embedder=Meaning())
    assert names(hits)[:2] == ["garage/old", "garage/noise"]
    assert [hit.field for hit in hits[:2]] == ["body", "meaning"]
    assert [hits[0].snippet.text[start:end] for start, end in hits[0].snippet.marks] == ["below", "bonnet"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_prompt_that_is_called_what_is_asked_comes_first(store: Store) -> None:
    store.save("marriage", prompt("Look at the engine."))
    for ranking in ("semantic", "fused"):
        assert names(store.search(" marriage ", ranking=ranking, embedder=Meaning()))[0] == "marriage"


def test_where_nothing_is_known_of_the_need_its_words_are_searched_for(store: Store) -> None:
    for ranking in ("semantic", "fused"):
        hits = store.search("bonnet", ranking=ranking, embedder=Meaning())
        assert names(hits) == ["garage/old"]
        assert hits[0].field == "body"


def test_misspelled_words_are_respelled_beside_the_meaning(store: Store) -> None:
    hits = store.search("bonnnet car", ranking="fused", embedder=Meaning(), limit=2)
    assert set(names(hits)) == {"garage/old", "garage/noise"}
    assert hits.spelled == (("bonnnet", "bonnet"),)
    assert [hit.field for hit in hits if hit.name == "garage/old"] == ["body"]


@pytest.mark.parametrize("ranking", ["semantic", "fused"])
def test_filters_hold_for_what_is_found_by_meaning(store: Store, ranking: str) -> None:
    store.label("garage/noise", "production", store.version("garage/noise"))
    store.save("garage/noise", prompt("Talk of love."))

    def found(**filters: object) -> list[str]:
        return names(store.search("car", ranking=ranking, embedder=Meaning(), **filters))  # type: ignore[arg-type]  # each is one

    assert found(tags=["slow"]) == ["garage/old"]
    assert found(tags=["none"]) == []
    assert set(found(inputs=["ticket:string"])) == set(store.names())
    assert found(inputs=["ticket:image"]) == []
    assert found(author="nobody at all") == []
    assert found(label="production") == ["garage/noise"]
    (hit,) = store.search("car", ranking="semantic", embedder=Meaning(), label="production")
    assert (hit.version, hit.field) == (store.history("garage/noise")[0], "meaning")
    assert hit.score == pytest.approx(1.0)
    assert len(found(limit=2)) == 2
    assert found(limit=0) == []


def test_only_changed_texts_are_embedded_in_this_process_and_in_the_next(store: Store) -> None:
    meaning = Meaning()
    store.search("car", ranking="fused", embedder=meaning)
    assert len(meaning.asked) == 1 + 4
    store.save("garage/noise", prompt("Listen to the engine."))
    meaning.asked.clear()
    store.search("car", ranking="fused", embedder=meaning)
    assert [text.split("\n")[0] for text in meaning.asked] == ["car", "Listen to the engine."]
    store.rename("garage/noise", "garage/sound")
    later = Meaning()
    with Store(store.path) as again:
        assert names(again.search("car", ranking="semantic", embedder=later, limit=2)) == ["garage/old", "garage/sound"]
    assert len(later.asked) <= 2  # the need, and the renamed file, which says where it came from
    assert (store.path / "promptlib" / "vectors.sqlite").is_file()


def test_an_earlier_time_is_searched_as_it_was(store: Store) -> None:
    before = store.at(store.version("advice/pair"))
    store.save("garage/noise", prompt("Talk of love."))
    assert names(before.search("car", ranking="semantic", embedder=Meaning(), limit=2)) == [
        "garage/noise",
        "garage/old",
    ]
    assert names(store.search("car", ranking="semantic", embedder=Meaning(), limit=1)) == ["garage/old"]


def test_a_folder_without_git_is_searched_by_meaning_too(store: Store, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", store.path, tmp_path / "clone"], check=True, timeout=60)
    shutil.rmtree(tmp_path / "clone" / ".git")
    folder = Store(tmp_path / "clone")
    meaning = Meaning()
    hits = folder.search("dinner without meat", ranking="semantic", embedder=meaning)
    assert (names(hits)[0], hits[0].field, hits[0].version) == ("cook/lentils", "meaning", None)
    assert names(folder.search("bonnet of a car", ranking="fused", embedder=meaning, limit=1)) == ["garage/old"]
    assert len(meaning.asked) == 2 + 4


def test_prompts_of_one_text_are_embedded_once_and_all_found(store: Store) -> None:
    store.save("garage/twin", prompt("Listen to the motor."))
    meaning = Meaning()
    assert set(names(store.search("motor", ranking="semantic", embedder=meaning, limit=3))) == {
        "garage/noise",
        "garage/old",
        "garage/twin",
    }
    assert len(meaning.asked) <= 1 + 5


def test_names_that_are_gone_are_found_by_their_words(store: Store) -> None:
    store.delete("garage/old")
    hits = store.search("the bonnet of a car", ranking="fused", embedder=Meaning(), versions="all")
    assert set(names(hits)) == set(store.names()) | {"garage/old"}
    assert hits.total == 4
    (gone,) = (hit for hit in hits if hit.name == "garage/old")
    assert (gone.field, gone.version) == ("body", store.history("garage/old")[0])


def test_a_text_that_is_lost_is_told(store: Store) -> None:
    store.search("bonnet")
    show = ["git", "-C", str(store.path), "rev-parse", "main:garage/old.prompty"]
    blob = subprocess.run(show, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    (store.path / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(StoreError, match=blob[:8]):
        store.search("car", ranking="semantic", embedder=Meaning())


def test_an_empty_store_has_nothing_to_find(tmp_path: Path) -> None:
    with Store.init(tmp_path / "empty.git", bare=True) as store:
        assert store.search("car", ranking="fused", embedder=Meaning()).total == 0


# --- settings ---------------------------------------------------------------------------------------------------------


def configure(store: Store, key: str, value: str) -> Store:
    subprocess.run(["git", "-C", store.path, "config", f"promptlib.search.{key}", value], check=True, timeout=60)
    return Store(store.path)


def test_the_settings_say_what_is_not_asked_for(store: Store) -> None:
    with configure(store, "ranking", "fused") as again:
        assert names(again.search("dinner without meat", embedder=Meaning()))[0] == "cook/lentils"
        assert names(again.search("a vegetarian meal"))[0] == "cook/lentils"
        assert again.search("dinner without meat", ranking="lexical").total == 0


def test_a_project_says_it_in_its_own_file(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=60)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "lentils.prompty").write_text(
        "---\ndescription: A vegetarian meal\n---\nsystem:\nBoil it.\n"
    )
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True, timeout=60)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", tmp_path, *identity, "commit", "-q", "-m", "Begin"], check=True, timeout=60)
    (tmp_path / "pyproject.toml").write_text('[tool.promptlib.search]\nranking = "semantic"\n')
    with Store(tmp_path) as store:
        assert store.search("dinner without meat")[0].field == "meaning"


def test_an_embedder_alone_means_both_together(store: Store) -> None:
    assert names(store.search("dinner without meat", embedder=Meaning()))[0] == "cook/lentils"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("ranking", "best", "is 'best', none of lexical, semantic, fused"),
        ("embedder", "os:system", "is 'os:system', none of wordllama, minilm"),
        ("rankings", "fused", "is not known"),
    ],
)
def test_settings_that_cannot_be_are_told_and_never_run(store: Store, key: str, value: str, text: str) -> None:
    with configure(store, key, value) as again, pytest.raises(StoreError) as caught:
        again.search("car")
    assert f"promptlib.search.{key} in {store.path / 'config'} {text}" in str(caught.value)
    if key == "rankings":
        assert "did you mean 'ranking'?" in caught.value.hint
    else:
        assert caught.value.hint.startswith(f"git -C {store.path} config promptlib.search.{key} ")


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("search = 1", "[tool.promptlib.search] in {} is no table"),
        (
            'search.embedder = "app.models:embed"',
            "[tool.promptlib.search] embedder in {} is 'app.models:embed', none of",
        ),
    ],
)
def test_a_file_that_came_with_a_clone_names_no_code(tmp_path: Path, told: str, text: str) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "pyproject.toml").write_text(f"[tool.promptlib]\n{told}\n")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).search("car")
    assert text.format(tmp_path / "pyproject.toml") in str(caught.value)


def test_a_ranking_that_is_none_is_told(store: Store) -> None:
    with pytest.raises(BadRef, match=r"ranking='lexica' is none of lexical, semantic, fused\ndid you mean 'lexical'\?"):
        store.search("car", ranking="lexica")  # type: ignore[arg-type]  # on purpose


def test_words_are_found_without_numpy_and_meaning_says_what_is_missing(store: Store) -> None:
    code = f"""
import sys
for name in ("numpy", "safetensors", "tokenizers", "threadpoolctl"):
    sys.modules[name] = None
from promptlib import Store
from promptlib.errors import NotInstalled
with Store({str(store.path)!r}) as store:
    print(*[hit.name for hit in store.search("bonnet")])
    try:
        store.search("bonnet", ranking="fused")
    except NotInstalled as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.splitlines() == [
        "garage/old",
        "search by meaning needs the package numpy, and it is not installed",
        "pip install '.[semantic]' in a checkout of promptlib",
    ]


def test_an_embedder_of_your_own_is_any_function(store: Store) -> None:
    own = Embedding("house 1", Meaning())
    assert names(store.search("dinner without meat", embedder=own))[0] == "cook/lentils"


def test_the_language_of_words_is_a_setting(store: Store) -> None:
    store.save("garage/sounds", prompt("The noises of engines."))
    assert "garage/sounds" in names(store.search("noise"))
    with configure(store, "language", "none") as again:
        assert "garage/sounds" not in names(again.search("noise"))
        assert "garage/sounds" in names(again.search("noises"))
        assert names(again.search("the", ranking="lexical")) != []
    with configure(store, "language", "latin") as again, pytest.raises(StoreError, match="is 'latin', none of english"):
        again.search("noise")


HOSTILE = (
    *(
        '"',
        "'",
        "*",
        "-",
        "NEAR(car, 2)",
        "car AND",
        "name: car",
        "{{ car }}",
        "car\0engine",
        "\0",
        " ",
        "",
        "\ud800 car",
    ),
    *(
        "\u202ecar",
        "日本語",
        "سيارة",
        "🚗" * 50,
        "\x1b[31mcar",
        "car" * 400_000,
        "a " * 500_000,
        "'; DROP TABLE names; --",
    ),
)


@pytest.mark.parametrize("ranking", ["semantic", "fused"])
def test_whatever_is_typed_is_a_need_and_nothing_else(store: Store, ranking: str) -> None:
    for need in HOSTILE:
        for hit in store.search(need, ranking=ranking, embedder="wordllama"):  # type: ignore[arg-type]  # each is one
            assert hit.name in store.names(), need[:40]
            assert hit.score == pytest.approx(hit.score), need[:40]


def test_texts_of_prompts_are_data_for_the_embedder_too(store: Store) -> None:
    for at, text in enumerate(HOSTILE):
        clean = text[:20_000].encode("utf-8", "replace").decode()
        if clean.strip():
            store.save(f"odd/n{at}", Prompt(messages=(user(clean, literal=True),)))
    hits = store.search("an automobile", ranking="semantic", limit=100)
    assert {hit.name for hit in hits} == set(store.names())
