"""The form of a declaration, version 1: what a file may say, and within which bounds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from strongroom.sdk.models import Scalar
from strongroom.sdk.retention import Best, Rule

VERSION = 1
OBJECTS_MOST = 5_000
"""Objects of one declaration, over all of its files."""
FILE_LARGEST = 4 * 1024 * 1024
FILES_MOST = 200
DEPTH_MOST = 32

Text = Annotated[str, Meta(max_length=65_536)]
Line = Annotated[str, Meta(min_length=1, max_length=1_024)]
Moment = Annotated[datetime, Meta(tz=True)]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all forms: a word that it does not have is refused."""


class BestForm(Best, frozen=True, forbid_unknown_fields=True):
    """The best versions by a metric."""


class RuleForm(Rule, frozen=True, forbid_unknown_fields=True):
    """A retention rule."""

    best: list[BestForm] = msgspec.field(default_factory=list)  # type: ignore[assignment]


class AliasForm(Form, frozen=True):
    """An alias. Without a `version` only its mark is declared, and who may move it moves it."""

    name: Line
    version: Annotated[int, Meta(ge=1)] | Line | None = None
    protected: bool | None = None


class AssetForm(Form, frozen=True):
    """An asset by its path. What is left out is not looked at; of tags and properties only the keys named."""

    name: Line
    kind: Line = "model"
    type: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    card: Annotated[str, Meta(max_length=1_048_576)] | None = None
    visibility: Literal["private", "workspace", "public"] | None = None
    gated: Literal["", "auto", "manual"] | None = None
    tags: Annotated[Mapping[Line, Text | None], Meta(max_length=500)] = {}
    properties: Annotated[Mapping[Line, Scalar], Meta(max_length=500)] = {}
    retention: RuleForm | None = None
    aliases: Annotated[Sequence[AliasForm], Meta(max_length=500)] = ()


class FreezeForm(Form, frozen=True):
    """A time in which nothing is promoted."""

    start: Moment
    end: Moment
    reason: Text = ""


class EnvironmentForm(Form, frozen=True):
    """An environment."""

    name: Line
    description: Text | None = None
    after: Annotated[Sequence[Line], Meta(max_length=500)] | None = None
    restricted: bool | None = None
    keep: Annotated[int, Meta(ge=1, le=50)] | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    freezes: Annotated[Sequence[FreezeForm], Meta(max_length=20)] | None = None


class GrantForm(Form, frozen=True):
    """The one role of a principal or team at a place: the workspace unless one is named."""

    role: Literal["viewer", "contributor", "maintainer", "admin"]
    principal: Line | None = None
    team: Line | None = None
    environment: Line | None = None
    namespace: Line | None = None
    asset: Line | None = None
    kind: Line | None = None


class FromEnvironment(Form, frozen=True):
    """A value that stands in a variable of the environment and not in the file."""

    env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class WebhookForm(Form, frozen=True):
    """A webhook, known by its name. Its secret is never declared."""

    name: Line
    url: Line | FromEnvironment
    types: Annotated[Sequence[Line], Meta(max_length=50)] = ()
    namespace: Line | None = None
    asset: Line | None = None
    kind: Line | None = None
    description: Text | None = None
    state: Literal["active", "paused"] | None = None


class Declaration(Form, frozen=True):
    """What one or more files declare. `declaration` names the asset that keeps what was applied last."""

    strongroom: Literal[1]
    declaration: Line | None = None
    policies: Annotated[Sequence[dict[str, Any]], Meta(max_length=100)] = ()
    environments: Annotated[Sequence[EnvironmentForm], Meta(max_length=500)] = ()
    assets: Annotated[Sequence[AssetForm], Meta(max_length=OBJECTS_MOST)] = ()
    grants: Annotated[Sequence[GrantForm], Meta(max_length=OBJECTS_MOST)] = ()
    webhooks: Annotated[Sequence[WebhookForm], Meta(max_length=100)] = ()
