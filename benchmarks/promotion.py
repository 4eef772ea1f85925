"""A promotion through ten rules, on SQLite and on PostgreSQL: over HTTP, one client, rules evaluated in their process.

    PYTHONPATH=src:. python -m benchmarks.promotion [--only sqlite|postgres] [--promotions 200]

The version has 20 evaluations, 8 tags and a base model. Every promotion is a new release of another version, live in
`dev`; the same is measured without a policy, in turns, so that the difference is what the rules cost. Promised: a rule
under 1 ms, a promotion with ten rules under 50 ms p95.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.series import server_on, server_token
from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.sdk import Client

RULES = (
    "version.evaluations.exists(e, e.metric == 'accuracy' && e.dataset == 'd1-of-holdout' && e.value >= 0.9)",
    "version.evaluations.exists(e, e.metric == 'm3' && e.value < 300.0)",
    "version.evaluations.filter(e, e.dataset == 'd1-of-holdout').size() >= 10",
    "version.evaluations.all(e, e.value < 1000000.0)",
    "version.tags.exists(t, t.key == 'team' && t.value == 'risk')",
    "!version.lineage.exists(up, up.flagged)",
    "version.lineage.exists(up, up.type == 'base')",
    "version.flags.size() == 0 && !version.unpinned",
    "version.age_days < 365.0",
    "version.author != '' && version.rejections.size() == 0",
)
POOL = 4


def policy(*, rules: bool) -> dict[str, Any]:
    """Ten rules before `dev`; without them one that is about an environment nobody promotes to."""
    asked = RULES if rules else RULES[:1]
    applies = {"transitions": ["environment"], "targets": ["dev" if rules else "nowhere"]}
    said = [
        {"id": f"r{number}", "expression": text, "message": f"Rule {number}.", "applies": applies}
        for number, text in enumerate(asked)
    ]
    return {"policy": 1, "name": "bench", "rules": said}


def prepare(client: Client, folder: Path) -> list[str]:
    """Versions that pass; their uids."""
    file = folder / "weights"
    file.write_text("base")
    base = client.push(file, "bench/base").uid
    uids = []
    for number in range(POOL):
        file.write_text(str(number))
        tags = {"team": "risk"} | {f"t{n}": "x" for n in range(7)}
        uid = client.push(file, "bench/model", tags=tags).uid
        for n in range(20):
            measures = [{"name": "accuracy" if n == 0 else f"m{n}", "value": 0.95 if n == 0 else float(n)}]
            data = {"dataset_digest": "d1-of-holdout", "dataset_name": "holdout"}
            client.call("evaluation.record", uid=uid, name="nightly", metrics=measures, **data)
        ends = {"source": {"kind": "version", "uid": base}, "target": {"kind": "version", "uid": uid}}
        client.call("edge.assert", edges=[{**ends, "type": "base"}])
        uids.append(uid)
    return uids


def measure(client: Client, uids: list[str], count: int) -> dict[bool, list[float]]:
    """Seconds of each promotion, with the rules and without, ten by ten."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for block in range(count // 10 * 2):
        rules = block % 2 == 0
        client.call("policy.apply", document=policy(rules=rules))
        releases = [
            client.call("release.create", line="main", parts=[{"role": "model", "version_uid": uids[n % POOL]}])["uid"]
            for n in range(10)
        ]
        for uid in releases:
            begun = time.perf_counter()
            client.call("release.promote", name="dev", release_uid=uid)
            taken[rules].append(time.perf_counter() - begun)
    return taken


async def a_rule(view: dict[str, Any]) -> float:
    """Seconds of one rule among ten, pipe and all."""
    expressions = CelExpressions()
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        assert all(one is True for one in await expressions.evaluate(RULES, view))
        times.append((time.perf_counter() - begun) / len(RULES))
    await expressions.aclose()
    return statistics.median(times)


def row(what: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(len(ordered) * part)] * 1e3 for part in (0.5, 0.95))
    return f"| {what} | {p50:.1f} ms | {p95:.1f} ms |"


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--promotions", type=int, default=200)
    arguments = parser.parse_args()
    for database in [arguments.only] if arguments.only else ["sqlite", "postgres"]:
        print(f"\n| {database} | p50 | p95 |\n|---|---|---|")
        with (
            tempfile.TemporaryDirectory() as name,
            server_on(database, Path(name)) as (server, url),
            Client(f"http://127.0.0.1:{server.port}", token=server_token(database, server, url)) as client,
        ):
            uids = prepare(client, Path(name))
            taken = measure(client, uids, arguments.promotions)
            print(row("promotion, 10 rules", taken[True]))
            print(row("promotion, no rule about it", taken[False]), flush=True)
            decision = client.call("gate.decisions", uid=uids[0])["items"][0]
            seen = client.call("gate.decision", uid=decision["uid"])["seen"]
            print(f"\nA rule among ten: {asyncio.run(a_rule(seen)) * 1e3:.2f} ms", flush=True)


if __name__ == "__main__":
    main()
