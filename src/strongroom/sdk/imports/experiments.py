"""Experiments: made here under their names, or joined when they are the default one or the user says so."""

from dataclasses import dataclass

from strongroom.sdk.errors import AlreadyExists, BadName, Invalid
from strongroom.sdk.imports.model import Experiment
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.target import DIALECT, IMPORT, Known, Made, Target, accepted, identity, safe_line

DEFAULT_ID = "0"
NOTE = "mlflow.note.content"
KIND = "experiment"
TAGS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Experiments:
    """Finds and makes experiments. :param merge: one that has the name already is joined."""

    target: Target
    report: Report
    merge: bool

    def known(self, one: Experiment) -> Known | None:
        """What an earlier import made of it."""
        id_ = identity_of(one)
        return self.target.find(IMPORT, KIND, [id_]).get(id_)

    def bring(self, one: Experiment, known: Known | None) -> str | None:
        """Its uid here; None, and reported, when it cannot be."""
        if known is not None:
            self.report.there("experiments")
            return known.uid
        try:
            uid = self._join(one) if one.id == DEFAULT_ID else self._make(one)
        except Invalid as error:
            self.report.refuse("experiments", one.name, error.detail)
            return None
        if uid is not None:
            self.report.imported("experiments")
            self._tag(uid, one)
        return uid

    def _join(self, one: Experiment) -> str | None:
        """The default experiment is the one that is here, if there is one."""
        here = self.target.find(DIALECT, KIND, [DEFAULT_ID]).get(DEFAULT_ID)
        if here is None:
            return self._make(one)
        self.target.put_handle((IMPORT, KIND, identity_of(one)), KIND, here.uid)
        return here.uid

    def _make(self, one: Experiment) -> str | None:
        handles = [(IMPORT, KIND, identity_of(one))]
        if not self.target.find(DIALECT, KIND, [one.id]):
            handles.append((DIALECT, KIND, one.id))  # else another import came first: ids of databases count from 1
        try:
            return self._created(one.name, one, handles)
        except AlreadyExists:
            return self._named(one, handles)
        except BadName as error:
            name = safe_line(one.name)
            self.report.note("experiments", one.name, f"is {name!r} here: {error.detail}")
            try:
                return self._created(name, one, handles)
            except AlreadyExists:
                return self._named(one, handles)

    def _created(self, path: str, one: Experiment, handles: list[tuple[str, str, str]]) -> str:
        """Under its whole name in the root; where the server reads the name as a path, in that namespace."""
        said = {
            "experiment_id": one.id,
            "name": one.name,
            "artifact_location": one.location,
            "last_update_time": one.updated_ms,
        }
        fields = {
            "description": one.tags.get(NOTE, "")[:65_536],
            "imported": self.target.imported(handles, one.created_ms, said),
        }
        try:
            return self.target.make("experiment.create", name=path[:255], namespace="", **fields)
        except BadName as error:
            head, _, tail = path.rpartition("/")
            if not head or "path" not in error.detail:
                raise
            return self.target.make("experiment.create", name=tail, namespace=head, **fields)

    def _named(self, one: Experiment, handles: list[tuple[str, str, str]]) -> str | None:
        """The experiment that has the name already, maybe in the trash."""
        if not self.merge and one.id != DEFAULT_ID:
            self.report.refuse(
                "experiments", one.name, "an experiment that was not imported has this name; see --merge"
            )
            return None
        head, _, tail = one.name.rpartition("/")
        try:
            found = self.target.api.call("experiment.find", Made, name=one.name)
        except Invalid:
            found = self.target.api.call("experiment.find", Made, namespace=head, name=tail)
        for handle in handles:
            self.target.put_handle(handle, KIND, found.uid)
        return found.uid

    def _tag(self, uid: str, one: Experiment) -> None:
        tags = [(key, value) for key, value in one.tags.items() if key != NOTE]
        self.report.found("tags", len(tags))
        for start in range(0, len(tags), TAGS_AT_ONCE):
            taken = accepted(
                tags[start : start + TAGS_AT_ONCE],
                lambda some: self.target.api.send("tag.set", kind=KIND, uid=uid, tags=dict(some)),
                lambda tag, why: self.report.refuse("tags", f"{one.name}: {tag[0]}", why),
            )
            self.report.imported("tags", len(taken))


def identity_of(one: Experiment) -> str:
    """The same for the same experiment, whichever way the source is read and wherever it was moved."""
    return identity(one.id, one.created_ms if one.created_ms is not None else one.name)
