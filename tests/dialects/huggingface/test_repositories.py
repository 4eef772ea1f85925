"""Repositories through the unmodified client: made, filled, read, moved, deleted."""

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess


def test_files_go_there_and_back(hub: HubProcess) -> None:
    """ "create, push, pull": what was pushed is what is pulled, small files, large ones and empty ones alike."""
    said = hub.run("""
        folder = Path(tempfile.mkdtemp())
        (folder / "sub").mkdir()
        wanted = {"README.md": b"# hello", "config.json": b'{"a": 1}', "empty.txt": b"",
                  "model.safetensors": os.urandom(300_000), "sub/vocab.txt": b"a b c",
                  "sub/odd name.bin": os.urandom(10)}
        for path, body in wanted.items():
            (folder / path).write_bytes(body)
        url = api.create_repo("ann/first")
        made = api.upload_folder(repo_id="ann/first", folder_path=folder, commit_message="all of it")
        got = Path(api.snapshot_download("ann/first"))
        flat = Path(api.snapshot_download("ann/first", local_dir=tempfile.mkdtemp()))
        odd = "sub/odd name.bin"
        result = {
            "url": str(url), "commit": made.oid,
            "cache": all((got / path).read_bytes() == body for path, body in wanted.items()),
            "flat": all((flat / path).read_bytes() == body for path, body in wanted.items()),
            "files": sorted(api.list_repo_files("ann/first")),
            "sha": api.model_info("ann/first").sha,
            "one": Path(api.hf_hub_download("ann/first", odd)).read_bytes() == wanted[odd],
            "commits": [c.title for c in api.list_repo_commits("ann/first")],
        }
    """)
    assert said["cache"]
    assert said["flat"]
    assert said["one"]
    assert said["sha"] == said["commit"]
    assert said["url"].endswith("/ann/first")
    assert said["commits"] == ["all of it", "initial commit"]
    assert said["files"] == [
        "README.md",
        "config.json",
        "empty.txt",
        "model.safetensors",
        "sub/odd name.bin",
        "sub/vocab.txt",
    ]


def test_a_name_is_found_in_any_case_and_by_its_old_name_until_it_is_taken(hub: HubProcess) -> None:
    """ "repository move with redirect"; `ns/name` is case-insensitive (domain.md N2)."""
    said = hub.run("""
        api.create_repo("ann/Before")
        api.upload_file(repo_id="ann/before", path_in_repo="a.json", path_or_fileobj=b"{}")
        odd = api.model_info("ANN/BEFORE").id
        api.move_repo("ann/before", "team.vision/after")
        result = [odd, api.model_info("ann/before").id,
                  Path(api.hf_hub_download("ann/before", "a.json")).read_bytes().decode(),
                  str(api.create_repo("ann/Before", exist_ok=True)), api.model_info("ann/before").id]
    """)
    assert said[:3] == ["ann/Before", "team.vision/after", "{}"]
    assert said[3].endswith("/ann/Before")
    assert said[4] == "ann/Before"


def test_a_repository_that_is_there_is_named_by_the_refusal(hub: HubProcess) -> None:
    """409 "must ALSO carry that JSON incl. url"; a twin by case is the same name."""
    hub.run('api.create_repo("ann/twin")')
    assert hub.run('result = str(api.create_repo("ann/twin", exist_ok=True))').endswith("/ann/twin")
    assert hub.refused('api.create_repo("ann/twin")') == ("HfHubHTTPError", 409)
    assert hub.refused('api.create_repo("ann/TWIN")') == ("HfHubHTTPError", 409)
    assert hub.run('result = str(api.create_repo("ann/twin", repo_type="dataset"))').endswith("/datasets/ann/twin")


def test_what_is_deleted_is_not_there_and_its_name_is_free(hub: HubProcess) -> None:
    hub.run('api.create_repo("ann/gone"); api.delete_repo("ann/gone"); api.delete_repo("ann/gone", missing_ok=True)')
    assert hub.refused('api.model_info("ann/gone")') == ("RepositoryNotFoundError", 404)
    hub.run('api.create_repo("ann/gone")')


def test_what_is_not_there_is_told_apart(hub: HubProcess) -> None:
    """Trap 1: "always send X-Error-Code"; single-segment names are repositories that are not there."""
    hub.run('api.create_repo("ann/told")')
    assert hub.refused('api.model_info("gpt2")') == ("RepositoryNotFoundError", 404)
    assert hub.refused('api.hf_hub_download("gpt2", "config.json")') == ("RepositoryNotFoundError", 404)
    assert hub.refused('api.dataset_info("ann/told")') == ("RepositoryNotFoundError", 404)
    assert hub.refused('api.hf_hub_download("ann/told", "a", revision="nope")') == ("RevisionNotFoundError", 404)
    assert hub.refused('api.hf_hub_download("ann/told", "a")') == ("RemoteEntryNotFoundError", 404)
    assert hub.refused('list(api.list_repo_tree("ann/told", "no/such"))') == ("RemoteEntryNotFoundError", 404)
    assert hub.run("""
        api.file_exists("ann/told", "a")
        from huggingface_hub import try_to_load_from_cache, _CACHED_NO_EXIST
        result = try_to_load_from_cache("ann/told", "a") is _CACHED_NO_EXIST
    """)


def test_a_client_says_who_it_is(hub: HubProcess) -> None:
    said = hub.run("me = api.whoami(); result = [me['name'], me['type'], [org['name'] for org in me['orgs']][:1]]")
    assert said == ["ann", "user", ["default"]]
    assert "ann" in hub.command("auth", "whoami").stdout
    wrong = 'HfApi(token="sr_wrong").whoami()'
    assert hub.refused(wrong)[1] == 401


def test_commits_compare_and_swap(hub: HubProcess) -> None:
    """ "two clients pushing to one branch (one gets 412)"."""
    hub.run("""
        api.create_repo("ann/race")
        head = api.model_info("ann/race").sha
        def push(parent):
            add = CommitOperationAdd("a.txt", os.urandom(8))
            return api.create_commit("ann/race", [add], commit_message="x", parent_commit=parent)
        first = push(head)
    """)
    assert hub.refused("push(head)") == ("HfHubHTTPError", 412)
    assert hub.refused("push(head[:7])") == ("HfHubHTTPError", 412)
    assert hub.run("result = push(first.oid[:7]).oid == api.model_info('ann/race').sha")


def test_operations_of_a_commit(hub: HubProcess) -> None:
    """ "copies, deletedFolder"; what is unchanged makes no commit."""
    said = hub.run("""
        api.create_repo("ann/ops")
        big, small = os.urandom(1000), b"text"
        adds = [CommitOperationAdd(path, body) for path, body in
                {"d/a.bin": big, "d/b.txt": small, "e.bin": big}.items()]
        one = api.create_commit("ann/ops", adds, commit_message="all\\n\\nof it").oid
        two = api.create_commit("ann/ops", [CommitOperationCopy("d/a.bin", "f.bin"), CommitOperationDelete("d/"),
                                            CommitOperationCopy("d/b.txt", "g.txt")], commit_message="moved").oid
        same = api.upload_file(repo_id="ann/ops", path_in_repo="f.bin", path_or_fileobj=big).oid
        commits = api.list_repo_commits("ann/ops", formatted=True)
        tree = {item.path: item for item in api.list_repo_tree("ann/ops", recursive=True, expand=True)}
        old = sorted(api.list_repo_files("ann/ops", revision=one))
        result = [sorted(tree), old, same == two, [c.title for c in commits], [c.authors for c in commits][0],
                  tree["f.bin"].last_commit.title, tree["e.bin"].last_commit.title,
                  tree["f.bin"].lfs.sha256 == hashlib.sha256(big).hexdigest(),
                  tree["g.txt"].blob_id == hashlib.sha1(b"blob 4\\0text").hexdigest()]
    """)
    assert said[0] == ["e.bin", "f.bin", "g.txt"]
    assert said[1] == ["d/a.bin", "d/b.txt", "e.bin"]
    assert said[2:] == [True, ["moved", "all", "initial commit"], ["ann"], "moved", "all", True, True]


def test_branches_tags_and_squash(hub: HubProcess, server: ServerProcess, token: str) -> None:
    """ "HF tag = pin; a tag publishes; super-squash keeps published versions readable"."""
    said = hub.run("""
        api.create_repo("ann/refs")
        put = lambda text, rev="main": api.upload_file(
            repo_id="ann/refs", path_in_repo="a.txt", path_or_fileobj=text.encode(), revision=rev).oid
        one = put("one"); api.create_tag("ann/refs", tag="v1.0", tag_message="the first")
        api.create_branch("ann/refs", branch="feature/x"); put("two", "feature/x"); put("three")
        refs = api.list_repo_refs("ann/refs")
        read = lambda rev: Path(api.hf_hub_download("ann/refs", "a.txt", revision=rev)).read_text()
        before = [read("main"), read("feature/x"), read("v1.0")]
        api.super_squash_history("ann/refs", branch="main", commit_message="squashed")
        api.delete_branch("ann/refs", branch="feature/x")
        result = [sorted(b.name for b in refs.branches), [t.name for t in refs.tags], refs.tags[0].target_commit == one,
                  before, [c.title for c in api.list_repo_commits("ann/refs")], read("v1.0"), read(":1")]
    """)
    assert said[0] == ["feature/x", "main"]
    assert said[1:] == [["v1.0"], True, ["three", "two", "one"], ["squashed"], "one", "one"]
    assert hub.refused('api.create_branch("ann/refs", branch="main")')[1] == 409
    assert hub.refused('api.create_tag("ann/refs", tag="v1.0")')[1] == 409
    assert hub.refused('api.delete_branch("ann/refs", branch="main")')[1] == 403
    assert hub.refused('api.delete_tag("ann/refs", tag="nope")') == ("RevisionNotFoundError", 404)
    with server.client(token) as native:
        found = native.get("/resolve", params={"reference": "ann/refs:v1.0"}).json()
    assert (found["version"]["number"], found["version"]["files"]) == (1, 1)


def test_an_upload_in_many_commits_is_no_version_before_it_is_quiet(
    hub: HubProcess, server: ServerProcess, token: str
) -> None:
    """ "a multi-commit upload never shows a half model as a version" (domain.md N6)."""
    hub.run("""
        api.create_repo("ann/parts")
        for n in range(3):
            api.upload_file(repo_id="ann/parts", path_in_repo=f"part-{n}.bin", path_or_fileobj=os.urandom(100))
    """)
    with server.client(token) as native:
        found = native.get("/resolve", params={"reference": "ann/parts"}).json()
        assert found["version"] is None
        rule = native.get(f"/assets/{found['asset']['uid']}/publication").json()
    assert rule["rule"] == "pin+quiet(60)"


def test_pull_requests_are_discussed_and_merged(hub: HubProcess) -> None:
    """ "pull requests and discussions with merge"."""
    said = hub.run("""
        api.create_repo("ann/pulls")
        api.upload_file(repo_id="ann/pulls", path_in_repo="a.txt", path_or_fileobj=b"one")
        made = api.upload_file(repo_id="ann/pulls", path_in_repo="a.txt", path_or_fileobj=b"two", create_pr=True,
                               commit_message="better")
        talk = api.create_discussion("ann/pulls", title="why", description="because")
        api.comment_discussion("ann/pulls", talk.num, "and more")
        api.rename_discussion("ann/pulls", talk.num, new_title="what for")
        said = api.comment_discussion("ann/pulls", talk.num, "oops")
        api.edit_discussion_comment("ann/pulls", talk.num, said.id, "fixed")
        api.hide_discussion_comment("ann/pulls", talk.num, said.id)
        api.change_discussion_status("ann/pulls", talk.num, "closed")
        read = lambda rev: Path(api.hf_hub_download("ann/pulls", "a.txt", revision=rev)).read_text()
        before = [read("main"), read("refs/pr/1")]
        open_ = api.get_discussion_details("ann/pulls", made.pr_num)
        api.merge_pull_request("ann/pulls", made.pr_num, comment="thanks")
        after = api.get_discussion_details("ann/pulls", made.pr_num)
        talk = api.get_discussion_details("ann/pulls", talk.num)
        result = [made.pr_num, before, open_.status, [e.type for e in open_.events], open_.conflicting_files,
                  after.status, read("main"), talk.title, talk.status, [e.hidden for e in talk.events],
                  sorted((d.num, d.is_pull_request, d.status) for d in api.get_repo_discussions("ann/pulls")),
                  [d.num for d in api.get_repo_discussions("ann/pulls", discussion_type="pull_request")],
                  [p.ref for p in api.list_repo_refs("ann/pulls", include_pull_requests=True).pull_requests]]
    """)
    assert said[:3] == [1, ["one", "two"], "open"]
    assert said[3] == ["comment", "commit"]
    assert said[4:10] == [[], "merged", "two", "what for", "closed", [False, False, True]]
    assert said[10:] == [[[1, True, "merged"], [2, False, "closed"]], [1], ["refs/pr/1"]]
    assert hub.refused('api.merge_pull_request("ann/pulls", 1)')[1] == 409


def test_a_pull_request_that_conflicts_names_the_paths(hub: HubProcess) -> None:
    hub.run("""
        api.create_repo("ann/clash")
        put = lambda text, rev: api.upload_file(
            repo_id="ann/clash", path_in_repo="a.txt", path_or_fileobj=text, revision=rev)
        pull = api.create_pull_request("ann/clash", title="mine")
        put(b"theirs", "refs/pr/1"); put(b"ours", "main")
    """)
    assert hub.run('result = api.get_discussion_details("ann/clash", 1).conflicting_files') == ["a.txt"]
    assert hub.refused('api.merge_pull_request("ann/clash", 1)')[1] == 409


def test_listings_search_filter_sort_and_go_on(hub: HubProcess) -> None:
    """ "listing with search, filters, sort, `Link` paging"."""
    said = hub.run("""
        for n in range(5):
            api.create_repo(f"shelf/book-{n}", repo_type="dataset")
        names = lambda **asked: [found.id for found in api.list_datasets(**asked)]
        from huggingface_hub.utils import paginate
        paged = [item["id"] for item in paginate(api.endpoint + "/api/datasets", headers=api._build_hf_headers(),
                                                 params={"author": "shelf", "limit": 2})]
        result = [names(author="shelf"), paged, names(author="shelf", limit=2), names(search="BOOK-3"),
                  names(search="shelf/book-4"), names(author="nobody"), names(author="shelf", filter="nope")]
    """)
    youngest = [f"shelf/book-{n}" for n in range(4, -1, -1)]
    assert said == [youngest, youngest, youngest[:2], ["shelf/book-3"], ["shelf/book-4"], [], []]


def test_the_command_uploads_and_downloads(hub: HubProcess) -> None:
    hub.run("(Path.home() / 'up').mkdir(); (Path.home() / 'up' / 'x.json').write_text('{}')")
    hub.command("repos", "create", "ann/cmd")
    hub.command("upload", "ann/cmd", "up", ".", "--commit-message", "by command")
    hub.command("download", "ann/cmd", "--local-dir", "down")
    assert (hub.folder / "down" / "x.json").read_text() == "{}"


def test_large_files_go_in_parts_when_the_server_says_so(hub: HubProcess) -> None:
    """ "LFS multipart": 65 MiB are nine parts of 8 MiB, each at an address of its own."""
    assert hub.run("""
        body = os.urandom(1024 * 1024) * 65
        path = Path(tempfile.mkdtemp()) / "big.bin"
        path.write_bytes(body)
        api.create_repo("ann/big")
        api.upload_file(repo_id="ann/big", path_in_repo="big.bin", path_or_fileobj=path)
        got = Path(api.hf_hub_download("ann/big", "big.bin", local_dir=tempfile.mkdtemp()))
        result = got.stat().st_size == len(body) and got.read_bytes() == body
    """)


def test_files_as_a_file_system(hub: HubProcess) -> None:
    """ "`HfFileSystem`", ranges included; pandas reads `hf://`."""
    said = hub.run("""
        import pandas
        from huggingface_hub import HfFileSystem
        fs = HfFileSystem()
        api.create_repo("ann/table", repo_type="dataset")
        table = pandas.DataFrame({"a": range(1000), "b": [str(n) for n in range(1000)]})
        with fs.open("datasets/ann/table/data/all.parquet", "wb") as out:
            table.to_parquet(out)
        with fs.open("datasets/ann/table/note.txt", "w") as out:
            out.write("0123456789")
        back = pandas.read_parquet("hf://datasets/ann/table/data/all.parquet", columns=["a"])
        with fs.open("datasets/ann/table/note.txt", "rb") as note:
            note.seek(4); part = note.read(3).decode()
        found = sorted(fs.find("datasets/ann/table"))
        fs.rm("datasets/ann/table/note.txt")
        result = [int(back["a"].sum()), part, found, fs.exists("datasets/ann/table/note.txt"),
                  fs.isdir("datasets/ann/table/data"), fs.info("datasets/ann/table/data/all.parquet")["size"] > 0]
    """)
    files = ["datasets/ann/table/data/all.parquet", "datasets/ann/table/note.txt"]
    assert said == [499_500, "456", files, False, True, True]
