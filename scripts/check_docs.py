"""Check that every relative link in the documents leads to a file, and its anchor to a heading."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {"node_modules", "__pycache__"}
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
EXTERNAL = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents() -> list[Path]:
    """Every Markdown file of the project, wherever it lies beside the code."""
    found = [*ROOT.glob("*.md")]
    for folder in ("docs", "src", "tests", "examples", "benchmarks", "ui"):
        found += (ROOT / folder).rglob("*.md")
    return sorted(path for path in found if not SKIPPED & set(path.parts))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    seen: dict[str, int] = {}
    result = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        result.add(f"{slug}-{count}" if count else slug)
    return result


def broken_links(document: Path) -> list[str]:
    """One line for each link of the document that leads nowhere."""
    text = document.read_text(encoding="utf-8")
    prose = INLINE_CODE.sub("", FENCE.sub("", text))
    problems = []
    for match in LINK.finditer(prose):
        link = match[1] or match[2]
        if EXTERNAL.match(link) or link.startswith("//"):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (ROOT / path.lstrip("/") if path.startswith("/") else document.parent / path) if path else document
        if not target.exists():
            problems.append(f"{document.relative_to(ROOT)}: {link}: no such file")
        elif not target.resolve().is_relative_to(ROOT):
            problems.append(f"{document.relative_to(ROOT)}: {link}: leads out of the project")
        elif anchor and target.suffix == ".md" and anchor.lower() not in anchors(target.read_text(encoding="utf-8")):
            problems.append(f"{document.relative_to(ROOT)}: {link}: no such heading")
    return problems


def main() -> int:
    """Report every broken link; the exit code is 1 when there is one."""
    problems = [problem for document in documents() for problem in broken_links(document)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
