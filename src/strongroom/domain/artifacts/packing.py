"""Compact, deterministic bytes: variable-length integers (LEB128) and length-prefixed texts."""

from strongroom.domain.errors import Corrupted

_MORE = 0x80
_LONGEST_SHIFT = 63


def put_varint(out: bytearray, number: int) -> None:
    """Append a number from 0 to 2**64-1, seven bits a byte, lowest first."""
    while number >= _MORE:
        out.append(number & 0x7F | _MORE)
        number >>= 7
    out.append(number)


def put_text(out: bytearray, text: str) -> None:
    """Append a text as its UTF-8 length and bytes."""
    data = text.encode()
    put_varint(out, len(data))
    out += data


class Reader:
    """Reads what the `put_` functions wrote, from `at` on. Every method raises `Corrupted` where bytes are missing."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def varint(self) -> int:
        """The next number."""
        data, at, number, shift = self.data, self.at, 0, 0
        try:
            while (byte := data[at]) >= _MORE:
                number |= (byte & 0x7F) << shift
                shift += 7
                at += 1
        except IndexError:
            raise Corrupted("Packed bytes end too early.") from None
        if shift > _LONGEST_SHIFT:
            raise Corrupted("A packed number is too long.")
        self.at = at + 1
        return number | byte << shift

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise Corrupted("Packed bytes end too early.")
        part = self.data[self.at : end]
        self.at = end
        return part

    def text(self) -> str:
        """The next text."""
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError:
            raise Corrupted("A packed text is not UTF-8.") from None

    def end(self) -> None:
        """Check that nothing is left."""
        if self.at != len(self.data):
            raise Corrupted("Packed bytes go on after their end.")
