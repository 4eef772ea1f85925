"""From the URL in the settings to an obstore client.

    s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-central-1&access_key_id=..&secret_access_key=..
    gs://bucket/prefix      az://account/container/prefix

What the query leaves out is read from the provider's own environment variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL,
...) and instance roles, by obstore. Plain http is allowed when, and only when, the endpoint itself says http.
"""

import os
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from strongroom.domain.errors import Invalid

_SCHEMES: Final = frozenset({"s3", "s3a", "gs", "az", "abfs", "abfss"})
_ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")

# A server-side copy of 5 GiB answers after minutes; a retry stays below what a client waits for.
_CLIENT: Final = {"timeout": timedelta(minutes=10), "connect_timeout": timedelta(seconds=5)}
_RETRY_TIME: Final = timedelta(seconds=60)


def open_bucket(url: str, *, retries: int = 5) -> ObjectStore:
    """Make a client for the bucket and prefix of this URL; nothing is sent yet.

    Args:
        url: as above.
        retries: how often a request that failed is sent again, within a minute.

    Raises:
        Invalid: the URL or an option in its query is not understood. The message does not repeat it: it may hold keys.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise Invalid(f"A bucket is written as one of {', '.join(sorted(_SCHEMES))}://bucket/prefix.")
    config = dict(parse_qsl(parts.query, keep_blank_values=True))
    from_environment = next((os.environ[name] for name in _ENDPOINT_VARIABLES if os.environ.get(name)), "")
    allow_http = config.get("endpoint", from_environment).startswith("http://")
    options: dict[str, Any] = {
        "config": config,
        "client_options": {**_CLIENT, "allow_http": allow_http},
        "retry_config": {"max_retries": retries, "retry_timeout": _RETRY_TIME},
    }
    try:
        return from_url(parts._replace(query="", fragment="").geturl(), **options)
    except (BaseError, ValueError) as error:
        reason = type(error).__name__
        raise Invalid("The bucket's URL, or an option in its query, is not understood.", reason=reason) from None
