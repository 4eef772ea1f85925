"""Listings of repositories, through the one search."""

from collections.abc import Mapping
from typing import Any

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.registry import card_facts, slugs
from strongroom.application.registry.views import AssetView
from strongroom.application.search import find
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, Operation, read
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.dialects.huggingface.translate.listing import Wanted, question
from strongroom.domain.identity.roles import Permission

PAGE = 100


def _listed(call: Call, asked: Asked[NoBody], kind: str) -> Answer:
    call.ask(Permission.ASSET_READ)
    author, gated = asked.get("author"), asked.get("gated")
    namespace = None
    if author is not None:
        space = slugs.namespace_of(call, names.slug_path(author))
        if space is None:
            return Answer([])
        namespace = space.path
    tags = [*asked.query.get("filter", ()), *asked.query.get("pipeline_tag", ()), *asked.query.get("library", ())]
    wanted = Wanted(
        kind,
        [text for text in asked.query.get("search", ()) if text],
        namespace,
        [tag for text in tags for tag in text.split(",") if tag],
        None if gated is None else asked.flag("gated"),
        asked.get("sort") or "",
        asked.get("direction") == "1",
    )
    page = find.assets(call, question(wanted), PageRequest(page_size(asked, PAGE), asked.get("cursor")))
    spaces = slugs.spoken_of(call, [view.namespace for view in page.items])
    full = asked.flag("full") or asked.flag("cardData") or "cardData" in asked.query.get("expand", ())
    said = card_facts.said(call, [view.uid for view in page.items]) if full else {}
    items = [_item(view, names.repo_id(spaces[view.namespace], view.slug), said.get(view.uid)) for view in page.items]
    return Answer(items, headers=next_page(asked, page.next_page_token))


def _item(view: AssetView, name: str, card: Mapping[str, Any] | None) -> dict[str, Any]:
    said = infos.info(view, name, None, card)
    del said["sha"]
    return said


def _of(kind: str, place: str) -> Operation:
    @read(f"repos.{place}", "GET", f"/api/{place}", Permission.ASSET_READ)
    def listed(call: Call, asked: Asked[NoBody]) -> Answer:
        """Repositories of one kind that the caller may see."""
        return _listed(call, asked, kind)

    return listed


OPERATIONS = (_of("model", "models"), _of("dataset", "datasets"), _of("space", "spaces"))
