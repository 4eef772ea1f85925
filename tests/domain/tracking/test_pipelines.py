"""Steps of pipelines: "DAG acyclic, refused otherwise"; statuses; cache keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.tracking.model import RunState
from strongroom.domain.tracking.pipelines import STEPS_MOST, Step, StepStatus, cache_key, clean_steps, statuses

NAMES = [f"s{n}" for n in range(8)]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), min_size=1)


def has_circle(graph: dict[str, list[str]]) -> bool:
    """By brute force: a step from which a walk of dependencies comes back."""

    def reaches(start: str) -> set[str]:
        found: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            one = ahead.pop()
            if one not in found:
                found.add(one)
                ahead += graph.get(one, [])
        return found

    return any(name in reaches(name) for name in graph)


@given(GRAPHS)
def test_a_graph_is_taken_exactly_when_it_has_no_circle_and_no_unknown_step(graph: dict[str, list[str]]) -> None:
    known = {one for needed in graph.values() for one in needed} <= graph.keys()
    if known and not has_circle(graph):
        steps = clean_steps([], list(graph.items()))
        place = {step.name: number for number, step in enumerate(steps)}
        assert place.keys() == graph.keys()
        assert all(place[one] < place[step.name] for step in steps for one in step.depends_on)
    else:
        with pytest.raises(Invalid):
            clean_steps([], list(graph.items()))


def test_the_circle_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        clean_steps([], [("a", ["c"]), ("b", ["a"]), ("c", ["b"]), ("d", [])])
    assert {*refused.value.details["circle"]} == {"a", "b", "c"}  # type: ignore[misc]


@pytest.mark.parametrize(
    "new",
    [
        [("a", []), ("a", [])],
        [("known", [])],
        [("a", ["nowhere"])],
        [("a", ["a"])],
        [("a/b", [])],
        [("..", [])],
        [("", [])],
        [("a", ["known"] * 101)],
        [(f"s{n}", []) for n in range(STEPS_MOST)],
    ],
)
def test_bad_steps_are_refused(new: list[tuple[str, list[str]]]) -> None:
    with pytest.raises(Invalid):
        clean_steps(["known"], new)


def test_ten_deep_thousand_wide_graphs_are_quick() -> None:
    chain = [(f"s{n}", [f"s{n - 1}"] if n else []) for n in range(STEPS_MOST)]
    assert [step.name for step in clean_steps([], chain[::-1])] == [name for name, _ in chain]


def test_statuses_follow_dependencies() -> None:
    steps = [
        Step("a", (), 1),
        Step("b", (), 2),
        Step("c", ("a",)),
        Step("d", ("a", "b")),
        Step("e", ("d",)),
        Step("f", (), 3),
        Step("g", ("f", "b")),
        Step("h", ("g",)),
    ]
    found = statuses(steps, {1: RunState.FINISHED, 2: RunState.RUNNING, 3: RunState.FAILED})
    assert found == {
        "a": StepStatus.FINISHED,
        "b": StepStatus.RUNNING,
        "c": StepStatus.READY,
        "d": StepStatus.WAITING,
        "e": StepStatus.WAITING,
        "f": StepStatus.FAILED,
        "g": StepStatus.BLOCKED,
        "h": StepStatus.BLOCKED,
    }


@given(st.lists(st.text(max_size=20), max_size=5), st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_the_key_does_not_depend_on_any_order(inputs: list[str], params: dict[str, str]) -> None:
    try:
        key = cache_key("s", "code", inputs, params)
    except Invalid:
        assert any("\0" in text for text in inputs)
        return
    assert key == cache_key("s", "code", inputs[::-1], dict(reversed(params.items())))
    assert key != cache_key("s", "code", [*inputs, "more"], params)
    assert key != cache_key("s", "code", inputs, {**params, "more": "1"})
    assert key != cache_key("s", "other", inputs, params)
    assert key != cache_key("other", "code", inputs, params)
    assert len(key) == 64
