"""Whose read it is when a file is put together from chunks, on both databases."""

import pytest

from strongroom.application.recalls.chunked import source_of
from strongroom.application.registry import assets, versions
from strongroom.application.xet import reconstructing
from strongroom.application.xet.attributing import FILES_MOST
from strongroom.application.xet.reconstructing import body_of, planned
from strongroom.application.xet.tokens import Session, grant, opened
from strongroom.domain.errors import Conflict, DomainError, Invalid, NotFound
from tests.application.xet.conftest import ORIGIN, Chunks
from tests.application.xet.test_store import made, published, whole
from tests.promises.support import run
from tests.support.xet import MadeFile, MadeShard


def sent(chunks: Chunks, seed: int) -> MadeFile:
    """A file that is stored in chunks."""
    xorb = made(seed, 2)
    chunks.send(xorb)
    chunks.register(MadeShard([whole(xorb)], [xorb]))
    return whole(xorb)


def windows(chunks: Chunks) -> list[str]:
    """Uids of the versions whose reads have a window in the database."""
    world = chunks.site.world
    with chunks.site.connect() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT version_id FROM read_window").scalars().all()
    return sorted(world.read_tx(lambda tx: [tx.versions.by_id(int(one)).uid for one in rows]))


def refusal(chunks: Chunks, session: Session, file: MadeFile) -> type[DomainError]:
    with pytest.raises(DomainError) as error:
        run(planned(chunks.edge, session, file.name))
    return type(error.value)


def test_a_token_without_a_version_reads_no_published_byte_unrecorded(chunks: Chunks) -> None:
    """docs/audit.md: "The window is in the database before the first byte goes out"."""
    one, two = sent(chunks, 11), sent(chunks, 12)
    session = chunks.session(write=False)
    assert refusal(chunks, session, one) is NotFound, "no version has it yet"
    first = published(chunks, one)
    edge = chunks.edge
    run(planned(edge, session, one.name))
    assert windows(chunks) == [first]
    assert [size for _, size in edge.reads.take().values()] == [len(one.data)]
    second = published(chunks, one, two)
    run(planned(chunks.edge, session, one.name))
    assert windows(chunks) == sorted([first, second]), "that of the newest with the file"


def test_a_token_for_a_version_reads_no_other(chunks: Chunks) -> None:
    one, two = sent(chunks, 13), sent(chunks, 14)
    first, second = published(chunks, one), published(chunks, two)
    session = chunks.session(write=False, version=first)
    run(planned(chunks.edge, session, one.name))
    assert refusal(chunks, session, two) is NotFound
    assert windows(chunks) == [first]
    run(planned(chunks.edge, chunks.session(write=False, version=second), two.name))
    assert windows(chunks) == sorted([first, second])


def test_a_token_for_a_revision_reads_its_files_for_its_version(chunks: Chunks) -> None:
    one, two = sent(chunks, 15), sent(chunks, 16)
    first, _ = published(chunks, one), published(chunks, two)
    world = chunks.site.world
    found = world.read(chunks.who, lambda call: versions.readable(call, first)[1])
    source = source_of(None, str(found.tree))
    given = world.command(chunks.who, lambda call: grant(call, chunks.asset, write=False, origin=ORIGIN, source=source))
    session = opened(world.sealer, given.token)
    run(planned(chunks.edge, session, one.name))
    assert windows(chunks) == [first]
    assert refusal(chunks, session, two) is NotFound


def test_what_is_in_the_trash_is_not_read_through_chunks(chunks: Chunks) -> None:
    file = sent(chunks, 17)
    version, world = published(chunks, file), chunks.site.world
    free, bound = chunks.session(write=False), chunks.session(write=False, version=version)
    plan = run(planned(chunks.edge, free, file.name))
    (part,) = next(iter(plan.parts.values()))
    fetch = reconstructing.opened(world.sealer, part.seal)
    name = next(iter(plan.parts))
    world.command("maintainer", lambda call: versions.delete(call, version, release_aliases=True, etag=None))
    assert refusal(chunks, free, file) is NotFound
    assert refusal(chunks, bound, file) is Conflict
    world.command("maintainer", lambda call: assets.delete(call, chunks.asset, release_aliases=True, etag=None))
    assert refusal(chunks, free, file) is Conflict
    with pytest.raises(Conflict):
        world.read(chunks.who, lambda call: body_of(call, fetch, free.store, name))
    with pytest.raises(Conflict):
        chunks.session(write=False)


def test_looking_for_the_version_ends(chunks: Chunks, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = sent(chunks, 18), sent(chunks, 19)
    published(chunks, one)
    published(chunks, two)
    assert FILES_MOST > 1
    monkeypatch.setattr("strongroom.application.xet.attributing.FILES_MOST", 0)
    assert refusal(chunks, chunks.session(write=False), one) is Invalid
    run(planned(chunks.edge, chunks.session(write=False), two.name))
