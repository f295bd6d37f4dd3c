"""A verdict as one HTML page with the whole conversation; it loads nothing and runs no script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape

from sandbox.contract.check import Finding
from sandbox.contract.render import word
from sandbox.contract.run import Verdict
from sandbox.contract.talk import Exchange, writable

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #187a3d; --bad: #c02626; --warn: #9a6a00; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; }
.sum { color: var(--dim); margin-bottom: 1.5rem; }
.check { border-top: 1px solid var(--line); padding: .5rem 0; }
.check > summary { cursor: pointer; display: flex; gap: .8rem; align-items: baseline; list-style: none; }
.check > summary::after { content: "\\25b8"; margin-left: auto; color: var(--dim); }
.check[open] > summary::after { content: "\\25be"; }
.wrong { display: flex; gap: .8rem; align-items: baseline; }
.wrong a { font-family: ui-monospace, monospace; font-size: .85rem; margin-right: .6rem; }
.both i { color: var(--dim); font-size: .8rem; }
.how { flex: 0 0 5rem; font-weight: 600; }
.passed { color: var(--good); } .failed { color: var(--bad); }
.warned { color: var(--warn); } .skipped { color: var(--dim); }
.name { flex: 0 0 17rem; font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere; }
.detail { margin: .3rem 0 .3rem 5.8rem; }
.rule { color: var(--dim); font-size: .85rem; }
pre { background: #8881; padding: .6rem; font-size: .8rem; margin: .3rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto; }
.both { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: .6rem; align-items: start; }
.talk { margin: .5rem 0 .5rem 5.8rem; }
.talk > p { margin: .5rem 0 0; font-family: ui-monospace, monospace; font-size: .85rem; }
@media (max-width: 40rem) {
  .name { flex-basis: 100%; } .check > summary { flex-wrap: wrap; } .detail, .talk { margin-left: 0; }
}
"""


def page(verdict: Verdict) -> str:
    """The page. What failed is open at first."""
    how = "conforms" if verdict.conforms else "does not conform"
    counts = ", ".join(
        f"{verdict.count(outcome, severity)} {name}"
        for name, outcome, severity in (
            ("passed", "passed", None),
            ("failed", "failed", "must"),
            ("warned", "failed", "should"),
            ("skipped", "skipped", None),
        )
    )
    checks = "\n".join(line for finding in verdict.findings for line in _check(finding))
    wrong = "\n".join(line for outcome in ("failed", "warned") for line in _named(verdict, outcome))
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(verdict.title)} {how}</title><style>{_STYLE}</style></head><body>\n"
        f'<h1>{escape(verdict.title)} <span class="{"passed" if verdict.conforms else "failed"}">{how}</span></h1>\n'
        f'<p class="sum">{escape(verdict.url)} · {counts}</p>\n{wrong}\n{checks}\n</body></html>\n'
    )


def _named(verdict: Verdict, outcome: str) -> Iterator[str]:
    """Links to all checks that came out so, so that nobody has to look for them."""
    names = [escape(finding.check.name) for finding in verdict.findings if word(finding) == outcome]
    if names:
        links = " ".join(f'<a href="#{name}">{name}</a>' for name in names)
        yield f'<p class="wrong"><span class="how {outcome}">{outcome}</span><span>{links}</span></p>'


def _check(finding: Finding) -> Iterator[str]:
    how, check = word(finding), finding.check
    says = escape(" ".join(check.says.split()))
    shown = " open" if finding.outcome == "failed" else ""
    yield f'<details class="check" id="{escape(check.name)}"{shown}><summary><span class="how {how}">{how}</span>'
    yield f'<span class="name">{escape(check.name)}</span><span>{says}</span></summary>'
    if finding.detail:
        yield f'<p class="detail">{escape(finding.detail)}</p>'
    yield f'<p class="detail rule">{escape(check.rule)} · {check.severity} · {finding.seconds:.2f} s</p>'
    if finding.exchanges:
        yield '<div class="talk">'
        for exchange in finding.exchanges:
            yield from _exchange(exchange)
        yield "</div>"
    yield "</details>"


def _exchange(one: Exchange) -> Iterator[str]:
    came = one.error or str(one.status)
    yield f"<p>{escape(one.method)} {escape(one.url)} → {escape(came)} · {one.seconds * 1000:.0f} ms</p>"
    sides = (("request", one.body), ("answer", one.answer))
    shown = "".join(f"<div><i>{side}</i><pre>{escape(_pretty(text))}</pre></div>" for side, text in sides if text)
    yield f'<div class="both">{shown}</div>'
    yield f"<pre>{escape(one.curl())}</pre>"


def _pretty(text: str) -> str:
    try:
        return writable(json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        return text
