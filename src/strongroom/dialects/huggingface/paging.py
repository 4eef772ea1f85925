"""Pages as the Hub's clients ask for them: a `limit`, and a `Link` to the next one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from strongroom.application.paging import MAX_PAGE
from strongroom.dialects.huggingface.operation import Asked


def page_size(asked: Asked[Any], most: int = MAX_PAGE) -> int:
    """How many to answer with: what is asked for, within our own limits."""
    text = asked.get("limit") or ""
    wanted = int(text) if text.isdecimal() and len(text) <= len(str(10**9)) else most
    return max(1, min(wanted, most, MAX_PAGE))


def next_page(asked: Asked[Any], token: str | None) -> Mapping[str, str]:
    """The header that leads to the rest."""
    if token is None:
        return {}
    kept = [(name, value) for name, values in asked.query.items() if name != "cursor" for value in values]
    return {"Link": f'<{asked.here}?{urlencode([*kept, ("cursor", token)])}>; rel="next"'}
