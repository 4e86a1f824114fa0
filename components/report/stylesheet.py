"""The page's style: one column, system fonts, light and dark, and a print version without navigation."""

_COLOURS = """
:root { color-scheme: light dark;
  --paper: #ffffff; --ground: #f5f6f8; --ink: #1b1f27; --soft: #5b6472; --faint: #8a93a1; --line: #e1e5eb;
  --accent: #2557d6; --accent-tint: #eaf0fe; --good: #0f7b55; --good-tint: #e3f5ed; --warm: #c2410c;
  --warm-tint: #fdeee4; --violet: #7c3aed; --dot: #7f93b8; --amber: #b7791f; }
@media screen and (prefers-color-scheme: dark) { :root {
  --paper: #171b22; --ground: #0f1217; --ink: #e6e9ef; --soft: #a3adbb; --faint: #75808f; --line: #2a313c;
  --accent: #85a9ff; --accent-tint: #1c2740; --good: #55c79a; --good-tint: #15302a; --warm: #f79862;
  --warm-tint: #38231a; --violet: #b794f6; --dot: #8ba0cc; --amber: #e0b25a; } }
"""

_TABLES = """
.scroll { overflow-x: auto; }
table { color: inherit; border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--line); vertical-align: middle; text-align: left; }
th:first-child, td:first-child { padding-left: .5rem; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--faint); }
tbody th { font-weight: 500; white-space: nowrap; }
h2 + .scroll table { margin-top: 0; }
section > :last-child, section > :last-child > table { margin-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
code { font: .8125rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: break-word; }
td:last-child code { display: inline-block; min-width: 9.5rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 1rem 0; }
.facts div { min-width: 6rem; }
.facts dt { color: var(--soft); font-size: .75rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.absent { color: var(--soft); font-style: italic; }
"""

_PAGE = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, nav, main { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.25rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
.status { margin: 0; color: var(--soft); }
.state { display: inline-block; padding: .05rem .6rem; margin-right: .35rem; border-radius: 1rem; font-size: .8125rem;
  font-weight: 600; background: var(--accent-tint); color: var(--accent); }
.state.finished { background: var(--good-tint); color: var(--good); }
.state.no_survivors, .state.failed { background: var(--warm-tint); color: var(--warm); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding-top: 1rem; padding-bottom: 1rem; font-size: .875rem; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1.35rem 1.5rem;
  margin: 0 0 1.1rem; }
.note { color: var(--soft); font-size: .9rem; max-width: 46rem; }
.advice { background: var(--warm-tint); border-radius: 8px; padding: .9rem 1.1rem; margin-bottom: 1rem; }
.advice ul { margin: 0; padding-left: 1.2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: .8rem; margin-top: .8rem; }
.tiles.quality { grid-template-columns: repeat(auto-fit, minmax(17.5rem, 1fr)); }
.tile { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.tile .name { color: var(--soft); font-size: .8125rem; }
.tile .value { font-size: 1.75rem; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile .line { color: var(--soft); font-size: .8125rem; }
.quality .tile:first-child { background: var(--accent-tint); border-color: transparent; }
.formula { background: var(--ground); border-radius: 8px; padding: .8rem 1rem; margin: 0 0 1rem; }
.formula code { font-size: .95rem; }
figure { margin: .5rem 0 1rem; }
figcaption { color: var(--soft); font-size: .875rem; margin-top: .4rem; max-width: 46rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem 2rem; }
.beside figure { min-width: 0; }
details summary { cursor: pointer; color: var(--accent); }
tr.chosen, tr.winner { background: var(--accent-tint); }
tr.chosen th, tr.winner th, tr.sum th, tr.sum td { font-weight: 650; }
tr.sum th, tr.sum td, tr.rule th, tr.rule td { border-top: 1px solid var(--faint); }
tr.rejected { color: var(--soft); }
tr.wrong td:nth-last-child(4) { color: var(--warm); font-weight: 600; }
.role { color: var(--soft); font-size: .75rem; margin-left: .6rem; font-weight: 400; }
.failed { color: var(--warm); }
.cell { display: inline-block; color: var(--soft); font-size: .8125rem; padding: .3rem .6rem; margin-left: -.6rem;
  border: 1px solid transparent; border-radius: 8px; }
.cell .main { color: var(--ink); font-size: 1rem; font-weight: 600; }
.cell.chosen { background: var(--accent-tint); border-color: var(--accent); }
.badge { color: var(--accent); font-weight: 650; }
.thumbnail { display: block; border-radius: 3px; }
"""

_DRAWINGS = """
svg.plot { display: block; width: 100%; height: auto; min-width: 22rem; }
svg.graph { display: block; max-width: none; margin: 0 auto; }
svg text { fill: var(--soft);
  font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
svg text.title { fill: var(--ink); font-weight: 500; }
svg text.small { font-size: 10px; }
svg text.name { fill: var(--violet); font-weight: 600; }
svg text.chosen-name { fill: var(--accent); }
.grid { stroke: var(--line); }
.axis { stroke: var(--faint); }
.boundary { stroke: var(--faint); stroke-dasharray: 2 4; }
.scored { fill: var(--dot); fill-opacity: .75; }
path.scored { stroke: var(--dot); stroke-width: 5; stroke-linecap: round; }
line.best, polyline.best { fill: none; stroke: var(--accent); stroke-width: 2; }
.rejected { stroke: var(--warm); stroke-width: 2; }
circle.front { fill: var(--good); }
.staircase { fill: none; stroke: var(--good); stroke-width: 1.5; stroke-opacity: .7; }
polygon.baseline { fill: var(--violet); }
.chosen .ring { fill: none; stroke: var(--accent); stroke-width: 2; }
.chosen .core { fill: var(--accent); }
.bar { fill: var(--accent); fill-opacity: .16; }
.bin { fill: var(--accent); }
.gap { stroke: var(--warm); stroke-width: 2; }
.diagonal { stroke: var(--faint); stroke-dasharray: 5 4; }
.count { fill: var(--dot); fill-opacity: .55; }
rect.right { fill: var(--accent); fill-opacity: .75; }
rect.wrong { fill: var(--warm); fill-opacity: .85; }
.part-work { fill: var(--accent); }
.part-imports { fill: var(--amber); }
.part-process_start { fill: var(--violet); }
.part-store { fill: var(--good); }
.part-orchestration { fill: var(--faint); }
.graph .box rect { fill: var(--paper); stroke: var(--faint); stroke-width: 1.25; }
.graph .source rect { fill: var(--ground); stroke: var(--line); }
.graph .output rect { fill: var(--accent-tint); stroke: var(--accent); stroke-width: 2; }
.graph text.word { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: var(--ink); }
.arrow { fill: none; stroke: var(--soft); stroke-width: 1.4; }
.arrowhead { fill: var(--soft); }
"""

_PRINT = """
@media print {
  body { background: none; font-size: 11pt; }
  nav { display: none; }
  section { border: 0; padding: 0; margin: 0 0 1.2rem; }
  figure, table, .tile { break-inside: avoid; }
  .scroll { overflow: visible; }
  svg.graph { max-width: 100%; height: auto; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

STYLE = _COLOURS + _PAGE + _TABLES + _DRAWINGS + _PRINT

FRAGMENT_STYLE = (
    _COLOURS
    + ".round { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); padding: 1rem; }"
    + _TABLES
)
