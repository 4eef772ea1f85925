"""The tree of commands. Everything below is imported when it is called, so that start-up stays short."""

from cyclopts import App, Group

from strongroom import __version__
from strongroom.cli.exits import MEANINGS
from strongroom.cli.nouns import HELP

WORK = Group("Work", sort_key=1)
OBJECTS = Group("Objects: strongroom NOUN VERB", sort_key=2)
SERVER = Group("Server (needs the extra 'server')", sort_key=3)

_EXITS = "\n".join(f"- {code}: {meaning}" for code, meaning in MEANINGS.items())
app = App(
    name="strongroom",
    help="A governed registry for models and other artifacts: the client, and the server itself.",
    help_epilogue=f"Exit codes:\n\n{_EXITS}",
    help_format="markdown",
    version=__version__,
    suppress_keyboard_interrupt=False,
)

_WORK = {
    "login": ("session:login", "Save a server's address and a token for later calls."),
    "logout": ("session:logout", "Forget what login saved."),
    "whoami": ("session:whoami", "Who you are to the server, and what you may do."),
    "push": ("bytes_:push", "Publish a file or folder as the next version of an asset."),
    "sync": ("syncing:sync", "Send runs that were recorded without a server."),
    "pull": ("bytes_:pull", "Bring a version's files to a folder, checked."),
    "reproduce": ("reproducing:reproduce", "What made a version: shown, rebuilt, run again and compared."),
    "where": ("delivery:where", "What runs where, who put it there and why."),
    "promote": ("delivery:promote", "Set a release to run in an environment."),
    "approve": ("approvals:approve", "Approve a version, or reject it."),
    "rollback": ("delivery:rollback", "Put back what ran before."),
    "plan": ("declared:plan", "What would be done to bring about what files declare, and what drifted."),
    "apply": ("declared:apply", "Bring about what files declare; again does nothing."),
    "agent": ("agent:agent", "Keep a folder at what is set to run, and report it."),
    "cat": ("bytes_:cat", "Write a file of a version to standard output."),
    "ls": ("finding:ls", "List assets, or the files of a version."),
    "resolve": ("finding:resolve", "What a reference means."),
    "diff": ("finding:diff", "What differs between the files of two versions."),
}
SERVER_COMMANDS = {
    "serve": ("serve:app", "Run a server."),
    "admin": ("admin:app", "Act on a server's data directly."),
    "migrate": ("maintenance:migrate", "Bring the database to this release's schema."),
    "backup": ("maintenance:backup", "Copy a data folder while its server runs."),
    "restore": ("maintenance:restore", "Make a data folder out of a backup."),
    "fsck": ("maintenance:fsck", "Check that the store holds what the database names, and repair it."),
    "rescan": ("maintenance:rescan", "Read how models of older versions are packaged."),
    "gc": ("maintenance:gc", "Free the bytes that nothing names any more."),
}

for _name, (_path, _help) in _WORK.items():
    app.command(f"strongroom.cli.{_path}", name=_name, help=_help, group=WORK, help_epilogue="")
for _name, _help in HELP.items():
    app.command(f"strongroom.cli.nouns:{_name}", name=_name.replace("_", "-"), help=_help, group=OBJECTS)
for _name, (_path, _help) in SERVER_COMMANDS.items():
    app.command(f"strongroom.cli.{_path}", name=_name, help=_help, group=SERVER)
app.register_install_completion_command()
