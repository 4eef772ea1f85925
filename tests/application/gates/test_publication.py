"""Gates before registrations that rules make by themselves, which is how Hugging Face's clients publish (N6)."""

import json

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import outbox
from strongroom.application.edge import RequestEdge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import commits, publication, versions
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.views import AssetView
from tests.application.conftest import SECOND
from tests.application.gates.conftest import Gates, rule
from tests.application.refs.conftest import elsewhere


def publications(gates: Gates, model: AssetView) -> tuple[list[int | None], list[str]]:
    """Numbers of versions, and why others were refused."""
    query = versions.ListVersions("all")
    found = gates.see(lambda call: versions.listed(call, model.uid, query, PageRequest())).items
    with gates.site.connect() as connection:
        rows = connection.execute(select(outbox.c.body).where(outbox.c.type == "publication.refused")).scalars()
        return [one.number for one in found], [json.loads(body)["code"] for body in rows]


@pytest.mark.parametrize("how", ["commit", "quiet(10)"])
def test_what_a_rule_publishes_passes_the_same_gate(gates: Gates, model: AssetView, how: str) -> None:
    """ "no client of any dialect can [...] past the same checks"; a commit that is not published stays."""
    gates.do(lambda call: publication.set_for_asset(call, model.uid, how, None))
    never, always = (rule(name, text, transitions=["registration"]) for name, text in (("no", "false"), ("ok", "true")))

    def commit(path: str) -> None:
        edge = RequestEdge(gates.gateway, gates.world.tokens["contributor"], None)
        gates.runner.run(commits.commit(edge, model.uid, Commit("main", [elsewhere(path)])))
        gates.world.clock.advance(20 * SECOND)
        site = gates.site
        gates.runner.run(
            publication.publish_quiet(gates.world.executor, site.store, site.gateway.yaml, gates.expressions)
        )

    gates.apply(never)
    commit("a")
    assert publications(gates, model) == ([], ["gate_refused"])
    gates.apply(always)
    commit("b")
    assert publications(gates, model) == ([1], ["gate_refused"])
