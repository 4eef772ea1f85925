"""What gates said, as JUnit XML: a test case for each rule, so that pipelines show it as they show tests."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from strongroom.cli.gate_rules import Rule

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST: Final = 20_000
"""Characters of one reason in a report."""


def clean(text: str) -> str:
    """A text that any XML parser takes: signs that XML 1.0 has no way to write are replaced."""
    return _NOT_XML.sub("\ufffd", text[:LONGEST])


def report(name: str, rules: Sequence[Rule]) -> bytes:
    """The document. `name` says which version and which gate."""
    failed, broken = (sum(one.result == result for one in rules) for result in ("failed", "error"))
    counts = {"tests": str(len(rules)), "failures": str(failed), "errors": str(broken), "skipped": "0", "time": "0"}
    suites = Element("testsuites", {"name": "strongroom gate check", **counts})
    suite = SubElement(suites, "testsuite", {"name": clean(name), **counts})
    for one in rules:
        case = SubElement(suite, "testcase", {"classname": clean(one.policy), "name": clean(one.rule), "time": "0"})
        reason = clean(one.reason)
        if one.result in {"failed", "error"}:
            tag = "failure" if one.result == "failed" else "error"
            SubElement(case, tag, {"message": reason, "type": one.result}).text = reason
        elif one.result != "passed" or reason:
            SubElement(case, "system-out").text = f"{clean(one.result)}: {reason}" if reason else clean(one.result)
    body: str = tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def write(path: Path, name: str, rules: Sequence[Rule]) -> None:
    """Write the document, whole or not at all."""
    half = path.with_name(f"{path.name}.half")
    half.write_bytes(report(name, rules))
    half.replace(path)
