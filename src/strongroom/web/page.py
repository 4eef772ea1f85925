"""The frame of the server-rendered pages: one style sheet, no script, nothing from anywhere else."""

from html import escape

from starlette.responses import HTMLResponse

#: Style sheets and forms of this origin, and nothing else at all.
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

#: Without a referrer a browser calls the origin of our own forms "null", which is how a foreign form looks too.
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="/static/strongroom.css">
</head>
<body>
<header><a href="/">Strongroom</a></header>
<main>
{body}
</main>
</body>
</html>
"""


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page; `body` is HTML whose values are escaped already."""
    text = _FRAME.format(title=escape(title), body=body)
    return HTMLResponse(text, status, HEADERS)
