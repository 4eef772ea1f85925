"""Listings of repositories, through the one search."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.lineage import consumption
from strongroom.application.paging import PageRequest
from strongroom.application.registry import card_facts, slugs
from strongroom.application.registry.views import AssetView
from strongroom.application.search import find
from strongroom.application.xet import figures
from strongroom.dialects.huggingface.operation import PLACES, Answer, Asked, NoBody, Operation, read
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.dialects.huggingface.translate.infos import kept_item
from strongroom.dialects.huggingface.translate.listing import Wanted, kept_in, question
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
    uids = [view.uid for view in page.items]
    cards, downloads = card_facts.said(call, uids) if full else {}, consumption.downloads(call, uids)

    def item(view: AssetView) -> dict[str, Any]:
        name = names.repo_id(spaces[view.namespace], view.slug)
        said = infos.info(view, name, None, downloads[view.uid], cards.get(view.uid))
        del said["sha"]
        return said

    return Answer([item(view) for view in page.items], headers=next_page(asked, page.next_page_token))


def _of(kind: str, place: str) -> Operation:
    @read(f"repos.{place}", "GET", f"/api/{place}", Permission.ASSET_READ)
    def listed(call: Call, asked: Asked[NoBody]) -> Answer:
        """Repositories of one kind that the caller may see."""
        return _listed(call, asked, kind)

    return listed


def _kept(call: Call, asked: Asked[NoBody], slug: str) -> Answer:
    space = slugs.namespace_of(call, slug)
    if space is None:
        return Answer([])
    page = PageRequest(page_size(asked, PAGE), asked.get("cursor"))
    found = find.assets(call, kept_in(space.path, tuple(PLACES)), page)
    sizes = figures.unique_of(call, [view.uid for view in found.items])
    name = slugs.spoken_of(call, [space.path])[space.path]
    items = [kept_item(view, names.repo_id(name, view.slug), sizes) for view in found.items]
    return Answer(items, headers=next_page(asked, found.next_page_token))


@read("repos.own", "GET", "/api/settings/repositories", Permission.ASSET_READ)
def own(call: Call, asked: Asked[NoBody]) -> Answer:
    """Repositories of the caller's own namespace and how much they hold."""
    call.ask(Permission.ASSET_READ)
    return _kept(call, asked, slugs.home_slug(call))


@read("repos.organisation", "GET", "/api/organizations/{ns}/settings/repositories", Permission.ASSET_READ)
def of_organisation(call: Call, asked: Asked[NoBody]) -> Answer:
    """The same of a namespace."""
    call.ask(Permission.ASSET_READ)
    return _kept(call, asked, asked.namespace)


OPERATIONS = (_of("model", "models"), _of("dataset", "datasets"), _of("space", "spaces"), own, of_organisation)
