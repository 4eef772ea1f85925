"""Many small blobs in one body: a frame is 32 bytes of SHA-256, 4 bytes of length (big endian), then the bytes.

Media type ``application/vnd.strongroom.blobs``. There is no trailer: the body ends after a whole frame.
"""

from collections.abc import Iterator

from strongroom.domain.errors import Invalid

MEDIA_TYPE = "application/vnd.strongroom.blobs"
HEAD = 36


def parse_frames(body: bytes, *, largest: int) -> Iterator[tuple[str, bytes]]:
    """Claimed digest (64 hex digits) and bytes of each frame.

    :param largest: bytes that one blob may have.
    :raises Invalid: a frame is cut short or too large.
    """
    at = 0
    while at < len(body):
        head = body[at : at + HEAD]
        size = int.from_bytes(head[32:36], "big")
        if len(head) < HEAD or at + HEAD + size > len(body):
            raise Invalid("The last frame is cut short.", at=at)
        if size > largest:
            raise Invalid(f"A blob in frames is at most {largest} bytes.", limit=largest)
        yield head[:32].hex(), body[at + HEAD : at + HEAD + size]
        at += HEAD + size
