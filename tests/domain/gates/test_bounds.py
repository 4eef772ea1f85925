"""What an expression may be before it is run: "length, depth, at most two nested comprehensions"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.gates.bounds import DEEPEST, LONGEST, TOKENS_MOST, check, tokens

GOOD = [
    "version.evaluations.exists(e, e.metric == 'accuracy' && e.value >= 0.9)",
    "version.lineage.all(u, u.flagged == false || version.approvals.exists(a, a == u.name))",
    "version.aliases.map(a, a).filter(a, a != '').all(a, a.size() > 0) ? true : false",
    "r'\\d(' == \"(((\" && '''it's (''' != '' // a comment (((",
    "-1.5e3 < 0x1F && [1, 2u].size() == 2 && {'a': 1}.a == 1",
    "version.filter == 'all(' && all == map",
]


@pytest.mark.parametrize("expression", GOOD)
def test_what_a_rule_would_say_is_within_bounds(expression: str) -> None:
    check(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "1 to 4096"),
        ("  \n", "1 to 4096"),
        ("a" * (LONGEST + 1), "1 to 4096"),
        ("+".join("a" * TOKENS_MOST), "words and signs"),
        ("(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1), "levels deep"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "levels deep"),
        ("a ? b : " * (DEEPEST + 1) + "c", "levels deep"),
        ("a.all(x, x.exists(y, y.map(z, z)))", "comprehensions"),
        ("a . all ( x , x // (\n.exists(y, y.filter(z, z)))", "comprehensions"),
        ("a.all(x, [x.exists(y, {1: y.existsOne(z, z)})])", "comprehensions"),
        ("(a", "do not fit"),
        ("a)", "do not fit"),
        ("(a]", "do not fit"),
        ("a # b", "stands at 2"),
        ("'open", "stands at 0"),
        ("a @ b", "stands at 2"),
        ("ä", "stands at 0"),
        ("a ; b", "stands at 2"),
    ],
)
def test_what_could_cost_too_much_is_refused(expression: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        check(expression)


@given(st.text(alphabet="ab.()'\"\\ \n/rR#all?:", max_size=80))
def test_any_text_is_read_or_refused_and_nothing_is_left_out(text: str) -> None:
    try:
        found = tokens(text)
    except Invalid:
        return
    assert all(token in text for token in found)


def test_reading_takes_time_in_proportion_to_the_length() -> None:
    """A string that never ends is looked at from each of its quotes."""
    with pytest.raises(Invalid):
        check("'" + "\\'" * 2_000)
    with pytest.raises(Invalid):
        check("'''" * 1 + "''a" * 1_300)
