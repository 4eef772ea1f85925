"""The OpenAPI document against a real server: what it says is what happens, for requests inside and outside of it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from strongroom.dialects.native.framing import MEDIA_TYPE
from strongroom.dialects.native.openapi import document
from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.routes import OPERATIONS, PREFIX
from tests.support.api import Real
from tests.support.api_world import BY_ID, ENDLESS, World

#: Not `positive_data_acceptance`: rules of the domain (names, paths, what exists, who may) are narrower than JSON
#: Schema can say, and what they refuse is a 4xx that the document lists.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
few = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


each = pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.id not in ENDLESS], ids=lambda operation: operation.id
)

described = document(OPERATIONS, PREFIX)
schema = schemathesis.openapi.from_dict(described)


@schemathesis.serializer(MEDIA_TYPE)
def frames(_context: object, value: object) -> bytes:
    """Any bytes; most are no frames."""
    found = getattr(value, "data", value)
    return found if isinstance(found, bytes) else str(found).encode()


def nothing_outside_is_accepted(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """As the check of schemathesis, whose list of refusals does not have 413, 414 and 431."""
    return negative_data_rejection(context, response, case) if response.status_code < 300 else None


def call(case: Case[Any], server: Real, *more: Any) -> None:
    headers = {"Authorization": f"Bearer {server.tokens['root']}"}
    case.call_and_validate(base_url=f"http://127.0.0.1:{server.port}", headers=headers, checks=[*CHECKS, *more])


@each
def test_the_server_keeps_to_its_document(operation: Operation, server: Real) -> None:
    """ "schemathesis finds no 5xx and no schema violation": whatever a client makes of the document."""
    described = schema.find_operation_by_id(operation.id)

    @few
    @given(st.one_of([described.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def holds(case: Case[Any]) -> None:
        call(case, server, nothing_outside_is_accepted)

    holds()


@each
def test_the_server_keeps_to_its_document_about_what_exists(operation: Operation, server: Real) -> None:
    """ "schemathesis finds no 5xx and no schema violation": the same about things that are there."""
    described = schema.find_operation_by_id(operation.id)
    known = {name: str(value) for name, value in World(server).plausible(operation.id).path.items()}

    @few
    @given(described.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def holds(case: Case[Any]) -> None:
        case.path_parameters = known
        call(case, server)

    holds()


@each
def test_a_plain_request_keeps_to_the_document(operation: Operation, server: Real) -> None:
    """ "no schema violation": the good answer of every operation is the one that is described."""
    described = schema.find_operation_by_id(operation.id)
    asked = World(server).plausible(operation.id)
    body = asked.body if asked.body is not None else asked.json
    case = described.Case(
        path_parameters={name: str(value) for name, value in asked.path.items()},
        query=dict(asked.query),
        body=NOT_SET if body is ... else body,
        media_type=operation.raw_body or (None if body is ... else "application/json"),
    )
    call(case, server)


def test_every_route_is_described() -> None:
    """ "Native API /api/v1 with OpenAPI 3.1": what is served is what is described."""
    assert described["openapi"] == "3.1.0"
    found = {one["operationId"] for methods in described["paths"].values() for one in methods.values()}
    assert found == set(BY_ID)
