"""Scorers: documents that clients run, kept as versions of assets."""

import json

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import scorers
from strongroom.application.registry.scorers import DOCUMENT_LARGEST, Named, Scorer
from strongroom.application.views import microseconds
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of
from strongroom.dialects.mlflow.translate.common import milliseconds
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.wire import scorers as wire
from strongroom.dialects.mlflow.wire.codec import invalid
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

ABSENT = "Scorer with name '{name}' not found for experiment {experiment_id}."
EXPERIMENTS_MOST = 100
DIALECT = "mlflow"
CODE = "call_source"
"""Where MLflow's decorated functions keep their source, which its clients run when they load a scorer."""
_P = Permission
_V3 = ("3.0",)
_BY_NAME = ("experiment_id", "name")


def _spoken(one: Scorer) -> wire.Scorer:
    return wire.Scorer(
        scorer_name=one.name,
        scorer_version=one.version.number or 0,
        serialized_scorer=one.document.decode(),
        creation_time=milliseconds(one.version.created_at),
        scorer_id=one.version.asset_uid,
    )


async def _named(edge: Edge, message: wire.ByName | wire.RegisterScorer) -> Named:
    uid = await edge.read(lambda call: uid_of(call, message.experiment_id or ""))
    return Named(DIALECT, uid, message.name or "")


def _check(text: str) -> bytes:
    """The document of a scorer. :raises Invalid: no JSON object, too large, or with code that clients would run."""
    raw = text.encode(errors="surrogatepass")
    if len(raw) > DOCUMENT_LARGEST:
        raise Invalid(f"A scorer has at most {DOCUMENT_LARGEST} bytes.", limit=DOCUMENT_LARGEST)
    try:
        found = json.loads(text)
        text.encode()
    except (ValueError, RecursionError):
        raise invalid("serialized_scorer", text[:100], "serialized_scorer must be valid JSON") from None
    if not isinstance(found, dict):
        raise invalid("serialized_scorer", text[:100])
    if _brings_code(found):
        raise Invalid(
            "Custom scorers made with @scorer cannot be registered: whoever loads one would run its code. "
            "Register a judge or a built-in scorer."
        )
    return raw


def _brings_code(value: object) -> bool:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict(inner):
                if inner.get(CODE) is not None:
                    return True
                waiting += inner.values()
            case list(inner):
                waiting += inner
    return False


@flow(
    "scorers.register",
    "POST",
    "/mlflow/scorers/register",
    _P.ASSET_CREATE,
    wire.RegisterScorer,
    required=(*_BY_NAME, "serialized_scorer"),
    versions=_V3,
)
async def register(edge: Edge, message: wire.RegisterScorer) -> wire.Registered:
    """Add a version; the first one makes the scorer."""
    document = _check(message.serialized_scorer or "")
    await edge.read(lambda call: call.ask(_P.ASSET_CREATE))
    named = await _named(edge, message)
    made = await scorers.register(edge, named, document)
    default = await edge.read(default_uid)
    return wire.Registered(
        version=made.version.number or 0,
        scorer_id=made.version.asset_uid,
        experiment_id=experiment_id(named.experiment_uid, default),
        name=named.name,
        serialized_scorer=document.decode(),
        creation_time=microseconds(made.version.created_at) // 1000,
    )


@flow("scorers.list", "GET", "/mlflow/scorers/list", _P.ASSET_READ, wire.ListScorers, versions=_V3)
async def listed(edge: Edge, message: wire.ListScorers) -> wire.ScorersAnswer:
    """The latest version of every scorer of the experiments that are named."""
    ids = list(dict.fromkeys([*message.experiment_ids, *([message.experiment_id] if message.experiment_id else [])]))
    if not 1 <= len(ids) <= EXPERIMENTS_MOST:
        raise Invalid(f"Name between 1 and {EXPERIMENTS_MOST} experiments.", limit=EXPERIMENTS_MOST)
    uids = [await edge.read(lambda call, one=one: uid_of(call, one)) for one in ids]  # type: ignore[misc]
    found = [one for uid in uids for one in await scorers.listed(edge, DIALECT, uid)]
    return wire.ScorersAnswer(scorers=[_spoken(one) for one in found])


@flow(
    "scorers.versions",
    "GET",
    "/mlflow/scorers/versions",
    _P.ASSET_READ,
    wire.ByName,
    required=_BY_NAME,
    versions=_V3,
    absent=ABSENT,
)
async def versions(edge: Edge, message: wire.ByName) -> wire.ScorersAnswer:
    """Every version of a scorer."""
    found = await scorers.history(edge, await _named(edge, message))
    return wire.ScorersAnswer(scorers=[_spoken(one) for one in found])


@flow(
    "scorers.get",
    "GET",
    "/mlflow/scorers/get",
    _P.ASSET_READ,
    wire.ByName,
    required=_BY_NAME,
    versions=_V3,
    absent=ABSENT,
)
async def get(edge: Edge, message: wire.ByName) -> wire.ScorerAnswer:
    """One version, by default the latest."""
    return wire.ScorerAnswer(scorer=_spoken(await scorers.get(edge, await _named(edge, message), message.version)))


@command(
    "scorers.delete",
    "DELETE",
    "/mlflow/scorers/delete",
    _P.ASSET_DELETE,
    wire.ByName,
    required=_BY_NAME,
    versions=_V3,
    absent=ABSENT,
)
def delete(call: Call, message: wire.ByName) -> None:
    """Delete a version, or all of them."""
    named = Named(DIALECT, uid_of(call, message.experiment_id or ""), message.name or "")
    scorers.delete(call, named, message.version)


@read("scorers.online_configs", "GET", "/mlflow/scorers/online-configs", _P.SELF, wire.OnlineConfigs, versions=_V3)
def online_configs(call: Call, _message: wire.OnlineConfigs) -> wire.OnlineConfigsAnswer:
    """What the client asks with every scorer that it loads: none of them runs here by itself."""
    call.require(_P.SELF)
    return wire.OnlineConfigsAnswer()


OPERATIONS = (register, listed, versions, get, delete, online_configs)
