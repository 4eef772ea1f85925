"""Agents: a model, a prompt, and tools, MCP servers and skills pinned by the digests of their schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests import canonical
from strongroom.domain.manifests.cursor import Cursor, Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.member import Member
from strongroom.domain.manifests.prompt import Model, read_model

FIELDS: Final = ("model", "prompt", "tools", "mcp_servers", "skills", "memory", "settings", "description")
TOOLS_MOST: Final = 500
_SLASH = "/"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, pinned by the SHA-256 of its schema's canonical JSON."""

    name: str
    digest: str
    schema: Mapping[str, Plain] | None = None


@dataclass(frozen=True, slots=True)
class McpServer:
    """A server of the Model Context Protocol with the tools that may be used of it."""

    name: str
    uri: str | None
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent."""

    model: Model
    prompt: Member
    tools: tuple[Tool, ...]
    mcp_servers: tuple[McpServer, ...]
    skills: Mapping[str, Member]
    memory: Member | None
    settings: Mapping[str, Plain]
    description: str = ""

    def pins(self) -> Mapping[str, str]:
        """Tools by name (those of an MCP server as ``server/tool``) and the digests that their schemas must have."""
        own = {tool.name: tool.digest for tool in self.tools}
        served = {f"{server.name}/{tool.name}": tool.digest for server in self.mcp_servers for tool in server.tools}
        return own | served


def read(fields: Fields) -> Agent:
    """An agent. :raises BadManifest: naming the place."""
    servers, skills, memory = fields.get("mcp_servers"), fields.get("skills"), fields.get("memory")
    return Agent(
        model=read_model(fields["model"]),
        prompt=fields["prompt"].member("prompt"),
        tools=_tools(fields.get("tools")),
        mcp_servers=tuple(_server(name, one) for name, one in servers.named(TOOLS_MOST)) if servers else (),
        skills={name: one.member() for name, one in skills.named(TOOLS_MOST)} if skills else {},
        memory=memory.member("memory") if memory else None,
        settings=fields.settings(),
        description=fields.words(),
    )


def _tools(cursor: Cursor | None) -> tuple[Tool, ...]:
    return tuple(_tool(name, one) for name, one in cursor.named(TOOLS_MOST)) if cursor else ()


def _server(name: str, cursor: Cursor) -> McpServer:
    _refuse_slash(name, cursor)
    fields = cursor.fields("tools", optional=("uri",))
    uri = fields.get("uri")
    return McpServer(name, uri.text(2048) if uri else None, _tools(fields["tools"]))


def _refuse_slash(name: str, cursor: Cursor) -> None:
    if _SLASH in name:
        cursor.fail("a name has no slash: it stands between server and tool.")


def _tool(name: str, cursor: Cursor) -> Tool:
    """Its schema, or the digest of it, or both when they agree."""
    _refuse_slash(name, cursor)
    fields = cursor.fields(optional=("schema", "digest"))
    schema, stated = fields.get("schema"), fields.get("digest")
    if schema is None:
        if stated is None:
            cursor.fail("a tool has a schema or the digest of one.")
        return Tool(name, stated.digest())
    body = schema.settings()
    digest = canonical.digest(body)
    if stated is not None and stated.digest() != digest:
        stated.fail(f"the schema's digest is {digest}.")
    return Tool(name, digest, body)
