"""A name for a run that was given none: two words that people can say, and a number."""

from typing import Final

# fmt: off
_HOW: Final = (
    "able", "agile", "amber", "ample", "azure", "basic", "bold", "brave", "brief", "bright", "brisk", "broad",
    "calm", "candid", "careful", "clear", "clever", "cosy", "crisp", "curious", "deep", "eager", "early", "easy",
    "exact", "fair", "fast", "fine", "firm", "fond", "free", "fresh", "gentle", "glad", "golden", "good", "grand",
    "green", "handy", "happy", "hardy", "honest", "humble", "ideal", "jolly", "keen", "kind", "large", "lively",
    "loyal", "lucid", "lucky", "merry", "mild", "modest", "neat", "nimble", "noble",
)
_WHAT: Final = (
    "acorn", "anchor", "apple", "arrow", "badger", "barley", "beacon", "beech", "birch", "bison", "bridge", "brook",
    "canyon", "cedar", "cherry", "cliff", "clover", "comet", "copper", "coral", "crane", "creek", "delta", "dune",
    "eagle", "elm", "ember", "falcon", "fern", "field", "finch", "fjord", "forest", "fox", "garnet", "glade",
    "grove", "harbor", "hazel", "heron", "hill", "ibex", "iris", "island", "juniper", "kestrel", "lagoon", "lake",
    "larch", "lark", "lily", "lynx", "maple", "marsh", "meadow",
)
# fmt: on
_NUMBERS: Final = 1_000

BYTES: Final = 4
"""Random bytes that a name is made of."""


def made_up_name(random: bytes) -> str:
    """A name such as ``brisk-heron-417``; not unique. :param random: `BYTES` unpredictable bytes."""
    rest, how = divmod(int.from_bytes(random[:BYTES], "big"), len(_HOW))
    rest, what = divmod(rest, len(_WHAT))
    return f"{_HOW[how]}-{_WHAT[what]}-{rest % _NUMBERS}"
