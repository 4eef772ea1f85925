"""The registered kinds of asset (domain.md N2). A client's own word for a thing is the asset's free-text `type`."""

from enum import StrEnum
from typing import Self

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_line

TYPE_LONGEST = 128


class Kind(StrEnum):
    """What an asset is to the registry. One name may be held by assets of several kinds in one namespace."""

    MODEL = "model"
    DATASET = "dataset"
    PROMPT = "prompt"
    PIPELINE = "pipeline"
    COMPONENT = "component"
    RUNTIME = "runtime"
    CODE = "code"
    SPACE = "space"
    SCORER = "scorer"
    CARD = "card"
    INDEX = "index"
    AGENT = "agent"
    MEMORY = "memory"
    REPORT = "report"
    BUNDLE = "bundle"
    OTHER = "other"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The kind of that name, lower case.

        :raises Invalid: not a registered kind; `details["kinds"]` lists them.
        """
        try:
            return cls(text)
        except ValueError:
            raise Invalid(f"{text[:64]!r} is not a kind of asset.", kinds=[kind.value for kind in cls]) from None


def clean_type(text: str) -> str:
    """The foreign client's own word for an asset: one line in NFC, 1 to 128 characters.

    :raises Invalid: control or invisible characters, outer whitespace, empty or too long.
    """
    return clean_line(text, what="type", longest=TYPE_LONGEST, error=Invalid)
