"""Publication rules as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.publication import QUIET_LONGEST_S, PublicationRule, parse_rule

RULES = st.one_of(
    st.builds(PublicationRule, st.booleans(), st.booleans()),
    st.builds(PublicationRule, st.booleans(), st.just(False), st.integers(1, QUIET_LONGEST_S)),
)


@given(RULES)
def test_text_to_rule_and_back_is_the_same(rule: PublicationRule) -> None:
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    ["", "request+pin", "quiet", "quiet()", "quiet(0)", f"quiet({QUIET_LONGEST_S + 1})", "quiet(-1)", "quiet(1.5)",
     "pin+pin", "quiet(1)+quiet(2)", "commit+quiet(5)", "Pin", "pin ", "quiet(\u0661)", "pin+"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_rule(text)


def test_the_rule_of_git_style_dialects() -> None:
    """N6: "Git-style dialects default to `pin + quiet(60)`"."""
    assert parse_rule("pin+quiet(60)") == PublicationRule(pin=True, quiet_s=60)
