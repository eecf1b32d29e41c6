"""Names, labels, refs and pins: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import BadRef
from promptlib.refs import Pin, Ref, check_digest, check_label, check_name, missing_name, propose_name

HEX = "0123456789abcdef" * 4
DEVICES = ["con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789")]


def hostile_names() -> list[str]:
    """Return names that some system, shell or reader would take for something else."""
    reserved = [*DEVICES, *(f"{device}.txt" for device in DEVICES[:6]), "support/nul", "aux/triage", "a/com1.b/c"]
    files = [
        "a.prompty",
        "a.label",
        "a.lock",
        "support/a.prompty",
        "x.lock/y",
        "a.label/b",
        ".git",
        "a/.git",
        ".labels",
    ]
    paths = [
        *(
            "/etc/passwd",
            "../up",
            "..",
            ".",
            "a/..",
            "a/../b",
            "a/./b",
            "a//b",
            "/a",
            "a/",
            "/",
            "//host/share",
            "a/..",
        ),
        *("C:/x", "c:x", "\\\\host\\share", "a\\b", "..\\up", "~", "~/x", "~root/x", "file:///x", "http://x/y", "a:b"),
        *("./a", "a/.hidden", ".a", "..a", "a/...", "...", "a.", "a/b.", "a./b", "a..", "%2e%2e/x", "a%2fb", "a/%00"),
    ]
    options = ["-", "--", "-a", "--exec=x", "--upload-pack=x", "a/-b", "-rf", "--", "--help", "-/a", "_a", "_", "a/_b"]
    git = ["HEAD", "@", "@{0}", "a@{1}", "a^", "a^{}", "a~1", "a:b", "refs/heads/A", "a b", "a*", "a?", "a[b]", "a..B"]
    shell = [
        "$(id)",
        "`id`",
        "a;b",
        "a|b",
        "a&b",
        "a>b",
        "a<b",
        "a'b",
        'a"b',
        "a$b",
        "${HOME}",
        "!x",
        "a!b",
        "#a",
        "a#b",
    ]
    case = [
        "A",
        "Support/triage",
        "support/Triage",
        "tRIAGE",
        "É",
        "ß",
        "ſ",
        "K",
        "İ",
        "ı",
        "Ⅷ",
        "ﬁ",
        "README",
        "CON",
        "Nul.txt",
    ]
    twins = [
        *(
            "suррort",
            "triаge",
            "ｔriage",
            "café",
            "cafe\u0301",
            "naïve",
            "a\u00adb",
            "a\u200bb",
            "a\u200db",
            "a\ufeffb",
        ),
        *(
            "\ufeffa",
            "a\u202eb",
            "a\u2066b",
            "１",
            "a\u0660",
            "²",
            "a\u2024b",
            "a\u2215b",
            "a\uff0fb",
            "a\u2044b",
            "日本",
            "🎉",
        ),
        *("a\u2010b", "a\uff0eb", "\u0430", "a\u0338", "\u1d52", "a\u00a0b", "a\u3000b", "a\u2028b", "a\u0085b"),
    ]
    controls = [f"a{chr(code)}b" for code in (*range(0x21), 0x7F, 0x9B)] + ["a\n", "\na", "a\r\n", "a\x00", "\x1b[2J"]
    sizes = ["", " ", "  ", "a" * 65, "a/" + "b" * 65, "/".join(["abc"] * 61), "a" * 100_000, " a", "a ", "a /b", "\t"]
    surrogates = ["\ud800", "a\udfff", "a/\udc80"]
    return reserved + files + paths + options + git + shell + case + twins + controls + sizes + surrogates


class TestNames:
    @pytest.mark.parametrize(
        "name", ["a", "0", "support/triage", "a.b", "a-b_c.d", "a/b/c/d", "x" * 64, "v3", "latest", "console", "con-1"]
    )
    def test_names_of_the_grammar_are_kept(self, name: str) -> None:
        assert check_name(name) == name

    def test_not_one_of_the_hostile_names_is_accepted(self) -> None:
        names = hostile_names()
        accepted, refusals = [], []
        for name in names:
            try:
                accepted.append(check_name(name))
            except BadRef as error:
                refusals.append(error)
        assert accepted == []
        assert all(error.hint and (str(error).isascii() or "…" in str(error)) for error in refusals)
        assert len(set(names)) >= 200

    def test_no_hostile_name_enters_through_a_ref(self) -> None:
        for name in hostile_names():
            for ref in (name + "@v1", f"prompts:/{name}/1", f"{name}#{HEX}"):
                with pytest.raises(BadRef):
                    Ref.parse(ref)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("", "'' is no prompt name: it is empty"),
            ("Support", "the segment 'Support' holds something other than a-z 0-9 . _ - or begins with . _ -"),
            ("a//b", "'a//b' is no prompt name: a segment is empty"),
            ("x" * 65, "is longer than 64 characters"),
            ("/".join(["x" * 60] * 4), "it is longer than 240 characters"),
            ("a.", "the segment 'a.' ends in a dot"),
            ("support/nul", "the segment 'nul' is reserved by an operating system"),
            ("a.prompty", "the segment 'a.prompty' ends like a file of the store"),
        ],
    )
    def test_a_refusal_names_the_broken_rule(self, name: str, text: str) -> None:
        with pytest.raises(BadRef) as caught:
            check_name(name)
        assert text in str(caught.value)

    def test_a_refusal_proposes_a_valid_name_that_is_near(self) -> None:
        with pytest.raises(BadRef) as caught:
            check_name("Support/Angry Customer")
        assert caught.value.hint == "a valid name near it: 'support/angry-customer'"

    def test_what_is_no_text_is_no_name(self) -> None:
        not_text: Any = 5
        with pytest.raises(BadRef, match="it is a int"):
            check_name(not_text)

    def test_no_two_valid_names_are_twins_when_case_is_folded(self) -> None:
        assert all(check_name(name) == name.casefold() for name in ("a", "support/triage-2.b_c"))

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Support/Angry Customer!", "support/angry-customer"),
            ("  ../etc/passwd", "etc/passwd"),
            ("con", "prompt-con"),
            ("a.prompty", "prompt-a-prompty"),
            ("日本", ""),
            ("...", ""),
            ("x" * 70, "x" * 64),
        ],
    )
    def test_proposals(self, text: str, name: str) -> None:
        assert propose_name(text) == name

    @given(st.text())
    def test_a_proposal_is_always_valid(self, text: str) -> None:
        proposal = propose_name(text)
        assert proposal == "" or check_name(proposal) == proposal

    def test_missing_names_show_the_nearest_and_what_there_is(self) -> None:
        assert missing_name("triag", ["triage", "style"]) == "did you mean 'triage'? names here: triage, style"
        assert missing_name("zzz", [f"n{at}" for at in range(9)]).endswith("n7, … (9 in all)")
        assert missing_name("x", ()) == "this store is empty"


class TestLabels:
    @pytest.mark.parametrize("label", ["production", "a", "v", "vx", "canary-2", "a.b_c"])
    def test_labels_of_the_grammar_are_kept(self, label: str) -> None:
        assert check_label(label) == label

    @pytest.mark.parametrize(
        "label", ["", "A", "1", "a.", "-a", "a b", "x.label", "x.lock", "a/b", "a\n", "x" * 65, "é", 5]
    )
    def test_what_is_outside_the_grammar_is_refused(self, label: object) -> None:
        no_label: Any = label
        with pytest.raises(BadRef, match="is no label") as caught:
            check_label(no_label)
        assert "such as production" in caught.value.hint

    @pytest.mark.parametrize("label", ["latest", "edited", "head", "v3", "v0"])
    def test_words_with_a_meaning_of_their_own_are_refused(self, label: str) -> None:
        with pytest.raises(BadRef, match="refs give it a meaning of their own") as caught:
            check_label(label)
        assert "name versions" in caught.value.hint

    @pytest.mark.parametrize("label", ["con", "nul.x", "com1"])
    def test_devices_are_refused(self, label: str) -> None:
        with pytest.raises(BadRef, match="an operating system reserves it") as caught:
            check_label(label)
        assert caught.value.hint == "choose another word"


segments = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6).map("n".__add__)
names = st.lists(segments, min_size=1, max_size=3).map("/".join)
labels = (
    st.text(string.ascii_lowercase + "-_", min_size=1, max_size=8)
    .map("l".__add__)
    .filter(lambda word: word != "latest")
)
prefixes = st.just("") | st.text("0123456789abcdef", min_size=8, max_size=64)
refs = (
    st.builds(Ref, names, label=labels, prefix=prefixes)
    | st.builds(Ref, names, number=st.integers(1, 999_999_999), prefix=prefixes)
    | st.builds(Ref, names, latest=st.booleans(), prefix=prefixes)
)


class TestRefs:
    @given(refs)
    def test_a_ref_reads_back_as_itself(self, ref: Ref) -> None:
        assert Ref.parse(str(ref)) == ref

    @pytest.mark.parametrize(
        ("text", "ref"),
        [
            ("a/b", Ref("a/b")),
            ("a@latest", Ref("a", latest=True)),
            ("a@v12", Ref("a", number=12)),
            ("a@production", Ref("a", label="production")),
            ("a#3f9c2a1b", Ref("a", prefix="3f9c2a1b")),
            (f"a#sha256:{HEX}", Ref("a", prefix=HEX)),
            ("a@v3#3f9c2a1b", Ref("a", number=3, prefix="3f9c2a1b")),
            ("a@latest#3f9c2a1b", Ref("a", latest=True, prefix="3f9c2a1b")),
            ("prompts:/a/b/3", Ref("a/b", number=3)),
            ("prompts:/a@production", Ref("a", label="production")),
        ],
    )
    def test_every_spelling(self, text: str, ref: Ref) -> None:
        assert Ref.parse(text) == ref
        assert Ref.parse(ref) is ref

    @pytest.mark.parametrize(
        ("text", "column", "what"),
        [
            ("a@", 3, "nothing follows the @"),
            ("a#", 3, "a digest prefix is 8 to 64 characters"),
            ("a#3f9c", 3, "a digest prefix is 8 to 64 characters"),
            ("a@v1#XYZ", 6, "a digest prefix is 8 to 64 characters"),
            ("prompts:/a", 10, "after prompts:/ come name/3 or name@label"),
            ("prompts:/a/0", 10, "after prompts:/ come name/3 or name@label"),
            ("prompts:/a@x#3f9c2a1b", 10, "after prompts:/ come name/3 or name@label"),
        ],
    )
    def test_a_bad_ref_shows_the_place_and_all_spellings(self, text: str, column: int, what: str) -> None:
        with pytest.raises(BadRef) as caught:
            Ref.parse(text)
        assert what in caught.value.what
        assert caught.value.where is not None
        assert caught.value.where.column == column
        assert caught.value.hint.startswith("refs: name, name@latest, name@v3")
        assert f"1 | {text}" in str(caught.value)

    @pytest.mark.parametrize(
        "text", ["a@v0", "a@v1000000000", "a@v01", "a@Production", "a@b@c", "a@v3#3f9c2a1b#3f9c2a1b"]
    )
    def test_other_bad_refs(self, text: str) -> None:
        with pytest.raises(BadRef):
            Ref.parse(text)

    def test_what_is_no_text_is_no_ref(self) -> None:
        not_text: Any = None
        with pytest.raises(BadRef, match="a ref is a text, not a NoneType"):
            Ref.parse(not_text)

    @given(st.text())
    def test_any_text_is_a_ref_or_a_bad_ref(self, text: str) -> None:
        try:
            ref = Ref.parse(text)
        except BadRef as error:
            assert error.hint  # noqa: PT017 - a ref is as right an outcome as an error
        else:
            assert Ref.parse(str(ref)) == ref

    def test_another_version_of_the_same_name(self) -> None:
        ref = Ref("a", number=1)
        assert ref.with_version("v2") == Ref("a", number=2)
        assert ref.with_version("production") == Ref("a", label="production")
        assert ref.with_version("latest") == Ref("a", latest=True)
        assert ref.with_version("#3f9c2a1b") == Ref("a", prefix="3f9c2a1b")
        assert ref.with_version(f"sha256:{HEX}") == Ref("a", prefix=HEX)


class TestPins:
    @given(names | st.just(""), st.text("0123456789abcdef", min_size=64, max_size=64))
    def test_a_pin_reads_back_as_itself(self, name: str, digits: str) -> None:
        pin = Pin(name, f"sha256:{digits}")
        assert Pin.parse(str(pin)) == pin

    @pytest.mark.parametrize(
        "text", ["a", "a#", "a#3f9c2a1b", f"a#{HEX.upper()}", f"a#sha256:{HEX}", f"a#{HEX}\n", f"a#{HEX}0"]
    )
    def test_a_pin_needs_the_whole_digest(self, text: str) -> None:
        with pytest.raises(BadRef, match="is no pin") as caught:
            Pin.parse(text)
        assert "a Version's `.pin` gives it" in caught.value.hint

    def test_a_pin_has_a_valid_name_and_is_a_text(self) -> None:
        with pytest.raises(BadRef, match="is no prompt name"):
            Pin.parse(f"A#{HEX}")
        not_text: Any = 5
        with pytest.raises(BadRef, match="a pin is a text, not a int"):
            Pin.parse(not_text)

    @pytest.mark.parametrize("text", ["", HEX, "sha256:", f"sha256:{HEX}x", f"sha256:{HEX}\n", f"SHA256:{HEX}", 5])
    def test_a_digest_is_whole(self, text: object) -> None:
        no_digest: Any = text
        assert check_digest(f"sha256:{HEX}") == f"sha256:{HEX}"
        with pytest.raises(BadRef, match="is no digest") as caught:
            check_digest(no_digest)
        assert caught.value.hint == "a digest is sha256: and 64 characters of 0-9a-f"
