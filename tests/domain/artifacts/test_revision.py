"""Revisions: one text, one digest, exact parsing."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts.revision import Revision, parse_revision
from strongroom.domain.errors import Invalid
from tests.domain.artifacts.strategies import DIGESTS

A, B = "a" * 64, "b" * 64
TIMES = st.integers(-(2**62), 2**62)
REVISIONS = st.builds(
    Revision,
    tree=DIGESTS,
    parents=st.lists(DIGESTS, max_size=3, unique=True).map(tuple),
    author=st.sampled_from(["ada", "Ada <a@example.org>", "parent x", "模"]),
    message=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    claimed_at=st.one_of(st.none(), TIMES),
    recorded_at=TIMES,
)


def test_the_text_is_the_written_format() -> None:
    revision = Revision(A, (B,), "ada", "first\n\nmodel", None, 5)
    text = f"strongroom-revision 1\ntree {A}\nparent {B}\nauthor ada\nclaimed -\nrecorded 5\n\nfirst\n\nmodel"
    assert revision.text() == text
    assert revision.digest() == hashlib.sha256(text.encode()).hexdigest()


@given(REVISIONS)
def test_a_revision_reads_back(revision: Revision) -> None:
    assert parse_revision(revision.text()) == revision


def test_every_field_and_the_order_of_parents_count() -> None:
    base = Revision(A, (A, B), "ada", "m", 1, 2)
    others = [
        Revision(B, (A, B), "ada", "m", 1, 2),
        Revision(A, (B, A), "ada", "m", 1, 2),
        Revision(A, (), "ada", "m", 1, 2),
        Revision(A, (A, B), "bob", "m", 1, 2),
        Revision(A, (A, B), "ada", "m ", 1, 2),
        Revision(A, (A, B), "ada", "m", None, 2),
        Revision(A, (A, B), "ada", "m", 1, 3),
    ]
    assert len({revision.digest() for revision in [base, *others]}) == 8


@pytest.mark.parametrize(
    ("tree", "parents", "author", "message"),
    [
        ("x", (), "ada", ""),
        (A.upper(), (), "ada", ""),
        (A, ("x",), "ada", ""),
        (A, (B, B), "ada", ""),
        (A, tuple(f"{n:064x}" for n in range(65)), "ada", ""),
        (A, (), "", ""),
        (A, (), "a\nparent x", ""),
        (A, (), "a" * 256, ""),
        (A, (), "ada", "\x00"),
        (A, (), "ada", "\ud800"),
        (A, (), "ada", "x" * 65_537),
    ],
)
def test_a_revision_is_refused(tree: str, parents: tuple[str, ...], author: str, message: str) -> None:
    with pytest.raises(Invalid):
        Revision(tree, parents, author, message, None, 0)


def test_a_text_not_in_canonical_form_is_refused() -> None:
    text = Revision(A, (B,), "ada", "m", None, 5).text()
    for bad in (
        *("", text.replace(" 1\n", " 2\n", 1), text.replace("recorded 5", "recorded 05")),
        *(text.replace("claimed -", "claimed x"), text.replace("recorded 5", "recorded -"), text.replace("\n\n", "\n")),
        text.replace(f"tree {A}\nparent {B}", f"parent {B}\ntree {A}"),
    ):
        with pytest.raises(Invalid):
            parse_revision(bad)
