"""Names, slugs, namespace paths, aliases, labels: what is refused, and what always holds of what is accepted."""

import unicodedata
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom.domain.errors import BadName
from strongroom.domain.registry import names
from strongroom.domain.registry.names import (
    clean_alias,
    clean_label,
    clean_name,
    clean_namespace_path,
    clean_ref_name,
    clean_workspace_slug,
    is_slug,
    name_key,
    slug_candidates,
    slug_for,
    slug_key,
    with_suffix,
)

BAD_NAMES = [
    *("", " ", "a ", " a", "\u00a0a", "a/b", "a:b", ".", "..", "a\nb", "a\x00b", "a\x7fb", "a\x85b", "x" * 256),
    *("a\u202eb", "a\u2066b", "a\u200bb", "\ufeffa", "a\u2028b", "\ud800", "a\ue0000\U000e0041", "\uffff", "\u0378"),
]


@pytest.mark.parametrize("text", BAD_NAMES, ids=ascii)
def test_a_name_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_name(text)


@pytest.mark.parametrize(
    "text", ["a@b", "a^b~c", "v1.2", "模型", "a b", "..a", "👩\u200d🔬", "x" * 255, "latest", "17"]
)
def test_a_name_is_kept_as_written(text: str) -> None:
    assert clean_name(text) == text


def test_names_equal_in_nfc_are_the_same_and_case_tells_names_apart() -> None:
    assert clean_name("Cafe\u0301") == "Caf\u00e9"
    assert name_key("Cafe\u0301") == name_key("Caf\u00e9")
    assert name_key("Model") != name_key("model")


def test_the_length_is_counted_after_normalisation() -> None:
    assert len(clean_name("e\u0301" * 255)) == 255


@given(st.text())
def test_what_cleaning_accepts_it_leaves_alone(text: str) -> None:
    try:
        name = clean_name(text)
    except BadName:
        return
    assert clean_name(name) == name == unicodedata.normalize("NFC", text)
    assert not set(name) & set("/:\x00\n")


@given(st.text(), st.booleans())
@example("model.git", False)
@example("a--b..c", False)
@example("-.-", True)
@example("模型", False)
@example("x" * 95 + ".git", False)
@example("a.-.b", True)
@example("x" * 94 + "-.tail", False)
@example("a.git.git", False)
def test_every_text_has_a_slug_and_suffixes_keep_it_one(text: str, namespace: bool) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    slug = slug_for(text, namespace=namespace)
    assert is_slug(slug, namespace=namespace)
    assert not slug.lower().endswith(".git")
    for n in (2, 10, 123456):
        assert is_slug(with_suffix(slug, n), namespace=namespace)
    assert len({with_suffix(slug, n) for n in range(2, 50)}) == 48


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Café au lait", "Cafe-au-lait"), ("ResNet.50", "ResNet.50"), ("__init__", "init__"), ("a&&b", "a-b")],
)
def test_a_slug_stays_readable(name: str, slug: str) -> None:
    assert slug_for(name) == slug


def test_names_without_latin_letters_get_different_slugs() -> None:
    assert slug_for("模型") != slug_for("数据")
    assert slug_for("模型").startswith("x-")


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "a..b", "a b", "é", "a" * 97, "a/b", ".a", "a."])
def test_no_slug(text: str) -> None:
    assert not is_slug(text)


def test_candidates_skip_reserved_slugs() -> None:
    assert next(slug_candidates("API!", namespace=True, top=True)) == "API-2"
    assert next(slug_candidates("API!", namespace=True)) == "API"
    assert next(slug_candidates("acme", namespace=True, top=True, workspace="acme")) == "acme-2"
    assert next(slug_candidates("Default", namespace=True)) == "Default-2"
    assert next(slug_candidates("default")) == "default"
    assert list(islice(slug_candidates("a.b", namespace=True), 3)) == ["a-b", "a-b-2", "a-b-3"]


def test_namespace_paths() -> None:
    assert clean_namespace_path("") == ()
    assert clean_namespace_path("vision/resnet") == ("vision", "resnet")
    assert clean_namespace_path("vision/api") == ("vision", "api")
    assert len(clean_namespace_path("/".join("abcdefghijklmnop"))) == 16


@pytest.mark.parametrize(
    "text", ["/a", "a/", "a//b", "a/../b", "api", "API", "default", "a/Default", "/".join("abcdefghijklmnopq"), "a:b/c"]
)
def test_a_namespace_path_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_namespace_path(text)


def test_reserved_names_are_in_folded_form_and_hold_the_filler_apart() -> None:
    assert {slug_key(name) for name in names.RESERVED_TOP} == names.RESERVED_TOP
    assert names.FILLER not in names.RESERVED_TOP


@pytest.mark.parametrize("text", ["default", "acme", "a", "a-b-2", "9", "x" * 63])
def test_a_workspace_slug(text: str) -> None:
    assert clean_workspace_slug(text) == text


@pytest.mark.parametrize("text", ["", "A", "a_b", "a--b", "-a", "a-", "api", "x" * 64, "a\n", "é"])
def test_a_workspace_slug_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_workspace_slug(text)


@pytest.mark.parametrize("text", ["champion", "Prod.EU", "v1a", "v", "default", "x" * 255, "最新"])
def test_an_alias(text: str) -> None:
    assert clean_alias(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "latest", "LATEST", "3", "٣", "v3", "V10", "a b", "a/b", "a:b", "a@b", "a^b", "a~b", "x" * 256, "a\x00"],
)
def test_an_alias_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_alias(text)


def test_a_label_of_digits_is_the_number() -> None:
    assert clean_label("3") == 3
    assert clean_label("20240501123456") == 20240501123456
    assert clean_label("1.0.0-rc+build/7: x") == "1.0.0-rc+build/7: x"
    assert clean_label("v3") == "v3"


@pytest.mark.parametrize("text", ["", "0", "03", "٣", "latest", "Latest", " 3", "3\n", str(2**53), "x" * 256])
def test_a_label_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_label(text)


@pytest.mark.parametrize("text", ["main", "refs/pr/1", "feature/x@y", "50%", "v1.0"])
def test_a_ref_name(text: str) -> None:
    assert clean_ref_name(text) == text


@pytest.mark.parametrize(
    "text", ["", "@", "a b", "a..b", "a~1", "a^", "a:b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a.", "-a", "a@{b"]
)
def test_a_ref_name_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_ref_name(text)
