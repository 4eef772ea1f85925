"""One transaction over a connection: its time, its ids, its repositories, each made when it is asked for."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select

from strongroom.adapters.sql.admission import Facts, RememberedFacts
from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.access import SqlAccessRequests
from strongroom.adapters.sql.repositories.admission import SqlAdmission
from strongroom.adapters.sql.repositories.aliases import SqlAliases
from strongroom.adapters.sql.repositories.annotations import SqlAnnotations
from strongroom.adapters.sql.repositories.approvals import SqlApprovals
from strongroom.adapters.sql.repositories.assessments import SqlAssessments
from strongroom.adapters.sql.repositories.assets import SqlAssets
from strongroom.adapters.sql.repositories.audit import SqlAuditLog
from strongroom.adapters.sql.repositories.automations import SqlAutomations
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.repositories.blobs import SqlBlobs
from strongroom.adapters.sql.repositories.cards import SqlCards
from strongroom.adapters.sql.repositories.collection import SqlCollection
from strongroom.adapters.sql.repositories.comments import SqlComments
from strongroom.adapters.sql.repositories.cursors import SqlCursors
from strongroom.adapters.sql.repositories.decisions import SqlDecisions
from strongroom.adapters.sql.repositories.deliveries import SqlDeliveries
from strongroom.adapters.sql.repositories.discussions import SqlDiscussions
from strongroom.adapters.sql.repositories.environments import SqlEnvironments
from strongroom.adapters.sql.repositories.evaluations import SqlEvaluations
from strongroom.adapters.sql.repositories.experiments import SqlExperiments
from strongroom.adapters.sql.repositories.feed import SqlFeed
from strongroom.adapters.sql.repositories.figures import SqlFigures
from strongroom.adapters.sql.repositories.folders import SqlFolders
from strongroom.adapters.sql.repositories.gate_standings import SqlStandings
from strongroom.adapters.sql.repositories.grants import SqlGrants
from strongroom.adapters.sql.repositories.handles import SqlHandles
from strongroom.adapters.sql.repositories.holding import SqlHolding
from strongroom.adapters.sql.repositories.idempotency import SqlIdempotency
from strongroom.adapters.sql.repositories.inbox import SqlInbox
from strongroom.adapters.sql.repositories.integrity import SqlIntegrity
from strongroom.adapters.sql.repositories.lineage import SqlLineage
from strongroom.adapters.sql.repositories.logged_models import SqlLoggedModels
from strongroom.adapters.sql.repositories.manifests import SqlManifests
from strongroom.adapters.sql.repositories.namespaces import SqlNamespaces
from strongroom.adapters.sql.repositories.pipelines import SqlPipelines
from strongroom.adapters.sql.repositories.placements import SqlPlacements
from strongroom.adapters.sql.repositories.policies import SqlPolicies
from strongroom.adapters.sql.repositories.principals import SqlPrincipals
from strongroom.adapters.sql.repositories.recalls import SqlRecalls
from strongroom.adapters.sql.repositories.record_sets import SqlRecordSets
from strongroom.adapters.sql.repositories.refs import SqlOrigins, SqlPublication, SqlRefs
from strongroom.adapters.sql.repositories.releases import SqlReleases
from strongroom.adapters.sql.repositories.retention import SqlHolds, SqlRetention
from strongroom.adapters.sql.repositories.revisions import SqlRevisions
from strongroom.adapters.sql.repositories.runs import SqlRuns
from strongroom.adapters.sql.repositories.settings import SqlSettings
from strongroom.adapters.sql.repositories.stages import SqlStages
from strongroom.adapters.sql.repositories.standing import SqlStanding
from strongroom.adapters.sql.repositories.tags import SqlTags
from strongroom.adapters.sql.repositories.targets import SqlTargets
from strongroom.adapters.sql.repositories.teams import SqlTeams
from strongroom.adapters.sql.repositories.tokens import SqlTokens
from strongroom.adapters.sql.repositories.traces import SqlTraces
from strongroom.adapters.sql.repositories.trees import SqlTrees
from strongroom.adapters.sql.repositories.uploads import SqlFileUploads, SqlUploads
from strongroom.adapters.sql.repositories.versions import SqlVersions
from strongroom.adapters.sql.repositories.waivers import SqlWaivers
from strongroom.adapters.sql.repositories.watches import SqlWatches
from strongroom.adapters.sql.repositories.webhooks import SqlWebhooks
from strongroom.adapters.sql.repositories.workspaces import SqlWorkspaces
from strongroom.adapters.sql.repositories.xet import SqlXet
from strongroom.adapters.sql.search.finder import SqlSearch
from strongroom.adapters.sql.tables import name_dict
from strongroom.application.ports.execution import Clock

T = TypeVar("T")


_IDS = Prepared(
    select(name_dict.c.text, name_dict.c.id).where(
        name_dict.c.workspace_id == bindparam("workspace"), among(name_dict.c.text, "texts")
    )
)
_TEXTS = Prepared(select(name_dict.c.id, name_dict.c.text).where(among(name_dict.c.id, "ids")))


class _Names(Repository):
    """The dictionary of repeated texts."""

    def ids(self, workspace_id: int, texts: Iterable[str], *, create: bool) -> dict[str, int]:
        wanted = list(dict.fromkeys(texts))
        rows = _IDS.rows(self._connection, workspace=workspace_id, texts=wanted) if wanted else ()
        found: dict[str, int] = dict(rows)
        missing = [text for text in wanted if text not in found]
        if create and missing:
            self._insert_ignore(name_dict, [{"workspace_id": workspace_id, "text": text} for text in missing])
            found.update(self.ids(workspace_id, missing, create=False))
        return found

    def texts(self, ids: Iterable[int]) -> dict[int, str]:
        wanted = list(dict.fromkeys(ids))
        return dict(_TEXTS.rows(self._connection, ids=wanted)) if wanted else {}


class SqlTransaction:
    """See :class:`strongroom.application.ports.transaction.Transaction`."""

    def __init__(
        self, connection: Connection, clock: Clock, remembered: RememberedFacts, *, reads: bool = False
    ) -> None:
        self.connection = connection
        self._clock = clock
        self._now = clock.now_us()
        self._remembered = remembered
        self._reads = reads

    @cached_property
    def facts(self) -> Facts | None:
        """Facts that are true all through the transaction: of one that only reads."""
        return self._remembered.at(self.connection) if self._reads else None

    def admission(self) -> SqlAdmission:
        """What calls are admitted on, at this moment of the transaction."""
        return SqlAdmission(self, self.facts or self._remembered.at(self.connection))

    def now(self) -> int:
        """The time of the transaction, microseconds UTC."""
        return self._now

    def new_uid(self) -> str:
        """A fresh UUIDv7."""
        return self._clock.new_uid()

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        return self._clock.random_bytes(count)

    def name_ids(self, workspace_id: int, texts: Iterable[str], *, create: bool) -> Mapping[str, int]:
        """Ids of texts in the workspace's dictionary; missing ones are added or left out."""
        return _Names(self).ids(workspace_id, texts, create=create)

    def name_texts(self, ids: Iterable[int]) -> Mapping[int, str]:
        """Texts of ids."""
        return _Names(self).texts(ids)

    def attempt(self, work: Callable[[], T]) -> T:
        """Run `work` under a savepoint of its own: what it raises undoes what it did, and nothing else."""
        with self.connection.begin_nested():
            return work()

    @cached_property
    def workspaces(self) -> SqlWorkspaces:
        return SqlWorkspaces(self)

    @cached_property
    def namespaces(self) -> SqlNamespaces:
        return SqlNamespaces(self)

    @cached_property
    def assets(self) -> SqlAssets:
        return SqlAssets(self)

    @cached_property
    def versions(self) -> SqlVersions:
        return SqlVersions(self)

    @cached_property
    def aliases(self) -> SqlAliases:
        return SqlAliases(self)

    @cached_property
    def revisions(self) -> SqlRevisions:
        return SqlRevisions(self)

    @cached_property
    def refs(self) -> SqlRefs:
        return SqlRefs(self)

    @cached_property
    def publication(self) -> SqlPublication:
        return SqlPublication(self)

    @cached_property
    def retention(self) -> SqlRetention:
        return SqlRetention(self)

    @cached_property
    def holds(self) -> SqlHolds:
        return SqlHolds(self)

    @cached_property
    def origins(self) -> SqlOrigins:
        return SqlOrigins(self)

    @cached_property
    def stages(self) -> SqlStages:
        return SqlStages(self)

    @cached_property
    def tags(self) -> SqlTags:
        return SqlTags(self)

    @cached_property
    def blobs(self) -> SqlBlobs:
        return SqlBlobs(self)

    @cached_property
    def trees(self) -> SqlTrees:
        return SqlTrees(self)

    @cached_property
    def folders(self) -> SqlFolders:
        return SqlFolders(self)

    @cached_property
    def uploads(self) -> SqlUploads:
        return SqlUploads(self)

    @cached_property
    def file_uploads(self) -> SqlFileUploads:
        return SqlFileUploads(self)

    @cached_property
    def record_sets(self) -> SqlRecordSets:
        return SqlRecordSets(self)

    @cached_property
    def experiments(self) -> SqlExperiments:
        return SqlExperiments(self)

    @cached_property
    def runs(self) -> SqlRuns:
        return SqlRuns(self)

    @cached_property
    def logged_models(self) -> SqlLoggedModels:
        return SqlLoggedModels(self)

    @cached_property
    def traces(self) -> SqlTraces:
        return SqlTraces(self)

    @cached_property
    def assessments(self) -> SqlAssessments:
        return SqlAssessments(self)

    @cached_property
    def handles(self) -> SqlHandles:
        return SqlHandles(self)

    @cached_property
    def annotations(self) -> SqlAnnotations:
        return SqlAnnotations(self)

    @cached_property
    def pipelines(self) -> SqlPipelines:
        return SqlPipelines(self)

    @cached_property
    def lineage(self) -> SqlLineage:
        return SqlLineage(self)

    @cached_property
    def manifests(self) -> SqlManifests:
        return SqlManifests(self)

    @cached_property
    def principals(self) -> SqlPrincipals:
        return SqlPrincipals(self)

    @cached_property
    def teams(self) -> SqlTeams:
        return SqlTeams(self)

    @cached_property
    def tokens(self) -> SqlTokens:
        return SqlTokens(self)

    @cached_property
    def grants(self) -> SqlGrants:
        return SqlGrants(self)

    @cached_property
    def settings(self) -> SqlSettings:
        return SqlSettings(self)

    @cached_property
    def search(self) -> SqlSearch:
        return SqlSearch(self)

    @cached_property
    def audit(self) -> SqlAuditLog:
        return SqlAuditLog(self)

    @cached_property
    def standing(self) -> SqlStanding:
        return SqlStanding(self)

    @cached_property
    def idempotency(self) -> SqlIdempotency:
        return SqlIdempotency(self)

    @cached_property
    def feed(self) -> SqlFeed:
        return SqlFeed(self)

    @cached_property
    def webhooks(self) -> SqlWebhooks:
        return SqlWebhooks(self)

    @cached_property
    def deliveries(self) -> SqlDeliveries:
        return SqlDeliveries(self)

    @cached_property
    def comments(self) -> SqlComments:
        return SqlComments(self)

    @cached_property
    def discussions(self) -> SqlDiscussions:
        return SqlDiscussions(self)

    @cached_property
    def watches(self) -> SqlWatches:
        return SqlWatches(self)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self)

    @cached_property
    def cursors(self) -> SqlCursors:
        return SqlCursors(self)

    @cached_property
    def automations(self) -> SqlAutomations:
        return SqlAutomations(self)

    @cached_property
    def holding(self) -> SqlHolding:
        return SqlHolding(self)

    @cached_property
    def collection(self) -> SqlCollection:
        return SqlCollection(self)

    @cached_property
    def integrity(self) -> SqlIntegrity:
        return SqlIntegrity(self)

    @cached_property
    def xet(self) -> SqlXet:
        return SqlXet(self)

    @cached_property
    def access_requests(self) -> SqlAccessRequests:
        return SqlAccessRequests(self)

    @cached_property
    def cards(self) -> SqlCards:
        return SqlCards(self)

    @cached_property
    def figures(self) -> SqlFigures:
        return SqlFigures(self)

    @cached_property
    def environments(self) -> SqlEnvironments:
        return SqlEnvironments(self)

    @cached_property
    def releases(self) -> SqlReleases:
        return SqlReleases(self)

    @cached_property
    def placements(self) -> SqlPlacements:
        return SqlPlacements(self)

    @cached_property
    def targets(self) -> SqlTargets:
        return SqlTargets(self)

    @cached_property
    def policies(self) -> SqlPolicies:
        return SqlPolicies(self)

    @cached_property
    def decisions(self) -> SqlDecisions:
        return SqlDecisions(self)

    @cached_property
    def standings(self) -> SqlStandings:
        return SqlStandings(self)

    @cached_property
    def evaluations(self) -> SqlEvaluations:
        return SqlEvaluations(self)

    @cached_property
    def recalls(self) -> SqlRecalls:
        return SqlRecalls(self)

    @cached_property
    def approvals(self) -> SqlApprovals:
        return SqlApprovals(self)

    @cached_property
    def waivers(self) -> SqlWaivers:
        return SqlWaivers(self)
