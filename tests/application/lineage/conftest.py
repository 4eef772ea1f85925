"""Runs and published versions to draw edges between."""

from collections.abc import Callable

import pytest

from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.registry.model import Version, VersionState
from tests.application.conftest import World

MakeVersion = Callable[..., Version]
MakeRun = Callable[..., str]


@pytest.fixture
def make_version(world: World) -> MakeVersion:
    """A published version of a new asset, as the row alone: no content is needed here."""

    def make(name: str, *, visibility: str = "workspace", who: str = "contributor", namespace: str = "") -> Version:
        command = CreateAsset("model", name, namespace, visibility=visibility)
        uid = world.command(who, lambda c: assets.create(c, command)).uid

        def publish(tx: Transaction) -> Version:
            asset = tx.assets.by_uid(world.workspace.id, uid)
            assert asset is not None
            version = Version(
                id=0,
                uid=tx.new_uid(),
                asset_id=asset.id,
                number=1,
                label=None,
                revision=None,
                tree="ab" * 32,
                files=0,
                bytes=0,
                unpinned=False,
                state=VersionState.LIVE,
                run_id=None,
                run_uid=None,
                description="",
                signature={},
                stage=None,
                locked=False,
                evidence_epoch=0,
                etag=1,
                created_by=world.uid(who),
                recorded_at=tx.now(),
                archived_at=None,
                expires_at=None,
                deleted_at=None,
            )
            return tx.versions.add(version, asset)

        return world.command_tx(publish)

    return make


@pytest.fixture
def make_run(world: World) -> MakeRun:
    """The uid of a new run, in an experiment of its own."""

    def make(name: str, namespace: str = "") -> str:
        command = CreateExperiment(f"e-{name}", namespace)
        experiment = world.command("contributor", lambda c: experiments.create(c, command))
        return world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, name))).uid

    return make
