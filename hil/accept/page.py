"""The verdict as a page: outcome, criteria, time line, losses, outages. It loads nothing and runs no script."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from hil.accept.timeline import REPORT_COLOURS, TRUTH_COLOURS, draw
from hil.accept.verdict import Outcome, Verdict

MOST_LISTED: Final = 200

STYLE: Final = """
:root { --ink: #1c2733; --muted: #5a6674; --rule: #d5dbe2; --paper: #fff; --ground: #f3f5f8; --brand: #0b3d63;
  --good: #00664b; --good-ground: #dff3ec; --bad: #9b1c00; --bad-ground: #fde3db;
  --watch: #7a4300; --watch-ground: #ffe9cf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --muted: #a3afbd; --rule: #39444f; --paper: #1a222b;
  --ground: #11171d; --brand: #0d2f4a; --good: #7fe0c0; --good-ground: #11392e; --bad: #ffab94; --bad-ground: #4a1b10;
  --watch: #ffc98a; --watch-ground: #452c0c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5; overflow-wrap: anywhere;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-size: 16px; }
.top { background: var(--brand); color: #fff; padding: 2rem max(1rem, calc((100% - 70rem) / 2)) 1.2rem; }
.eyebrow { margin: 0; font-size: .8rem; letter-spacing: .12em; text-transform: uppercase; opacity: .85; }
h1 { margin: .1rem 0 .4rem; font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.15; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
section { background: var(--paper); border: 1px solid var(--rule); border-radius: .6rem;
  padding: 1.1rem 1.4rem; margin: 0 0 1.2rem; }
h2 { margin: 0 0 .6rem; font-size: 1.3rem; }
.badge { display: inline-block; border-radius: 1rem; padding: .05rem .7rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-ground); } .bad { color: var(--bad); background: var(--bad-ground); }
.watch { color: var(--watch); background: var(--watch-ground); }
.scroll { overflow-x: auto; } .quiet { color: var(--muted); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; overflow-wrap: normal; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { color: var(--muted); font-size: .8rem; } .number { text-align: right; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; min-width: 44rem; height: auto; }
svg text { fill: var(--ink); font-family: inherit; }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; font-size: .88rem; }
.swatch { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; margin-right: .35rem; }
footer { max-width: 70rem; margin: 0 auto; padding: 0 1.4rem 2rem; color: var(--muted); font-size: .82rem; }
@media (max-width: 40rem) { main { padding: .6rem; } section { padding: .8rem .7rem; }
  th, td { padding: .3rem .35rem; } table { font-size: .8rem; } .badge { padding: .05rem .4rem; } }
@media print { body { background: #fff; } section { border: 0; padding: .3rem 0; } tr { break-inside: avoid; } }
"""

TEMPLATE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<title>{{ v.suite }}: {{ v.outcome }}</title>
<link rel="icon" href="data:,">
<style>{{ style | safe }}</style>
</head>
<body>
<header class="top">
<p class="eyebrow">Gateway acceptance</p>
<h1>{{ v.suite }}</h1>
<p><span class="badge {{ tone }}">{{ v.outcome }}</span>
{{ v.truths.delivered }} of {{ v.truths.all }} changes delivered in {{ (v.duration_ms / 1000) | round(1) }} s</p>
</header>
<main>
{% if v.rig_failures %}
<section><h2>The rig failed</h2>
<p>What follows says nothing about the gateway.</p>
<ul>{% for failure in v.rig_failures %}<li>{{ failure }}</li>{% endfor %}</ul>
</section>
{% endif %}
<section><h2>Criteria</h2>
{% for remark in v.rig.get('remarks', []) %}<p>{{ remark }}.</p>{% endfor %}
{% if v.rig.get('gateway_exit_code') is not none %}
<p>The gateway ended by itself, with {{ v.rig.gateway_exit_code }}; its output is in gateway.log.</p>
{% endif %}
<div class="scroll"><table><thead><tr><th>criterion</th><th>wanted</th><th>found</th><th></th></tr></thead><tbody>
{% for one in v.criteria %}
<tr><th>{{ one.name }}</th><td>{{ one.wanted }}</td><td>{{ one.found }}</td>
<td><span class="badge {{ 'good' if one.met else 'bad' }}">{{ 'met' if one.met else 'missed' }}</span></td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section><h2>Time line</h2>
<div class="scroll" tabindex="0">{{ timeline }}</div>
<ul class="key">{% for name, colour in truth_colours %}<li><span class="swatch" style="background:{{ colour }}"></span>
{{ name }} ({{ v.truths[name] }})</li>{% endfor %}</ul>
<p class="quiet">Arrived:</p>
<ul class="key">{% for name, colour in report_colours %}<li><span class="swatch" style="background:{{ colour }}"></span>
{{ name }} ({{ v.reports[name] }})</li>{% endfor %}</ul>
</section>
<section><h2>What did not arrive</h2>
{% if v.losses %}
<div class="scroll"><table><thead><tr><th>device</th><th>why</th><th>signals</th><th class="number">from number</th>
<th class="number">to number</th><th class="number">changes</th>
<th class="number">from, s</th><th class="number">to, s</th></tr></thead><tbody>
{% for one in v.losses[:most] %}
<tr><th>{{ one.device }}</th><td>{{ one.reason }}</td><td>{{ one.signals | join(', ') }}</td>
<td class="number">{{ one.from_number }}</td>
<td class="number">{{ one.to_number }}</td><td class="number">{{ one.changes }}</td>
<td class="number">{{ (one.from_ms / 1000) | round(1) }}</td>
<td class="number">{{ (one.to_ms / 1000) | round(1) }}</td></tr>
{% endfor %}
</tbody></table></div>
{% set more = v.losses | length + v.losses_not_listed - most %}
{% if more > 0 %}<p class="quiet">and {{ more }} more; verdict.json has 1000 of them</p>{% endif %}
{% else %}<p>Nothing: every change was delivered.</p>{% endif %}
</section>
{% if v.reports_at_fault %}
<section><h2>Reports at fault</h2>
<div class="scroll"><table><thead><tr><th>device</th><th>signal</th><th>value</th><th class="number">number</th>
<th>what</th><th class="number">stamp, s</th><th class="number">seen, s</th></tr></thead><tbody>
{% for one in v.reports_at_fault[:most] %}
<tr><th>{{ one.device | truncate(60) }}</th><td>{{ (one.signal or '—') | truncate(60) }}</td>
<td>{{ (one.value | string) | truncate(60) if one.value is not none else '—' }}</td>
<td class="number">{{ one.number if one.number is not none else '—' }}</td><td>{{ one.what | join(', ') }}</td>
<td class="number">{{ (one.time_ms / 1000) | round(1) if one.time_ms is not none else '—' }}</td>
<td class="number">{{ (one.seen_ms / 1000) | round(1) }}</td></tr>
{% endfor %}
</tbody></table></div>
{% set more = v.reports_at_fault | length + v.reports_at_fault_not_listed - most %}
{% if more > 0 %}<p class="quiet">and {{ more }} more; verdict.json has 1000 of them</p>{% endif %}
</section>
{% endif %}
<section><h2>Outages</h2>
{% if v.outages %}
<div class="scroll"><table><thead><tr><th>what</th><th>fault</th><th>devices</th><th class="number">from, s</th>
<th class="number">to, s</th><th class="number">back after, s</th><th></th></tr></thead><tbody>
{% for one in v.outages %}
<tr><th>{{ one.cause }}</th><td>{{ one.fault }}</td><td>{{ one.devices | join(', ') or 'all' }}</td>
<td class="number">{{ (one.from_ms / 1000) | round(1) }}</td><td class="number">{{ (one.to_ms / 1000) | round(1) }}</td>
<td class="number">{{ (one.waited_ms / 1000) | round(1) if one.back_ms is not none else '—' }}</td>
<td>{% if one.came_back %}<span class="badge good">came back</span>
{% else %}<span class="badge bad">did not come back in time</span> waited
{{ (one.waited_ms / 1000) | round(1) }} s{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}<p>None.</p>{% endif %}
</section>
<section><h2>Latency and devices</h2>
<div class="scroll"><table><thead><tr><th>latency, ms</th><th class="number">reports</th><th class="number">median</th>
<th class="number">95 %</th><th class="number">99 %</th><th class="number">longest</th></tr></thead><tbody>
{% for name, label in (('quiet', 'while nothing is broken'), ('all', 'all')) %}
<tr><th>{{ label }}</th>{% for key in ('count', 'p50', 'p95', 'p99', 'max') %}
<td class="number">{{ v.latency_ms[name][key] if v.latency_ms[name][key] is not none else '—' }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<p>Uptime {{ (v.uptime * 100) | round(3) }} %.</p>
<div class="scroll"><table><thead><tr><th>device</th><th class="number">changes</th><th class="number">delivered</th>
<th class="number">last number shown</th><th class="number">last number delivered</th></tr></thead><tbody>
{% for one in v.devices %}
<tr><th>{{ one.device }}</th><td class="number">{{ one.shown }}</td><td class="number">{{ one.delivered }}</td>
<td class="number">{{ one.last_number }}</td><td class="number">{{ one.last_delivered }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section><h2>Evidence</h2>
<p>Every byte that passed the links, as JSON lines beside this page: {{ v.evidence | join(', ') or 'none' }}.
The whole verdict is in verdict.json.</p>
</section>
</main>
<footer><p>Made by mro-twin {{ version }}. This page loads nothing and runs no script.</p></footer>
</body>
</html>
"""

TONES: Final[Mapping[Outcome, str]] = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.RIG_FAILED: "watch"}


def render_page(verdict: Verdict) -> str:
    """The page as text. Everything that comes from the run is text to it: it is escaped, never markup."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    content: dict[str, Any] = {
        "v": verdict.as_dict(),
        "tone": TONES[verdict.outcome],
        "timeline": draw(verdict.judgement),
        "style": STYLE,
        "truth_colours": [(kind.value, colour) for kind, colour in TRUTH_COLOURS.items()],
        "report_colours": [(kind.value, colour) for kind, colour in REPORT_COLOURS.items()],
        "most": MOST_LISTED,
        "version": metadata.version("mro-twin"),
    }
    return environment.from_string(TEMPLATE).render(content)


def write_page(verdict: Verdict, file: Path) -> None:
    """Write the page; OSError as the file system says."""
    file.write_text(render_page(verdict), encoding="utf-8")
