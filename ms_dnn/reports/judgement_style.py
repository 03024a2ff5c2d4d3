"""What the report of a judgement adds to the style sheet of all pages."""

JUDGEMENT_STYLE = """
.agree { color: var(--pass); } .differ { color: var(--fail); font-weight: 600; }
.undecided { color: var(--unsure); } .apart { color: var(--quiet); }
.matrix td, .matrix thead th + th { text-align: center; min-width: 3.4rem; padding-right: .4rem;
  padding-left: .4rem; }
.matrix .blamed > th { color: var(--fail); }
.heat .undecided { background: repeating-linear-gradient(45deg, #ece9e2 0 6px, #dcd8cf 6px 12px); color: #2b2820; }
svg .floor { fill: var(--quiet); opacity: .2; }
svg .law { fill: none; stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
svg .limit { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 6 4; }
svg .other { fill: none; stroke: var(--route0); stroke-width: 1; opacity: .55; }
svg .duel { stroke-dasharray: 5 2 1 2; }
""".strip()
