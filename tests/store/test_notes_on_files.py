"""A check tells what is worth telling about files: what says nothing, and what a merge has left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, user

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT = """---
descripton: A typing error
---
user:
Before.
<<<<<<< ours
Ours.
=======
Theirs.
>>>>>>> theirs
"""


def test_a_key_that_says_nothing_and_a_conflict_that_was_left(tree: Store, run: Callable[..., str]) -> None:
    tree.save("faq", Prompt.define(user("Here.")))
    assert tree.check().notes == ()
    file = Path(tree.path) / "prompts/faq.prompty"
    file.write_text(LEFT)
    run(Path(tree.path), "commit", "-qam", "By hand")
    checked = tree.check()
    assert [str(note) for note in checked.notes] == [
        "prompts/faq.prompty:2:1: unknown key 'descripton': it is kept and says nothing: did you mean 'description'?",
        (
            "prompts/faq.prompty:6:1: a conflict of a merge is left in the text, with its markers: "
            "keep the lines that hold, and take the others and the markers out"
        ),
    ]
    assert checked.ok
    assert checked.warnings == 2
    assert tree.check("other").notes == ()


def test_a_name_that_only_has_a_label_has_no_file_to_tell_of(tree: Store, run: Callable[..., str]) -> None:
    tree.label("faq", "production", tree.save("faq", Prompt.define(user("Here."))))
    (Path(tree.path) / "prompts/faq.prompty").unlink()
    run(Path(tree.path), "commit", "-qam", "Only what is live")
    assert tree.check("faq").notes == ()
