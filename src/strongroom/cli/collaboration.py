"""Comments and the inbox."""

from itertools import islice
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common


def comment_add(
    target: str,
    text: str,
    *,
    on: str | None = None,
    reply_to: str | None = None,
    common: Common | None = None,
) -> None:
    """Comment on an object: `comment add prod/churn "why so large, @ann?"`, `comment add churn:3 "good"`.

    Parameters
    ----------
    target:
        Reference to an asset or version; with --on the uid of a run, experiment or discussion.
    text:
        Markdown. `@name` tells a principal or team that may read the object.
    on:
        run, experiment or discussion.
    reply_to:
        Uid of the comment that it answers.
    """
    common = common or NONE
    with common.client() as client:
        made = client.comments.add(target, text, kind=on, reply_to=reply_to)
    output.one(made, as_json=True) if common.json else output.line(made.uid)


def comment_list(target: str, *, on: str | None = None, limit: int = 100, common: Common | None = None) -> None:
    """Comments on an object, the oldest first.

    Parameters
    ----------
    target:
        Reference to an asset or version; with --on the uid of a run, experiment or discussion.
    on:
        run, experiment or discussion.
    limit:
        At most so many.
    """
    common = common or NONE
    with common.client() as client:
        found = islice(client.comments.list(target, kind=on), limit)
        output.rows(found, as_json=common.json, columns=("uid", "reply_to", "author_name", "created_at", "text"))


def inbox_list(
    *,
    state: str = "open",
    limit: int = 100,
    done: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """What you are told, the newest first.

    Parameters
    ----------
    state:
        unread, read, done, open (not done) or all.
    limit:
        At most so many.
    done:
        Mark what is shown as done.
    """
    common = common or NONE
    with common.client() as client:
        found = list(islice(client.inbox.list(state), limit))
        shown = [
            {
                "position": item.position,
                "state": item.state,
                "reason": item.reason,
                "type": item.event.type.removeprefix("dev.strongroom."),
                "about": (item.event.data.get("asset") or {}).get("path") or item.event.subject,
                "actor": item.actor_name,
                "time": item.event.time,
            }
            for item in found
        ]
        columns = ("position", "state", "reason", "type", "about", "actor", "time")
        output.rows(found if common.json else shown, as_json=common.json, columns=columns)
        for start in range(0, len(found) if done else 0, 1_000):
            client.inbox.mark("done", *found[start : start + 1_000])
