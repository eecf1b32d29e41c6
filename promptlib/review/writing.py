"""A review as Markdown for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.diff.counts import signed
from promptlib.diff.layout import SHORT
from promptlib.diff.markdown import body_blocks, causes, code, fence, said, token_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.review.findings import LabelReview, PromptReview, Review
    from promptlib.review.tracing import Touched
    from promptlib.version import Version

#: By this a workflow finds the comment that it wrote before.
MARK = "<!-- promptlib review -->"
#: Rows of the table and of what breaks; fewer where even these are too much, within a share of all characters.
MOST_ROWS = 100
FEWER_ROWS = (100, 40, 15, 5, 1)
HEADS_SHARE = 0.7
LONGEST_NOTE = 200
MOST_NODES = 60
MOST_VERSIONS = 20
MOST_IMPACT = 20
_SPOKEN = {
    "derived_from": "derives from",
    "includes": "includes",
    "step": "has as a step",
    "floating_step": "has as a floating step",
}


def as_markdown(review: Review, limit: int | None) -> str:
    """Return *review* in sections, in at most *limit* characters."""
    head = _joined(_head(review, MOST_ROWS))
    if not review:
        return head
    details = [*_labels(review), *_prompts(review)]
    whole = _joined([head.rstrip("\n"), *details, *_picture(review)])
    return whole if limit is None or len(whole) <= limit else _cut(review, details, limit)


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _cut(review: Review, details: list[str], limit: int) -> str:
    """Return as many sections as fit; a fence is never cut, a section stands whole or not at all."""
    heads = (_joined(_head(review, rows)).rstrip("\n") for rows in FEWER_ROWS)
    kept = [next((head for head in heads if len(head) <= limit * HEADS_SHARE), MARK)]
    room = limit - len(kept[0]) - LONGEST_NOTE
    left_out = 0
    for block in details:
        if len(block) + 2 <= room:
            kept.append(block)
            room -= len(block) + 2
        else:
            left_out += 1
    sections = f"{left_out} section{'s' * (left_out != 1)} and the lineage are" if left_out else "the lineage is"
    note = f"_Too long for a comment: {sections} left out._"
    return _joined([*kept, f"{note} To see all of it: `promptlib review` with these commits and `--limit 0`."])


def _head(review: Review, rows: int) -> Iterator[str]:
    yield f"{MARK}\n## Prompts"
    between = f"{code(review.base[:8])}..{code(review.head[:8])}"
    if not review:
        yield f"Nothing about prompts changes in {between}."
    else:
        yield f"{_summary(review)} in {between}."
    for note in review.notes:
        yield f"_{note[:1].upper()}{note[1:]}._"
    if review.prompts:
        yield "\n".join(_table(review, rows))
    if trusted := [each for each in review.prompts if each.newly_trusted]:
        yield "\n".join(_trusted(trusted, rows))
    if review.moved:
        yield "\n".join(_moved(review, rows))
    if review.breaking:
        lines = [f"- {line}" for line in _reasons(review)]
        more = [f"- and {len(lines) - rows} more"] if len(lines) > rows else []
        yield "\n".join(["### Breaking changes", "", *lines[:rows], *more])


def _reasons(review: Review) -> Iterator[str]:
    for each in review.prompts:
        if each.error or each.change == "removed" or each.difference is None:
            yield from (f"{code(each.name)}: {said(reason)}" for reason in each.reasons)
            continue
        if each.old_name:
            yield f"{code(each.old_name)}: the name is gone: a load of it fails"
        yield from (f"{code(each.name)}: {cause}" for cause in causes(each.difference))


def _summary(review: Review) -> str:
    fates = ("changed", "added", "renamed", "removed")
    counts = [(sum(each.change == fate for each in review.prompts), fate) for fate in fates]
    told = [f"{count} {fate}" for count, fate in counts if count]
    prompts = f"**{', '.join(told)}**" if told else "No prompt changed"
    moved = len(review.labels)
    labels = f", {moved} label{'s' * (moved != 1)} moved" if moved else ""
    broken = sum(each.breaking for each in review.prompts)
    breaking = f", **{broken} breaking**" if broken else ", none breaking" if review.prompts else ""
    tokens = f", {signed(review.token_change)} tokens in what changed"
    return prompts + breaking + labels + (tokens if review.token_change else "")


def _table(review: Review, rows: int) -> Iterator[str]:
    """Yield a row for each prompt; names, numbers and labels hold no sign that a table could take for its own."""
    yield "| prompt | change | versions | breaking | tokens | used by |"
    yield "|---|---|---|---|---:|---:|"
    for each in review.prompts[:rows]:
        was = f" (was {code(each.old_name)})" if each.old_name else ""
        tokens = signed(each.difference.tokens.change) if each.difference else ""
        breaking = "**yes**" if each.breaking else "no"
        used = str(len(each.impact)) if each.impact else ""
        yield f"| {code(each.name)}{was} | {each.change} | {_versions(each)} | {breaking} | {tokens} | {used} |"
    if (rest := len(review.prompts) - rows) > 0:
        yield f"\n… and {rest} more"


def _trusted(prompts: list[PromptReview], rows: int) -> Iterator[str]:
    yield "**Trusted from now on.** These were foreign; merged, their templates may do what your own may:"
    yield ""
    for each in prompts[:rows]:
        reason = each.after.vouched if each.after else ""
        yield f"- {code(each.name)}, {f'because: {code(reason)}' if reason else 'and nobody says why'}"
    if (rest := len(prompts) - rows) > 0:
        yield f"- and {rest} more"


def _moved(review: Review, rows: int) -> Iterator[str]:
    yield "**Numbers that are other content here than at the base.** A merge on the forge keeps the base's numbers; a"
    yield "fast-forward would move them, and `promptlib sync` merges so that none moves."
    yield ""
    for each in review.moved[:rows]:
        was, now = (digest.removeprefix("sha256:")[:SHORT] for digest in (each.was, each.now))
        yield f"- {code(f'{each.name}@v{each.number}')} is {code(was)} at the base and {code(now)} here"
    if (rest := len(review.moved) - rows) > 0:
        yield f"- and {rest} more"


def _versions(each: PromptReview) -> str:
    numbers = [_number(version) for version in (each.before, each.after) if version]
    return " → ".join(dict.fromkeys(numbers))


def _number(version: Version) -> str:
    return f"v{version.number}" if version.number is not None else code(version.short)


def _labels(review: Review) -> Iterator[str]:
    for each in review.labels:
        yield _joined(_label_blocks(each)).rstrip("\n")


def _label_blocks(each: LabelReview) -> Iterator[str]:
    target = f"{code(each.label)} of {code(each.name)}"
    numbers = " → ".join(_number(version) for version in (each.before, each.after) if version)
    yield f"### Label {target} {each.change}{f': {numbers}' if numbers else ''}"
    if each.error:
        yield f"What it points at cannot be read: {code(each.error)}"
    if each.difference is None:
        return
    yield "What goes live:" if each.change == "moved" else "What is live from now on:"
    yield from body_blocks(each.difference, each.difference.tokens)


def _prompts(review: Review) -> Iterator[str]:
    live = {(each.name, each.after.digest) for each in review.labels if each.after and each.change == "moved"}
    for each in review.prompts:
        blocks = list(_prompt_blocks(each, told=bool(each.after and (each.name, each.after.digest) in live)))
        if len(blocks) > 1:  # the table tells all that is to say of a prompt that went and that nobody uses
            yield _joined(blocks).rstrip("\n")


def _prompt_blocks(each: PromptReview, *, told: bool) -> Iterator[str]:
    was = f" (was {code(each.old_name)})" if each.old_name else ""
    versions = _versions(each)
    yield f"### {code(each.name)}{was} {each.change}{f': {versions}' if versions else ''}"
    if each.versions:
        yield "\n".join(_messages(each))
    if each.error:
        yield f"It cannot be read: {code(each.error)}"
    if each.difference is not None:
        blocks = body_blocks(each.difference, each.difference.tokens)
        if told:
            yield token_line(each.difference.tokens)
            yield "Its words stand above, where its label moves."
        else:
            yield from blocks
    if each.impact:
        yield "\n".join(_users(each))


def _messages(each: PromptReview) -> Iterator[str]:
    for version in each.versions[-MOST_VERSIONS:]:
        message = next(iter(version.message.strip().splitlines()), "")
        yield f"- {_number(version)} by {code(version.author or '?')}: {code(message or '?')}"
    if (rest := len(each.versions) - MOST_VERSIONS) > 0:
        yield f"- and {rest} before them"


def _users(each: PromptReview) -> Iterator[str]:
    yield "**Used by:**"
    yield ""
    for user in each.impact[:MOST_IMPACT]:
        yield f"- {_user(user)}"
    if (rest := len(each.impact) - MOST_IMPACT) > 0:
        yield f"- and {rest} more"


def _user(user: Touched) -> str:
    labels = f" (label {', '.join(map(code, user.labels))})" if user.labels else ""
    through = f" through {', '.join(map(code, user.through))}" if user.through else ""
    stays = "" if user.bumped or user.kind not in {"includes", "step"} else ": it keeps those words until it is bumped"
    return f"{code(user.ref)}{labels} {_SPOKEN.get(user.kind, user.kind)} {code(user.uses)}{through}{stays}"


# --- the picture ------------------------------------------------------------------------------------------------------


def _picture(review: Review) -> Iterator[str]:
    graph = review.lineage
    if graph is None or len(graph.nodes) > MOST_NODES:
        yield "The lineage is too large for a picture here: see `promptlib graph`."
    elif graph.edges:
        yield "\n".join(["### Lineage", "", fence(graph.mermaid().split("\n"), "mermaid")])
