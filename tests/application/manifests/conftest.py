"""Manifests sealed into versions on both databases, with bytes on a disk."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from tests.promises.conftest import home, site
from tests.promises.support import Site, publish_bytes

__all__ = ["home", "site"]

Seal = Callable[..., VersionView]


def member(version: VersionView) -> dict[str, Any]:
    return {"version": version.uid, "digest": f"sha256:{version.tree}", "name": f"{version.asset}:{version.number}"}


@pytest.fixture
def seal(site: Site) -> Seal:
    """Publish a version of a new asset, or of the one of that name, with a manifest and files."""
    made: dict[tuple[str, str], str] = {}

    def seal(
        kind: str,
        manifest: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        *,
        name: str | None = None,
        who: str = "contributor",
        details: PublishDetails | None = None,
        **more: object,
    ) -> VersionView:
        key = (kind, name or f"{kind}-{len(made)}")
        if key not in made:
            create = CreateAsset(kind, key[1], **more)  # type: ignore[arg-type]
            made[key] = site.world.command(who, lambda call: assets.create(call, create)).uid
        said = {} if manifest is None else {"manifest": 1, "kind": kind, **manifest}
        every = {**(files or {}), **({"strongroom.json": json.dumps(said).encode()} if said else {})}
        return asyncio.run(publish_bytes(site, made[key], every, details, who))

    return seal
