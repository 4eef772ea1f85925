"""Renames among changes, and cards line by line."""

from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts.cards import LINES_MOST, Rename, card_lines, with_renames
from strongroom.domain.artifacts.changes import Change
from strongroom.domain.artifacts.tree import FileEntry

Files = dict[str, str]
files = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("0123"), max_size=6)


def changes(before: Files, after: Files) -> list[Change]:
    def entry(path: str, of: Files) -> FileEntry | None:
        return FileEntry(path, of[path] * 64, int(of[path])) if path in of else None

    paths = sorted({*before, *after})
    return [Change(p, entry(p, before), entry(p, after)) for p in paths if before.get(p) != after.get(p)]


@given(files, files)
def test_a_rename_takes_the_place_of_one_that_went_and_one_that_came(before: Files, after: Files) -> None:
    """ "files added/removed/changed/renamed": nothing is lost, and only the same bytes are a rename."""
    found = list(with_renames(changes(before, after)))
    undone: list[Change] = []
    for one in found:
        if isinstance(one, Rename):
            assert one.before.sha256 == one.after.sha256
            assert one.before.size > 0
            undone += [Change(one.before.path, one.before, None), Change(one.after.path, None, one.after)]
        else:
            undone.append(one)
    assert sorted(undone, key=lambda change: change.path) == changes(before, after)


@given(files, files)
def test_what_went_from_one_path_and_came_to_one_is_always_a_rename(before: Files, after: Files) -> None:
    plain = changes(before, after)
    renamed = {one.before.sha256 for one in with_renames(plain) if isinstance(one, Rename)}
    for digest in "123":
        gone = [
            one for one in plain if one.before and not one.after and one.path in before and before[one.path] == digest
        ]
        came = [one for one in plain if one.after and not one.before and after[one.path] == digest]
        assert (digest * 64 in renamed) == (len(gone) == len(came) == 1)


def test_cards_are_compared_line_by_line() -> None:
    assert card_lines("a\nb\n", "a\nc\n") == ["--- before", "+++ after", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert card_lines("same", "same") == []
    assert card_lines("x\n" * (LINES_MOST + 1), "x") is None
