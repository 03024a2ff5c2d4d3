// Plant a fault: one formula is broken, and four witnesses say whether they notice.

import { ACTIVATIONS, FORMULAS, KINKED, LOSSES, centralDifference, costOf, differentiate, forward } from "./arithmetic.js";
import { complexStep } from "./complex.js";

const TINY = 1e-8;
const EXACT = 1e-12;
const OF_DIFFERENCES = 1e-6;
const ROUNDING = 1e-9; // of a difference of two costs, in units of the cost
const CANCELLED = 1e-14; // what is left of terms that cancel, in units of the cost
const MOST_PLACES = 120; // that the numerical witnesses look at
const MOST_COMPARED = 1e4;

const right = FORMULAS.throughActivation;
const bent = (layers, level, but) =>
  layers.some(({ activation }, i) => (!level || level === i + 1) && !but.includes(activation));
const hits = (chosen, level) => !chosen || chosen === level;

// Each has `formulas(chosen)`, what it replaces where the layer is chosen (0: in all), and `fits`, whether it can be
// planted; without `fits` it always can.
const FAULTS = [
  { id: "none", formulas: () => ({}) },
  {
    id: "noSlope",
    ofLayer: true,
    fits: ({ layers }, level) => bent(layers, level, ["identity"]),
    formulas: (chosen) => ({
      throughActivation: (name, z, a, da, level) => (hits(chosen, level) ? da.slice() : right(name, z, a, da, level)),
    }),
  },
  {
    id: "slopeAtOutput",
    ofLayer: true,
    fits: ({ layers }, level) => bent(layers, level, ["identity", "softmax", "relu", "leaky_relu"]),
    formulas: (chosen) => ({
      throughActivation: (name, z, a, da, level) =>
        hits(chosen, level) && name !== "softmax"
          ? da.map((one, i) => one * ACTIVATIONS[name].slope(a[i])) : right(name, z, a, da, level),
    }),
  },
  {
    id: "noTranspose",
    ofLayer: true,
    fits: ({ layers }, level) =>
      layers.some(({ inputs, units }, i) => i > 0 && inputs === units && hits(level, i + 1)),
    formulas: (chosen) => ({
      passBack: (layer, delta, level) =>
        hits(chosen, level) && layer.inputs === layer.units
          ? timesWeight(layer, delta) : FORMULAS.passBack(layer, delta, level),
    }),
  },
  {
    id: "weightedSumForActivation",
    ofLayer: true,
    fits: ({ layers }, level) => layers.some((_, i) => i > 0 && hits(level, i + 1) && layers[i - 1].activation !== "identity"),
    formulas: (chosen) => ({
      weightInput: (values, i) => (i > 0 && hits(chosen, i + 1) ? values[i].z : values[i].a),
    }),
  },
  {
    id: "deadUnit",
    ofLayer: true,
    formulas: (chosen) => ({
      throughActivation: (name, z, a, da, level) => {
        const delta = right(name, z, a, da, level).slice();
        if (hits(chosen, level)) delta[delta.length - 1] = 0;
        return delta;
      },
    }),
  },
  { id: "noBiasGradient", formulas: () => ({ biasSlope: 0 }) },
  { id: "noBias", formulas: () => ({ biasFactor: 0 }) },
  {
    id: "wrongSign",
    formulas: () => ({ lossSlope: (loss, a, y) => LOSSES[loss].slope(a, y).map((one) => -one) }),
  },
  { id: "doubledLoss", formulas: () => ({ lossFactor: 2 }) },
  {
    id: "doubledBoth",
    formulas: () => ({
      lossFactor: 2,
      lossSlope: (loss, a, y) => LOSSES[loss].slope(a, y).map((one) => 2 * one),
    }),
  },
  {
    id: "sumForMean",
    fits: ({ count }) => count > 1,
    formulas: () => ({ share: (count, reduction) => (reduction === "mean" ? 1 : 1 / count) }),
  },
  { id: "firstSample", fits: ({ count }) => count > 1, formulas: () => ({ firstSample: 1 }) },
  {
    id: "noPenaltyGradient",
    fits: ({ setting }) => setting.l1 > 0 || setting.l2 > 0,
    formulas: () => ({ penaltySlope: () => 0 }),
  },
  {
    id: "tiny",
    ofLayer: true,
    formulas: (chosen) => ({
      throughActivation: (name, z, a, da, level) => {
        const delta = right(name, z, a, da, level);
        return hits(chosen, level) ? delta.map((one) => one * (1 + TINY)) : delta;
      },
    }),
  },
  { id: "uphill", formulas: () => ({ step: (w, rate, dw) => w + rate * dw }) },
];

const timesWeight = (layer, delta) =>
  Float64Array.from({ length: layer.units }, (_, j) =>
    delta.reduce((sum, one, k) => sum + layer.W[j * layer.inputs + k] * one, 0));

export const faultNames = () => FAULTS.map(({ id }) => id);
export const faultNamed = (id) => FAULTS.find((one) => one.id === id);
export const isOfLayer = (id) => Boolean(faultNamed(id).ofLayer);
export const faultFits = (id, network, level) => faultNamed(id).fits?.(network, level) ?? true;
export const faultyFormulas = ({ id, level }) => ({ ...FORMULAS, ...faultNamed(id).formulas(level) });

// The witnesses -----------------------------------------------------------------------------------------

// Return every place, {layer, kind, index}, or evenly spaced ones where there are more than `most` in all.
function placesOf(layers, most) {
  const tensors = layers.flatMap((layer, i) => ["W", "b"].map((kind) => ({ layer: i, kind, size: layer[kind].length })));
  const total = tensors.reduce((sum, { size }) => sum + size, 0), each = Math.floor(most / tensors.length);
  return tensors.flatMap(({ layer, kind, size }) => {
    const count = total <= most ? size : Math.min(size, Math.max(1, each));
    return Array.from({ length: count }, (_, i) => ({ layer, kind, index: Math.floor((i * size) / count) }));
  });
}

// The numerical witnesses cost two runs of all samples a place: fewer places where the network is large.
function numericalPlaces(layers, count) {
  const work = layers.reduce((sum, { W }) => sum + W.length, 0) * count;
  return placesOf(layers, Math.max(2 * layers.length, Math.min(MOST_PLACES, Math.floor(2e7 / work))));
}

const entry = (gradients, { layer, kind, index }) => gradients[layer][kind === "W" ? "dW" : "db"][index];

// Return a verdict of each witness: {witness, notices, worst, tolerance}, or {witness, silent} where it cannot say.
// `stored` is {places, values, tolerance}, or null where it stands for another network.
export function examine(layers, setting, samples, fault, stored) {
  const formulas = faultyFormulas(fault), suspect = differentiate(layers, setting, samples, formulas);
  const places = numericalPlaces(layers, samples.length), kink = kinkOf(layers, setting, samples, formulas);
  const size = Math.max(1, Math.abs(costOf(layers, setting, samples, formulas))) * amplification(layers, setting, samples);
  const compared = (witness, at, valueAt, tolerance, noise = CANCELLED) =>
    comparison(witness, suspect.gradients, at, valueAt, tolerance, noise * size);
  const byFramework = () =>
    comparison("gradOperation", suspect.gradients, stored.places, (_, i) => known(stored.values[i]), stored.tolerance, 0,
      stored.scales);
  const correct = differentiate(layers, setting, samples).gradients;
  const byStep = (place) => known(complexStep(layers, setting, samples, place, formulas));
  return [
    compared("handwritten", placesOf(layers, MOST_COMPARED), (place) => known(entry(correct, place)), EXACT),
    stored === null ? { witness: "gradOperation", silent: "notAsWritten" } : byFramework(),
    compared("differences", places, differencesOf(layers, setting, samples, formulas), OF_DIFFERENCES, ROUNDING),
    kink
      ? { witness: "complexStep", silent: "kink", place: kink }
      : compared("complexStep", places, byStep, 10 * EXACT),
  ];
}

// By how much binary cross-entropy enlarges the rounding of an output near 0 or 1; the losses on logits do not.
function amplification(layers, setting, samples) {
  if (setting.loss !== "binary_cross_entropy") return 1;
  const near = samples.flatMap(({ x, y }) => Array.from(forward(layers, x).at(-1).a, (p, i) => (1 - y[i]) / (1 - p)));
  return near.reduce((most, one) => (Number.isFinite(one) ? Math.max(most, one) : most), 1);
}

const known = (value) => ({ value, doubt: 0 });

// Return the function from a place to its central difference, with the error that one with a smaller step shows; null
// where that is much, for a kink of relu or of the loss is near.
function differencesOf(layers, setting, samples, formulas) {
  const kinked = ["hinge", "perceptron"].includes(setting.loss) || layers.some(({ activation }) => KINKED.has(activation));
  return (place) => {
    const value = centralDifference(layers, setting, samples, place, formulas);
    const doubt = 2 * Math.abs(value - centralDifference(layers, setting, samples, place, formulas, 2 ** -19));
    return kinked && doubt > OF_DIFFERENCES * 0.1 * Math.abs(value) + ROUNDING ? null : { value, doubt };
  };
}

// Compare tensor by tensor, relative to the largest number of each; return the tensor where they differ most.
// `scales` are sizes that a tensor has at least, W1, b1, W2, ….
function comparison(witness, gradients, places, valueAt, tolerance, noise, scales = null) {
  const tensors = new Map(), scaleOf = ({ layer, kind }) => scales?.[2 * layer + (kind === "b" ? 1 : 0)] ?? 0;
  places.forEach((place, i) => {
    const name = `${place.kind}${place.layer + 1}`, ours = entry(gradients, place), found = valueAt(place, i);
    if (found === null) return;
    const { value: theirs, doubt } = found, difference = Math.max(0, Math.abs(ours - theirs) - doubt);
    const tensor = tensors.get(name) ?? { layer: place.layer + 1, kind: place.kind, difference: 0, size: scaleOf(place), ours, theirs };
    if (difference > tensor.difference) Object.assign(tensor, { difference, ours, theirs });
    tensor.size = Math.max(tensor.size, Math.abs(ours), Math.abs(theirs));
    tensors.set(name, tensor);
  });
  if (!tensors.size) return { witness, silent: "kink", place: gradients.length };
  const relative = ({ difference, size }) => (difference <= noise ? 0 : difference / size); // the size is above 0 then
  const judged = [...tensors.values()].map((one) => ({ ...one, relative: relative(one) }));
  const worst = judged.reduce((most, one) => (one.relative > most.relative ? one : most));
  return { witness, notices: worst.relative > tolerance, worst, tolerance };
}

// Return the layer of a unit that stands at a kink of relu or of the loss for some sample, where the complex step takes a
// side; or 0.
function kinkOf(layers, setting, samples, formulas) {
  for (const { x, y } of samples) {
    const values = forward(layers, x, formulas), output = values.at(-1).a;
    const at = layers.findIndex(({ activation }, i) =>
      KINKED.has(activation) && values[i + 1].z.includes(0));
    const margin = { hinge: 1, perceptron: 0 }[setting.loss];
    if (at >= 0) return at + 1;
    if (output.some((one, i) => one * y[i] === margin)) return layers.length;
  }
  return 0;
}

// Return how the gradients of this page and those of the file agree: the largest relative difference in any tensor.
export const agreement = (gradients, stored, values) =>
  comparison("file", gradients, stored.places, (_, i) => known(values[i]), stored.tolerance, 0, stored.scales).worst.relative;
