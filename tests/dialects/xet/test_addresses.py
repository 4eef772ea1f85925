"""CAS tokens and fetching addresses: for one repository, one range, no longer than the token they were given for."""

from datetime import UTC, datetime, timedelta

from tests.dialects.xet.store import Store, fetched, fresh, new_store, places, sent, whole
from tests.support.api import InProcess
from tests.support.xet import MadeFile, MadeShard, MadeTerm


def test_tokens_are_for_one_repository_one_store_and_one_use(api: InProcess, store: Store) -> None:
    """ "bound to one repository, store id, expiry"; "tokens for another repository"."""
    made = sent(store)
    file = whole(made)
    store.shard(MadeShard([file], [made]))
    store.register(file)
    assert store.plan(file.name).status == 200
    other = new_store(api)
    assert other.plan(file.name).status == 404, "another repository's token reconstructs nothing of this one"
    writing = store.ask("POST", f"/v1/xorbs/default/{made.name}", made.body, token=store.read)
    assert writing.status == 403
    elsewhere = api.request(
        None,
        "GET",
        f"/cas/0123456789abcdef/v1/reconstructions/{file.name}",
        headers=[("Authorization", f"Bearer {store.read}")],
    )
    assert elsewhere.status == 404
    for token in (store.read[:-4] + "AAAA", "x", "", api.tokens["maintainer"], store.read + "." + store.write):
        answer = store.ask("GET", f"/v1/reconstructions/{file.name}", token=token or " ")
        assert answer.status == 401, token
    assert api.request(None, "GET", f"{store.path}/v1/reconstructions/{file.name}").status == 401


def test_who_may_not_read_or_write_gets_no_token(api: InProcess) -> None:
    private = new_store(api, "admin", visibility="private")
    for kind in ("read", "write"):
        assert api.request("viewer", "GET", f"/cas/-/tokens/{kind}/{private.asset}").status == 404
        assert api.request(None, "GET", f"/cas/-/tokens/{kind}/{private.asset}").status == 401
    shared = new_store(api)
    assert api.request("viewer", "GET", f"/cas/-/tokens/read/{shared.asset}").status == 200
    assert api.request("viewer", "GET", f"/cas/-/tokens/write/{shared.asset}").status == 403
    for version in ("tree:" + "0" * 64, "0" * 36, "%00", "x" * 5_000, ""):
        named = f"/cas/-/tokens/read/{shared.asset}?version={version}"
        assert api.request("viewer", "GET", named).status in {400, 404}, version


def test_a_revoked_token_takes_its_cas_tokens_and_addresses_with_it(api: InProcess) -> None:
    """N14: sessions "carry the token id and die with it within 60 s"; here with the next request."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = api.request(
        "maintainer", "POST", "/api/v1/tokens", json={"description": "for a job", "expires_at": tomorrow}
    )
    assert made.status == 201, made.body
    api.tokens["job"] = made.json()["token"]
    job = new_store(api, "job")
    xorb = sent(job)
    job.shard(MadeShard([whole(xorb)], [xorb]))
    job.register(whole(xorb))
    planned = job.plan(whole(xorb).name).json()
    url = "/" + planned["fetch_info"][xorb.name][0]["url"].split("/", 3)[3]
    assert api.request(None, "GET", url).status == 206
    assert api.request("maintainer", "DELETE", f"/api/v1/tokens/{made.json()['details']['id']}").status < 300
    assert job.plan(whole(xorb).name).status == 401
    assert job.put(xorb).status == 401
    assert api.request(None, "GET", url).status == 401


def test_an_address_is_for_its_range_of_its_xorb(api: InProcess, store: Store) -> None:
    """ "tampered fetch URLs"; "fetch URLs signed, range-limited and expiring"."""
    made = sent(store, fresh(5))
    file = MadeFile([MadeTerm(made, 1, 3)])
    store.shard(MadeShard([file], [made]))
    store.register(file)
    fetch = store.plan(file.name).json()["fetch_info"][made.name][0]
    url, span = "/" + fetch["url"].split("/", 3)[3], fetch["url_range"]

    def get(address: str, low: int, high: int) -> int:
        return api.request(None, "GET", address, headers=[("Range", f"bytes={low}-{high}")]).status

    assert get(url, span["start"], span["end"]) == 206
    assert get(url, span["start"] + 5, span["end"] - 5) == 206
    assert get(url, span["start"] - 1, span["end"]) == 403
    assert get(url, span["start"], span["end"] + 1) == 403
    assert get(url, 0, 10**12) == 403
    assert get(url.replace(made.name, fresh().name), span["start"], span["end"]) == 403
    head, _, seal = url.partition("?s=")
    for tampered in (seal[:-2] + ("AA" if seal[-2:] != "AA" else "BB"), "", "A" * 10_000, seal[5:], store.read):
        assert get(f"{head}?s={tampered}"[:4_000], span["start"], span["end"]) in {403, 401}
    assert get(head, span["start"], span["end"]) == 403


def test_a_range_of_a_file_is_trimmed_to_chunks(store: Store) -> None:
    made = sent(store, fresh(6, 1_000))
    file = whole(made)
    store.shard(MadeShard([file], [made]))
    store.register(file)
    for start, end in ((0, 0), (1_500, 1_600), (999, 1_000), (0, len(file.data) - 1), (5_000, 10**9)):
        planned = store.plan(file.name, f"bytes={start}-{end}").json()
        got = b"".join(fetched(store, planned))[planned["offset_into_first_range"] :]
        assert got[: end + 1 - start] == file.data[start : end + 1]
        assert planned["offset_into_first_range"] < 1_010
        assert sum(term["unpacked_length"] for term in planned["terms"]) <= end + 1 - start + 2 * 1_010
    past = store.plan(file.name, f"bytes={len(file.data)}-")
    assert past.status == 416
    assert store.plan(file.name, "lines=1-2").status == 400


# -- one blob, two shapes --------------------------------------------------------------------------------------------


def test_bytes_that_came_in_both_ways_are_one_blob_and_kept_as_decided(api: InProcess, store: Store) -> None:
    """ "A blob that already exists whole must not be stored twice silently"."""
    made = sent(store, fresh(3, 40_000))
    file = whole(made)
    store.shard(MadeShard([file], [made]))
    store.register(file)
    put = api.request("maintainer", "POST", f"/api/v1/assets/{store.asset}/drafts", json={}).json()["uid"]
    answer = api.request("maintainer", "PUT", f"/api/v1/folders/draft/{put}/files/again.bin", body=file.data)
    assert answer.status < 300, answer.body

    def spare() -> bool:
        return any(one.sha256 == file.digest for one in places(api))

    for _ in range(200):
        if not spare():
            break
    assert not spare(), "the whole form of what is here as chunks is dropped after the answer"
    read = api.request("maintainer", "GET", f"/api/v1/folders/draft/{put}/files/again.bin")
    assert (read.status, read.body) == (200, file.data)
