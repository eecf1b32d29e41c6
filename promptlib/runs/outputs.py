"""The digest of what a model answered, so that an answer can be recognised without being kept."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from promptlib.plain import canonical, freeze

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A text, bytes, or plain data such as parsed JSON.
Output: TypeAlias = "str | bytes | Mapping[str, object] | Sequence[object]"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def output_digest(output: Output) -> str:
    """Return `sha256:<hex>` of *output*: of a text's UTF-8 bytes, as `sha256sum` prints it, or of the bytes.

    Plain data has the digest of its canonical JSON. Raises `InvalidPrompt` for what is neither.
    """
    if isinstance(output, str):
        data = output.encode("utf-8", "surrogatepass")
    elif isinstance(output, bytes | bytearray):
        data = bytes(output)
    else:
        data = canonical(freeze(output, what="the output"))
    return f"sha256:{sha256(data).hexdigest()}"


def wanted_digest(output: Output) -> str:
    """Return the digest of *output*, which may be that digest already."""
    return output if isinstance(output, str) and _DIGEST.fullmatch(output) else output_digest(output)
