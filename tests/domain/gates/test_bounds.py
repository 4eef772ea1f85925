"""What an expression may be before it is run: "length, depth, at most two nested comprehensions"."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.gates.bounds import DEEPEST, LONGEST, TOKENS_MOST, check, tokens
from tests.support.cpu import bounded

GOOD = [
    "version.evaluations.exists(e, e.metric == 'accuracy' && e.value >= 0.9)",
    "version.lineage.all(u, u.flagged == false || version.approvals.exists(a, a.by == u.name))",
    "[1, 2].all(n, n in [2, 1].map(m, m)) && version.tags.exists(t, t.key == 'x' && t.value == 'y')",
    "version.aliases.map(a, a).filter(a, a != '').all(a, a.size() > 0) ? true : false",
    "r'\\d(' == \"(((\" && '''it's (''' != '' // a comment (((",
    "-1.5e3 < 0x1F && [1, 2u].size() == 2 && 'a' in version.tags",
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
        ("v.tags.all(x, x.tags.exists(y, y.tags.map(z, z)))", "comprehensions"),
        ("v.tags . all ( x , x.tags // (\n.exists(y, y.tags.filter(z, z)))", "comprehensions"),
        ("v.tags.all(x, [x.tags.exists(y, [y.tags.existsOne(z, z)])])", "comprehensions"),
        ("{'a': 1}.a == 1", "makes no maps"),
        ("version.all(k, k != '')", "goes over a list"),
        ("tags.all(k, k != '')", "goes over a list"),
        ("version.evaluations.all(e, e.exists(k, k != ''))", "goes over a list"),
        ("version.evaluations[0].exists(k, k != '')", "goes over a list"),
        ("(true ? version : transition).exists(k, k != '')", "goes over a list"),
        ("version.evaluations.all(e, true)[0].map(k, k)", "goes over a list"),
        (".all(k, k)", "goes over a list"),
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
    left = "".join(found)
    assert "".join(left.split()) == "".join(re.sub(r"//[^\n]*", "", text).split()) or "//" in text


def test_a_string_that_never_ends_is_not_looked_at_from_each_of_its_quotes() -> None:
    with bounded(2):
        for endless in ("'" + "\\'" * 2_000, "'''" + "''a" * 1_300):
            with pytest.raises(Invalid):
                check(endless)
