"""``strongroom NOUN VERB``: an app for each noun, made when it is asked for: ``nouns.asset``, ``nouns.alias``."""

from cyclopts import App

from strongroom.sdk.operations import OPERATIONS

HELP = {
    "access": "Who may do what.",
    "access_request": "Who asks for the files of gated assets.",
    "alias": "Names that point at one version.",
    "annotation": "What other systems said of objects that came from them.",
    "approval": "Versions that people approve for stages, aliases and environments.",
    "assessment": "What is said of traces: feedback, expectations, issues.",
    "asset": "Models, data sets and other assets.",
    "automation": "What is done by itself, in your name.",
    "audit": "The audit log: read, proved, exported, verified offline.",
    "branch": "Branches of assets, and what is merged into them.",
    "bulk": "Many runs at once, from a file.",
    "blob": "Bytes by digest, below a folder (for programs).",
    "dataset": "What is in data sets.",
    "edge": "What joins two things in lineage.",
    "environment": "Where releases run, in the order of delivery.",
    "evaluation": "What was measured of versions, on which data, and which is better.",
    "event": "What happens, in order.",
    "exemption": "Who may pull what is recalled, until when.",
    "experiment": "What runs belong to.",
    "file": "Files of versions.",
    "comment": "What people say about objects.",
    "discussion": "Discussions of assets, numbered.",
    "draft": "Versions in the making.",
    "flag": "What turned out to be bad.",
    "folder": "Files of runs, logged models, traces and drafts.",
    "gate": "What stands before transitions of versions, and what it said.",
    "grant": "Who has which role where.",
    "handle": "Ids of other systems, and what they mean here.",
    "hold": "Holds on versions, which nobody may delete then.",
    "import": "What other systems hold, copied here.",
    "lineage": "What a version came from and what came of it; paths, impact, checks.",
    "inbox": "What you are told.",
    "manifest": "What versions say of themselves in strongroom.json.",
    "logged_model": "Models that runs put out.",
    "memory": "Memories of agents: redacted and forked.",
    "metric": "Series that runs recorded.",
    "namespace": "Paths that assets are in.",
    "node": "Things in lineage that are not ours.",
    "password": "Passwords of users.",
    "pin": "Names for revisions that never move.",
    "pipeline": "Runs whose steps are runs.",
    "policy": "Gates as code.",
    "principal": "Users and service accounts.",
    "prompt": "Prompts: rendered with their variables.",
    "property": "Typed properties of assets and versions.",
    "publication": "When revisions become versions by themselves.",
    "recall": "What must not be pulled any more, and who may nevertheless.",
    "record_set": "Rows for evaluations, merged by what they ask.",
    "release": "Versions that go together, and where they run.",
    "retention": "Which versions are kept, and what rules would do.",
    "revision": "Commits to assets, and their history.",
    "run": "Runs and what they recorded.",
    "setup": "The first user of a new server.",
    "stage": "Where versions stand.",
    "step": "Steps of pipelines.",
    "storage": "What storing things costs.",
    "tag": "Tags of assets and versions.",
    "target": "Places that run releases, and what they report.",
    "team": "Teams.",
    "token": "Tokens.",
    "trace": "Traces: what requests to models and agents did, span by span.",
    "upload": "Uploads in parts (for programs).",
    "version": "Versions of assets.",
    "waiver": "Rules that do not stop a version until an end.",
    "watch": "What you are told of.",
    "webhook": "Addresses that events are sent to.",
    "workspace": "Workspaces.",
}

HAND_MADE = {
    "access.review": ("reviewing:review", "Who holds which role in the workspace and why, and with which tokens."),
    "alias.at": ("aliases:at", "Where an alias pointed at a time."),
    "alias.history": ("aliases:history", "Every version that an alias ever pointed at, newest first."),
    "alias.rollback": ("aliases:rollback", "Point an alias at the version that it pointed at before."),
    "alias.set": ("aliases:set_", "Point an alias at a version."),
    "approval.list": (
        "approvals:list_",
        "Approval of a version: what was asked, what was said, and what of it stands.",
    ),
    "approval.request": ("approvals:request", "Ask for approval of a version for a stage, an alias or an environment."),
    "approval.waiting": ("approvals:waiting", "What waits for your verdict."),
    "asset.search": ("searching:assets", "Assets that fit a filter."),
    "audit.checkpoint": ("audit:checkpoint", "The log's size and root, signed now."),
    "audit.export": ("audit:export", "Write the whole log to a file."),
    "audit.proof": ("audit:proof", "Fetch the proof that a record is in the log, and check it here."),
    "audit.replay": ("replaying:replay", "Compare the tables with what the log says stands, or stood at a time."),
    "audit.state": ("replaying:state", "Write what the tables say stands to a file, for replay."),
    "audit.verify": ("audit:verify", "Verify an exported log, with no server."),
    "dataset.statistics": ("datasets:statistics", "Rows, columns and what is in them, by split."),
    "comment.add": ("collaboration:comment_add", "Comment on an object."),
    "comment.list": ("collaboration:comment_list", "Comments on an object, the oldest first."),
    "gate.check": ("gate_rules:check", "Whether a version may pass; for pipelines."),
    "import.mlflow": ("importing:mlflow", "Copy what another MLflow holds; called again, it brings what is new."),
    "bulk.load": ("bulk:load", "Load runs, params and points from a file; called again, it goes on."),
    "evaluation.list": ("evaluations:list_", "Evaluations of a version, the one recorded last first."),
    "evaluation.record": ("evaluations:record", "Record what was measured of a version."),
    "event.stream": ("events:tail", "The same as tail."),
    "event.tail": ("events:tail", "Show events as they happen, a line each."),
    "experiment.search": ("searching:experiments", "Experiments that fit a filter."),
    "grant.create": ("identity:grant_create", "Give a role."),
    "inbox.list": ("collaboration:inbox_list", "What you are told, the newest first."),
    "revision.commit": ("commits:commit", "Commit files and edits to a branch."),
    "logged_model.search": ("searching:logged_models", "Logged models that fit a filter, in any order."),
    "manifest.diff": ("manifests:diff", "What differs between the manifests of two versions."),
    "manifest.get": ("manifests:show", "The same as show."),
    "manifest.show": ("manifests:show", "What a version says of itself in strongroom.json."),
    "manifest.validate": ("manifests:validate", "Read a manifest as the server would, without one."),
    "policy.apply": ("policies:apply", "Put a policy in force, or show what it would keep back."),
    "policy.test": ("policies:try_", "Try a policy against fixtures, without a server."),
    "prompt.render": ("manifests:render", "Fill a prompt with its variables."),
    "environment.history": ("delivery:history", "Everything that ever ran in an environment."),
    "recall.impact": ("recalls:impact", "What a recall reaches, with who is concerned."),
    "recall.say": ("recalls:say", "Let something not be pulled any more."),
    "release.make": ("delivery:make", "Make a release of versions that go together."),
    "run.console": ("runs:console", "The console of a run, or another stream of lines."),
    "run.list": ("runs:list_", "Runs of an experiment; without one, the experiments."),
    "run.search": ("searching:runs", "Runs that fit a filter, in any order."),
    "run.show": ("runs:show", "One run in short, for people."),
    "stage.set": ("aliases:stage_set", "Place a version at a stage."),
    "trace.search": ("traces:search", "Traces that fit a filter."),
    "trace.show": ("traces:show", "One trace with its spans as a tree."),
    "version.get": ("versions:show", "The same as show."),
    "version.show": ("versions:show", "One version: what is said of it, and what its content says."),
    "version.search": ("searching:versions", "Versions that fit a filter."),
    "waiver.ask": ("approvals:ask_waiver", "Ask that a rule does not stop a version, or an asset, until an end."),
    "waiver.list": ("approvals:waivers", "Waivers of an asset, or of the workspace."),
    "token.issue": ("identity:token_issue", "Make a token; it is printed once."),
}
"""Commands written by hand, in place of a generated one or beside them."""

AT_ROOT = {"lineage.walk": ("lineage",), "login.create": ("login",), "whoami.get": ("whoami",)}
"""Operations whose command has no noun."""


def path_of(operation: str) -> tuple[str, ...]:
    """The words of an operation's command: ``asset.create`` is ``asset create``."""
    noun, _, verb = operation.partition(".")
    return AT_ROOT.get(operation, (noun.replace("_", "-"), verb.replace("_", "-")))


def build(noun: str) -> App:
    """The app of a noun: a command for each of its operations."""
    from strongroom.cli.generated import command_of

    app = App(name=noun.replace("_", "-"), help=HELP[noun], help_epilogue="")
    for command, (path, said) in HAND_MADE.items():
        if command.partition(".")[0] == noun:
            app.command(f"strongroom.cli.{path}", name=path_of(command)[-1], help=said)
    if noun == "lineage":
        from strongroom.cli.finding import lineage

        app.default(lineage)
    for op in OPERATIONS:
        if op.noun == noun and op.id not in HAND_MADE and op.id not in AT_ROOT:
            app.command(command_of(op), name=path_of(op.id)[-1])
    return app


def __getattr__(name: str) -> App:
    if name not in HELP:
        raise AttributeError(name)
    return build(name)
