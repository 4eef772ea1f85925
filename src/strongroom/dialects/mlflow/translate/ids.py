"""Ids as MLflow writes them, from our uids and back."""

import re

from strongroom.domain.errors import Invalid, NotFound

DEFAULT_EXPERIMENT = "0"
"""The id of the experiment that runs belong to when no other was named."""
MODEL_PREFIX = "m-"

_HEX = re.compile(r"[0-9a-f]{32}")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


def hex_of(uid: str) -> str:
    """A uid as 32 hex digits."""
    return uid.replace("-", "")


def uid_of_hex(text: str) -> str | None:
    """The uid that 32 hex digits spell; None for any other text."""
    if not _HEX.fullmatch(text):
        return None
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def run_uid(run_id: str | None, run_uuid: str | None = None) -> str:
    """The uid of the run that a client names.

    :raises Invalid: what can be no run id. :raises NotFound: an id that no run of ours has.
    """
    text = run_id or run_uuid or ""
    if not _RUN_ID.fullmatch(text):
        raise Invalid(f"Invalid run ID: '{text[:100]}'")
    return _known(text, "run")


def experiment_uid(experiment_id: str) -> str:
    """The uid of an experiment that is not the default one. :raises NotFound: an id that none of ours has."""
    return _known(experiment_id, "experiment")


def model_uid(model_id: str) -> str:
    """The uid of a logged model. :raises NotFound: an id that none of ours has."""
    return _known(model_id.removeprefix(MODEL_PREFIX), "logged model")


def model_id(uid: str) -> str:
    """The id of a logged model."""
    return MODEL_PREFIX + hex_of(uid)


def _known(text: str, what: str) -> str:
    uid = uid_of_hex(text)
    if uid is None:
        raise NotFound(f"There is no such {what}.")
    return uid


def version_number(text: str | None) -> int:
    """A version's number. :raises Invalid: a text that is none."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 16:  # noqa: PLR2004 - fits 2**53
        shown = (text or "")[:100]
        raise Invalid(f"Model version must be an integer, got '{shown}'.")
    return int(text)
