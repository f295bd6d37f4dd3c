"""Runs the checks of a subject, one after another."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from sandbox.contract.auth import Auth
from sandbox.contract.check import Check, Failed, Finding, Skipped, Subject
from sandbox.contract.talk import REACH_S, NoAnswer, Talk
from sandbox.core.errors import InputError

BEGINS_AGAIN_S = 5
"""How long a service that has stopped may take to begin again, in seconds: checks go on then."""


@dataclass(slots=True)
class Verdict:
    """What came of all checks."""

    subject: str
    title: str
    url: str
    findings: list[Finding] = field(default_factory=list)
    gone: str = ""
    """The check after which nothing listened at the address any more."""

    @property
    def conforms(self) -> bool:
        """True if something was checked, no ``must`` failed, and it was there to the end."""
        counted = [finding for finding in self.findings if finding.outcome != "skipped"]
        return bool(counted) and not self.gone and not any(finding.broken for finding in self.findings)

    def count(self, outcome: str, severity: str | None = None) -> int:
        """How many checks came out so."""
        return sum(f.outcome == outcome and severity in (None, f.check.severity) for f in self.findings)


def selected(subject: Subject[Any], patterns: Sequence[str], official: bool = False) -> list[Check[Any]]:
    """The checks whose names begin with one of the patterns; all without any. InputError if one selects nothing."""
    checks = list(subject.checks)
    if official:
        if subject.official is None:
            raise InputError(f"there is no official runner for {subject.name}", "--official")
        checks += subject.official
    for pattern in patterns:
        if not any(check.name.startswith(pattern) for check in checks):
            groups = sorted({re.split(r"[./]", check.name)[0] for check in checks})
            raise InputError(f"no check begins with {pattern!r}", "--only", f"there are {', '.join(groups)}")
    return [check for check in checks if not patterns or check.name.startswith(tuple(patterns))]


async def run(
    subject: Subject[Any],
    url: str,
    auth: Auth | None = None,
    only: Sequence[str] = (),
    told: Callable[[Finding], None] | None = None,
    options: Mapping[str, Any] | None = None,
    official: bool = False,
) -> Verdict:
    """Run checks against what is at ``url``; ``told`` is called with each finding.

    ``options`` go to the subject. Raises :class:`InputError` if nothing answers, or for an option that it has not.
    """
    checks, given = selected(subject, only, official), dict(options or {})
    for name in given:
        if name not in subject.options:
            raise InputError(f"check {subject.name} has no such option", f"--{name.replace('_', '-')}")
    secrets = [part for one in (auth, *given.values()) if isinstance(one, Auth) for part in one.secrets]
    verdict = Verdict(subject.name, subject.title, url)
    async with Talk(secrets) as talk, subject.open(url, auth, talk, **given) as opened:
        for check in checks:
            if verdict.gone:
                finding = Finding(check, "skipped", f"nothing listens at {url} any more, since {verdict.gone}")
            else:
                finding = await _one(check, opened, talk)
                if any(one.error for one in finding.exchanges) and not await _listens(url):
                    verdict.gone = check.name
            verdict.findings.append(finding)
            if told is not None:
                told(finding)
    return verdict


async def _listens(url: str) -> bool:
    """True if somebody takes connections at an address, at once or when it has begun again."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for _ in range(BEGINS_AGAIN_S):
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(REACH_S):
                _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
            return True
        await asyncio.sleep(1)
    return False


async def _one(check: Check[Any], opened: Any, talk: Talk) -> Finding:
    first, begun = len(talk.exchanges), perf_counter()
    finding = Finding(check, "passed")
    try:
        await asyncio.wait_for(check.body(opened), check.timeout_s)
    except Skipped as skipped:
        finding.outcome, finding.what = "skipped", talk.hide(str(skipped))
    except Failed as failed:
        finding.outcome, finding.what = "failed", talk.hide(failed.what)
        finding.wanted, finding.found = _shown(failed.wanted, talk), _shown(failed.found, talk)
    except NoAnswer as error:
        finding.outcome, finding.what = "failed", f"no answer: {error}"
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        finding.outcome = "failed"
        finding.what = talk.hide(f"an answer does not have the form that it should: {type(error).__name__}: {error}")
    except TimeoutError:
        finding.outcome, finding.what = "failed", f"it was not done after {check.timeout_s:g} s"
    finding.seconds = perf_counter() - begun
    finding.exchanges = talk.exchanges[first:]
    return finding


def _shown(value: Any, talk: Talk) -> str | None:
    """What was wanted or found, as a report may have it."""
    return None if value is None else talk.hide(value if isinstance(value, str) else repr(value))
