// Forward, loss, backward, update of a dense network, in float64; no document, no other module.
//
// The formulas are those of ms_dnn/gradients/blog.py, one sample at a time:
//
//     z[l] = W[l] a[l−1] + b[l]            a[l] = σ(z[l])
//     δ[L] = ∂ℓ/∂a[L] ⊙ σ′(z[L])            δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l])
//     ∂ℓ/∂W[l] = δ[l] a[l−1]ᵀ               ∂ℓ/∂b[l] = δ[l]
//     J = 1/N Σ_n w_n ℓ_n + R               θ ← θ − r ∂J/∂θ
//
// A layer is {inputs, units, activation, W, b}: W is a Float64Array of units × inputs, row by row. A setting is
// {loss, reduction, l1, l2, penalizeBiases}; a sample {x, y, weight}. FORMULAS holds what a fault may replace.

const LEAK = 0.01;
const SMALLEST_PROBABILITY = 2 ** -1022;
const LARGEST_PROBABILITY = 1 - 2 ** -53;
const LARGEST_WEIGHT = 1e9;
const PARTS_OF_FRACTION = 80;

// Activations, entry by entry ---------------------------------------------------------------------------

function sigmoid(z) {
  const decay = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : decay) / (1 + decay);
}

// The complement of the error function: a series whose terms have one sign below 2, a continued fraction above.
function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x >= 2) {
    let below = x;
    for (let k = PARTS_OF_FRACTION; k > 0; k--) below = x + k / 2 / below;
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
  }
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) sum += term *= (2 * x * x) / (2 * k + 1);
  return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const normalDistribution = (z) => erfc(-z / Math.SQRT2) / 2;
const sigmoidSlope = (z) => sigmoid(z) * sigmoid(-z);

export const ACTIVATIONS = {
  identity: { value: (z) => z, slope: () => 1 },
  sigmoid: { value: sigmoid, slope: sigmoidSlope },
  tanh: { value: Math.tanh, slope: (z) => 4 * sigmoidSlope(2 * z) },
  relu: { value: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
  leaky_relu: { value: (z) => (z > 0 ? z : LEAK * z), slope: (z) => (z > 0 ? 1 : LEAK) },
  elu: { value: (z) => (z > 0 ? z : Math.expm1(z)), slope: (z) => Math.exp(Math.min(z, 0)) },
  softplus: { value: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), slope: sigmoid },
  silu: { value: (z) => z * sigmoid(z), slope: (z) => sigmoid(z) + z * sigmoidSlope(z) },
  gelu: {
    value: (z) => z * normalDistribution(z),
    slope: (z) => normalDistribution(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  },
  softmax: null, // mixes its entries: see softmax()
};
export const KINKED = new Set(["relu", "leaky_relu"]);

export function softmax(z) {
  const largest = z.reduce((most, one) => Math.max(most, one), -Infinity);
  const powers = z.map((one) => Math.exp(one - largest));
  const sum = powers.reduce((total, one) => total + one, 0);
  return powers.map((one) => one / sum);
}

const activate = (name, z) => (name === "softmax" ? softmax(z) : z.map(ACTIVATIONS[name].value));

// δ = ∂ℓ/∂z from da = ∂ℓ/∂a; for softmax δ_i = a_i (da_i − Σ_k a_k da_k).
function throughActivation(name, z, a, da) {
  if (name !== "softmax") return da.map((one, i) => one * ACTIVATIONS[name].slope(z[i]));
  const mixed = a.reduce((sum, one, k) => sum + one * da[k], 0);
  return a.map((one, i) => one * (da[i] - mixed));
}

// Losses: the value of one sample, and ∂ℓ/∂a[L] ---------------------------------------------------------

const total = (a, y, term) => a.reduce((sum, one, i) => sum + term(one, y[i]), 0);
const limited = (a) => Math.min(Math.max(a, SMALLEST_PROBABILITY), LARGEST_PROBABILITY);

function softmaxCrossEntropy(z, y) {
  const largest = z.indexOf(z.reduce((most, one) => Math.max(most, one), -Infinity));
  const others = z.reduce((sum, one, k) => (k === largest ? sum : sum + Math.exp(one - z[largest])), 0);
  return total(z, y, (one, label) => label * (Math.log1p(others) - (one - z[largest])));
}

// p_i Σ_{k≠i} y_k − y_i Σ_{k≠i} p_k, which is p − y without the difference where p ≈ 1.
function softmaxCrossEntropySlope(z, y) {
  const p = softmax(z);
  const without = (values, i) => values.reduce((sum, one, k) => (k === i ? sum : sum + one), 0);
  return p.map((one, i) => one * without(y, i) - y[i] * without(p, i));
}

export const LOSSES = {
  squared_error: {
    value: (a, y) => total(a, y, (one, label) => 0.5 * (one - label) * (one - label)),
    slope: (a, y) => a.map((one, i) => one - y[i]),
  },
  binary_cross_entropy: {
    value: (a, y) =>
      total(a.map(limited), y, (p, label) => -label * Math.log(p) - (1 - label) * Math.log1p(-p)),
    slope: (a, y) => a.map((one, i) => (limited(one) === one ? -y[i] / one + (1 - y[i]) / (1 - one) : 0)),
  },
  binary_cross_entropy_with_logits: {
    value: (z, y) => {
      const softplus = ACTIVATIONS.softplus.value;
      return total(z, y, (one, label) => (1 - label) * softplus(one) + label * softplus(-one));
    },
    slope: (z, y) => z.map((one, i) => (1 - y[i]) * sigmoid(one) - y[i] * sigmoid(-one)),
  },
  softmax_cross_entropy: { value: softmaxCrossEntropy, slope: softmaxCrossEntropySlope },
  hinge: {
    value: (z, y) => total(z, y, (one, label) => Math.max(0, 1 - label * one)),
    slope: (z, y) => z.map((one, i) => (y[i] * one < 1 ? -y[i] : 0)),
  },
  perceptron: {
    value: (z, y) => total(z, y, (one, label) => Math.max(0, -label * one)),
    slope: (z, y) => z.map((one, i) => (y[i] * one < 0 ? -y[i] : 0)),
  },
};

// What a fault may replace ------------------------------------------------------------------------------

// da[l−1] = W[l]ᵀ δ[l]
function passBack({ W, inputs, units }, delta) {
  const da = new Float64Array(inputs);
  for (let j = 0; j < units; j++) {
    const row = j * inputs, one = delta[j];
    if (one !== 0) for (let k = 0; k < inputs; k++) da[k] += W[row + k] * one;
  }
  return da;
}

export const FORMULAS = {
  biasFactor: 1, // of b in z = W a + b
  lossFactor: 1, // of the loss
  lossSlope: (loss, a, y) => LOSSES[loss].slope(a, y),
  throughActivation: (name, z, a, da, level) => throughActivation(name, z, a, da),
  passBack: (layer, delta, level) => passBack(layer, delta),
  weightInput: (values, level) => values[level].a, // the a[l−1] of δ[l] a[l−1]ᵀ; values[0].a is x
  biasSlope: 1, // of δ in ∂ℓ/∂b
  share: (count, reduction) => (reduction === "mean" ? 1 / count : 1),
  firstSample: 0, // from which the gradient is summed
  penaltySlope: (w, l1, l2) => l1 * Math.sign(w) + l2 * w,
  step: (w, rate, dw) => w - rate * dw,
};

// One sample --------------------------------------------------------------------------------------------

// Return [{a: x}, {z, a}, …, {z, a}]: what each layer computes, the input as layer 0.
export function forward(layers, x, formulas = FORMULAS) {
  const values = [{ z: null, a: x }];
  for (const { W, b, inputs, units, activation } of layers) {
    const below = values.at(-1).a, z = new Float64Array(units);
    for (let j = 0; j < units; j++) {
      let sum = 0;
      const row = j * inputs;
      for (let k = 0; k < inputs; k++) sum += W[row + k] * below[k];
      z[j] = sum + formulas.biasFactor * b[j];
    }
    values.push({ z, a: activate(activation, z) });
  }
  return values;
}

export const lossOf = (setting, a, y, formulas = FORMULAS) => formulas.lossFactor * LOSSES[setting.loss].value(a, y);

// Return [null, {da, delta}, …, {da, delta}], ∂ℓ/∂a and ∂ℓ/∂z of each layer, for the values of forward().
export function backward(layers, setting, values, y, formulas = FORMULAS) {
  const slopes = new Array(layers.length + 1).fill(null);
  let da = formulas.lossSlope(setting.loss, values.at(-1).a, y);
  for (let level = layers.length; level > 0; level--) {
    const { z, a } = values[level];
    const delta = formulas.throughActivation(layers[level - 1].activation, z, a, da, level);
    slopes[level] = { da, delta };
    if (level > 1) da = formulas.passBack(layers[level - 1], delta, level);
  }
  return slopes;
}

// All samples -------------------------------------------------------------------------------------------

// R = λ₁ Σ |w| + λ₂/2 Σ w² over the weights, and over the biases if asked.
function penaltyOf(layers, setting) {
  const of = (values) =>
    values.reduce((sum, w) => sum + setting.l1 * Math.abs(w) + (setting.l2 / 2) * w * w, 0);
  if (!setting.l1 && !setting.l2) return 0;
  return layers.reduce((sum, layer) => sum + of(layer.W) + (setting.penalizeBiases ? of(layer.b) : 0), 0);
}

// J from the outputs a[L] of the samples.
export function costFrom(outputs, layers, setting, samples, formulas = FORMULAS) {
  const losses = samples.map(({ y, weight }, n) => weight * lossOf(setting, outputs[n], y, formulas));
  const sum = losses.reduce((found, one) => found + one, 0);
  return (setting.reduction === "mean" ? sum / samples.length : sum) + penaltyOf(layers, setting);
}

export const costOf = (layers, setting, samples, formulas = FORMULAS) =>
  costFrom(samples.map(({ x }) => forward(layers, x, formulas).at(-1).a), layers, setting, samples, formulas);

// Return {cost, gradients: [{dW, db}, …]} of J over the samples.
export function differentiate(layers, setting, samples, formulas = FORMULAS) {
  const gradients = layers.map(({ W, b }) => ({ dW: new Float64Array(W.length), db: new Float64Array(b.length) }));
  let sum = 0;
  samples.forEach(({ x, y, weight }, n) => {
    const values = forward(layers, x, formulas);
    sum += weight * lossOf(setting, values.at(-1).a, y, formulas);
    if (n < formulas.firstSample) return;
    const slopes = backward(layers, setting, values, y, formulas);
    layers.forEach((layer, i) => addSample(gradients[i], layer, slopes[i + 1].delta, values, i, weight, formulas));
  });
  const share = formulas.share(samples.length, setting.reduction);
  layers.forEach((layer, i) => finish(gradients[i], layer, setting, share, formulas));
  const cost = (setting.reduction === "mean" ? sum / samples.length : sum) + penaltyOf(layers, setting);
  return { cost, gradients };
}

function addSample({ dW, db }, layer, delta, values, level, weight, formulas) {
  const below = formulas.weightInput(values, level), { inputs, units } = layer;
  for (let j = 0; j < units; j++) {
    const row = j * inputs, one = weight * delta[j];
    db[j] += formulas.biasSlope * one;
    if (one !== 0) for (let k = 0; k < inputs; k++) dW[row + k] += one * below[k];
  }
}

function finish({ dW, db }, layer, setting, share, formulas) {
  const { l1, l2, penalizeBiases } = setting, isPenalized = l1 > 0 || l2 > 0;
  for (let i = 0; i < dW.length; i++) {
    dW[i] = share * dW[i] + (isPenalized ? formulas.penaltySlope(layer.W[i], l1, l2) : 0);
  }
  for (let j = 0; j < db.length; j++) {
    db[j] = share * db[j] + (isPenalized && penalizeBiases ? formulas.penaltySlope(layer.b[j], l1, l2) : 0);
  }
}

// Return the layers after θ ← θ − r ∂J/∂θ, or null where a number is no longer finite: lower the rate then.
export function updated(layers, gradients, rate, formulas = FORMULAS) {
  const after = layers.map((layer, i) => ({
    ...layer,
    W: layer.W.map((w, k) => formulas.step(w, rate, gradients[i].dW[k])),
    b: layer.b.map((w, k) => formulas.step(w, rate, gradients[i].db[k])),
  }));
  const bounded = (values) => values.every((w) => Math.abs(w) <= LARGEST_WEIGHT);
  return after.every(({ W, b }) => bounded(W) && bounded(b)) ? after : null;
}

// One parameter -----------------------------------------------------------------------------------------

// A place is {layer, kind, index}: kind "W" or "b", index into it. Return J with θ there changed by as much.
function costWith(layers, setting, samples, { layer, kind, index }, change, formulas = FORMULAS) {
  const moved = layers.map((one, i) => (i === layer ? { ...one, [kind]: one[kind].slice() } : one));
  moved[layer][kind][index] += change;
  return costOf(moved, setting, samples, formulas);
}

// (J(θ + h) − J(θ − h)) / 2h; with the usual h rounding and the third derivative weigh about the same.
export function centralDifference(layers, setting, samples, place, formulas = FORMULAS, share = 2 ** -17) {
  const theta = layers[place.layer][place.kind][place.index];
  const h = share * Math.max(1, Math.abs(theta));
  const above = costWith(layers, setting, samples, place, h, formulas);
  return (above - costWith(layers, setting, samples, place, -h, formulas)) / (2 * h);
}
