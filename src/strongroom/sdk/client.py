"""The client: one object for everything that a server offers.

>>> client = Client()                                           # doctest: +SKIP
>>> client.push("model/", "prod/churn", aliases=["champion"])   # doctest: +SKIP
>>> client.pull("prod/churn@champion", to="churn")              # doctest: +SKIP
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from strongroom.sdk import finding, lookup, transfers
from strongroom.sdk.aliases import Aliases
from strongroom.sdk.api import Api
from strongroom.sdk.approvals import Approvals, Waivers
from strongroom.sdk.audit import Audit
from strongroom.sdk.collaboration import Comments, Inbox
from strongroom.sdk.config import load
from strongroom.sdk.datasets import Datasets
from strongroom.sdk.declared.applying import Declarations
from strongroom.sdk.delivery import Delivery
from strongroom.sdk.evaluations import Evaluations
from strongroom.sdk.events import Event, events
from strongroom.sdk.identity import AccessRequests, Grants, Principals, Teams, Tokens
from strongroom.sdk.identity_models import WhoAmI
from strongroom.sdk.lineage import Lineage
from strongroom.sdk.logged_models import LoggedModels, ModelRef, uid_of
from strongroom.sdk.lookup import AssetRef, VersionRef
from strongroom.sdk.manifests import Manifests
from strongroom.sdk.memories import Memories
from strongroom.sdk.models import Alias, Asset, Diff, Scalar, Version
from strongroom.sdk.pipelines import Pipelines
from strongroom.sdk.progress import Progress, choose
from strongroom.sdk.prompts import Prompt
from strongroom.sdk.reader import RemoteFile
from strongroom.sdk.recalls import Recalls
from strongroom.sdk.record_sets import RecordSets
from strongroom.sdk.refs import Branches, Pins, Revisions
from strongroom.sdk.registry import Assets, Labels, Versions
from strongroom.sdk.retention import Retention
from strongroom.sdk.run_models import RunInfo
from strongroom.sdk.runs import Run, Runs, register
from strongroom.sdk.storage import Storage
from strongroom.sdk.traces import Traces
from strongroom.sdk.transfers import LocalVersion, Said
from strongroom.sdk.transport import RETRIES, Transport

_BUFFER = 1024 * 1024


class Client:
    """A connection to a server. Threads may share one.

    :param url: address of the server; else STRONGROOM_URL, else what ``strongroom login`` saved.
    :param token: else STRONGROOM_TOKEN, else what was saved for that address; none is anonymous.
    :param workspace: slug; else STRONGROOM_WORKSPACE, else what was saved, else the home of the token's principal.
    :param retries: how often a request is sent again when no answer comes or the server is busy.
    :raises NotConfigured: no address is known.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        workspace: str | None = None,
        *,
        retries: int = RETRIES,
    ) -> None:
        self.settings = load(url, token, workspace)
        self.transport = Transport(self.settings, retries=retries)
        self.api = Api(self.transport)
        self.assets = Assets(self.api)
        self.versions = Versions(self.api)
        self.aliases = Aliases(self.api)
        self.branches = Branches(self.api)
        self.pins = Pins(self.api)
        self.revisions = Revisions(self.api)
        self.retention = Retention(self.api)
        self.labels = Labels(self.api)
        self.manifests = Manifests(self.api)
        self.datasets = Datasets(self.api)
        self.evaluations = Evaluations(self.api)
        self.approvals = Approvals(self.api)
        self.waivers = Waivers(self.api)
        self.memories = Memories(self.api)
        self.runs = Runs(self.api)
        self.lineage = Lineage(self.api)
        self.recalls = Recalls(self.api)
        self.logged_models = LoggedModels(self.api)
        self.record_sets = RecordSets(self.api)
        self.traces = Traces(self.api)
        self.delivery = Delivery(self.api)
        self.declared = Declarations(self.api)
        self.pipelines = Pipelines(self.api)
        self.tokens = Tokens(self.api)
        self.principals = Principals(self.api)
        self.teams = Teams(self.api)
        self.grants = Grants(self.api)
        self.access_requests = AccessRequests(self.api)
        self.audit = Audit(self.api)
        self.comments = Comments(self.api)
        self.inbox = Inbox(self.api)
        self.storage = Storage(self.api)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.settings.url!r}, workspace={self.settings.workspace!r})"

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def call(self, operation: str, /, **fields: Any) -> Any:  # noqa: ANN401 - whatever the operation answers
        """Any operation of the API by its id (see `strongroom.sdk.operations`), answered as plain values.

        :param fields: its parameters and the fields of its body; `etag` is sent as If-Match, `data` as the body.
        """
        reply = self.api.send(operation, **fields)
        return json.loads(reply.body) if reply.body else None

    def whoami(self) -> WhoAmI:
        """Who you are to the server, and which roles you can use in the workspace."""
        return self.tokens.whoami()

    def events(self, *, after: int | None = None, types: Sequence[str] = (), follow: bool = True) -> Iterator[Event]:
        """What happens in the workspace, in order, as it happens; see `strongroom.sdk.events`.

        :param after: the position of the last event that you have; None begins now, -1 with the first there is.
        :param types: such as ``asset.create`` or ``alias.*``; all when empty. :param follow: False ends at the present.
        """
        return events(self.api, after, types, follow=follow)

    def resolve(self, reference: VersionRef, *, kind: str | None = None, at: datetime | str | None = None) -> Version:
        """The version that a reference such as ``prod/churn@champion``, ``churn:3`` or ``churn`` means.

        :param at: for an alias: which it was at that time. :raises NotFound: none.
        """
        return lookup.version_of(self.api, reference, kind, at)

    def search(
        self,
        *,
        kind: str | None = None,
        namespace: str | None = None,
        name_prefix: str | None = None,
        tag: str | None = None,
        state: str = "active",
    ) -> Iterator[Asset]:
        """Assets that fit all of these, newest first. `tag` is ``key`` or ``key=value``."""
        return self.assets.list(kind=kind, namespace=namespace, name_prefix=name_prefix, tag=tag, state=state)

    def find(
        self,
        what: str,
        filter: str = "",  # noqa: A002 - the API's word
        *,
        order_by: Sequence[str] = (),
        state: str = "active",
        at: datetime | str | None = None,
    ) -> Iterator[Any]:
        """What fits a filter (docs/search.md): ``find("runs", "metrics.auc > 0.9", order_by=["metrics.auc DESC"])``.

        :param what: assets, versions, experiments or runs. :param order_by: latest first when empty.
        :param at: compare aliases, stages and tags as they were then.
        """
        return finding.find(self.api, what, filter=filter, order_by=order_by, state=state, at=at)

    def diff(self, before: VersionRef, after: VersionRef) -> Diff:
        """What differs between two versions: files, card, params and metrics of their runs."""
        return self.versions.diff(before, after)

    def run(
        self,
        experiment: str,
        *,
        name: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
        kind: str = "training",
        note: str = "",
        parent: Run | RunInfo | str | None = None,
        capture: bool = True,
        system_metrics: bool | float = False,
        capture_console: bool = False,
    ) -> Run:
        """Begin a run; use it in a ``with`` block. The experiment is made when there is none.

        :param parent: the run that this one is a part of.
        :param capture: record the git commit of the working folder, what differs from it, and the installed packages.
        :param system_metrics: sample the machine every 10 seconds, or every so many (needs the extra ``system``).
        :param capture_console: keep what is printed as lines of the run's stream ``console``.
        """
        info = self.runs.begin(
            experiment,
            capture=capture,
            name=name,
            kind=kind,
            note=note,
            tags=dict(tags or {}),
            parent_uid=getattr(parent, "uid", parent),
        )
        run = Run(self.api, info, system_metrics=system_metrics, capture_console=capture_console)
        run.log_params(params or {})
        return run

    def push(
        self,
        source: str | Path,
        name: str,
        *,
        kind: str = "model",
        aliases: Sequence[str] = (),
        description: str = "",
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
        signature: Mapping[str, object] | None = None,
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
        base: VersionRef | Sequence[VersionRef] = (),
        label: str | None = None,
        message: str = "",
        create: bool = True,
        progress: Progress | bool = True,
    ) -> Version:
        """Publish a file or folder as the next version of an asset.

        Bytes that the server has are not sent again: killed in the middle, the same call goes on where it was.

        :param name: ``namespace/name``; the asset is made when `create`. :param aliases: point at the new version.
        :param run: the run that made it. :param base: versions it derives from; their files are not sent again.
        :param label: your own name for it, unique in the asset.
        :raises FileChanged: a file changed meanwhile; nothing was published.
        :raises BadPath: a link leads out of the folder.
        """
        bases = [base] if isinstance(base, str | Version) else list(base)
        said = Said(
            description=description,
            label=label,
            message=message,
            tags=tags or {},
            properties=properties or {},
            signature=signature or {},
            aliases=aliases,
            run_uid=getattr(run, "uid", run),
            base_uids=[lookup.version_uid(self.api, one) for one in bases],
        )
        return transfers.push(self.api, Path(source), name, kind, said, choose(progress), create=create)

    def push_manifest(
        self,
        name: str,
        manifest: Mapping[str, Any] | Prompt,
        source: str | Path | None = None,
        *,
        aliases: Sequence[str] = (),
        description: str = "",
        tags: Mapping[str, str | None] | None = None,
        create: bool = True,
        progress: Progress | bool = True,
    ) -> Version:
        """Publish a prompt, or anything that has a manifest (docs/manifests.md), alone or with a folder's files.

        :raises BadManifest: `details["path"]` names the place.
        """
        said = Said(description=description, tags=tags or {}, aliases=aliases)
        return self.manifests.push(name, manifest, source, said=said, progress=choose(progress), create=create)

    def prompt(self, reference: VersionRef) -> Prompt:
        """A prompt, to be rendered here: ``client.prompt("support/greeting@live").render(name="Ada")``."""
        return Prompt.of_manifest(self.manifests.get(lookup.version_of(self.api, reference, "prompt")).body)

    def pull(
        self,
        reference: VersionRef,
        to: str | Path | None = None,
        *,
        path: str = "",
        kind: str | None = None,
        references: bool = False,
        allow_unpinned: bool = False,
        progress: Progress | bool = True,
    ) -> LocalVersion:
        """Bring a version's files to a folder, each checked by its SHA-256; what is there already stays.

        :param to: the folder; None is one in the cache. :param path: only what lies at or below it.
        :param references: fetch what it refers to at https:// too, from there, without your token.
        :param allow_unpinned: take a version whose references nothing fixes the content of.
        :raises Unpinned: it has such references. :raises Drifted: a reference is not what was pinned.
        :raises Corrupted: stored bytes are damaged; blob and path are named.
        :raises BadPath: the version holds a path that this disk cannot take safely.
        """
        version = lookup.version_of(self.api, reference, kind)
        elsewhere = transfers.Elsewhere(fetch=references, allow_unpinned=allow_unpinned)
        folder = Path(to) if to is not None else None
        return transfers.pull(self.api, version, folder, path, choose(progress), elsewhere)

    def open(self, reference: VersionRef, path: str) -> io.BufferedReader:
        """A file of a version as a binary file object, read from the server as needed; it can seek.

        :raises NotFound: no such file. :raises Corrupted: from reading, when its bytes are not what was written.
        """
        version = lookup.version_of(self.api, reference)
        return io.BufferedReader(RemoteFile(self.transport, transfers.find_file(self.api, version, path)), _BUFFER)

    def read_bytes(self, reference: VersionRef, path: str) -> bytes:
        """The bytes of a file of a version, checked by its SHA-256."""
        with self.open(reference, path) as file:
            return file.read()

    def url(self, reference: VersionRef, path: str) -> str:
        """The address of a file; reading it needs a token unless the asset is public."""
        version = lookup.version_of(self.api, reference)
        return self.transport.url(transfers.address_of(version.uid, path))

    def register(
        self,
        asset: AssetRef,
        *,
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
        logged_model: ModelRef | None = None,
        path: str = "",
        kind: str = "model",
        aliases: Sequence[str] = (),
        description: str = "",
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
        signature: Mapping[str, object] | None = None,
        base: Sequence[VersionRef] = (),
        label: str | None = None,
        create: bool = True,
    ) -> Version:
        """Publish what lies at or below a path of the folder of a run, or logged model, frozen at this moment.

        :param path: ``""`` is the whole folder. :raises Invalid: there is nothing at the path.
        """
        said = Said(
            description=description,
            label=label,
            tags=tags or {},
            properties=properties or {},
            signature=signature or {},
            aliases=aliases,
            run_uid=getattr(run, "uid", run),
            base_uids=[lookup.version_uid(self.api, one) for one in base],
        )
        model = uid_of(logged_model) if logged_model is not None else None
        return register(self.api, asset, path, kind, said, create=create, logged_model_uid=model)

    def set_alias(
        self, asset: AssetRef, name: str, version: VersionRef | int | None = None, *, expect: int | None = None
    ) -> Alias:
        """Point an alias at a version: ``set_alias("churn", "champion", 3)`` or ``set_alias("churn:3", "champion")``.

        :param expect: the alias's ETag as last seen, 0 when it must not exist yet, None to compare nothing.
        :raises PreconditionFailed: somebody moved it meanwhile.
        """
        return self.aliases.set(asset, name, version, expect=expect)

    def alias_at(self, asset: AssetRef, name: str, time: datetime | str) -> Alias:
        """Where an alias pointed at a time. :raises NotFound: it did not exist then."""
        return self.aliases.get(asset, name, at=time)

    def alias_history(self, asset: AssetRef, name: str | None = None) -> Iterator[Alias]:
        """Every version that an alias ever pointed at, newest first."""
        return self.aliases.history(asset, name)

    def rollback(self, asset: AssetRef, alias: str) -> Alias:
        """Point an alias at the version that it pointed at before."""
        return self.aliases.rollback(asset, alias)

    def set_stage(
        self, version: VersionRef, stage: str, *, note: str = "", move_others: bool = False, etag: int | None = None
    ) -> Version:
        """Place a version at a stage; `move_others` archives those that stand there."""
        return self.versions.set_stage(version, stage, note=note, move_others=move_others, etag=etag)


def connect(url: str | None = None, token: str | None = None, workspace: str | None = None) -> Client:
    """A client with settings from the arguments, the environment, or what ``strongroom login`` saved."""
    return Client(url, token, workspace)
