from __future__ import annotations

import pytest

from promptlib.tokens import EncodingCounter


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that are encoded from now on."""
    texts: list[str] = []
    encode = EncodingCounter.encode

    def watched(self: EncodingCounter, text: str, /) -> list[int]:
        texts.append(text)
        return encode(self, text)

    monkeypatch.setattr(EncodingCounter, "encode", watched)
    return texts
