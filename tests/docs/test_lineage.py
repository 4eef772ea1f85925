"""The page about lineage says what the code says."""

from pathlib import Path

from strongroom.domain.lineage.check import FACTS, PRESETS
from strongroom.domain.lineage.flags import FlagCause
from strongroom.domain.lineage.vocabulary import DERIVATION, NODE_KINDS, RULES

PAGE = (Path(__file__).parents[2] / "docs" / "lineage.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    table = PAGE.split(header, 1)[1].split("\n\n", 1)[0].strip().splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_every_type_of_edges_is_described() -> None:
    said = [[f"`{t}`", r.says, ", ".join(sorted(r.sources)), ", ".join(sorted(r.targets))] for t, r in RULES.items()]
    assert rows("| type | says | from | to |\n") == said


def test_every_named_requirement_is_described() -> None:
    assert [row[0].strip("`") for row in rows("| name | asks for |\n")] == list(PRESETS)


def test_words_are_all_there() -> None:
    for word in [*NODE_KINDS, *FlagCause, *FACTS, *DERIVATION]:
        assert f"`{word}`" in PAGE, word
