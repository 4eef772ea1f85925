"""What the scrub did, for Prometheus."""

from prometheus_client import Counter, Gauge

from strongroom.application.integrity.scrubbing import Scrubbed

BLOBS = Counter("strongroom_scrub_blobs_total", "Blobs that the scrub has looked at")
BYTES = Counter("strongroom_scrub_bytes_total", "Bytes that the scrub has read and hashed")
FOUND = Counter("strongroom_scrub_findings_total", "Damaged blobs that the scrub has found", ["kind"])
DAMAGED = Gauge("strongroom_damaged_blobs", "Blobs known to be damaged", multiprocess_mode="mostrecent")


def scrubbed(done: Scrubbed) -> None:
    """Account for some of its work."""
    BLOBS.inc(done.blobs)
    BYTES.inc(done.bytes)
    DAMAGED.set(done.damaged)
    for finding in done.findings:
        FOUND.labels(finding.kind.value).inc()
