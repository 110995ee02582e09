"""How the report looks."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --line: #d9dbe0; --ground: #fcfcfd;
  --panel: #f2f3f5; --good: #18794e; --bad: #c62a2f; --bar: #b9c0ca; --a: #3358d4; --b: #ad5700;
  --c: #8145b5; }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --soft: #a5abb5; --line: #363a3f;
  --ground: #111113; --panel: #1b1d1f; --good: #4cc38a; --bad: #ff8589; --bar: #4a535f; --a: #8da4ef;
  --b: #ffa057; --c: #d19dff; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
.kicker, .when { color: var(--soft); margin: 0; font-size: .9rem; }
h1 { font-size: 2.4rem; line-height: 1.15; margin: .3rem 0 .6rem; }
h1.verified { color: var(--good); } h1.failed { color: var(--bad); }
h2 { margin: 3rem 0 .6rem; font-size: 1.45rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1.05rem; }
.lead { font-size: 1.1rem; max-width: 46rem; margin: .4rem 0 .6rem; }
.error { border-left: 4px solid var(--bad); background: var(--panel); padding: .7rem 1rem; margin: .6rem 0;
  overflow-wrap: anywhere; white-space: pre-wrap; }
small { color: var(--soft); }
code, pre { font: .82rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: 6px; padding: .7rem .9rem; margin: .4rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;
  margin: 1.5rem 0 0; }
.tiles div { background: var(--panel); border-radius: 8px; padding: .8rem 1rem; display: flex;
  flex-direction: column-reverse; justify-content: flex-end; }
.tiles dt { color: var(--soft); font-size: .85rem; line-height: 1.35; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; white-space: nowrap; }
ol { padding-left: 2.2rem; margin: .3rem 0; } li { margin: .25rem 0; }
li.done::marker { color: var(--good); } li.failed::marker { color: var(--bad); }
.row { display: flex; justify-content: space-between; gap: 1rem; overflow-wrap: anywhere; }
.seconds { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.outcome { font-weight: 600; } li.failed .outcome { color: var(--bad); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .85rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.attempt { min-width: 12rem; } .reason code { white-space: nowrap; }
tr.match td { background: color-mix(in srgb, var(--good) 12%, transparent); }
.offers { min-width: 48rem; } .offers td { padding: .25rem .6rem; }
.price { min-width: 13.5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7rem; border-radius: 2px; background: var(--bar); margin-right: .5rem;
  max-width: 6.5rem; }
.match .bar { background: var(--good); }
.amount { font-size: .88rem; }
.chain { list-style: none; padding: 0; }
.chain li { border-left: 4px solid var(--side); background: var(--panel); border-radius: 0 6px 6px 0;
  padding: .35rem .8rem; margin: .3rem 0; overflow-wrap: anywhere; }
.chain a { font-weight: 600; } .chain .issuer { color: var(--side); display: block; font-weight: 600; }
.lane0 { --side: var(--a); } .lane1 { --side: var(--b); } .lane2 { --side: var(--c); }
.lane3 { --side: var(--good); }
@media (min-width: 48rem) { .chain li { width: 62%; } .chain .lane1 { margin-left: 19%; }
  .chain .lane2, .chain .lane3 { margin-left: 38%; } }
@media (max-width: 44rem) { .offers { min-width: 0; } .offers thead { display: none; }
  .offers tr { display: block; border-bottom: 1px solid var(--line); padding: .35rem 0; }
  .offers td { display: block; border: 0; padding: .05rem .4rem; } }
details { margin: .35rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
.document { border-bottom: 1px solid var(--line); padding: .2rem 0; }
.document p:target { outline: 2px solid var(--a); outline-offset: 3px; border-radius: 4px; }
.bill { max-width: 46rem; }
.bill > details { border-bottom: 1px solid var(--line); margin: 0; padding: .5rem 0; }
.bill > details > summary { font-weight: 600; } .bill > details > summary .number { float: right; }
.bill p { margin: .15rem 0 .15rem 1.1rem; color: var(--soft); } .bill p code { color: var(--text); }
.bill details details { margin-left: 1.1rem; font-size: .85rem; color: var(--soft); }
.bill p.total { display: flex; justify-content: space-between; font-weight: 700; color: var(--text);
  margin: .6rem 0; }
.checks { columns: 2 20rem; font-size: .85rem; color: var(--soft); padding-left: 1.2rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .15em; }
@media print { main { max-width: none; padding: 0; } h2 { break-after: avoid; } }
"""
