"""Pure parts of the dialect: names, files, cards, errors."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.dialects.huggingface.errors import TABLE, refusal, refusal_of
from strongroom.dialects.huggingface.translate import names
from strongroom.dialects.huggingface.translate.files import FileFacts, is_large
from strongroom.domain import errors
from strongroom.domain.errors import BadName, DomainError
from strongroom.domain.lineage.model import EdgeType
from strongroom.domain.registry.card import CardValue, bases_of, head_of, relation_of, results_of, tags_of
from strongroom.domain.registry.names import is_slug

SLUGS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_]{0,20}", fullmatch=True).filter(is_slug)


def every(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(every(below) for below in kind.__subclasses__()))


def test_every_domain_error_has_a_row() -> None:
    """ "Error table complete against all DomainErrors"."""
    assert set(TABLE) == every(DomainError) - {DomainError}


def test_only_what_passes_is_asked_for_again() -> None:
    passing = (errors.TooManyRequests, errors.Unavailable)
    for kind, (status, _) in TABLE.items():
        assert (status in {429, 500, 502, 503, 504}) == (kind in passing), kind


def test_refusals_carry_what_the_client_reads() -> None:
    assert refusal_of(errors.NotFound("x")).headers["x-error-code"] == "RepoNotFound"
    assert refusal_of(errors.Gated("x")).headers["x-error-code"] == "GatedRepo"
    assert refusal_of(errors.Unauthenticated("x"), anonymous=True).headers["x-error-code"] == "RepoNotFound"
    assert refusal_of(errors.Unavailable("x")).headers["retry-after"] == "1"
    assert refusal_of(errors.RangeNotSatisfiable("x", size=5)).headers["content-range"] == "bytes */5"
    assert refusal(404, "", "x", None).headers["x-error-code"] == "RepoNotFound"
    assert refusal_of(errors.Invalid("a\nb \u00e9")).headers["x-error-message"] == "a b ?"


@given(st.lists(SLUGS, min_size=1, max_size=5), SLUGS)
def test_an_id_leads_back(levels: list[str], slug: str) -> None:
    """Foreign ids "are derived by pure functions with round-trip property tests" (architecture.md)."""
    assert names.split_id(names.repo_id("/".join(levels), slug)) == ("/".join(levels), slug)


@pytest.mark.parametrize("text", ["", "gpt2", "/x", "a/", "a/b/c"])
def test_an_id_has_two_parts(text: str) -> None:
    with pytest.raises(BadName):
        names.split_id(text)


def test_revisions_in_our_words() -> None:
    said = {"main": "^main", "refs/heads/a/b": "^a/b", "refs/pr/1": "^refs/pr/1", "@champion": "@champion", ":3": ":3"}
    assert {text: names.revision(text) for text in said} == said
    assert names.revision("a" * 40) == "~" + "a" * 40
    assert names.revision("50%@x") == "^50%25%40x"


def test_large_is_what_path_and_size_say() -> None:
    assert is_large("a/b.SAFETENSORS", 1)
    assert not is_large("a.safetensors", 0)
    assert not is_large("a.json", 10 * 1024 * 1024)
    assert is_large("a.json", 10 * 1024 * 1024 + 1)


def test_ids_are_gits_own() -> None:
    """A file's id is that of its Git blob; of an LFS file, that of the pointer that Git would hold."""
    sha1 = hashlib.sha1(b"blob 1\0x").hexdigest()  # noqa: S324 - Git's
    assert FileFacts("a.txt", 1, "0" * 64, sha1).etag == sha1
    large = FileFacts("a.bin", 1, "0" * 64, sha1)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
    assert (large.pointer, large.etag) == (pointer, "0" * 64)
    assert large.oid == hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()  # noqa: S324 - Git's


def test_a_head_is_found_and_its_words_become_tags() -> None:
    assert head_of("---\nlicense: mit\n---\n# x") == "license: mit"
    assert head_of("# no head") is None
    assert head_of("---\nnever ends") is None
    said: dict[str, CardValue] = {"license": "mit", "n": None, "tags": ["a", 2024, True, ""], "language": "no"}
    assert tags_of(said) == ["no", "a", "2024", "license:mit"]


@pytest.mark.parametrize(
    ("said", "edge"),
    [
        ({"base_model": "a/b"}, EdgeType.BASE),
        ({"base_model": ["a/b", "a/c", "a/b"]}, EdgeType.MERGE),
        ({"base_model": ["a/b", "a/c"], "base_model_relation": "finetune"}, EdgeType.BASE),
        ({"base_model": "a/b", "base_model_relation": "Adapter"}, EdgeType.ADAPTER),
        ({"base_model": "a/b", "library_name": "peft"}, EdgeType.ADAPTER),
        ({"base_model": "a/b", "base_model_relation": "quantized"}, EdgeType.QUANTISED),
        ({"base_model": "a/b", "base_model_relation": "merge"}, EdgeType.MERGE),
        ({"base_model": "a/b", "base_model_relation": ["?", {}]}, EdgeType.BASE),
    ],
)
def test_what_a_model_was_made_of_its_base_by(said: dict[str, CardValue], edge: EdgeType) -> None:
    """ "base_model becomes a lineage edge": the words of `base_model_relation`, or what they leave out."""
    assert relation_of(said) == edge
    assert bases_of(said)[0] == "a/b"
    assert len(set(bases_of(said))) == len(bases_of(said))


def test_figures_keep_what_their_author_said() -> None:
    metric: CardValue = {"type": "accuracy", "value": 0.9}
    index: CardValue = [
        {"name": "m", "results": [{"task": {"type": "t"}, "dataset": {"type": "d"}, "metrics": [metric, 3]}]}
    ]
    found = results_of({"model-index": index})
    assert [(one.task, one.dataset, one.metric, one.value) for one in found] == [("t", "d", "accuracy", 0.9)]
    assert results_of({"model-index": {"a": 1}}) == []
