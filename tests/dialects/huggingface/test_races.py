"""Clients in processes of their own that push to one branch at once."""

from concurrent.futures import ThreadPoolExecutor

from tests.dialects.huggingface.client import HubProcess

PUSH = """
from huggingface_hub.errors import HfHubHTTPError
def push(parent):
    body = os.urandom(50_000)  # large files too: they are there when the commit is made again
    adds = [CommitOperationAdd("{0}.safetensors", body), CommitOperationAdd("shared.txt", b"{0}")]
    return api.create_commit("ann/contest", adds, commit_message="{0}", parent_commit=parent).oid
tries, parent = [], {1!r}
while True:
    try:
        tries.append(push(parent))
        break
    except HfHubHTTPError as error:
        tries.append(error.response.status_code)
        parent = api.model_info("ann/contest").sha
result = tries
"""


def test_of_two_clients_one_is_told_and_tries_again(hub: HubProcess, chunked: HubProcess) -> None:
    """ "two clients pushing to one branch (one gets 412)", each a process; then nothing of either is lost."""
    parent = hub.run('api.create_repo("ann/contest"); result = api.model_info("ann/contest").sha')
    with ThreadPoolExecutor(2) as both:
        pieces = {"left": hub, "right": chunked}
        running = {name: both.submit(one.run, PUSH.format(name, parent)) for name, one in pieces.items()}
        tries = {name: one.result() for name, one in running.items()}
    winner, loser = sorted(tries, key=lambda name: len(tries[name]))
    assert len(tries[winner]) == 1
    assert tries[loser][0] == 412
    assert len(tries[loser]) == 2
    said = hub.run("""
        result = [[one.title for one in api.list_repo_commits("ann/contest")],
                  sorted(api.list_repo_files("ann/contest")),
                  Path(api.hf_hub_download("ann/contest", "shared.txt")).read_text()]
    """)
    assert said == [[loser, winner, "initial commit"], ["left.safetensors", "right.safetensors", "shared.txt"], loser]


def test_clients_that_state_no_parent_both_win(hub: HubProcess, chunked: HubProcess) -> None:
    """Without a parent a commit is made on whatever stands there: of ten at once none is lost and none is refused."""
    hub.run('api.create_repo("ann/crowd")')
    piece = """
        for n in range(5):
            api.upload_file(repo_id="ann/crowd", path_in_repo=f"{0}-{{n}}.txt", path_or_fileobj=b"x")
    """
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda one: one[1].run(piece.format(one[0])), (("left", hub), ("right", chunked))))
    said = hub.run('result = [len(list(api.list_repo_files("ann/crowd"))), len(api.list_repo_commits("ann/crowd"))]')
    assert said == [10, 11]
