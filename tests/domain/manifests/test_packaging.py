"""MLmodel files read as data: what they say, and what becomes of those that say nonsense."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.manifests import document, packaging
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.packaging import (
    Flavor,
    Packaging,
    UnreadablePackagingError,
    comparable,
    has_signature,
    requirement_lines,
)
from strongroom.domain.manifests.signature import COLUMNS_MOST, Column, Param

SKLEARN: Mapping[str, Any] = {
    "flavors": {
        "python_function": {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.sklearn",
            "python_version": "3.11.7",
        },
        "sklearn": {"sklearn_version": "1.9.1", "pickled_model": "model.skops"},
    },
    "mlflow_version": "3.17.2",
    "model_id": "m-1",
    "model_uuid": "8b81",
    "model_size_bytes": 10_686,
    "run_id": "r",
    "env_vars": ["API_KEY"],
    "resources": {"api_version": "1", "databricks": {}},
    "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
    "signature": {
        "inputs": '[{"type": "double", "name": "a"}, {"type": "long", "name": "b", "required": false}]',
        "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 2]}}]',
        "params": '[{"name": "t", "default": 0.5, "shape": null, "type": "double"}]',
    },
    "utc_time_created": "2026-11-23 15:05:56.924717",
}  # fmt: skip


def read(**changes: Any) -> Packaging:
    return packaging.read({**SKLEARN, **changes}, ["numpy==2.4.6"], ["conda.yaml", "requirements.txt", "else"])


def test_what_the_file_says_is_typed() -> None:
    """ "flavors with their versions, signature (inputs, outputs, params as columns/tensors), input example path"."""
    found = read()
    assert (found.flavor, found.version) == ("sklearn", "1.9.1")
    assert found.flavors == (Flavor("python_function", None), Flavor("sklearn", "1.9.1"))
    assert found.signature is not None
    assert found.signature.inputs == (Column("a", "double", True, None), Column("b", "long", False, None))
    assert found.signature.outputs == (Column(None, "int64", True, (-1, 2)),)
    assert found.signature.params == (Param("t", "double", "0.5", None),)
    assert (found.input_example, found.requirements) == ("input_example.json", ("numpy==2.4.6",))
    assert found.requirement_files == ("conda.yaml", "requirements.txt")
    assert (found.python_version, found.mlflow_version, found.size) == ("3.11.7", "3.17.2", 10_686)
    assert (found.model_id, found.model_uuid, found.run_id) == ("m-1", "8b81", "r")
    assert found.environment == {"conda": "conda.yaml", "virtualenv": "python_env.yaml", "variables": ["API_KEY"]}
    assert found.resources == {"api_version": "1", "databricks": {}}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("flavors", "flavor", "version"),
    [
        ({"lightgbm": {"lgb_version": "4.7.0"}, "python_function": {}}, "lightgbm", "4.7.0"),
        ({"onnx": {"onnx_version": "1.23.2"}}, "onnx", "1.23.2"),
        ({"tensorflow": {"keras_version": "2.21"}, "python_function": {}}, "tensorflow", "2.21"),
        ({"python_function": {"loader_module": "mlflow.pyfunc", "python_version": "3"}}, "python_function", None),
        ({"b": None, "a": 1, "python_function": {"loader_module": "mine"}}, "a", None),
        ({"sklearn": {"sklearn_version": 1.9}}, "sklearn", "1.9"),
    ],
)  # fmt: skip
def test_the_flavor_that_tells_most(flavors: Mapping[str, Any], flavor: str, version: str | None) -> None:
    found = read(flavors=flavors)
    assert (found.flavor, found.version) == (flavor, version)


def test_nested_types_are_told() -> None:
    nested = [
        {"type": "array", "items": {"type": "string"}, "name": "tags"},
        {"type": "object", "properties": {"x": {"type": "double"}, "y": {"type": "long", "required": False}}},
        {"type": "map", "values": {"type": "array", "items": {"type": "binary"}}, "optional": True},
    ]
    found = read(signature={"inputs": json.dumps(nested)}).signature
    assert found is not None
    assert [one.type for one in found.inputs or ()] == [
        "array(string)",
        "object{x: double, y?: long}",
        "map(array(binary))",
    ]
    assert [one.required for one in found.inputs or ()] == [True, True, False]
    assert (found.outputs, found.params) == (None, None)


@pytest.mark.parametrize(
    ("signature", "note"),
    [
        ([], "no mapping"),
        ({"inputs": "["}, "signature.inputs: $: not JSON"),
        ({"inputs": '{"a": 1}'}, "no list"),
        ({"inputs": '[1, {"type": "long"}]'}, "not every item"),
        ({"outputs": '[{"type": NaN}]'}, "NaN"),
        ({"inputs": "[" * 100_000}, "deep"),
        ({"params": json.dumps([{"name": "x"}] * (COLUMNS_MOST + 1))}, "of which 10000 are read"),
    ],
)
def test_a_signature_that_cannot_be_read_is_a_note_and_the_rest_is_read(signature: object, note: str) -> None:
    found = read(signature=signature)
    assert any(note in one for one in found.notes), found.notes
    assert found.flavor == "sklearn"


@pytest.mark.parametrize("value", [None, [], "x", {}, {"flavors": []}, {"flavors": {}}, {"run_id": "r"}])
def test_what_names_no_flavors_is_unreadable(value: Plain) -> None:
    with pytest.raises(UnreadablePackagingError):
        packaging.read(value)


NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SIGNS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
KEYS = st.sampled_from([*SKLEARN, "type", "name", "shape", "items", "properties", "tensor-spec", "python_function"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(SIGNS, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(SKLEARN)), JSON), JSON)
def test_whatever_stands_there_nothing_else_is_raised(changes: Mapping[str, Any], side: object) -> None:
    """ "a broken file never blocks the registration"."""
    body = document.checked({**SKLEARN, **changes, "signature": {"inputs": json.dumps(side), "params": side}})
    try:
        found = packaging.read(body, ["a"], ["conda.yaml"])
    except UnreadablePackagingError:
        return
    assert comparable(found) is not None


def test_whether_there_is_a_signature() -> None:
    """What gates ask: "has signature"."""
    assert has_signature({}, read())
    assert has_signature({"inputs": []}, None)
    assert not has_signature({}, read(signature=None))
    assert not has_signature({}, read(signature={"inputs": "[]", "outputs": None}))
    assert not has_signature({}, None)


def test_requirements_are_lines_without_comments() -> None:
    text = "# made by mlflow\nnumpy==2.4.6\n\n  pandas>=3 # new\n-r other.txt\nx @ https://h/x.whl#sha256=1\n"
    assert requirement_lines(text) == ["numpy==2.4.6", "pandas>=3", "-r other.txt", "x @ https://h/x.whl#sha256=1"]


def test_two_packagings_are_compared_by_names_and_not_by_what_each_registration_has_of_its_own() -> None:
    other = read(run_id="s", model_uuid="x", model_size_bytes=1, utc_time_created="later")
    assert comparable(other) == comparable(read())
    told = comparable(read())
    assert told["signature"] == {
        "inputs": {"a": {"type": "double", "required": True}, "b": {"type": "long", "required": False}},
        "outputs": [{"type": "int64", "required": True, "shape": [-1, 2]}],
        "params": {"t": {"type": "double", "default": "0.5"}},
    }
    assert told["requirements"] == {"numpy": "numpy==2.4.6"}
    assert comparable(None) == {}
