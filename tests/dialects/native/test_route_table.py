"""The route table as data: what every operation promises, and that the handlers keep it."""

import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator
from importlib import import_module

import msgspec
import pytest
from starlette.routing import compile_path

import strongroom.application
import strongroom.domain
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.dialects.native.errors import STATUS, TITLES
from strongroom.dialects.native.operation import Mode, Nothing, Operation, TextAnswer
from strongroom.dialects.native.routes import OPERATIONS
from strongroom.domain.errors import DomainError
from strongroom.domain.identity.roles import Permission

#: Query parameters that a caller must give; every other one has a default.
REQUIRED_QUERY = {
    "asset.resolve": {"reference"},
    "audit.consistency": {"old_size"},
    "experiment.find": {"name"},
    "logged_model.points": {"key"},
    "metric.columns": {"key"},
    "metric.sample": {"key"},
    "metric.series": {"key"},
    "run.read_lines": {"stream"},
    "upload.part": {"sha256"},
}
PARAMETER = re.compile(r"{(\w+)(?::path)?}")

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def path_parameters(operation: Operation) -> set[str]:
    return set(PARAMETER.findall(operation.path))


def test_ids_are_unique() -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert sorted(set(ids)) == sorted(ids)


def test_no_two_operations_answer_the_same_address() -> None:
    addresses = [(operation.method, PARAMETER.sub("{}", operation.path)) for operation in OPERATIONS]
    assert sorted(set(addresses)) == sorted(addresses)


@each
def test_an_operation_is_not_shadowed_by_an_earlier_one(operation: Operation) -> None:
    example = PARAMETER.sub("x", operation.path)
    earlier = OPERATIONS[: OPERATIONS.index(operation)]
    matching = [
        one.id for one in earlier if one.method == operation.method and compile_path(one.path)[0].match(example)
    ]
    assert matching == []


@each
def test_an_operation_says_what_it_is(operation: Operation) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", operation.id)
    assert operation.path.startswith("/")
    assert operation.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert isinstance(operation.permission, Permission)
    assert operation.summary[:1].isupper()
    assert not operation.summary.endswith(".")
    assert operation.body is None or operation.method != "GET"


@each
def test_params_cover_the_path_exactly(operation: Operation) -> None:
    fields = msgspec.structs.fields(operation.params)
    required = {field.name for field in fields if field.required}
    assert required == path_parameters(operation) | REQUIRED_QUERY.get(operation.id, set())


def test_required_query_parameters_are_of_operations_that_exist() -> None:
    assert set(REQUIRED_QUERY) <= {operation.id for operation in OPERATIONS}


@each
def test_the_handler_takes_and_gives_what_the_operation_says(operation: Operation) -> None:
    hints = typing.get_type_hints(operation.handler)
    first, second = inspect.signature(operation.handler).parameters
    params, body = typing.get_args(hints[second])
    assert hints[first] is (Edge if operation.mode is Mode.FLOW else Call)
    assert inspect.iscoroutinefunction(operation.handler) == (operation.mode is Mode.FLOW)
    assert params == (typing.Any if operation.params is Nothing else operation.params)
    assert body == (typing.Any if operation.body is None else operation.body)
    answer = hints["return"]
    if operation.raw_answer:
        assert answer in (OpenFile, TextAnswer)
    else:
        assert answer == (type(None) if operation.answer is None else operation.answer)


@each
def test_what_clients_send_refuses_unknown_fields(operation: Operation) -> None:
    for type_ in (operation.params, operation.body):
        if type_ not in (None, bytes):
            assert type_.__struct_config__.forbid_unknown_fields
            assert type_.__struct_config__.frozen


def subclasses(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_domain_error_has_a_status() -> None:
    for package in (strongroom.domain, strongroom.application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    ours = {error for error in subclasses(DomainError) if error.__module__.startswith("strongroom.")}
    assert ours
    assert ours - set(STATUS) == set()
    assert set(STATUS.values()) <= set(TITLES)
