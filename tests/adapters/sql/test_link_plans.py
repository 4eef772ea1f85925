"""Links of versions are found by the index of links, on both databases: not by a look at all versions for each."""

import pytest
from sqlalchemy import text

from strongroom.adapters.sql.engine import is_sqlite
from tests.application.conftest import clock, database, executor, world
from tests.promises.conftest import home, site
from tests.promises.support import Site, statements

__all__ = ["clock", "database", "executor", "home", "site", "world"]


@pytest.mark.parametrize("which", ["linked", "links_elsewhere"])
def test_links_of_an_assets_versions_are_found_by_their_index(site: Site, which: str) -> None:
    with statements(site) as said:
        site.world.read_tx(lambda tx: tx.retention.linked(1) if which == "linked" else tx.versions.links_elsewhere(1))
    (look,) = [one for one in said if "source_id" in one and "FROM version" in one]
    with site.connect() as connection:
        if is_sqlite(site.database):
            parts = look.split("?")
            values = ["1" if part.rstrip().endswith(("asset_id =", "asset_id !=")) else "'live'" for part in parts[:-1]]
            plain = "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))
            plan = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {plain}")))
            assert "uq_version_link" in plan, plan
            assert "SCAN" not in plan, plan
        else:
            assert "state != 'purged'" in look, "what PostgreSQL's partial index asks for"
