"""Expressions in a process of its own: what they give, what they may not cost, what becomes of the next."""

import asyncio
from collections.abc import Sequence
from typing import Any

from strongroom.adapters.cel.child import Evaluator
from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.domain.gates.policy import Place, Transition, TransitionKind
from strongroom.domain.gates.view import Facts, Measured, view

SEEN = view(
    Facts(
        Place("default", "risk", "model", "churn"), "u", 3, "t", "staging", aliases=["champion"], size=10,
        evaluations=[Measured("accuracy", 0.9, "%", "higher", "quality", "nightly", "d" * 64, "holdout", rows=100)],
        now=86_400_000_000,
    ),
    Transition(TransitionKind.STAGE, "production", "staging"),
)  # fmt: skip


def asked(*expressions: str) -> Sequence[object]:
    async def ask() -> Sequence[object]:
        running = CelExpressions()
        try:
            return await running.evaluate(expressions, SEEN)
        finally:
            await running.aclose()

    return asyncio.run(ask())


def test_rules_are_asked_of_the_view_and_errors_are_answers() -> None:
    found = asked(
        "version.evaluations.exists(e, e.metric == 'accuracy' && e.value >= 0.9 && e.dataset_name == 'holdout')",
        "version.evaluations.all(e, e.value > 0.95)",
        "transition.target == 'production' && version.age_days >= 1.0 && version.size > 1",
        "version.nothing == 1",
        "version.size / 0 == 1",
        "version.size",
        "nobody > 1",
        "1 +",
        "version.tags.all(x, version.tags.all(y, version.tags.all(z, true)))",
        "'champion' in version.aliases",
    )
    assert list(found[:3]) == [True, False, True]
    assert found[9] is True
    assert all(isinstance(one, str) and one for one in found[3:9]), found
    assert "comprehensions" in str(found[8])


def test_one_that_takes_too_long_is_ended_and_the_others_are_still_asked() -> None:
    """ "evaluated in a child process [...] with a hard time limit off the event loop"."""
    slow = "version.aliases.all(a, version.aliases.all(b, a + b != 'none'))"
    data = {"version": {"aliases": [str(number) for number in range(1_000)]}}

    async def ask() -> Sequence[object]:
        running = CelExpressions(rule_s=0.1)
        try:
            return await running.evaluate(["true", slow, "1 > 2"], data)
        finally:
            await running.aclose()

    assert asyncio.run(ask()) == [True, "it took longer than 0.1 seconds", False]


def test_a_program_that_died_is_an_answer_and_the_next_question_has_another() -> None:
    async def ask() -> tuple[Sequence[object], Sequence[object]]:
        running = CelExpressions()
        try:
            first = await running.evaluate(["true"], SEEN)
            process = running._process
            assert process is not None
            process.kill()
            await process.wait()
            return first, await running.evaluate(["true"], SEEN)
        finally:
            await running.aclose()

    assert asyncio.run(ask()) == ([True], [True])


def test_more_than_may_be_asked_is_refused_without_a_process() -> None:
    async def ask(count: int, data: Any) -> Sequence[object]:  # noqa: ANN401 - no plain data
        running = CelExpressions()
        found = await running.evaluate(["true"] * count, data)
        assert running._process is None
        return found

    assert all("more than 200" in str(one) for one in asyncio.run(ask(201, {})))
    assert "plain data" in str(asyncio.run(ask(1, {"version": float("nan")}))[0])
    assert "rule may see" in str(asyncio.run(ask(1, {"version": "x" * 9_000_000}))[0])


def test_the_library_is_loaded_without_its_command_line() -> None:
    evaluator = Evaluator()
    assert evaluator.answer("1 < 2", {}) is True
    assert evaluator.answer("a.b", {"a": {}}) == "nothing is called 'b'"
