"""Collection of chunks: a xorb goes when no file is made of it and nobody may name it; what files share stays."""

import hashlib

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.collection import collecting, holding, previewing
from strongroom.application.ports.collection import Sum
from strongroom.application.registry import publishing, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.purging import purge
from tests.application.conftest import DAY, SECOND
from tests.application.xet.conftest import Chunks
from tests.application.xet.test_store import made, read, stored
from tests.promises.support import BOTH_STORES, run
from tests.support.xet import MadeFile, MadeShard, MadeTerm, MadeXorb


def published(chunks: Chunks, *files: MadeFile) -> str:
    """A version with these files; its uid."""
    world = chunks.site.world
    draft = world.command("contributor", lambda c: publishing.create_draft(c, chunks.asset, None, None))
    entries = [PutEntry(str(n), file.digest, len(file.data)) for n, file in enumerate(files)]
    world.command("contributor", lambda c: folders.put(c, "draft", draft.uid, entries))
    return run(publishing.seal(chunks.edge, draft.uid, PublishDetails())).uid


def sent(chunks: Chunks, file: MadeFile, *xorbs: MadeXorb) -> None:
    for xorb in xorbs:
        chunks.send(xorb)
    chunks.register(MadeShard([file], list(xorbs)))


def collected(chunks: Chunks, days: int) -> Sum:
    chunks.site.world.clock.advance(days * DAY)
    return run(collecting.collect(chunks.site.world.executor, chunks.store)).freed


@BOTH_STORES
def test_a_xorb_goes_with_the_last_file_made_of_it(chunks: Chunks) -> None:
    """ "nothing is collected that a client's three-week shard cache may still name"; "freed equals predicted"."""
    shared, own = made(31), made(32)
    kept = MadeFile([MadeTerm(shared, 0, 3)])
    gone = MadeFile([MadeTerm(shared, 1, 5), MadeTerm(own, 0, 5)])
    sent(chunks, kept, shared)
    sent(chunks, gone, shared, own)
    published(chunks, kept)
    version = published(chunks, kept, gone)
    world = chunks.site.world
    said = world.read("admin", lambda c: holding.of_version(c, version))
    assert (said.freed_files, said.freed_bytes) == (1, len(own.body)), "the shared xorb stays"
    world.command("admin", lambda c: versions.delete(c, version, release_aliases=True, etag=None))
    world.command("admin", lambda c: purge(c, version, "r"))
    bodies = {hashlib.sha256(one.body).hexdigest(): len(one.body) for one in (shared, own)}
    assert collected(chunks, 3) == Sum(), "the file is condemned now"
    assert collected(chunks, 2) == Sum(1, 0), "the file had no bytes of its own; its xorbs may be named for 22 days"
    assert collected(chunks, 20) == Sum(), "they may not any more, and one of them nobody needs"
    world.clock.advance(2 * DAY)
    due = run(previewing.preview(world.executor)).due
    assert due == Sum(1, len(own.body))
    assert collected(chunks, 0) == due
    assert chunks.site.counts("xorb", "xet_file", "xet_file_xorb") == {"xorb": 1, "xet_file": 1, "xet_file_xorb": 1}
    assert run(read(chunks, stored(chunks, kept.digest))) == kept.data
    assert bodies.keys() & run(_places(chunks)) == {hashlib.sha256(shared.body).hexdigest()}
    world.clock.advance(2 * 60 * SECOND)  # a bucket looks and deletes in two requests: the same bytes wait so long
    sent(chunks, gone, shared, own)
    assert run(read(chunks, stored(chunks, gone.digest))) == gone.data


async def _places(chunks: Chunks) -> set[str]:
    return {one.sha256 async for one in chunks.store.list_places()}


@BOTH_STORES
def test_a_condemned_xorb_that_is_sent_again_is_spared(chunks: Chunks) -> None:
    """ "never removes ... an in-flight byte": clients that come back after three weeks send it again."""
    xorb = made(33)
    chunks.send(xorb)
    collected(chunks, 23)  # nobody may name it any more: condemned
    chunks.send(xorb)
    assert collected(chunks, 2) == Sum()
    file = MadeFile([MadeTerm(xorb, 0, 5)])
    chunks.register(MadeShard([file], [xorb]))
    published(chunks, file)
    for days in (30, 2, 2):
        assert collected(chunks, days) == Sum()
    assert run(read(chunks, stored(chunks, file.digest))) == file.data


def test_a_body_that_somebody_sent_as_a_file_is_neither_predicted_nor_freed_with_its_xorb(chunks: Chunks) -> None:
    """ "freed equals predicted", in bytes and in blobs."""
    xorb, site = made(34), chunks.site
    chunks.send(xorb)
    collected(chunks, 23)
    site.world.clock.advance(2 * DAY)
    body = hashlib.sha256(xorb.body).hexdigest()
    site.world.command(
        "contributor",
        lambda c: c.tx.blobs.note_sent(c.actor.id, [c.tx.blobs.by_sha256([body])[body].id], c.now + DAY),
    )
    assert run(previewing.preview(site.world.executor)).due == Sum()
    assert collected(chunks, 0) == Sum()
    assert body in run(_places(chunks))
