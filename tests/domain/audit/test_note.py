"""Signed notes, checkpoints and receipts: what is written is read and verified, what is edited is not."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.cli.ed25519 import verify
from strongroom.domain.audit.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from strongroom.domain.audit.note import SignedNote, VerifierKey, decode, encode, sign_note
from strongroom.domain.audit.receipt import Receipt, issue
from strongroom.domain.errors import Invalid
from tests.domain.audit.support import FOREIGN, NEW, OLD, ORIGIN, KeySigner, uid

# The example key and note in the documentation of Go's golang.org/x/mod/sumdb/note, the format's first implementation.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 42, ROOT)
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)


def test_the_formats_own_example_verifies() -> None:
    key, note = VerifierKey.parse(GO_KEY), SignedNote.parse(GO_NOTE)
    assert str(key) == GO_KEY
    assert note.holds(note.signatures[0], key, verify)
    assert str(note) == GO_NOTE


def test_a_checkpoint_is_written_as_the_format_has_it() -> None:
    text = sign_checkpoint(CHECKPOINT, [OLD])
    body, _, signature = text.partition("\n\n")
    assert body == f"{ORIGIN}\n42\n{encode(ROOT)}"
    assert signature.startswith(f"— {ORIGIN} ")
    assert decode(signature.split(" ")[2].strip())[:4] == OLD.key.key_id
    assert open_checkpoint(text, [OLD.key], verify) == CHECKPOINT


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES, max_size=3))
def test_every_checkpoint_is_read_back(size: int, root: bytes, extensions: list[str]) -> None:
    stated = Checkpoint(ORIGIN, size, root, tuple(extensions))
    text = sign_checkpoint(stated, [OLD, NEW])
    assert SignedCheckpoint.parse(text).checkpoint == stated
    assert str(SignedCheckpoint.parse(text).note) == text


@given(st.data())
def test_no_edited_character_verifies(data: st.DataObject) -> None:
    text = sign_checkpoint(CHECKPOINT, [OLD])
    at = data.draw(st.integers(0, len(text) - 1))
    edited = text[:at] + data.draw(st.characters(exclude_characters=text[at])) + text[at + 1 :]
    with pytest.raises(Invalid):
        open_checkpoint(edited, [OLD.key], verify)


def test_while_a_key_is_replaced_either_key_opens_the_checkpoint() -> None:
    text = sign_checkpoint(CHECKPOINT, [OLD, NEW])
    signed = SignedCheckpoint.parse(text)
    assert signed.signed_by([OLD.key, NEW.key, FOREIGN.key], verify) == (OLD.key, NEW.key)
    for key in (OLD.key, NEW.key):
        assert open_checkpoint(text, [key], verify) == CHECKPOINT
    with pytest.raises(Invalid):
        open_checkpoint(text, [FOREIGN.key], verify)


def test_a_witness_does_not_speak_for_the_log() -> None:
    witness = KeySigner(9, "witness.example.org")
    with pytest.raises(Invalid):
        sign_checkpoint(CHECKPOINT, [witness])
    both = str(sign_note(CHECKPOINT.body, [OLD, witness]))
    assert SignedCheckpoint.parse(both).signed_by([witness.key, OLD.key], verify) == (OLD.key,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a\n\n",
        "a\n\nb\n",
        "a\n\n— \n",
        "a\n\n— x\n",
        "a\n\n— x y\n",
        "a\n\n— x AAAA\n",
        "a\n\n— x+y AAAAAAA=\n",
        "a\n\n- x AAAAAAA=\n",
        "a\n\n— x AAAAAAA=",
        "a\n\n— x AAAAAAB=\n",
        "a\tb\n\n— x AAAAAAA=\n",
        "a\ud800\n\n— x AAAAAAA=\n",
        "a\n— x AAAAAAA=\n",
        "a\n\n" + "— x AAAAAAA=\n" * 17,
        "a" * 70_000 + "\n\n— x AAAAAAA=\n",
    ],
)
def test_what_is_no_signed_note_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        SignedNote.parse(text)


@pytest.mark.parametrize("number", ["01", "-1", "+1", "1.0", "", " 1", "9223372036854775808", "\u0661"])
def test_a_size_has_one_spelling(number: str) -> None:
    with pytest.raises(Invalid):
        Checkpoint.parse(f"{ORIGIN}\n{number}\n{encode(ROOT)}\n")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n1\nAAAA\n",
        f"a b\n1\n{encode(ROOT)}\n",
        f"a\n1\n{encode(ROOT)}",
        f"a\n1\n{encode(ROOT)}\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(Invalid):
        Checkpoint.parse(body)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name",
        "name+c74f20a3",
        GO_KEY + "=",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("c74f", "C74F"),
        GO_KEY.replace("Peter", "Peter "),
        GO_KEY.replace("+ARpc", "+AhpC"),
        "x" * 9999,
    ],
)
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        VerifierKey.parse(key)


def test_only_plain_text_is_signed_and_at_least_once() -> None:
    bad: list[tuple[str, list[Any]]] = [("a", [OLD]), ("a\x00\n", [OLD]), ("a\n", []), ("a\n", [OLD] * 17)]
    for text, signers in bad:
        with pytest.raises(Invalid):
            sign_note(text, signers)


def test_a_receipt_is_read_back_and_verifies() -> None:
    receipt = issue(uid(7), ROOT, OLD)
    read = Receipt.parse(str(receipt) + "\n")
    assert read == receipt
    assert read.verified_by(OLD.key, verify)
    assert not read.verified_by(NEW.key, verify)
    assert receipt.message == f"strongroom-receipt/v1\n{ORIGIN}\n{uid(7)}\n{ROOT.hex()}\n".encode()
    with pytest.raises(ValueError, match="32 bytes"):
        issue(uid(7), b"short", OLD)


@given(st.data())
def test_no_edited_receipt_verifies(data: st.DataObject) -> None:
    text = str(issue(uid(7), ROOT, OLD))
    at = data.draw(st.integers(0, len(text) - 1))
    edited = text[:at] + data.draw(st.characters(exclude_characters=text[at])) + text[at + 1 :]
    with contextlib.suppress(Invalid):
        assert not Receipt.parse(edited).verified_by(OLD.key, verify)


def test_a_signature_of_foreign_length_is_never_handed_to_the_verifier() -> None:
    def forbidden(*_: bytes) -> bool:
        raise AssertionError("called")

    note = SignedNote.parse(f"a\n\n— {ORIGIN} {encode(OLD.key.key_id + b'short')}\n")
    assert not note.holds(note.signatures[0], OLD.key, forbidden)
