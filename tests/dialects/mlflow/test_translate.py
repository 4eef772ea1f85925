"""Pure translations: ids and addresses there and back, filters, sources."""

import uuid
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.dialects.mlflow.translate import ids, places
from strongroom.dialects.mlflow.translate.places import Place
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.sources import Copied, Elsewhere, source_of
from strongroom.domain.errors import DomainError, Invalid, NotFound
from strongroom.domain.tracking.names import clean_experiment_name, place_of_experiment

UID = "01a20861-6a15-74d0-93d1-eb5144ef5e39"
HEX = UID.replace("-", "")
OTHER = "01a20861-6a15-74d0-93d1-eb5144ef5e3a"
uids = st.uuids().map(str)
segments = st.text("abc ü._-1", min_size=1, max_size=8).filter(
    lambda text: text.strip(". ") == text and ".." not in text
)


@given(uids)
def test_ids_there_and_back(uid: str) -> None:
    """architecture: "Foreign ids ... are derived by pure functions with round-trip property tests"."""
    assert ids.uid_of_hex(ids.hex_of(uid)) == uid
    assert ids.run_uid(ids.hex_of(uid)) == uid
    assert ids.experiment_uid(ids.hex_of(uid)) == uid
    assert ids.model_uid(ids.model_id(uid)) == uid


@given(uids, st.lists(segments, max_size=3))
def test_addresses_there_and_back(uid: str, parts: list[str]) -> None:
    path = "/".join(parts)
    for kind, root in (
        ("run", places.run_root("0", uid)),
        ("logged_model", places.model_root(str(uuid.UUID(uid).hex), uid)),
        ("version", places.version_root(uid)),
    ):
        proxied = places.proxied(f"{root}/{path}")
        assert proxied is not None
        assert places.place_of(proxied) == Place(kind, uid, path)


@pytest.mark.parametrize("text", ["", "0", "x" * 32, HEX.upper(), HEX + "0", UID, "m-" + HEX])
def test_what_is_no_id_of_ours_is_not_there(text: str) -> None:
    with pytest.raises((NotFound, Invalid)):
        ids.run_uid(text)
    with pytest.raises(NotFound):
        ids.experiment_uid(text)


@pytest.mark.parametrize(
    "path", ["", "a", "0/models", f"0/{HEX}", f"{HEX}/artifacts/x", "versions/x/y", "0/traces/tr-1/artifacts"]
)
def test_addresses_that_mean_nothing_are_not_there(path: str) -> None:
    with pytest.raises(NotFound):
        places.place_of(path)


@given(st.text(max_size=40))
def test_every_experiment_path_means_one_place(path: str) -> None:
    namespace, name = place_of_experiment(path)
    assert (f"{namespace}/{name}" if namespace else name) == path or "/" not in path
    if namespace:
        assert place_of_experiment(f"{namespace}/{name}") == (namespace, name)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("churn", ("", "churn")),
        ("risk/churn", ("risk", "churn")),
        ("a/b/c", ("a/b", "c")),
        ("/Users/ann/x", ("", "/Users/ann/x")),
        ("api/x", ("", "api/x")),
        ("default/x", ("", "default/x")),
        ("a//b", ("", "a//b")),
        ("a/b: 2", ("", "a/b: 2")),
        ("a/", ("", "a/")),
    ],
)
def test_paths_of_experiments(path: str, place: tuple[str, str]) -> None:
    assert place_of_experiment(path) == place
    assert clean_experiment_name(place[1]) == place[1]


def test_a_name_that_reads_as_a_path_is_no_name() -> None:
    with pytest.raises(Invalid):
        clean_experiment_name("risk/churn")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = 'x'", [Comparison("", "a", "=", "x")]),
        ('tags."a.b c" != "y"', [Comparison("tags", "a.b c", "!=", "y")]),
        ("tags.`a'b` LIKE '%x_'", [Comparison("tags", "a'b", "LIKE", "%x_")]),
        ("tags.mlflow.parentRunId = 'x'", [Comparison("tags", "mlflow.parentRunId", "=", "x")]),
        ("metrics.a-b/c>=1.5e3", [Comparison("metrics", "a-b/c", ">=", 1500.0)]),
        ("m.a > -1 and m.b<.5", [Comparison("m", "a", ">", -1), Comparison("m", "b", "<", 0.5)]),
        ("run_id NOT IN ('a','b')", [Comparison("", "run_id", "NOT IN", ("a", "b"))]),
        ("tags.x is not null", [Comparison("tags", "x", "IS NOT NULL", None)]),
        ("Run Name = 'x'", [Comparison("", "Run Name", "=", "x")]),
        ("tags.k = 'x' AND name ILIKE 'Y'", [Comparison("tags", "k", "=", "x"), Comparison("", "name", "ILIKE", "Y")]),
        ("name = ''", [Comparison("", "name", "=", "")]),
        ("   ", []),
    ],
)
def test_filters(text: str, found: list[Comparison]) -> None:
    assert parse(text) == found


NO_FILTERS = [
    *("a", "a =", "= 'x'", "a = 'x' b", "a = 'x' OR b = 'y'", "NOT a = 'x'", "a IN ()", "a IN ('x'", "a IN (1)"),
    *("a = 'x", "a == 'x'", "a = x", "(a = 'x')", "a = 'x';", "a NOT LIKE 'x'", "a IS 'x'", "a = 'x' AND"),
    *("'x' = a", "a BETWEEN 1 AND 2", "\0", "a = 1.2.3"),
]


@pytest.mark.parametrize("text", NO_FILTERS)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(Invalid):
        parse(text)


def test_filters_are_bounded() -> None:
    with pytest.raises(Invalid):
        parse(" AND ".join(["a = 1"] * 101))
    with pytest.raises(Invalid):
        parse("a" * 70_000)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"runs:/{HEX}/model", Place("run", UID, "model")),
        (f"runs:/{HEX}/a/b/", Place("run", UID, "a/b")),
        (f"runs:/{HEX}", Place("run", UID, "")),
        (f"models:/m-{HEX}", Place("logged_model", UID, "")),
        (f"mlflow-artifacts:/0/{HEX}/artifacts/model", Place("run", UID, "model")),
        (f"mlflow-artifacts:/0/models/m-{HEX}/artifacts", Place("logged_model", UID, "")),
        (f"mlflow-artifacts:/versions/{HEX}", Place("version", UID, "")),
        ("models:/churn/3", Copied("churn", 3, None)),
        ("models:/churn@champion", Copied("churn", None, "champion")),
        ("s3://bucket/key", Elsewhere("s3://bucket/key")),
        ("gs://bucket/key", Elsewhere("gs://bucket/key")),
    ],
)
def test_sources(text: str, source: object) -> None:
    assert source_of(text, None, None) == source


HOSTILE = [
    *("/etc/passwd", "etc/passwd", "./x", "../x", "file:///etc/passwd", "file:/etc/passwd", "FILE:///etc/passwd"),
    *("http://host/x", "https://host/../x", "http://host/%2e%2e/x", "http://host/%252e%252e/x", "ftp://host/x"),
    *(f"runs:/{HEX}/../../x", f"runs:/{HEX}/%2e%2e/x", f"runs:/{HEX}/%252e%252e%252fx", f"runs:/{HEX}/..%5cx"),
    *(f"runs:/{HEX}/a\\..\\b", f"runs:/{HEX}/..;/x", f"runs:/{HEX}/..#x", f"runs:/{HEX}/..?x"),
    *(f"mlflow-artifacts:/0/{HEX}/artifacts/../../x", f"mlflow-artifacts://host/0/{HEX}/artifacts/x"),
    *(
        "s3://bucket/../x",
        "s3://bucket/%2e%2e/x",
        "s3:/nohost",
        "s3:bucket",
        "models:/",
        "models:/a/b/c",
        "models:/a/x",
    ),
    *("c:\\windows", "\\\\host\\share", "dummy-source", "", " ", "javascript:alert(1)", "runs:/", "a\0b"),
    "%25" * 12 + "2e%2e/x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_sources_are_refused(text: str) -> None:
    """ "traversal in `source` ... (`..`, encoded, double-encoded, `#`, `;`, backslash, `file://`, absolute)"."""
    with pytest.raises(DomainError):
        source_of(text, None, None)


def test_a_source_belongs_to_the_run_or_model_that_is_named() -> None:
    """3.6: "`runs:/R/...` needs run_id == R; `models:/m-..` needs model_id equal"."""
    for text in (f"runs:/{HEX}/m", f"mlflow-artifacts:/0/{HEX}/artifacts/m"):
        assert source_of(text, UID, None) == Place("run", UID, "m")
        with pytest.raises(Invalid):
            source_of(text, OTHER, None)
    with pytest.raises(Invalid):
        source_of(f"models:/m-{HEX}", None, OTHER)
