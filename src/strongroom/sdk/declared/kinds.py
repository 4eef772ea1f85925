"""What can be declared, as the server knows it: each kind is found, made, changed and removed over the public API."""

from collections.abc import Callable, Mapping
from typing import Protocol

from strongroom.sdk.declared.assets import Aliases, Assets
from strongroom.sdk.declared.environments import Environments
from strongroom.sdk.declared.grants import Grants
from strongroom.sdk.declared.objects import Members, Object
from strongroom.sdk.declared.places import Places
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.declared.policies import Policies
from strongroom.sdk.declared.webhooks import Webhooks


class Kind(Protocol):
    """One kind of object. An instance looks once at what is there and remembers it: make a new one for a new plan."""

    def find(self, one: Object, /) -> Found | None:
        """The object as it is now; None when there is none, or none that the caller may see."""

    def problem(self, one: Object, /) -> str | None:
        """Why what is declared of it cannot be brought about; asked where something is to change."""

    def create(self, one: Object, /) -> None:
        """Make it, with all that is declared."""

    def change(self, one: Object, /, found: Found, changes: Members) -> None:
        """Set members; None takes one away. :raises PreconditionFailed: it changed since it was found."""

    def remove(self, one: Object, /, found: Found) -> None:
        """Take it away. :raises PreconditionFailed: it changed since it was found."""


KINDS: Mapping[str, Callable[[Places], Kind]] = {
    "policy": Policies,
    "environment": Environments,
    "asset": Assets,
    "alias": Aliases,
    "grant": Grants,
    "webhook": Webhooks,
}
