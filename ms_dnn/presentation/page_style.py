"""The style sheet of all HTML reports: light and dark, wide and narrow, on the screen and on paper."""

from ms_dnn.presentation.charts import COLOURS, COLOURS_ON_DARK


def _routes(colours: tuple[str, ...]) -> str:
    return " ".join(f"--route{number}: {colour};" for number, colour in enumerate(colours))


LIGHT = f"""
  --page: #fcfbf9; --card: #ffffff; --ink: #1c1c1e; --quiet: #5c5c63; --rule: #e2dfd9; --faint: #f3f1ed;
  --pass: #00674b; --fail: #a63c00; --unsure: #795900; --pass-tint: #e8f4ef; --fail-tint: #fcede4;
  --unsure-tint: #f9f2de; {_routes(COLOURS)}
"""
DARK = f"""
  --page: #151517; --card: #1c1c1f; --ink: #ebebed; --quiet: #a5a5ae; --rule: #333338; --faint: #232327;
  --pass: #4fc79d; --fail: #ff9457; --unsure: #e3b93f; --pass-tint: #14271f; --fail-tint: #2f1c11;
  --unsure-tint: #292210; {_routes(COLOURS_ON_DARK)}
"""
FRAGMENT_STYLE = f"""
.ms-dnn {{ {LIGHT} }}
@media (prefers-color-scheme: dark) {{ .ms-dnn {{ {DARK} }} }}
[data-jp-theme-light="true"] .ms-dnn, .vscode-light .ms-dnn {{ {LIGHT} }}
[data-jp-theme-light="false"] .ms-dnn, .vscode-dark .ms-dnn, [data-theme="dark"] .ms-dnn {{ {DARK} }}
.ms-dnn {{ background: var(--card); color: var(--ink); border: 1px solid var(--rule); border-radius: 8px;
  padding: .8rem 1rem; font: .875rem/1.5 system-ui, sans-serif; overflow-x: auto; }}
.ms-dnn p {{ margin: .15rem 0; }} .ms-dnn .indented {{ padding-left: 1.5rem; }}
.ms-dnn table {{ border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }}
.ms-dnn th, .ms-dnn td {{ background: none; color: var(--ink); padding: .2rem .9rem .2rem 0; text-align: left;
  border-bottom: 1px solid var(--rule); white-space: nowrap; font-weight: 400; }}
.ms-dnn thead th {{ color: var(--quiet); vertical-align: bottom; }}
.ms-dnn .number {{ text-align: right; }} .ms-dnn .centred {{ text-align: center; }}
.ms-dnn .good {{ color: var(--pass); }} .ms-dnn .bad {{ color: var(--fail); font-weight: 600; }}
.ms-dnn .unsure {{ color: var(--unsure); }} .ms-dnn .quiet {{ color: var(--quiet); }}
.ms-dnn .strong {{ font-weight: 600; }} .ms-dnn .best {{ color: var(--pass); font-weight: 600; }}
""".strip()
"""Of a result in a notebook: its own background, so that it can be read whatever lies around it."""
PAGE_STYLE = f"""
:root {{
  color-scheme: light dark; {LIGHT}
  --serif: Charter, "Iowan Old Style", "Source Serif 4", Cambria, Georgia, "DejaVu Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
""".strip()
PAGE_STYLE += """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 var(--sans); overflow-wrap: anywhere; }
main { max-width: 70rem; margin: 0 auto; padding: clamp(1rem, 4vw, 3.5rem) clamp(1rem, 4vw, 2.5rem) 5rem; }
p { max-width: 44rem; margin: .6rem 0; }
.overline { color: var(--quiet); font-size: .875rem; margin: 0; }
h1, h2 { font-family: var(--serif); font-weight: 600; line-height: 1.25; text-wrap: balance; }
h1 { font-size: clamp(1.35rem, 1.1rem + 1.3vw, 1.9rem); margin: .2rem 0 1.6rem; }
h2 { font-size: 1.3rem; margin: 3.2rem 0 .5rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
.quiet { color: var(--quiet); }
code, pre { font-family: var(--mono); font-size: .875em; }
pre { background: var(--faint); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; margin: .8rem 0; }

.banner { border-left: 5px solid var(--tone); background: var(--tint); border-radius: 0 8px 8px 0;
  padding: 1.1rem 1.4rem; }
.banner p { margin: .15rem 0; max-width: 52rem; }
.banner .verdict { color: var(--tone); font: 600 clamp(1.5rem, 6.5vw, 2.1rem)/1.25 var(--serif); }
.PASS { --tone: var(--pass); --tint: var(--pass-tint); }
.FAIL { --tone: var(--fail); --tint: var(--fail-tint); }
.INCONCLUSIVE { --tone: var(--unsure); --tint: var(--unsure-tint); }
.error { --tone: var(--fail); } .warning { --tone: var(--unsure); } .note { --tone: var(--quiet); }
ul.said { list-style: none; margin: .8rem 0; padding: 0; }
ul.said li { max-width: 52rem; border-left: 3px solid var(--tone); padding: .1rem 0 .1rem .8rem; margin: .55rem 0; }
ul.said strong { color: var(--tone); font-weight: 600; }

.scroll { overflow-x: auto; margin: 1rem 0; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--route0); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4;
  font-variant-numeric: tabular-nums lining-nums; }
p.above-table { max-width: 54rem; text-wrap: pretty; color: var(--quiet); font-size: .875rem; margin: 1.3rem 0 0; }
.above-table + .scroll { margin-top: .4rem; }
.banner span { display: inline-block; }
th, td { padding: .38rem .9rem .38rem 0; text-align: left; vertical-align: baseline; white-space: nowrap;
  overflow-wrap: normal; }
thead th { color: var(--quiet); font-weight: 500; border-bottom: 1px solid var(--ink);
  vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
td.number, th.number { text-align: right; } td.centred, th.centred { text-align: center; }
.good, .best { color: var(--pass); } .bad { color: var(--fail); } .unsure { color: var(--unsure); }
.best, .bad { font-weight: 600; }
abbr { text-decoration: none; }

.heat { border-collapse: separate; border-spacing: 2px; }
.heat td { text-align: center; min-width: 4rem; padding: .38rem .5rem; border-radius: 3px; border: 0;
  font-weight: 500; }
.heat thead th { border: 0; text-align: center; padding: .2rem .4rem; }
.heat thead th:first-child { text-align: left; padding-left: 0; }
.heat tbody th { border: 0; }
.heat .level0 { background: #08519c; color: #fff; } .heat .level1 { background: #6baed6; color: #08131c; }
.heat .level2 { background: #d3e3f3; color: #10202e; } .heat .level3 { background: #fdd6ad; color: #2e1700; }
.heat .level4 { background: #f2853a; color: #1f0d00; } .heat .level5 { background: #9c3203; color: #fff; }
.heat .apart { background: none; }

.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.4rem; padding: 0; margin: 1rem 0;
  font-size: .875rem; }
.legend svg { width: 30px; height: 12px; margin-right: .45rem; vertical-align: -1px; }
.figures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr));
  margin: 1rem 0; }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
  padding: .9rem 1rem .6rem; }
figcaption { font-size: .875rem; line-height: 1.45; margin-bottom: .5rem; }
figcaption strong { font-weight: 600; }
.plot { display: block; width: 100%; height: auto; }
svg text { font-family: var(--sans); font-size: 12.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg .note { fill: var(--ink); }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .curve { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.route0 { stroke: var(--route0); } .route1 { stroke: var(--route1); } .route2 { stroke: var(--route2); }
.route3 { stroke: var(--route3); } .route4 { stroke: var(--route4); } .route5 { stroke: var(--route5); }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--quiet); }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .3rem 1.6rem;
  font-size: .875rem; margin: 1rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) { .banner { padding: .9rem 1rem; } figure { padding: .7rem .6rem .4rem; }
  svg text { font-size: 15.5px; } }
@media print { main { max-width: none; padding: 0; } figure, tr { break-inside: avoid;
  } .scroll { overflow: visible; } }
""".rstrip()
