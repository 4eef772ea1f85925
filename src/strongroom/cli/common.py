"""What every command takes, and the client it works with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

if TYPE_CHECKING:
    from strongroom.sdk import Client

GROUP = Group("Connection and output", sort_key=100)


@Parameter(name="*", group=GROUP)
@dataclass(frozen=True, slots=True)
class Common:
    """Options of every command that talks to a server. The token comes from STRONGROOM_TOKEN or `strongroom login`.

    Parameters
    ----------
    json:
        Write JSON to standard output; messages go to standard error.
    url:
        Address of the server; else STRONGROOM_URL, else what login saved.
    workspace:
        Slug of the workspace; else STRONGROOM_WORKSPACE, else what login saved, else your home.
    """

    json: Annotated[bool, Parameter(negative="")] = False
    url: str | None = None
    workspace: str | None = None

    def client(self) -> "Client":
        """The client these options mean."""
        from strongroom.sdk import Client

        return Client(self.url, None, self.workspace)


NONE = Common()
