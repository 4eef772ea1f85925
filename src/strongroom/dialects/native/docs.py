"""The API's documentation as one page without a script: made from the OpenAPI document, works offline."""

from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c1e21;--dim:#5c6470;--line:#e3e6ea;--accent:#2456c8;--code:#f4f5f7}
@media(prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e6e8eb;--dim:#9aa3af;--line:#2a2e34;--accent:#8ab0ff;--code:#1e2126}}
body{margin:0;background:var(--bg);color:var(--fg);font:14px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:24px}nav{columns:4 180px;margin:16px 0 32px}nav a{display:block}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}h1{font-size:22px}h2{font-size:17px;margin-top:40px}
details{border-bottom:1px solid var(--line)}summary{padding:8px 0;cursor:pointer}
code,.path{font:13px ui-monospace,monospace}.method{display:inline-block;width:68px;font-weight:600;color:var(--dim)}
.permission,.dim{color:var(--dim)}table{border-collapse:collapse;width:100%;margin:8px 0 16px}
td,th{text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-top:1px solid var(--line)}
""".strip()


def page(document: dict[str, Any]) -> str:
    """The whole page as HTML; everything out of the document is escaped."""
    operations = [
        (path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    tags = dict.fromkeys(described["tags"][0] for _, _, described in operations)
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Strongroom API</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="/docs.css">',
        "</head><body><main><h1>Strongroom API</h1>",
        f'<p class="dim">Version {escape(document["info"]["version"])} · ',
        '<a href="/api/v1/openapi.json">OpenAPI 3.1</a>',
        " · send a token as <code>Authorization: Bearer sr_…</code></p>",
        f'<nav aria-label="Groups">{links}</nav>',
    ]
    for tag in tags:
        parts.append(f'<h2 id="{escape(tag)}">{escape(tag)}</h2>')
        parts += [_operation(*operation) for operation in operations if operation[2]["tags"][0] == tag]
    parts.append("</main></body></html>")
    return "".join(parts)


def _operation(path: str, method: str, described: dict[str, Any]) -> str:
    rows = "".join(_rows(described))
    table = f"<table><tr><th>Name</th><th>In</th><th>What</th></tr>{rows}</table>" if rows else ""
    codes = ", ".join(escape(code) for code in described["responses"])
    return (
        f'<details id="{escape(described["operationId"])}"><summary>'
        f'<span class="method">{escape(method.upper())}</span>'
        f'<span class="path">{escape(path)}</span> <span class="dim">{escape(described["summary"])}</span></summary>'
        f'<p class="permission">Operation <code>{escape(described["operationId"])}</code>, '
        f"asks for <code>{escape(described['x-permission'])}</code>. Answers: {codes}.</p>{table}</details>"
    )


def _rows(described: dict[str, Any]) -> Iterator[str]:
    for parameter in described["parameters"]:
        schema = parameter["schema"]
        kind = schema.get("type") or "/".join(str(s.get("type", "")) for s in schema.get("anyOf", ()))
        what = parameter.get("description") or f"{kind}{', required' if parameter['required'] else ''}"
        yield (
            f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
            f"<td>{escape(str(what))}</td></tr>"
        )
    for media, content in described.get("requestBody", {}).get("content", {}).items():
        shape = content["schema"].get("$ref", "").rpartition("/")[2] or content["schema"].get("type", "")
        yield f"<tr><td><code>body</code></td><td>{escape(media)}</td><td>{escape(shape)}</td></tr>"
