// What a step computes: its formula, the formula with the numbers put in, and the lines of the package.

import { ACTIVATIONS, backward, forward, lossOf } from "./arithmetic.js";
import { MOST_UNITS } from "./drawing.js";
import { mathml } from "./mathml.js";
import { inProduct, shown } from "./numbers.js";

const MOST_TERMS = 4;
const FIRST_SAMPLES = 3;

// σ(z) and σ′(z) in LaTeX.
const OF_ACTIVATION = {
  identity: ["z", "1"],
  sigmoid: ["\\frac{1}{1 + e^{-z}}", "a (1 - a)"],
  tanh: ["\\tanh z", "1 - a^2"],
  relu: ["\\max(0, z)", "\\cases{1}{z > 0}{0}{z \\le 0}"],
  leaky_relu: ["\\max(z, 0.01 z)", "\\cases{1}{z > 0}{0.01}{z \\le 0}"],
  elu: ["\\cases{z}{z > 0}{e^z - 1}{z \\le 0}", "\\cases{1}{z > 0}{e^z}{z \\le 0}"],
  softplus: ["\\ln(1 + e^z)", "\\frac{1}{1 + e^{-z}}"],
  silu: ["\\frac{z}{1 + e^{-z}}", "\\sigma(z) + z \\sigma(z) (1 - \\sigma(z))"],
  gelu: ["z \\Phi(z)", "\\Phi(z) + z \\varphi(z)"],
  softmax: ["\\frac{e^{z_j}}{\\sum_k e^{z_k}}", ""],
};

// ℓ and ∂ℓ/∂a_j in LaTeX.
const OF_LOSS = {
  squared_error: ["\\frac{1}{2} \\sum_j (a_j - y_j)^2", "a_j - y_j"],
  binary_cross_entropy: [
    "- \\sum_j [ y_j \\ln a_j + (1 - y_j) \\ln(1 - a_j) ]", "- \\frac{y_j}{a_j} + \\frac{1 - y_j}{1 - a_j}",
  ],
  binary_cross_entropy_with_logits: ["\\sum_j [ \\ln(1 + e^{a_j}) - y_j a_j ]", "\\sigma(a_j) - y_j"],
  softmax_cross_entropy: ["\\ln \\sum_k e^{a_k} - \\sum_j y_j a_j", "\\softmax_j (a) - y_j"],
  hinge: ["\\sum_j \\max(0, 1 - y_j a_j)", "\\cases{- y_j}{y_j a_j < 1}{0}{y_j a_j \\ge 1}"],
  perceptron: ["\\sum_j \\max(0, - y_j a_j)", "\\cases{- y_j}{y_j a_j < 0}{0}{y_j a_j \\ge 0}"],
};

// Return {formulas: [MathML], numbers: [text], code: [{path, line, text}], place} of the session's present step.
export function explained(session) {
  const { kind, level } = session.now, { focus } = session;
  const layer = session.layers[level - 1], isChosen = focus.layer === level;
  const of = (at) => (session.values[at].a.length > MOST_UNITS ? largestOf(session.values[at].a) : 0);
  const place = { level, layer, unit: isChosen ? focus.unit : of(level), input: isChosen ? focus.input : of(level - 1) };
  return { ...EXPLANATIONS[kind](session, place), place };
}

const largestOf = (a) => a.reduce((best, one, j) => (Math.abs(one) > Math.abs(a[best]) ? j : best), 0);

const codeOf = (session, ...names) => names.flatMap((name) => session.subject.code[name] ?? []);

// "0.2 · 1 + (−0.3) · 3 + …": the terms in their order, or the largest where there are many.
function sumText(terms) {
  const texts = terms.map(([p, q]) => `${inProduct(p)} · ${inProduct(q)}`);
  if (terms.length <= MOST_TERMS + 2) return texts.join(" + ");
  const size = ([p, q]) => Math.abs(p * q);
  const largest = terms.map((_, i) => i).sort((i, j) => size(terms[j]) - size(terms[i])).slice(0, MOST_TERMS);
  const chosen = largest.sort((i, j) => i - j).map((i) => texts[i]);
  return `${chosen.join(" + ")} + … (${terms.length - MOST_TERMS})`;
}

const terms = (count, first, second) => Array.from({ length: count }, (_, k) => [first(k), second(k)]);
const at = (symbol, j, level) => `${symbol}_{${j}}^{[${level}]}`;
const weightAt = (j, k, level) => `w_{${j} ${j > 9 || k > 9 ? ", " : ""}${k}}^{[${level}]}`;

function affine(session, { level, unit, layer }) {
  const below = session.values[level - 1].a, { z } = session.values[level], j = unit + 1;
  const row = unit * layer.inputs;
  const products = sumText(terms(layer.inputs, (k) => layer.W[row + k], (k) => below[k]));
  return {
    formulas: [mathml(`${at("z", j, level)} = \\sum_k ${at("w", `${j} k`, level)} ${at("a", "k", level - 1)} + ${at("b", j, level)}`)],
    numbers: [`${products} + ${inProduct(layer.b[unit])} = `, shown(z[unit])],
    code: codeOf(session, "affine"),
  };
}

function activation(session, { level, unit, layer }) {
  const { z, a } = session.values[level], name = layer.activation, j = unit + 1;
  const latex = OF_ACTIVATION[name][0].replaceAll(/(?<![a-zA-Z\\])z(?![a-zA-Z_])/g, `{${at("z", j, level)}}`);
  return {
    formulas: [mathml(`${at("a", j, level)} = \\sigma(${at("z", j, level)}) = ${latex.replaceAll("z_j", at("z", j, level))}`)],
    numbers: [`${name}(${shown(z[unit])}) = `, shown(a[unit])],
    code: codeOf(session, `activation ${name}`),
  };
}

function loss(session) {
  const { setting, sample } = session, { a } = session.values.at(-1), count = a.length;
  const number = (j) => (count > 1 ? j + 1 : "");
  const pair = (one, j) => `a${number(j)} = ${shown(one)}, y${number(j)} = ${shown(sample.y[j])}`;
  const few = Array.from(a.slice(0, MOST_TERMS), pair);
  return {
    formulas: [mathml(`\\ell = ${OF_LOSS[setting.loss][0]}`)],
    numbers: [`${few.join("; ")}${count > MOST_TERMS ? "; …" : ""}: ℓ = `, shown(lossOf(setting, a, sample.y))],
    code: codeOf(session, `loss ${setting.loss}`),
  };
}

// The terms w δ of the layer above, whose sum is da of a unit.
function passedBack(session, level, unit) {
  const above = session.layers[level], { delta: found } = session.slopes[level + 1];
  return terms(above.units, (i) => above.W[i * above.inputs + unit], (i) => found[i]);
}

function delta(session, { level, unit, layer }) {
  const isLast = level === session.layers.length, { z, a } = session.values[level], j = unit + 1;
  const { da, delta: found } = session.slopes[level], name = layer.activation, { loss: lossName } = session.setting;
  const through = name === "softmax"
    ? `${at("\\delta", j, level)} = a_{${j}} (da_{${j}} - \\sum_k a_k da_k)`
    : `${at("\\delta", j, level)} = da_{${j}} \\sigma'(${at("z", j, level)})`;
  const slope = OF_ACTIVATION[name][1] ? mathml(`\\sigma'(z) = ${OF_ACTIVATION[name][1]}`) : "";
  const down = isLast
    ? `da_{${j}} = \\frac{\\partial \\ell}{\\partial ${at("a", j, level)}} = ${OF_LOSS[lossName][1].replaceAll("_j", `_{${j}}`)}`
    : `da_{${j}} = \\sum_i ${at("w", `i ${j}`, level + 1)} ${at("\\delta", "i", level + 1)}`;
  const downNumbers = isLast
    ? [`a = ${shown(a[unit])}, y = ${shown(session.sample.y[unit])}: da = `, shown(da[unit])]
    : [`${sumText(passedBack(session, level, unit))} = `, shown(da[unit])];
  const throughNumbers = name === "softmax"
    ? ["δ = ", shown(found[unit])]
    : [`${inProduct(da[unit])} · ${inProduct(ACTIVATIONS[name].slope(z[unit]))} = `, shown(found[unit])];
  return {
    formulas: [mathml(down), mathml(through), slope].filter(Boolean),
    numbers: [...downNumbers, ...throughNumbers],
    code: codeOf(session, isLast ? `lossSlope ${lossName}` : "passBack", `slope ${name}`),
  };
}

function gradient(session, { level, unit, input }) {
  const { delta: found } = session.slopes[level], below = session.values[level - 1].a, j = unit + 1, k = input + 1;
  const of = (latex) => `\\frac{\\partial \\ell}{\\partial ${latex}}`;
  return {
    formulas: [
      mathml(`${of(weightAt(j, k, level))} = ${at("\\delta", j, level)} ${at("a", k, level - 1)}`),
      mathml(`${of(at("b", j, level))} = ${at("\\delta", j, level)}`),
    ],
    numbers: [
      `${inProduct(found[unit])} · ${inProduct(below[input])} = `, shown(found[unit] * below[input]),
      "∂ℓ/∂b = ", shown(found[unit]),
    ],
    code: codeOf(session, "weightGradient"),
  };
}

const penaltyText = ({ l1, l2 }, w) =>
  (l1 ? ` + ${shown(l1)} · ${inProduct(Math.sign(w))}` : "") + (l2 ? ` + ${shown(l2)} · ${inProduct(w)}` : "");

// ∂ℓ/∂w of the first samples of the batch.
function firstSlopes(session, { level, unit, input }) {
  return session.batchSamples.slice(0, FIRST_SAMPLES).map(({ x, y, weight }) => {
    const values = forward(session.layers, x);
    return weight * backward(session.layers, session.setting, values, y)[level].delta[unit] * values[level - 1].a[input];
  });
}

function mean(session, place) {
  const { level, unit, input, layer } = place, { setting, batchSize: count } = session, j = unit + 1, k = input + 1;
  const index = unit * layer.inputs + input, isShared = setting.reduction === "mean" && count > 1;
  const penalty = (setting.l1 ? " + \\lambda_1 \\sign(w)" : "") + (setting.l2 ? " + \\lambda_2 w" : "");
  const slopes = firstSlopes(session, place).map((one) => inProduct(one)).join(" + ") + (count > FIRST_SAMPLES ? " + …" : "");
  const of = (of) => `\\frac{\\partial ${of}}{\\partial ${weightAt(j, k, level)}}`;
  return {
    formulas: [mathml(`${of("J")} = ${isShared ? `\\frac{1}{${count}}` : ""} \\sum_n ${of("\\ell_n")}${penalty}`)],
    numbers: [
      `${isShared ? `1/${count} · (${slopes})` : slopes}${penaltyText(setting, layer.W[index])} = `,
      shown(session.ofBatch.gradients[level - 1].dW[index]),
    ],
    code: codeOf(session, "share", ...(penalty ? ["penalty"] : [])),
  };
}

function update(session, { level, unit, input, layer }) {
  const index = unit * layer.inputs + input, j = unit + 1, k = input + 1, w = layer.W[index];
  const slope = session.ofBatch.gradients[level - 1].dW[index], of = weightAt(j, k, level);
  return {
    formulas: [mathml(`${of} \\leftarrow ${of} - r \\frac{\\partial J}{\\partial ${of}}`)],
    numbers: [`${shown(w)} − ${shown(session.rate)} · ${inProduct(slope)} = `, shown(w - session.rate * slope)],
    code: codeOf(session, "step"),
  };
}

const EXPLANATIONS = { affine, activation, loss, delta, gradient, mean, update };
