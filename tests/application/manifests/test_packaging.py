"""MLmodel files of versions: read before the seal, kept by the tree, on both databases."""

import json
from collections.abc import Mapping
from typing import cast

import pytest
from sqlalchemy import delete

from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.adapters.sql.tables import packaging as table
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.manifests import packaging, packaging_files, showing
from strongroom.application.manifests.cache import Cache
from strongroom.application.manifests.packaging import Packaged
from strongroom.application.manifests.packaging_views import SHOWN_MOST, PackagingView
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import comparing, copying, rescanning, versions
from strongroom.application.registry.copying import CopyVersion
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.rescanning import Rescanned
from strongroom.application.registry.views import VersionView
from strongroom.application.search import find
from strongroom.domain.errors import Forbidden, NotFound
from strongroom.domain.search.schema import Entity
from tests.application.manifests.conftest import Seal
from tests.application.manifests.test_sealing import purge
from tests.promises.support import Site, run

SIGNATURE = {"inputs": json.dumps([{"type": "double", "name": "a"}])}
MLMODEL = {
    "flavors": {
        "python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11.7"},
        "sklearn": {"sklearn_version": "1.9.1"},
    },
    "signature": SIGNATURE,
    "run_id": "1234",
}
REQUIREMENTS = b"# pinned\nnumpy==2.4.6\n"


def files(**changes: object) -> Mapping[str, bytes]:
    """JSON is YAML."""
    said = json.dumps({**MLMODEL, **changes}).encode()
    return {"MLmodel": said, "requirements.txt": REQUIREMENTS, "model.pkl": b"weights"}


def shown(site: Site, version: VersionView) -> PackagingView | None:
    return site.world.read("viewer", lambda call: versions.get(call, version.uid)).packaging


def found(site: Site, text: str) -> list[str]:
    question = find.asked(Entity.VERSION, text)
    page = site.world.read("viewer", lambda call: find.versions(call, question, PageRequest(50)))
    return sorted(f"{one.asset}:{one.number}" for one in page.items)


def test_a_version_shows_how_its_model_is_packaged(site: Site, seal: Seal) -> None:
    """ "a version page can show flavor, signature, requirements and input example"."""
    view = shown(site, seal("model", None, files(saved_input_example_info={"artifact_path": "example.json"})))
    assert view is not None
    assert (view.state, view.flavor, view.python_version, view.run_id) == ("ready", "sklearn", "3.11.7", "1234")
    assert [(one.name, one.version) for one in view.flavors] == [("python_function", None), ("sklearn", "1.9.1")]
    assert view.signature is not None
    assert [(one.name, one.type) for one in view.signature.inputs or ()] == [("a", "double")]
    assert (view.requirements, view.requirement_files) == (["numpy==2.4.6"], ["requirements.txt"])
    assert view.input_example == "example.json"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"flavors: [", "no YAML"),
        (b"!!python/object/apply:os.system [id]", "tags"),
        (b"a: &a [*a]", "alias"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"x" * (1 << 20) + b"x", "bytes"),
        (b"run_id: 1", "no flavors"),
        (b"", "no mapping"),
        (b'flavors: {"a\\0b": 1}', "NUL"),
    ],
)
def test_a_broken_file_never_blocks_the_registration(site: Site, seal: Seal, body: bytes, reason: str) -> None:
    """ "a broken file never blocks the registration: recorded as "unreadable" with the reason"."""
    view = shown(site, seal("model", None, {"MLmodel": body}))
    assert view is not None
    assert view.state == "unreadable"
    assert reason in str(view.reason)


def test_without_the_file_there_is_no_packaging(site: Site, seal: Seal) -> None:
    version = seal("model", None, {"deep/MLmodel": files()["MLmodel"]})
    assert shown(site, version) is None
    with pytest.raises(NotFound, match="no MLmodel"):
        site.world.read("viewer", lambda call: showing.packaged(call, version.uid))


def test_lists_and_other_answers_say_nothing_of_it(site: Site, seal: Seal) -> None:
    version = seal("model", None, files())
    page = site.world.read(
        "viewer", lambda call: versions.listed(call, version.asset_uid, versions.ListVersions(), PageRequest(10))
    )
    assert [one.packaging for one in (version, *page.items)] == [None, None]


def test_a_version_shows_the_beginning_and_its_packaging_all(site: Site, seal: Seal) -> None:
    wide = json.dumps([{"type": "double", "name": f"c{n}"} for n in range(SHOWN_MOST + 1)])
    version = seal("model", None, files(signature={"inputs": wide}, resources={"x": "y" * 10_000}))
    view = shown(site, version)
    assert view is not None
    assert view.signature is not None
    assert (len(view.signature.inputs or ()), view.signature.truncated, view.resources) == (SHOWN_MOST, True, {})
    whole = site.world.read("viewer", lambda call: showing.packaged(call, version.uid))
    assert whole.signature is not None
    assert (len(whole.signature.inputs or ()), whole.signature.truncated) == (SHOWN_MOST + 1, False)
    assert whole.resources == {"x": "y" * 10_000}


def test_a_stranger_sees_nothing(site: Site, seal: Seal) -> None:
    version = seal("model", None, files(), who="admin", visibility="private")
    for work in (showing.packaged, versions.get):
        with pytest.raises((NotFound, Forbidden)):
            site.world.read("viewer", lambda call, w=work: w(call, version.uid))  # type: ignore[misc]
    assert found(site, "flavor = 'sklearn'") == []


def test_it_is_searched_in_the_one_language(site: Site, seal: Seal) -> None:
    """ "searchable attributes (flavor, python_version, ...) in the one filter language"."""
    seal("model", None, files(), name="a")
    seal("model", None, files(flavors={"onnx": {"onnx_version": "1.23"}}, signature=None), name="b")
    seal("model", None, {"w": b"1"}, name="c")
    seal("model", None, {"w": b"1"}, name="d", details=PublishDetails(signature={"inputs": "x"}))
    assert found(site, "flavor = 'sklearn'") == ["a:1"]
    assert found(site, "flavor IN ('sklearn', 'onnx') AND flavor_version LIKE '1.%'") == ["a:1", "b:1"]
    assert found(site, "python_version = '3.11.7' OR flavor IS NULL") == ["a:1", "c:1", "d:1"]
    assert found(site, "has_signature = TRUE") == ["a:1", "d:1"]
    assert found(site, "has_signature = FALSE") == ["b:1", "c:1"]


def test_the_difference_of_two_versions_tells_that_of_their_signatures(site: Site, seal: Seal) -> None:
    """ "diff of two versions compares signatures"."""
    one = seal("model", None, files(), name="m")
    wider = {"inputs": json.dumps([{"type": "long", "name": "a"}, {"type": "string", "name": "b"}])}
    two = seal("model", None, files(signature=wider, run_id="9"), name="m", details=PublishDetails(signature={"x": 1}))
    diff = run(comparing.of_versions(site.edge("viewer"), one.uid, two.uid))
    assert [(one.path, one.change, one.after) for one in diff.packaging] == [
        ("$.signature.inputs.a.type", "changed", "long"),
        ("$.signature.inputs.b", "added", {"type": "string", "required": True}),
        ("$.stated_signature.x", "added", 1),
    ]
    assert run(comparing.of_versions(site.edge("viewer"), one.uid, one.uid)).packaging == []


def test_a_copy_has_it_too(site: Site, seal: Seal) -> None:
    version = seal("model", None, files())
    copied = run(copying.copy(site.edge("admin"), version.uid, CopyVersion("target")))
    assert found(site, "flavor = 'sklearn' AND name = 'target'") == [f"target:{copied.number}"]


def test_it_is_kept_once_and_goes_with_the_last_version(site: Site, seal: Seal) -> None:
    one, two = seal("model", None, files(), name="p"), seal("model", None, files(), name="q")
    for version, left in ((one, 1), (two, 0)):
        assert site.counts("packaging") == {"packaging": 1}
        purge(site, version)
        assert site.counts("packaging") == {"packaging": left}
    assert shown(site, two) is None


def test_the_same_file_is_read_once(site: Site, seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsed files are remembered by their digests."""
    read: list[int] = []
    parsed = packaging_files._parsed

    def counted(*asked: object) -> Packaged:
        read.append(1)
        return parsed(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(packaging_files, "_parsed", counted)
    body = files(model_uuid=site.world.clock.new_uid())
    sealed = [seal("model", None, {**body, "model.pkl": b"%d" % n}) for n in range(3)]
    views = [shown(site, version) for version in sealed]
    assert [view and view.flavor for view in views] == ["sklearn"] * 3
    assert len(read) == 1


def _forget(tx: Transaction) -> None:
    cast("SqlTransaction", tx).connection.execute(delete(table))


def test_versions_made_before_anybody_looked_are_read_by_a_rescan(
    site: Site, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "packaging (MLmodel facts) of versions registered before the packaging code": as often as wanted."""
    with_model, other = seal("model", files=files()), seal("model", files={"w.bin": b"1"})
    broken = seal("model", files={"MLmodel": b"a: [", "w.bin": b"2"})
    before = shown(site, with_model)
    monkeypatch.setattr(packaging, "_kept", Cache())
    run(site.world.executor.command(_forget))
    assert (shown(site, with_model), found(site, "flavor = 'sklearn'")) == (None, [])

    def again() -> Rescanned:
        return run(rescanning.packagings(site.world.executor, site.store, PlainYaml()))

    assert again() == Rescanned(looked=3, models=2, unreadable=1)
    assert shown(site, with_model) == before
    assert found(site, "flavor = 'sklearn'") == [f"{with_model.asset}:1"]
    assert shown(site, other) is None
    assert shown(site, broken) is not None
    assert again() == Rescanned(looked=1, models=0, unreadable=0)
