"""Retention rules, their simulator, expiry, and holds."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import holds, retention
from strongroom.application.registry.holds import REASON_LONGEST, HoldView
from strongroom.application.registry.retention import DecisionView, RetentionView
from strongroom.application.registry.views import VersionView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Time, time_us
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import TAG_KEY_LONGEST
from strongroom.domain.registry.retention import (
    BEST_MOST,
    DAYS_MOST,
    LAST_MOST,
    TAG_LONGEST,
    TAGS_MOST,
    Best,
    Direction,
    RetentionRule,
    clean_tag,
)


class BestBody(Struct, frozen=True, kw_only=True):
    """The `count` versions whose runs ended with the greatest or least values of a metric."""

    metric: Annotated[str, Meta(min_length=1, max_length=TAG_KEY_LONGEST)]
    count: Annotated[int, Meta(ge=1, le=LAST_MOST)] = 1
    direction: Literal["max", "min"] = "max"


class RuleBody(Struct, frozen=True, kw_only=True):
    """What is kept; any other version goes to the trash, unless something holds it.

    `last`: so many with the greatest numbers. `best`: by metrics. `tags`: with one of these, key or key=value. `days`:
    younger ones. `everything`: all. `purge_days`: what has been in the trash that long is purged.
    """

    everything: bool = False
    last: Annotated[int, Meta(ge=0, le=LAST_MOST)] = 0
    best: Annotated[list[BestBody], Meta(max_length=BEST_MOST)] = []
    tags: Annotated[list[Annotated[str, Meta(min_length=1, max_length=TAG_LONGEST)]], Meta(max_length=TAGS_MOST)] = []
    days: Annotated[int, Meta(ge=0, le=DAYS_MOST)] = 0
    purge_days: Annotated[int, Meta(ge=1, le=DAYS_MOST)] | None = None

    def rule(self) -> RetentionRule:
        """As the use case takes it. :raises Invalid: it says nothing, or too much."""
        best = tuple(Best(one.metric, one.count, Direction(one.direction)) for one in self.best)
        tags = tuple(clean_tag(tag) for tag in self.tags)
        return RetentionRule(self.everything, self.last, best, tags, self.days, self.purge_days)


class SetRetention(Struct, frozen=True, kw_only=True):
    """A rule; null takes the one from above."""

    rule: RuleBody | None = None


class Simulate(Paged, frozen=True, kw_only=True):
    """A rule to try, or null for the one that holds; `kept` true or false shows only those."""

    rule: RuleBody | None = None
    kept: bool | None = None


class RetentionAnswer(Struct, frozen=True, kw_only=True):
    """The rule that holds, whether it is set here, and else the path of its namespace (the root's is empty)."""

    rule: RuleBody | None
    own: bool
    namespace: str | None


class PlaceHold(Struct, frozen=True, kw_only=True):
    """Why a version is held."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LONGEST)]


class Expire(Struct, frozen=True, kw_only=True):
    """When a version goes to the trash; null leaves that to rules."""

    expires_at: Time | None = None


def _answer(found: RetentionView) -> RetentionAnswer:
    rule = found.rule
    said = None
    if rule is not None:
        best = [BestBody(metric=one.metric, count=one.count, direction=one.direction.value) for one in rule.best]
        said = RuleBody(
            everything=rule.everything,
            last=rule.last,
            best=best,
            tags=list(rule.tags),
            days=rule.days,
            purge_days=rule.purge_days,
        )
    return RetentionAnswer(rule=said, own=found.own, namespace=found.namespace)


@read(
    "retention.get",
    "/assets/{uid}/retention",
    Permission.ASSET_READ,
    "Which versions of an asset are kept",
    params=ByUid,
    answer=RetentionAnswer,
)
def get_rule(call: Call, request: Request[ByUid, Any]) -> RetentionAnswer:
    return _answer(retention.get(call, request.params.uid))


@command(
    "retention.set",
    "PUT",
    "/assets/{uid}/retention",
    Permission.RETENTION_SET,
    "Say which versions of an asset are kept",
    params=ByUid,
    body=SetRetention,
    answer=RetentionAnswer,
)
def set_rule(call: Call, request: Request[ByUid, SetRetention]) -> RetentionAnswer:
    rule = request.body.rule
    return _answer(retention.set_for_asset(call, request.params.uid, rule.rule() if rule else None, request.etag))


@read(
    "retention.get_default",
    "/namespaces/{uid}/retention",
    Permission.NAMESPACE_READ,
    "Which versions are kept of assets in a namespace that say nothing themselves",
    params=ByUid,
    answer=RetentionAnswer,
)
def get_default(call: Call, request: Request[ByUid, Any]) -> RetentionAnswer:
    return _answer(retention.get_for_namespace(call, request.params.uid))


@command(
    "retention.set_default",
    "PUT",
    "/namespaces/{uid}/retention",
    Permission.RETENTION_SET,
    "Say which versions are kept of assets in a namespace that say nothing themselves",
    params=ByUid,
    body=SetRetention,
    answer=RetentionAnswer,
)
def set_default(call: Call, request: Request[ByUid, SetRetention]) -> RetentionAnswer:
    rule = request.body.rule
    return _answer(retention.set_for_namespace(call, request.params.uid, rule.rule() if rule else None))


@read(
    "retention.simulate",
    "/assets/{uid}/retention/simulate",
    Permission.ASSET_READ,
    "What the next run of retention would do to each version of an asset, and why",
    method="POST",
    params=ByUid,
    body=Simulate,
    answer=Page[DecisionView],
)
def simulate(call: Call, request: Request[ByUid, Simulate]) -> Page[DecisionView]:
    b = request.body
    return retention.simulate(call, request.params.uid, b.rule.rule() if b.rule else None, b.page(), kept=b.kept)


@command(
    "version.expire",
    "PUT",
    "/versions/{uid}/expiry",
    Permission.VERSION_DELETE,
    "Say when a version goes to the trash",
    params=ByUid,
    body=Expire,
    answer=VersionView,
)
def expire(call: Call, request: Request[ByUid, Expire]) -> VersionView:
    return retention.expire(call, request.params.uid, time_us(request.body.expires_at), request.etag)


@command(
    "hold.place",
    "POST",
    "/versions/{uid}/holds",
    Permission.HOLD_PLACE,
    "Hold a version: nobody deletes or purges it, and no rule does",
    params=ByUid,
    body=PlaceHold,
    answer=HoldView,
    status=201,
)
def place(call: Call, request: Request[ByUid, PlaceHold]) -> HoldView:
    return holds.place(call, request.params.uid, request.body.reason)


@read(
    "hold.list",
    "/assets/{uid}/holds",
    Permission.ASSET_READ,
    "Holds on versions of an asset",
    params=PagedByUid,
    answer=Page[HoldView],
)
def list_holds(call: Call, request: Request[PagedByUid, Any]) -> Page[HoldView]:
    return holds.listed(call, request.params.uid, request.params.page())


@command("hold.release", "DELETE", "/holds/{uid}", Permission.HOLD_RELEASE, "End a hold", params=ByUid)
def release(call: Call, request: Request[ByUid, Any]) -> None:
    holds.release(call, request.params.uid)


OPERATIONS = (
    get_rule,
    set_rule,
    get_default,
    set_default,
    simulate,
    expire,
    place,
    list_holds,
    release,
)
