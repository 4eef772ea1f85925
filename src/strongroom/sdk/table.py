"""The shape of the generated table of operations (`operations`)."""

from typing import NamedTuple


class Field(NamedTuple):
    """One thing that an operation takes.

    :ivar place: path, query or body. :ivar type: str, int, float, bool, time, strs (a list of texts) or json.
    """

    name: str
    place: str
    type: str
    required: bool = False
    help: str = ""


class Op(NamedTuple):
    """One operation of the native API.

    :ivar id: ``noun.verb``. :ivar path: below ``/api/v1``, with its parameters in braces.
    :ivar sends: media type of a body that is not JSON; empty otherwise.
    :ivar answers: none, object, list, page, bytes or text.
    :ivar help: what is said of the parameters and the body.
    :ivar repeat: how it may be sent again: safe (as it is), key (with the same idempotency key), once (not at all).
    :ivar compares: whether it looks at If-Match.
    """

    id: str
    method: str
    path: str
    summary: str
    fields: tuple[Field, ...] = ()
    sends: str = ""
    answers: str = "object"
    help: str = ""
    repeat: str = "safe"
    compares: bool = False

    @property
    def noun(self) -> str:
        """What it is about."""
        return self.id.partition(".")[0]

    @property
    def verb(self) -> str:
        """What it does."""
        return self.id.partition(".")[2]
