"""How the report looks."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --line: #d9dbe0; --ground: #fcfcfd;
  --panel: #f2f3f5; --good: #18794e; --bad: #c62a2f; --bar: #9aa4b2; }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --soft: #a5abb5; --line: #363a3f;
  --ground: #111113; --panel: #1b1d1f; --good: #4cc38a; --bad: #ff6369; --bar: #5a6472; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
.kicker { color: var(--soft); margin: 0; font-size: .9rem; }
h1 { font-size: 2.4rem; line-height: 1.15; margin: .3rem 0 .6rem; overflow-wrap: anywhere; }
h1.verified { color: var(--good); } h1.failed { color: var(--bad); font-size: 1.5rem; }
h2 { margin: 3rem 0 .5rem; font-size: 1.45rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h2 small { font-weight: 400; color: var(--soft); font-size: .9rem; margin-left: .4rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1.05rem; }
.lead { font-size: 1.1rem; max-width: 46rem; }
small, figcaption { color: var(--soft); }
code, pre { font: .82rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: 6px; padding: .7rem .9rem; overflow-x: auto; margin: .4rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem;
  margin: 1.5rem 0; }
.tiles div { background: var(--panel); border-radius: 8px; padding: .8rem 1rem; display: flex;
  flex-direction: column-reverse; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
ol { padding-left: 2.2rem; margin: .3rem 0; } li { margin: .2rem 0; }
#story li { padding-left: .2rem; } li.done::marker { color: var(--good); }
li.failed::marker { color: var(--bad); }
.seconds { float: right; color: var(--soft); font-variant-numeric: tabular-nums; margin-left: 1rem; }
.outcome { font-weight: 600; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } .scroll { overflow-x: auto; }
th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .85rem; color: var(--soft); font-weight: 600; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.match td { background: color-mix(in srgb, var(--good) 12%, transparent); }
tfoot td { font-weight: 700; border-bottom: 0; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--text); } svg .label { text-anchor: end; fill: var(--soft); }
svg .other { fill: var(--bar); } svg .match { fill: var(--good); }
.chain { list-style: none; padding: 0; } .chain li { padding: .45rem .7rem; border-left: 3px solid
  var(--good);
  margin: .3rem 0; background: var(--panel); border-radius: 0 6px 6px 0; }
details { margin: .35rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
.checks { columns: 2 20rem; font-size: .85rem; color: var(--soft); padding-left: 1.2rem; }
a { color: inherit; }
@media print { details:not([open]) > *:not(summary) { display: none; } main { max-width: none; } }
"""
