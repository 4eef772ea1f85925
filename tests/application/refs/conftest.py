"""Commits to assets of a world with a place for bytes."""

from collections.abc import Sequence
from typing import Any

import pytest

from strongroom.application.registry import commits
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import AssetView
from tests.promises.conftest import home, model, site
from tests.promises.support import Site, run

__all__ = ["home", "model", "site"]


def elsewhere(path: str, content: str = "x") -> EditCommand:
    """Put a reference: a tree of these needs no bytes."""
    return EditCommand("reference", path, uri=f"s3://bucket/{content}", pin=f"etag:{content}")


class Committing:
    """Commits to one asset."""

    def __init__(self, site: Site, asset_uid: str) -> None:
        self.site, self.uid = site, asset_uid

    def __call__(
        self, edits: Sequence[EditCommand], branch: str = "main", who: str = "contributor", **more: Any
    ) -> HeadView:
        return run(commits.commit(self.site.edge(who), self.uid, Commit(branch, edits, **more)))


@pytest.fixture
def commit(site: Site, model: AssetView) -> Committing:
    return Committing(site, model.uid)
