"""Versions with files of known digests, and pulls of them the way every dialect opens files."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import cast

import pytest

from strongroom.application.artifacts import folders, reading, uploads
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.edge import Edge
from strongroom.application.recalls import recalling
from strongroom.application.recalls.recalling import SayRecall
from strongroom.application.recalls.views import RecallView
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Recalled
from tests.application.conftest import World
from tests.application.registry.conftest import WorldEdge, seal


def digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()


class ReadingEdge(WorldEdge):
    """One that opens files: reads are counted."""

    def __init__(self, world: World, who: str) -> None:
        super().__init__(world, who)
        self.reads = ReadCounters()


class Shelf:
    """Publishes and pulls; by a contributor and a viewer, unless somebody else is named."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assets: dict[str, str] = {}

    def send(self, kind: str, uid: str, files: Mapping[str, str], who: str = "contributor") -> None:
        """Write files into a folder."""
        blobs = [StoredBlob(digest(text), len(text), f"w/{digest(text)}", b"", None) for text in files.values()]
        self.world.command(who, lambda call: uploads.note(call, blobs))
        entries = [PutEntry(path, sha256=digest(text), size=len(text)) for path, text in files.items()]
        self.world.command(who, lambda call: folders.put(call, kind, uid, entries))

    def publish(self, name: str, files: Mapping[str, str], details: PublishDetails = PublishDetails()) -> VersionView:  # noqa: B008 - frozen
        """The next version of a model."""
        who = "contributor"
        if name not in self.assets:
            made = self.world.command(who, lambda call: assets.create(call, CreateAsset("model", name, "risk")))
            self.assets[name] = made.uid
        asset_uid = self.assets[name]
        draft = self.world.command(who, lambda call: publishing.create_draft(call, asset_uid, None, None))
        self.send("draft", draft.uid, files)
        return seal(self.world, who, draft.uid, details)

    def pull(self, version: VersionView, path: str = "weights", *, who: str = "viewer") -> str:
        """The digest of the bytes that would go out."""
        edge = cast("Edge", ReadingEdge(self.world, who))
        return asyncio.run(reading.open_version_file(edge, version.uid, path)).blob.sha256

    def pull_folder(self, kind: str, uid: str, path: str, *, who: str = "viewer") -> str:
        edge = cast("Edge", ReadingEdge(self.world, who))
        return asyncio.run(reading.open_folder_file(edge, kind, uid, path)).blob.sha256

    def refused(self, version: VersionView, path: str = "weights", *, who: str = "viewer") -> bool:
        """Whether the pull is refused as recalled."""
        try:
            self.pull(version, path, who=who)
        except Recalled:
            return True
        return False

    def recall(self, kind: str, subject: str, *, downstream: bool = False, who: str = "admin") -> RecallView:
        asked = SayRecall(kind, subject, "it was found to be bad", downstream)
        return self.world.command(who, lambda call: recalling.say(call, asked))

    def lift(self, recall: RecallView) -> RecallView:
        return self.world.command("admin", lambda call: recalling.lift(call, recall.uid, "it was found to be good"))


@pytest.fixture
def shelf(world: World) -> Shelf:
    return Shelf(world)
