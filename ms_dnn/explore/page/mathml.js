// Formulas for the browser: a little of LaTeX becomes MathML, which browsers set themselves.

const SYMBOLS = {
  sigma: "σ", delta: "δ", lambda: "λ", ell: "ℓ", partial: "∂", Phi: "Φ", varphi: "φ", pi: "π", theta: "θ",
};
const OPERATORS = { sum: "∑", cdot: "·", le: "≤", leftarrow: "←", ge: "≥" };
const NAMES = new Set(["ln", "max", "tanh", "softmax", "sign"]);

// Return MathML for LaTeX with \frac, scripts, the names above, and \cases{value}{condition}{value}{condition}.
export function mathml(latex) {
  const tokens = latex.match(/\\[a-zA-Z]+|[0-9.]+|[^\s]/g);
  return `<p class="formula"><math displaystyle="true">${rowOf(tokens)}</math></p>`;
}

function rowOf(tokens, end = null) {
  const parts = [];
  while (tokens.length && tokens[0] !== end) parts.push(withScripts(atom(tokens), tokens));
  tokens.shift();
  return parts.length === 1 ? parts[0] : `<mrow>${parts.join("")}</mrow>`;
}

function group(tokens) {
  const first = tokens.shift();
  if (first === "{") return rowOf(tokens, "}");
  tokens.unshift(first);
  return atom(tokens);
}

function withScripts(base, tokens) {
  const scripts = {};
  while (tokens[0] === "_" || tokens[0] === "^") scripts[tokens.shift()] = group(tokens);
  const { _: below, "^": above } = scripts;
  if (below && above) return `<msubsup>${base}${below}${above}</msubsup>`;
  if (below) return base.includes("∑") ? `<munder>${base}${below}</munder>` : `<msub>${base}${below}</msub>`;
  return above ? `<msup>${base}${above}</msup>` : base;
}

function atom(tokens) {
  const token = tokens.shift();
  if (token === "{") return rowOf(tokens, "}");
  if (/^[0-9.]/.test(token)) return `<mn>${token}</mn>`;
  if (/^[a-zA-Z]$/.test(token)) return `<mi>${token}</mi>`;
  if ("()[]".includes(token)) return `<mo stretchy="false">${token}</mo>`;
  if (!token.startsWith("\\")) return `<mo>${{ "-": "−", "<": "&lt;", ">": "&gt;", "'": "′" }[token] ?? token}</mo>`;
  const name = token.slice(1);
  if (name === "frac") return `<mfrac>${group(tokens)}${group(tokens)}</mfrac>`;
  if (name === "cases") return `<mrow><mo>{</mo><mtable>${caseOf(tokens)}${caseOf(tokens)}</mtable></mrow>`;
  if (NAMES.has(name)) return `<mi>${name}</mi>${/^[a-zA-Z\\]/.test(tokens[0]) ? '<mspace width="0.17em"></mspace>' : ""}`;
  return name in SYMBOLS ? `<mi>${SYMBOLS[name]}</mi>` : `<mo>${OPERATORS[name]}</mo>`;
}

const caseOf = (tokens) => `<mtr><mtd>${group(tokens)}</mtd><mtd>${group(tokens)}</mtd></mtr>`;
