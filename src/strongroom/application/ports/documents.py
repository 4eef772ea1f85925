"""Reading YAML that nobody trusts."""

from typing import Final, Protocol

LARGEST: Final = 1 << 20
"""Bytes of a YAML document that is read."""


class UnreadableDocumentError(Exception):
    """The bytes are no document that is read here; the text says why, for people."""


class LoadYaml(Protocol):
    """Reads one YAML document as plain values: what JSON has, and nothing else."""

    def load(self, data: bytes) -> object:
        """The document. Dates stay texts, and numbers that JSON has no exact form for become texts.

        :raises UnreadableDocumentError: no UTF-8, no YAML, too large or too deep; or it has what is never needed here:
            aliases, tags, a key twice, a second document.
        """
        ...
