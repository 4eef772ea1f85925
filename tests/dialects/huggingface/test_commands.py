"""The commands of `hf` that talk to the server, each once, by their entry point in one process, which saves seconds."""

from tests.dialects.huggingface.client import HubProcess

ENTRY = """
import contextlib, sys
from huggingface_hub.cli import hf as entry
entry.check_cli_update = entry.check_skill_update = lambda *_: None  # which ask the internet
def hf(*arguments):
    said, sys.argv = io.StringIO(), ["hf", *arguments]
    with contextlib.redirect_stdout(said):
        try:
            entry.main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    return [code, said.getvalue()]
home = Path.home() / "commands"
(home / "up").mkdir(parents=True)
(home / "up" / "x.json").write_text("{}")
(home / "up" / "w.safetensors").write_bytes(os.urandom(50_000))
(home / "up" / "README.md").write_text("---\\nlicense: mit\\n---\\n# hello")
os.chdir(home)
"""


#: Each line of the command, and what of its answer shows that it did it.
STEPS = [
    ("auth whoami", "user: ann"),
    ("repos create cli/m", "cli/m"),
    ("repos create cli/m --exist-ok", "cli/m"),
    ("upload cli/m up . --commit-message first", "/cli/m/commit/"),
    ("upload cli/m up/x.json sub/x.json", "/cli/m/commit/"),
    ("download cli/m --local-dir down", "down"),
    ("download cli/m --dry-run", "out of 4"),
    ("cache verify cli/m --local-dir down", "Verified 4 file(s)"),
    ("models ls --author cli --sort downloads", "cli"),
    ("models ls cli/m -R", "sub/x.json"),
    ("models info cli/m", "license:mit"),
    ("models card cli/m", "# hello"),
    ("repos tag create cli/m v1", "v1"),
    ("repos tag list cli/m", "refs/tags/v1"),
    ("repos tag delete cli/m v1 -y", "v1"),
    ("repos branch create cli/m dev", "dev"),
    ("repos branch delete cli/m dev", "dev"),
    ("repos settings cli/m --gated auto", "cli/m"),
    ("repos move cli/m cli/n", "cli/n"),
    ("download cli/m x.json --quiet", "x.json"),
    ("repos duplicate cli/n cli/copy", "cli/copy"),
    ("repos delete-files cli/n sub/", "/cli/n/commit/"),
    ("discussions create cli/n --title why --body because", "#1"),
    ("discussions create cli/n --title mine --pull-request", "refs/pr/2"),
    ("upload cli/n up/x.json y.json --revision refs/pr/2", "/cli/n/commit/"),
    ("discussions list cli/n", "mine"),
    ("discussions comment cli/n 1 --body more", "#1"),
    ("discussions close cli/n 1 --yes", "#1"),
    ("discussions merge cli/n 2 --yes", "#2"),
    ("cp hf://cli/n/y.json back.json", "back.json"),
    ("repos ls --namespace cli", "cli/copy"),
    ("repos delete cli/copy -y", "cli/copy"),
]
FAILING = ("repos create cli/n", "download cli/absent", "models info cli/absent")


def test_every_command_does_what_it_says(chunked: HubProcess) -> None:
    """ "create, push, pull, branch, tag, discuss and search": the `hf` command, step after step on one server."""
    chunked.run(ENTRY)
    for line, says in STEPS:
        code, said = chunked.run(f"result = hf(*{line.split()!r})")
        assert (code, says in said) == (0, True), (line, said)
    for line in FAILING:
        assert chunked.run(f"result = hf(*{line.split()!r})")[0] == 1, line


def test_what_a_sharded_index_names_leads_nowhere_else(hub: HubProcess) -> None:
    """ "`..` in LFS paths and sharded-index files": who follows its names gets refusals, and nothing of others."""
    said = hub.run("""
        api.create_repo("ann/victim"); api.create_repo("ann/index")
        api.upload_file(repo_id="ann/victim", path_in_repo="secret.txt", path_or_fileobj=b"secret")
        climbs = ["../victim/resolve/main/secret.txt", "../../ann/victim/resolve/main/secret.txt", "..", "/etc/passwd",
                  "x/../../victim/resolve/main/secret.txt", "..%2Fvictim%2Fresolve%2Fmain%2Fsecret.txt", "%2e%2e/x"]
        index = json.dumps({"weight_map": {str(n): path for n, path in enumerate(climbs)}}).encode()
        api.upload_file(repo_id="ann/index", path_in_repo="model.safetensors.index.json", path_or_fileobj=index)
        named = json.loads(Path(api.hf_hub_download("ann/index", "model.safetensors.index.json")).read_text())
        refused = []
        for path in named["weight_map"].values():
            try:
                refused.append(Path(api.hf_hub_download("ann/index", path)).read_text())
            except Exception as error:
                refused.append(type(error).__name__)
        result = refused
    """)
    assert "secret" not in "".join(said), said
    assert len(said) == 7
    assert all(name.endswith(("Error", "Exception")) for name in said), said
