"""Issue 3: "random commit graphs against a small reference model", on both databases.

The model is dictionaries: commits with their files and parents, branches, pins, published commits. Whatever is done at
random (commit, branch, pin, merge, squash, delete, two writers at once), the registry says what the model says.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, commits, history, refs
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.commits import Commit, Merge
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import AlreadyExists, BadPath, Conflict, DomainError, NotFound, PreconditionFailed
from strongroom.domain.registry.refs import RefKind
from tests.application.conftest import World
from tests.application.registry.conftest import WorldEdge

T = TypeVar("T")
Files = dict[str, str]
BRANCHES = ["main", "dev", "refs/pr/1"]
PINS = ["v1", "v2"]
#: Directories and files of one name cannot be in one tree.
PATHS = ["a", "b", "d/x", "d/y", "d"]
CONTENTS = ["1", "2", "3"]


@dataclass
class Made:
    """A commit of the model; it is known by its digest, which only the registry can tell."""

    files: Files
    parents: list[str]


@dataclass
class Model:
    commits: dict[str, Made] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    def ancestors(self, start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.commits[one].parents
        return found

    def readable(self) -> set[str]:
        heads = [*self.branches.values(), *self.pins.values()]
        return set(self.published).union(*map(self.ancestors, heads))

    def base(self, ours: str, theirs: str) -> str | None:
        common = self.ancestors(ours) & self.ancestors(theirs)
        return max(common, key=self.order.index) if common else None

    def virtual_main(self) -> str | None:
        """Where `main` stands; without the branch, it is the version published last."""
        return self.branches.get("main") or (self.published[-1] if self.published else None)


def is_tree(files: Files) -> bool:
    return not any(other.startswith(path + "/") for path in files for other in files)


edits = st.lists(
    st.tuples(st.sampled_from(PATHS), st.sampled_from([*CONTENTS, None])),
    min_size=1,
    max_size=3,
    unique_by=lambda edit: edit[0],
)
branch = st.sampled_from(BRANCHES)
pin = st.sampled_from(PINS)


class CommitGraphs(RuleBasedStateMachine):
    """One asset of the world, and its model."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        made = CreateAsset("model", f"graph-{self.world.clock.new_uid()}")
        self.uid = self.world.command("contributor", lambda call: assets.create(call, made)).uid
        self.model = Model()

    # -- asking the registry -------------------------------------------------------------------------------------

    @property
    def edge(self) -> Edge:
        return cast("Edge", WorldEdge(self.world, "contributor"))

    def run(self, work: Coroutine[Any, Any, T]) -> T | DomainError:
        try:
            return asyncio.run(work)
        except DomainError as error:
            return error

    def command(self, work: Callable[[Call], Any]) -> Any:  # noqa: ANN401 - an answer or what was raised
        try:
            return self.world.command("contributor", work)
        except DomainError as error:
            return error

    def files(self, revision: str) -> Files:
        page = self.world.read(
            "viewer", lambda call: history.files(call, self.uid, revision, "", PageRequest(), recursive=True)
        )
        return {item.path: (item.uri or "")[-1] for item in page.items}

    # -- what a commit means -------------------------------------------------------------------------------------

    def commanded(self, at: str | None, changes: list[tuple[str, str | None]]) -> list[EditCommand]:
        """Edits that fit the base: what is not there is not deleted."""
        there = self.model.commits[at].files if at else {}
        return [
            EditCommand("reference", path, uri=f"s3://bucket/{content}", pin="etag:1")
            if content is not None
            else EditCommand("delete", path)
            for path, content in changes
            if content is not None or any(one == path or one.startswith(path + "/") for one in there)
        ]

    def after(self, at: str | None, commands: list[EditCommand]) -> Files:
        files = dict(self.model.commits[at].files) if at else {}
        for one in commands:
            if one.verb == "delete":
                files = {
                    path: c for path, c in files.items() if path != one.path and not path.startswith(one.path + "/")
                }
        return files | {one.path: (one.uri or "")[-1] for one in commands if one.verb == "reference"}

    def took(self, made: object, files: Files, parents: list[str], name: str) -> None:
        """The registry made a commit and moved the branch; so does the model."""
        assert isinstance(made, HeadView), made
        digest = made.revision.digest
        if made.changed and digest not in self.model.commits:
            self.model.commits[digest] = Made(files, parents)
            self.model.order.append(digest)
            assert list(made.revision.parents) == parents
        self.model.branches[name] = digest

    # -- rules ---------------------------------------------------------------------------------------------------

    @initialize(contents=st.lists(st.sampled_from(CONTENTS), min_size=3, max_size=3))
    def begin_with_a_fork(self, contents: list[str]) -> None:
        """Most of what can go wrong needs two lines of history."""
        self.commit(name="main", changes=[("a", contents[0])], stated="right")
        self.commit(name="main", changes=[("b", contents[1])], stated="nothing")
        at = self.model.branches["main"]
        self.run(refs.create(self.edge, self.uid, RefKind.BRANCH, "dev", at))
        self.model.branches["dev"] = at
        self.commit(name="dev", changes=[("d/x", contents[2])], stated="right")

    @rule(name=branch, changes=edits, stated=st.sampled_from(["nothing", "right", "right", "wrong"]))
    def commit(self, name: str, changes: list[tuple[str, str | None]], stated: str) -> None:
        at = self.model.branches.get(name) or (self.model.virtual_main() if name == "main" else None)
        commands = self.commanded(at, changes)
        parent = {"nothing": None, "right": at or "", "wrong": "0" * 64}[stated]
        made = self.run(commits.commit(self.edge, self.uid, Commit(name, commands, "m", parent)))
        files = self.after(at, commands)
        if stated == "wrong":
            assert isinstance(made, PreconditionFailed)
            assert made.details["head"] == at
        elif at is None and name != "main":
            assert isinstance(made, NotFound)
        elif not is_tree(files):
            assert isinstance(made, BadPath)
        elif at is None and not files:
            assert isinstance(made, DomainError)
        elif at is not None and files == self.model.commits[at].files:
            assert isinstance(made, HeadView)
            assert made.revision.digest == at
            self.model.branches[name] = at
        else:
            self.took(made, files, [at] if at else [], name)

    @precondition(lambda self: self.model.branches)
    @rule(data=st.data(), stated=st.booleans())
    def two_commit_at_once(self, data: st.DataObject, stated: bool) -> None:
        """ "commits ... with compare-and-swap": of two that state one parent one wins; without, both land in a line."""
        name = data.draw(st.sampled_from(sorted(self.model.branches)))
        at = self.model.branches[name]
        new = [EditCommand("reference", f"race/{n}", uri=f"s3://bucket/{n}", pin="etag:1") for n in "45"]
        new = [edit for edit in new if self.model.commits[at].files.get(edit.path) is None]
        parent = at if stated else None

        async def together() -> list[Any]:
            one = (commits.commit(self.edge, self.uid, Commit(name, [edit], "race", parent)) for edit in new)
            return list(await asyncio.gather(*one, return_exceptions=True))

        results = asyncio.run(together())
        won = [(made, edit) for made, edit in zip(results, new, strict=True) if isinstance(made, HeadView)]
        assert all(isinstance(lost, PreconditionFailed) for lost in results if not isinstance(lost, HeadView))
        assert len(won) == (min(len(new), 1) if stated else len(new))
        won.sort(key=lambda pair: pair[0].revision.created_at)
        for made, edit in won:
            before = self.model.branches[name]
            self.took(made, self.after(before, [edit]), [before], name)

    @precondition(lambda self: self.model.commits)
    @rule(name=branch, data=st.data())
    def make_branch(self, name: str, data: st.DataObject) -> None:
        self.make_ref(RefKind.BRANCH, self.model.branches, name, data)

    @precondition(lambda self: self.model.commits)
    @rule(name=pin, data=st.data())
    def make_pin(self, name: str, data: st.DataObject) -> None:
        self.make_ref(RefKind.PIN, self.model.pins, name, data)

    def make_ref(self, kind: RefKind, known: dict[str, str], name: str, data: st.DataObject) -> None:
        at = data.draw(st.sampled_from(self.model.order))
        readable = at in self.model.readable()
        made = self.run(refs.create(self.edge, self.uid, kind, name, at))
        if not readable:
            assert isinstance(made, NotFound)
        elif name in known:
            assert isinstance(made, AlreadyExists)
        else:
            assert isinstance(made, HeadView)
            assert made.revision.digest == at
            known[name] = at

    @rule(name=branch)
    def delete_branch(self, name: str) -> None:
        gone = self.command(lambda call: refs.delete(call, self.uid, RefKind.BRANCH, name, None))
        assert isinstance(gone, NotFound) == (name not in self.model.branches)
        self.model.branches.pop(name, None)

    @rule(name=pin)
    def delete_pin(self, name: str) -> None:
        gone = self.command(lambda call: refs.delete(call, self.uid, RefKind.PIN, name, None))
        assert isinstance(gone, NotFound) == (name not in self.model.pins)
        self.model.pins.pop(name, None)

    @rule(name=branch)
    def squash(self, name: str) -> None:
        done = self.command(lambda call: refs.squash(call, self.uid, name, "all", None))
        at = self.model.branches.get(name)
        if at is None:
            assert isinstance(done, NotFound)
        elif self.model.commits[at].parents:
            self.took(done, self.model.commits[at].files, [], name)
        else:
            assert done.revision.digest == at
            assert not done.changed

    @precondition(lambda self: len(self.model.branches) > 1)
    @rule(data=st.data(), forward=st.booleans())
    def merge(self, data: st.DataObject, forward: bool) -> None:
        into = data.draw(st.sampled_from(sorted(self.model.branches)))
        source = data.draw(st.sampled_from(sorted(self.model.branches)))
        ours, theirs = self.model.branches[into], self.model.branches[source]
        base = self.model.base(ours, theirs)
        made = self.run(commits.merge(self.edge, self.uid, Merge(into, f"^{source}", "m", None, forward)))
        if base == theirs:
            assert isinstance(made, HeadView)
            assert not made.changed
            return
        if base == ours and forward:
            self.took(made, {}, [], into)
            assert self.model.branches[into] == theirs
            return
        start = self.model.commits[base].files if base else {}
        mine, other = self.model.commits[ours].files, self.model.commits[theirs].files
        paths = {*start, *mine, *other}
        disagree = [p for p in paths if start.get(p) not in (mine.get(p), other.get(p)) and mine.get(p) != other.get(p)]
        union = {p: c for p in paths if (c := other.get(p) if mine.get(p) == start.get(p) else mine.get(p)) is not None}
        if disagree or not is_tree(union):
            assert isinstance(made, Conflict)
            assert set(disagree) <= set(cast("list[str]", made.details["paths"]))
        else:
            self.took(made, union, [ours, theirs], into)

    @precondition(lambda self: self.model.branches)
    @rule(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.branches)))
        at = self.model.branches[name]
        made = self.run(history.publish(self.edge, self.uid, f"^{name}", PublishDetails()))
        if self.model.commits[at].files:
            assert isinstance(made, VersionView)
            assert made.revision == at
            self.model.published.append(at)

    # -- what holds after each -----------------------------------------------------------------------------------

    @invariant()
    def refs_stand_where_the_model_says(self) -> None:
        for kind, known in ((RefKind.BRANCH, self.model.branches), (RefKind.PIN, self.model.pins)):
            page = self.world.read("viewer", lambda call, k=kind: refs.listed(call, self.uid, k, PageRequest()))  # type: ignore[misc]
            assert [(ref.name, ref.revision) for ref in page.items] == sorted(known.items())

    @invariant()
    def files_and_history_of_every_ref_are_those_of_the_model(self) -> None:
        for digest in {*self.model.branches.values(), *self.model.pins.values()}:
            assert self.files(digest) == self.model.commits[digest].files
            assert set(self.history(digest)) == self.model.ancestors(digest)

    def history(self, digest: str) -> list[str]:
        """In pages of two."""
        found: list[str] = []
        token: str | None = None
        while True:
            page = self.world.read(
                "viewer",
                lambda call, t=token: history.listed(call, self.uid, digest, PageRequest(2, t), first_parent=False),  # type: ignore[misc]
            )
            found += [one.digest for one in page.items]
            if (token := page.next_page_token) is None:
                assert len(set(found)) == len(found)
                return found

    @invariant()
    def only_what_something_leads_to_can_be_read(self) -> None:
        readable = self.model.readable()
        for digest in self.model.order[-6:]:
            try:
                assert self.files(digest) == self.model.commits[digest].files
                assert digest in readable
            except NotFound:
                assert digest not in readable

    @invariant()
    def two_branches_are_as_far_apart_as_the_model_says(self) -> None:
        if len(self.model.branches) < 2:
            return
        ours, theirs = sorted(self.model.branches.values())[:2]
        found = self.world.read("viewer", lambda call: history.compare(call, self.uid, ours, theirs))
        a, b = self.model.ancestors(ours), self.model.ancestors(theirs)
        assert (found.merge_base, found.ahead, found.behind) == (self.model.base(ours, theirs), len(a - b), len(b - a))


def test_random_commit_graphs_are_those_of_the_reference_model(world: World) -> None:
    class Bound(CommitGraphs):
        pass

    Bound.world = world
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
