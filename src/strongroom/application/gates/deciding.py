"""Having the questions of gates answered at the edge, off the event loop and outside of every transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar

from strongroom.application.call import Call
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Decided
from strongroom.application.ports.gates import Expressions
from strongroom.domain.errors import Conflict
from strongroom.domain.gates.question import Question, Undecided

T = TypeVar("T")
Verdicts: TypeAlias = Mapping[str, Sequence[object]]

ROUNDS_MOST: Final = 20
"""Times that a use case is run again; each time it may ask what it did not come to before, or what has changed."""


async def answers(expressions: Expressions | None, questions: Sequence[Question]) -> dict[str, Sequence[object]]:
    """What the expressions give, by the digest of each question."""

    async def one(question: Question) -> Sequence[object]:
        if expressions is None:
            return ["no expressions are evaluated here"] * len(question.rules)
        if question.problem:
            return [question.problem] * len(question.rules)
        return await expressions.evaluate(question.expressions, question.seen)

    given = await asyncio.gather(*map(one, questions))
    return {question.digest: found for question, found in zip(questions, given, strict=True)}


async def settled(expressions: Expressions | None, attempt: Callable[[Verdicts], Awaitable[T]]) -> T:
    """Run something, again and with answers when gates had to be asked first (`gates.passing`).

    :param attempt: one transaction, given the answers so far.
    """
    verdicts: dict[str, Sequence[object]] = {}
    for _ in range(ROUNDS_MOST):
        try:
            return await attempt(verdicts)
        except Undecided as undecided:
            verdicts |= await answers(expressions, undecided.questions)
    raise Conflict("What the gates see changes all the time; try again.")


def note(call: Call, decided: Sequence[Decided]) -> None:
    """Record the decisions that kept a version back, in a transaction of their own."""
    for one in decided:
        passing.record(replace(call, workspace=one.workspace), one)
