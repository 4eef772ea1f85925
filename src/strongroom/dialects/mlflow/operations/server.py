"""What clients ask first: whether the server is there, which release it speaks, what it can do."""

from starlette.responses import PlainTextResponse, Response

from strongroom.application.edge import Edge
from strongroom.dialects.mlflow.operation import flow
from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.dialects.mlflow.wire.server import ServerInfo
from strongroom.domain.identity.roles import Permission

#: The release of MLflow whose server is spoken here; clients switch on what they find in it.
SPOKEN = "3.17.2"


@flow("server.version", "GET", "/version", Permission.PUBLIC, Message, versions=())
async def version(_edge: Edge, _message: Message) -> Response:
    """The release of MLflow whose protocol is spoken."""
    return PlainTextResponse(SPOKEN)


@flow("server.health", "GET", "/health", Permission.PUBLIC, Message, versions=())
async def health(_edge: Edge, _message: Message) -> Response:
    """The process answers."""
    return PlainTextResponse("OK")


@flow("server.info", "GET", "/mlflow/server-info", Permission.PUBLIC, Message, versions=("3.0",))
async def info(_edge: Edge, _message: Message) -> ServerInfo:
    """What this server can do."""
    return ServerInfo()


OPERATIONS = (version, health, info)
