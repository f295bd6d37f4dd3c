"""A verdict as JSON and as JUnit XML."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from sandbox.contract.check import Finding
from sandbox.contract.run import Verdict


def word(finding: Finding) -> str:
    """``passed``, ``failed``, ``warned`` (of something that should be) or ``skipped``."""
    return "warned" if finding.outcome == "failed" and not finding.broken else finding.outcome


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Everything that was found, with the conversation."""
    return {
        "subject": verdict.subject,
        "url": verdict.url,
        "conforms": verdict.conforms,
        "passed": verdict.count("passed"),
        "failed": verdict.count("failed", "must"),
        "warned": verdict.count("failed", "should"),
        "skipped": verdict.count("skipped"),
        "checks": [_row(finding) for finding in verdict.findings],
    }


def _row(finding: Finding) -> dict[str, Any]:
    check = finding.check
    return {
        "name": check.name,
        "says": check.says,
        "rule": check.rule,
        "severity": check.severity,
        "outcome": word(finding),
        "detail": finding.detail,
        "seconds": round(finding.seconds, 3),
        "curl": finding.curl,
        "exchanges": [
            {
                "method": one.method,
                "url": one.url,
                "body": one.body,
                "status": one.status,
                "answer": one.answer,
                "error": one.error,
                "seconds": round(one.seconds, 3),
            }
            for one in finding.exchanges
        ],
    }


def as_junit(verdict: Verdict) -> str:
    """JUnit XML, as continuous integration reads it."""
    suite = ET.Element(
        "testsuite",
        name=f"adcp-sandbox check {verdict.subject}",
        tests=str(len(verdict.findings)),
        failures=str(verdict.count("failed", "must")),
        skipped=str(verdict.count("skipped")),
        time=f"{sum(finding.seconds for finding in verdict.findings):.3f}",
    )
    for finding in verdict.findings:
        group, _, name = finding.check.name.partition(".")
        case = ET.SubElement(
            suite, "testcase", classname=f"{verdict.subject}.{group}", name=name or group, time=f"{finding.seconds:.3f}"
        )
        if finding.broken:
            ET.SubElement(case, "failure", message=_clean(finding.detail)).text = _clean(
                f"{finding.check.says}\n{finding.check.rule}\n{finding.curl}"
            )
        elif finding.outcome == "skipped":
            ET.SubElement(case, "skipped", message=_clean(finding.detail))
        elif finding.outcome == "failed":
            ET.SubElement(case, "system-out").text = _clean(f"warned: {finding.detail}\n{finding.curl}")
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Without characters that XML has no way to write."""
    return _UNWRITABLE.sub("�", text)


_UNWRITABLE = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
