"""The error table: complete, and in words that MLflow's client acts on."""

from strongroom.dialects.mlflow.errors import TABLE, refusal, refusal_of
from strongroom.domain import errors
from strongroom.domain.errors import DomainError

#: mlflow/exceptions.py: what the client makes of a code; others are 500 to it.
KNOWN = {
    "INVALID_PARAMETER_VALUE": {400, 416},
    "RESOURCE_ALREADY_EXISTS": {400},
    "UNAUTHENTICATED": {401},
    "PERMISSION_DENIED": {403, 451},  # 451: recalled content
    "RESOURCE_DOES_NOT_EXIST": {404},
    "RESOURCE_CONFLICT": {409},
    "REQUEST_LIMIT_EXCEEDED": {429},
    "TEMPORARILY_UNAVAILABLE": {503},
    "RESOURCE_EXHAUSTED": {507},
    "DATA_LOSS": {422},
}
RETRIED = {408, 429, 500, 502, 503, 504}
PASSING = (errors.TooManyRequests, errors.Unavailable)


def every(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(every(below) for below in kind.__subclasses__()))


def test_every_domain_error_has_a_row() -> None:
    """ "The error table complete (status and code per domain error)"."""
    assert set(TABLE) == every(DomainError) - {DomainError}


def test_statuses_and_codes_go_together() -> None:
    for status, code in TABLE.values():
        assert status in KNOWN[code]


def test_what_the_client_asks_for_again_is_what_may_pass() -> None:
    """3.2: "a wrong 500 makes the client hang ~2-4 minutes"."""
    for kind, (status, _) in TABLE.items():
        assert (status in RETRIED) == (kind in PASSING), kind


def test_errors_say_when_to_come_again_and_who_to_be() -> None:
    assert refusal_of(errors.Unavailable("x")).headers["retry-after"] == "1"
    assert refusal_of(errors.TooManyRequests("x")).headers["retry-after"] == "30"
    assert "Basic" in refusal_of(errors.Unauthenticated("x")).headers["www-authenticate"]
    assert refusal_of(errors.RangeNotSatisfiable("x", size=5)).headers["content-range"] == "bytes */5"


def test_a_wrong_method_is_an_unknown_endpoint() -> None:
    assert refusal(405, "", "x", None).status_code == 404
    assert b"ENDPOINT_NOT_FOUND" in refusal(405, "", "x", None).body
    assert b"INTERNAL_ERROR" in refusal(500, "", "x", None).body
