"""Local files, settings, errors and what importing costs: everything without a server."""

import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.domain import errors as domain
from strongroom.sdk import Client, config, errors
from strongroom.sdk.destination import refuse_twins
from strongroom.sdk.localfiles import find
from strongroom.sdk.operations import BY_ID, OPERATIONS
from strongroom.sdk.surroundings import source


def test_files_are_found_in_order_with_links_that_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("x")
    (tmp_path / "a").write_text("a")
    (tmp_path / "c").symlink_to("b/x")
    (tmp_path / "d").symlink_to("b")
    assert [path for path, _ in find(tmp_path)] == ["a", "b/x", "c", "d/x"]
    assert [path for path, _ in find(tmp_path, "to/here/")] == ["to/here/a", "to/here/b/x", "to/here/c", "to/here/d/x"]


@pytest.mark.parametrize(
    ("target", "words"),
    [("/etc/passwd", "out of the folder"), ("../outside", "out of the folder"), (".", "circle"), ("gone", "be read")],
)
def test_links_that_lead_astray_are_refused(tmp_path: Path, target: str, words: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(target)
    with pytest.raises(errors.BadPath, match=words):
        find(root)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Invalid, match="no files"):
        find(tmp_path)
    with pytest.raises(errors.Invalid, match="no file or folder"):
        find(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.BadPath, match="not a file"):
        find(tmp_path)
    (tmp_path / "pipe").unlink()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_bytes(b"")
    with pytest.raises(errors.BadPath, match="UTF-8"):
        find(tmp_path)


def test_twins_are_refused_where_they_would_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_twins(tmp_path, ["a", "A"])
    monkeypatch.setattr("strongroom.sdk.destination._ignores_case", lambda _root: True)
    refuse_twins(tmp_path, ["a", "b"])
    with pytest.raises(errors.BadPath, match="same on this disk"):
        refuse_twins(tmp_path, ["a", "A"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("STRONGROOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_settings_come_from_the_first_source_that_has_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.NotConfigured):
        Client()
    path = config.save(config.Settings("http://saved:1", "sr_saved", 'we"ird'))
    assert path == home / "strongroom" / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config.load() == config.Settings("http://saved:1", "sr_saved", 'we"ird')
    assert "sr_saved" not in repr(config.load())
    monkeypatch.setenv("STRONGROOM_URL", "http://env:2/")
    assert config.load() == config.Settings("http://env:2", None, None), "a saved token stays with its address"
    monkeypatch.setenv("STRONGROOM_TOKEN", "sr_env")
    assert config.load(url="http://saved:1", workspace="w") == config.Settings("http://saved:1", "sr_env", "w")
    assert config.forget()
    assert not config.forget()


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "http://u:p@x", "http://x/?q=1", "http://x:99999", ""])
@pytest.mark.usefixtures("home")
def test_addresses_of_another_form_are_refused(url: str) -> None:
    with pytest.raises((errors.Invalid, errors.NotConfigured)):
        Client(url)


@pytest.mark.usefixtures("home")
def test_a_token_cannot_smuggle_headers() -> None:
    with pytest.raises(errors.Invalid) as caught:
        Client("http://x", "sr_x\r\nX-Evil: 1")
    assert "Evil" not in str(caught.value)


def test_every_code_of_the_server_has_a_class() -> None:
    def below(kind: type[domain.DomainError]) -> list[type[domain.DomainError]]:
        return [kind, *(one for child in kind.__subclasses__() for one in below(child))]

    for kind in below(domain.DomainError)[1:]:
        assert errors.BY_CODE[kind.code].__name__ == kind.__name__


def test_errors_survive_pickling() -> None:
    error = errors.Held("Held.", status=409, request_id="r", details={"holders": ["a"]})
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - just made
    assert (type(again), again.status, again.code, again.details) == (errors.Held, 409, "held", error.details)


def test_the_table_of_operations_is_up_to_date() -> None:
    script = Path(__file__).parents[2] / "scripts" / "generate_operations.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)  # noqa: S603 - our own program
    assert done.returncode == 0, "run scripts/generate_operations.py"


def test_no_field_has_a_name_that_calls_use() -> None:
    taken = {"etag", "data", "idempotency_key"}
    assert not [(op.id, field.name) for op in OPERATIONS for field in op.fields if field.name in taken]
    assert not [op.id for op in OPERATIONS if len({field.name for field in op.fields}) < len(op.fields)]
    assert len(BY_ID) == len(OPERATIONS)


@pytest.mark.parametrize("module", ["strongroom.sdk", "strongroom.sdk.client", "strongroom.cli.__main__"])
def test_importing_takes_under_150_ms(module: str) -> None:
    """Of the processor: other tests run at the same time."""
    program = (
        f"import sys, time; begin = time.process_time(); import {module}\n"
        "print(time.process_time() - begin)\n"
        "heavy = {'rich.progress', 'urllib3', 'sqlalchemy', 'starlette', 'granian', 'strongroom.bootstrap',"
        " 'strongroom.cli.serve', 'strongroom.cli.admin', 'strongroom.cli.maintenance', 'strongroom.application'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    seconds = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
        time, heavy = done.stdout.splitlines()
        assert heavy == "[]"
        seconds.append(float(time))
    assert min(seconds) < 0.15, seconds


def test_the_commit_is_told_without_credentials(tmp_path: Path) -> None:
    assert "commit" not in source(tmp_path)

    def git(*arguments: str) -> None:
        names = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *arguments], check=True, capture_output=True)  # noqa: S603, S607

    git("init", "-q", "-b", "main")
    (tmp_path / "a").write_text("a")
    git("add", "a")
    git("commit", "-qm", "first")
    git("remote", "add", "origin", "https://user:secret@example.com/repo.git")
    found = source(tmp_path)
    assert (found["branch"], found["dirty"], found["repository"]) == ("main", False, "https://example.com/repo.git")
    (tmp_path / "a").write_text("b")
    assert source(tmp_path)["dirty"] is True
