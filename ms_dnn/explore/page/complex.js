// The complex step: ∂J/∂θ = Im J(θ + ih) / h, where no difference of two costs is taken and no derivative is used.
//
// The formulas are those of ms_dnn/gradients/reference.py: branches look at the real part, nothing takes a modulus.
// At a kink of relu or leaky_relu, and where a loss is clipped, it takes the side that the real part is on. Vectors
// are pairs of Float64Arrays, {re, im}; single numbers are {re, im}, too.

const STEP = 1e-30;
const FAR = 300; // where tanh is ±1 and its slope below any number

const real = (re) => ({ re, im: 0 });
const plus = (p, q) => ({ re: p.re + q.re, im: p.im + q.im });
const minus = (p, q) => ({ re: p.re - q.re, im: p.im - q.im });
const times = (p, q) => ({ re: p.re * q.re - p.im * q.im, im: p.re * q.im + p.im * q.re });
const scaled = (factor, p) => ({ re: factor * p.re, im: factor * p.im });
const exponential = (p) => ({ re: Math.exp(p.re) * Math.cos(p.im), im: Math.exp(p.re) * Math.sin(p.im) });

function over(p, q) {
  const size = Math.max(Math.abs(q.re), Math.abs(q.im));
  const re = q.re / size, im = q.im / size, norm = (re * re + im * im) * size;
  return { re: (p.re * re + p.im * im) / norm, im: (p.im * re - p.re * im) / norm };
}

const logarithm = (p) => ({ re: Math.log(Math.hypot(p.re, p.im)), im: Math.atan2(p.im, p.re) });
const logarithmOfOnePlus = (p) => ({
  re: 0.5 * Math.log1p(p.re * (2 + p.re) + p.im * p.im),
  im: Math.atan2(p.im, 1 + p.re),
});
const exponentialLessOne = (p) => ({
  re: Math.expm1(p.re) * Math.cos(p.im) - 2 * Math.sin(p.im / 2) ** 2,
  im: Math.exp(p.re) * Math.sin(p.im),
});

function complexTanh(p) {
  if (Math.abs(p.re) > FAR) return real(Math.sign(p.re));
  const below = Math.cosh(2 * p.re) + Math.cos(2 * p.im);
  return { re: Math.tanh(p.re), im: Math.sin(2 * p.im) / below };
}

const folded = (p) => (p.re >= 0 ? scaled(-1, p) : p);

function complexSigmoid(p) {
  const decay = exponential(folded(p));
  return over(p.re >= 0 ? real(1) : decay, plus(real(1), decay));
}

const complexSoftplus = (p) => plus(p.re >= 0 ? p : real(0), logarithmOfOnePlus(exponential(folded(p))));

function complexErfc(p) {
  if (p.re < 0) return minus(real(2), complexErfc(scaled(-1, p)));
  const bell = exponential(scaled(-1, times(p, p)));
  if (p.re >= 2) {
    let below = p;
    for (let k = 80; k > 0; k--) below = plus(p, over(real(k / 2), below));
    return over(scaled(1 / Math.sqrt(Math.PI), bell), below);
  }
  let term = p, sum = p;
  for (let k = 1; k < 80; k++) {
    term = times(term, scaled(2 / (2 * k + 1), times(p, p)));
    sum = plus(sum, term);
  }
  return minus(real(1), scaled(2 / Math.sqrt(Math.PI), times(bell, sum)));
}

const COMPLEX_ACTIVATIONS = {
  identity: (p) => p,
  sigmoid: complexSigmoid,
  tanh: complexTanh,
  relu: (p) => (p.re > 0 ? p : real(0)),
  leaky_relu: (p) => (p.re > 0 ? p : scaled(0.01, p)),
  elu: (p) => (p.re > 0 ? p : exponentialLessOne(p)),
  softplus: complexSoftplus,
  silu: (p) => times(p, complexSigmoid(p)),
  gelu: (p) => times(p, scaled(0.5, complexErfc(scaled(-Math.SQRT1_2, p)))),
};

const numbers = (vector) => Array.from(vector.re, (re, i) => ({ re, im: vector.im[i] }));
const vectorOf = (list) => ({ re: Float64Array.from(list, (p) => p.re), im: Float64Array.from(list, (p) => p.im) });
const sumOf = (list) => list.reduce(plus, real(0));

function lessLargest(list) {
  const largest = list.reduce((best, p, i) => (p.re > list[best].re ? i : best), 0);
  return { below: list.map((p) => minus(p, list[largest])), largest };
}

function complexSoftmax(list) {
  const powers = lessLargest(list).below.map(exponential), sum = sumOf(powers);
  return powers.map((p) => over(p, sum));
}

function complexCrossEntropy(list, y) {
  const { below, largest } = lessLargest(list);
  const others = logarithmOfOnePlus(sumOf(below.filter((_, k) => k !== largest).map(exponential)));
  return sumOf(below.map((p, i) => scaled(y[i], minus(others, p))));
}

const clipped = (p) => {
  if (p.re < 2 ** -1022) return real(2 ** -1022);
  return p.re > 1 - 2 ** -53 ? real(1 - 2 ** -53) : p;
};
const rectified = (p) => (p.re > 0 ? p : real(0));

const COMPLEX_LOSSES = {
  squared_error: (p, y) => scaled(0.5, times(minus(p, real(y)), minus(p, real(y)))),
  binary_cross_entropy: (given, y) => {
    const p = clipped(given);
    return plus(scaled(-y, logarithm(p)), scaled(y - 1, logarithmOfOnePlus(scaled(-1, p))));
  },
  binary_cross_entropy_with_logits: (p, y) =>
    plus(scaled(1 - y, complexSoftplus(p)), scaled(y, complexSoftplus(scaled(-1, p)))),
  hinge: (p, y) => rectified(minus(real(1), scaled(y, p))),
  perceptron: (p, y) => rectified(scaled(-y, p)),
};

function complexLoss(name, list, y) {
  if (name === "softmax_cross_entropy") return complexCrossEntropy(list, y);
  return sumOf(list.map((p, i) => COMPLEX_LOSSES[name](p, y[i])));
}

// Add ih to θ at a place; return W and b of that layer with their imaginary parts.
function withStep(layer, place) {
  const im = { W: new Float64Array(place.kind === "W" ? layer.W.length : 0), b: new Float64Array(layer.units) };
  im[place.kind][place.index] = STEP;
  return im;
}

// z = W a + b, complex in a and, at the layer of the place, in one entry of W or b.
function complexAffine(layer, a, step, factor) {
  const z = { re: new Float64Array(layer.units), im: new Float64Array(layer.units) };
  for (let j = 0; j < layer.units; j++) {
    const row = j * layer.inputs;
    let re = 0, im = 0;
    for (let k = 0; k < layer.inputs; k++) {
      const w = layer.W[row + k], moved = step && step.W.length ? step.W[row + k] : 0;
      re += w * a.re[k] - moved * a.im[k];
      im += w * a.im[k] + moved * a.re[k];
    }
    z.re[j] = re + factor * layer.b[j];
    z.im[j] = im + (step ? factor * step.b[j] : 0);
  }
  return z;
}

function complexActivate(name, z) {
  const list = numbers(z);
  return vectorOf(name === "softmax" ? complexSoftmax(list) : list.map(COMPLEX_ACTIVATIONS[name]));
}

function penaltyStep(layer, place, setting) {
  if (place.kind === "b" && !setting.penalizeBiases) return 0;
  const theta = layer[place.kind][place.index];
  const square = times({ re: theta, im: STEP }, { re: theta, im: STEP });
  return setting.l1 * Math.sign(theta) * STEP + (setting.l2 / 2) * square.im;
}

// ∂J/∂θ at a place {layer, kind, index}; formulas has the factors of the bias and of the loss (see FORMULAS).
export function complexStep(layers, setting, samples, place, formulas) {
  const step = withStep(layers[place.layer], place);
  let im = 0;
  for (const { x, y, weight } of samples) {
    let a = { re: x, im: new Float64Array(x.length) };
    layers.forEach((layer, i) => {
      const z = complexAffine(layer, a, i === place.layer ? step : null, formulas.biasFactor);
      a = complexActivate(layer.activation, z);
    });
    im += weight * formulas.lossFactor * complexLoss(setting.loss, numbers(a), y).im;
  }
  const ofLosses = setting.reduction === "mean" ? im / samples.length : im;
  return (ofLosses + penaltyStep(layers[place.layer], place, setting)) / STEP;
}
