"""Pins compared with what places say of objects."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts.pins import Observed, Pin, Verdict, judge, observed, parse_pin

DATA = b"weights"
SHA256, MD5 = hashlib.sha256(DATA), hashlib.md5(DATA, usedforsecurity=False)


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        (f"sha256:{SHA256.hexdigest().upper()}", Pin("sha256", SHA256.hexdigest())),
        ('etag:"abc-1"', Pin("etag", "abc-1")),
        ('W/"abc"', Pin("etag", "abc")),
        ("abc", Pin("etag", "abc")),
        ("crc32c:yZRlqg==", Pin("crc32c", "yZRlqg==")),
        ("version:17", Pin("etag", "version:17")),
    ],
)
def test_a_pin_is_taken_apart(text: str, pin: Pin) -> None:
    assert parse_pin(text) == pin


@pytest.mark.parametrize(
    ("headers", "digests"),
    [
        ({"etag": '"x"'}, {"etag": "x"}),
        ({"repr-digest": f"sha-256=:{b64(SHA256.digest())}:"}, {"sha256": SHA256.hexdigest()}),
        ({"digest": f"SHA-256={b64(SHA256.digest())}"}, {"sha256": SHA256.hexdigest()}),
        ({"content-md5": b64(MD5.digest())}, {"md5": MD5.hexdigest()}),
        ({"x-goog-hash": f"crc32c=yZRlqg==,md5={b64(MD5.digest())}"}, {"crc32c": "yZRlqg==", "md5": MD5.hexdigest()}),
        ({"x-amz-checksum-sha256": b64(SHA256.digest())}, {"sha256": SHA256.hexdigest()}),
        ({"x-linked-etag": f'"{SHA256.hexdigest()}"'}, {"sha256": SHA256.hexdigest()}),
        ({"content-md5": "not base64", "x-goog-hash": "md5=AAAA", "x-linked-etag": '"short"'}, {}),
    ],
)
def test_servers_say_digests_in_many_words(headers: dict[str, str], digests: dict[str, str]) -> None:
    assert observed(headers).digests == digests


@pytest.mark.parametrize("length", ["-1", "1e3", "\u0661", "9" * 30, "x"])
def test_a_length_that_is_none_is_not_believed(length: str) -> None:
    assert observed({"content-length": length}).size is None


def test_what_a_look_comes_to() -> None:
    """ "verify says drifted": ok / drifted / unreachable / unpinned, and unknown where nobody tells."""
    pin = f"sha256:{SHA256.hexdigest()}"
    right = Observed(7, {"sha256": SHA256.hexdigest()})
    assert judge(7, pin, right) is Verdict.OK
    assert judge(None, pin, right) is Verdict.OK
    assert judge(8, pin, right) is Verdict.DRIFTED
    assert judge(7, pin, Observed(7, {"sha256": "0" * 64})) is Verdict.DRIFTED
    assert judge(7, pin, Observed(7, {"etag": "x"})) is Verdict.UNKNOWN
    assert judge(7, pin, None) is Verdict.UNREACHABLE
    assert judge(7, None, right) is Verdict.UNPINNED
    assert judge(6, None, right) is Verdict.DRIFTED


@given(st.dictionaries(st.sampled_from(["etag", "digest", "repr-digest", "x-goog-hash", "content-md5"]), st.text()))
def test_no_header_breaks_the_reader(headers: dict[str, str]) -> None:
    observed(headers)
