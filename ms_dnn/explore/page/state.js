// What the reader has chosen, and what follows from it.

import { ACTIVATIONS, LOSSES, backward, costFrom, differentiate, forward, updated } from "./arithmetic.js";
import { normalNumber, randomNumbers } from "./numbers.js";
import { TOY_SETS, batchAt, batchesPerEpoch, samplesOfTable, targetOf, toySamples, withNoise } from "./samples.js";

const OUTPUT_OF_LOSS = {
  binary_cross_entropy: "sigmoid",
  binary_cross_entropy_with_logits: "identity",
  softmax_cross_entropy: "identity",
  hinge: "identity",
  perceptron: "identity",
};
export const STRIDES = ["formula", "update", "epoch"];
export const RANGES = {
  rate: [1e-9, 1000], l1: [0, 10], l2: [0, 10], noise: [0, 1], weight: [-1e6, 1e6], seed: [0, 999999],
};
const MOST_HIDDEN = 6;
const MOST_IN_LAYER = 16;
const MOST_KEPT_NUMBERS = 4e6;
const FEWEST_IN_PLANE = 10;

// The formulas of one update, in their order: {kind, level}.
function stepsOf(layers, setting, count) {
  const up = layers.flatMap((_, i) => [{ kind: "affine", level: i + 1 }, { kind: "activation", level: i + 1 }]);
  const down = layers.flatMap((_, i) => [
    { kind: "delta", level: layers.length - i }, { kind: "gradient", level: layers.length - i },
  ]);
  const mean = count > 1 || setting.l1 || setting.l2 ? [{ kind: "mean", level: layers.length }] : [];
  return [...up, { kind: "loss", level: layers.length }, ...down, ...mean, { kind: "update", level: layers.length }];
}

export const parametersOf = (layers) => layers.reduce((sum, { W, b }) => sum + W.length + b.length, 0);
export const sameNumbers = (p, q) => p === q || (p.length === q.length && p.every((one, i) => one === q[i]));

// Random weights (Xavier) and zero biases, the same for the same seed.
function randomLayers(sizes, activations, seed) {
  const random = randomNumbers(seed);
  return activations.map((activation, i) => {
    const [inputs, units] = [sizes[i], sizes[i + 1]], deviation = Math.sqrt(2 / (inputs + units));
    const W = Float64Array.from({ length: inputs * units }, () => deviation * normalNumber(random));
    return { inputs, units, activation, W, b: new Float64Array(units) };
  });
}

export class Session {
  constructor(subject) {
    this.subject = subject;
    this.table = null;
    this.restart();
  }

  // As the file was written.
  restart() {
    const { layers, setting, rate, batch } = this.subject;
    Object.assign(this, {
      layers, setting, rate, batch, dataset: "written", noise: 0, seed: 1, updates: 0, step: 0, chosen: null,
      focus: { layer: 1, unit: 0, input: 0 }, stride: "formula", fault: { id: "none", level: 0 }, hidden: null,
      diverged: false, costs: [], past: [],
    });
    this.changed(true);
  }

  // Forget what followed from what was changed; with `data`, the samples, too.
  changed(data = false) {
    this.derived = {};
    if (data) this.known = null;
    this.steps = stepsOf(this.layers, this.setting, this.batchSize);
    this.step = Math.min(this.step, this.steps.length - 1);
    const layer = Math.min(this.focus.layer, this.layers.length), { units, inputs } = this.layers[layer - 1];
    this.focus = {
      layer, unit: Math.min(this.focus.unit, units - 1), input: Math.min(this.focus.input, inputs - 1),
    };
    if (data) this.costs = [];
    if (!this.costs.length) this.costs = [{ updates: this.updates, cost: this.totalCost }];
  }

  // Return what a function gives, once until the next change.
  once(name, compute) {
    this.derived[name] ??= compute();
    return this.derived[name];
  }

  get data() {
    this.known ??= this.prepared();
    return this.known;
  }

  get samples() {
    return this.data.samples;
  }

  get outputs() {
    return this.layers.at(-1).units;
  }

  prepared() {
    const { subject, dataset, setting } = this, named = { features: subject.features, classes: subject.classes };
    let found;
    if (TOY_SETS.includes(dataset)) {
      found = toySamples(dataset, this.noise, this.seed);
      Object.assign(named, { features: ["x1", "x2"], classes: ["0", "1"] });
    } else {
      const { samples, ...others } = dataset === "csv" ? this.table : { samples: subject.samples };
      found = withNoise(samples, this.noise, this.seed);
      Object.assign(named, others);
    }
    const asStored = dataset === "written" && setting.loss === subject.setting.loss;
    const samples = found.map((sample) => ({
      ...sample,
      y: sample.y && (asStored || sample.label === undefined)
        ? sample.y : targetOf(sample.label, setting.loss, this.outputs),
    }));
    return { samples, ...named };
  }

  get batchSize() {
    return Math.min(this.batch, this.samples.length);
  }

  get batchIndices() {
    return this.once("indices", () => batchAt(this.updates, this.samples.length, this.batchSize, this.seed));
  }

  get batchSamples() {
    return this.batchIndices.map((i) => this.samples[i]);
  }

  get sampleIndex() {
    return this.chosen === null ? this.batchIndices[0] : Math.min(this.chosen, this.samples.length - 1);
  }

  get sample() {
    return this.samples[this.sampleIndex];
  }

  get values() {
    return this.once("values", () => forward(this.layers, this.sample.x));
  }

  get slopes() {
    return this.once("slopes", () => backward(this.layers, this.setting, this.values, this.sample.y));
  }

  // {cost, gradients} of the batch.
  get ofBatch() {
    return this.once("batch", () => differentiate(this.layers, this.setting, this.batchSamples));
  }

  get next() {
    return this.once("next", () => ({ layers: updated(this.layers, this.ofBatch.gradients, this.rate) })).layers;
  }

  // What the network puts out for every sample.
  get predictions() {
    return this.once("predictions", () => this.samples.map(({ x }) => forward(this.layers, x).at(-1).a));
  }

  get totalCost() {
    return this.once("cost", () => costFrom(this.predictions, this.layers, this.setting, this.samples));
  }

  get hasPlane() {
    return this.layers[0].inputs === 2 && this.samples.length >= FEWEST_IN_PLANE;
  }

  get hiddenSizes() {
    return this.layers.slice(0, -1).map(({ units }) => units);
  }

  get now() {
    return this.steps[this.step];
  }

  get isRegression() {
    return this.subject.classes.length === 0;
  }

  get isAsWritten() {
    const { subject, setting } = this;
    const same = (key) => setting[key] === subject.setting[key];
    return this.dataset === "written" && !this.noise && Object.keys(setting).every(same)
      && this.layers.length === subject.layers.length
      && this.layers.every((layer, i) => sameLayer(layer, subject.layers[i]));
  }

  // Moves ----------------------------------------------------------------------------------------------

  forwards() {
    if (this.stride === "formula" && this.step < this.steps.length - 1) {
      this.step += 1;
      return;
    }
    if (this.stride === "formula") this.step = 0;
    const many = this.stride === "epoch" ? batchesPerEpoch(this.samples.length, this.batchSize) : 1;
    for (let i = 0; i < many && !this.diverged; i++) this.update();
  }

  update() {
    const before = { layers: this.layers, updates: this.updates }, after = this.next;
    if (after !== null) {
      Object.assign(this, { layers: after, updates: this.updates + 1 });
      this.changed();
    }
    if (after === null || !Number.isFinite(this.totalCost)) {
      Object.assign(this, { ...before, diverged: true });
      this.changed();
      return;
    }
    this.past.push(before);
    if (this.past.length * parametersOf(this.layers) > MOST_KEPT_NUMBERS) this.past.shift();
    this.costs.push({ updates: this.updates, cost: this.totalCost });
  }

  get canGoBack() {
    return (this.stride === "formula" && this.step > 0) || this.past.length > 0;
  }

  backwards() {
    this.diverged = false;
    if (this.stride === "formula" && this.step > 0) {
      this.step -= 1;
    } else if (this.past.length) {
      Object.assign(this, this.past.pop());
      this.costs = this.costs.filter(({ updates }) => updates <= this.updates);
      this.changed();
      if (this.stride === "formula") this.step = this.steps.length - 1;
    }
  }

  // Edits ----------------------------------------------------------------------------------------------

  // The history is of the network before: a new beginning.
  begin(layers) {
    Object.assign(this, { layers, updates: 0, past: [], costs: [], diverged: false, step: 0 });
    this.changed();
  }

  setWeight(level, kind, index, value) {
    const layers = this.layers.slice(), layer = { ...layers[level - 1] };
    layer[kind] = layer[kind].slice();
    layer[kind][index] = value;
    layers[level - 1] = layer;
    Object.assign(this, { layers, diverged: false });
    this.changed();
    this.costs.push({ updates: this.updates, cost: this.totalCost });
  }

  setActivation(level, activation) {
    this.layers = this.layers.map((layer, i) => (i === level - 1 ? { ...layer, activation } : layer));
    Object.assign(this, { diverged: false, costs: [] });
    this.changed();
  }

  // A loss that wants an output activation gets it, as the package's configurations do.
  setLoss(loss) {
    const wanted = OUTPUT_OF_LOSS[loss];
    this.setting = { ...this.setting, loss };
    if (wanted) this.layers = [...this.layers.slice(0, -1), { ...this.layers.at(-1), activation: wanted }];
    this.diverged = false;
    this.changed(true);
  }

  lossesThatFit() {
    if (this.isRegression) return ["squared_error"];
    return Object.keys(LOSSES).filter((name) => name !== "softmax_cross_entropy" || this.outputs > 1);
  }

  outputActivations() {
    const wanted = OUTPUT_OF_LOSS[this.setting.loss];
    return wanted ? [wanted] : Object.keys(ACTIVATIONS);
  }

  setNumber(name, value) {
    if (["l1", "l2"].includes(name)) this.setting = { ...this.setting, [name]: value };
    else this[name] = value;
    this.diverged = false;
    if (["l1", "l2"].includes(name)) this.costs = [];
    this.changed(["noise", "seed"].includes(name));
  }

  setDataset(name) {
    Object.assign(this, { dataset: name, chosen: null, diverged: false });
    if (TOY_SETS.includes(name) && this.batch >= this.subject.samples.length) this.batch = 10;
    if (name === "written") this.batch = this.subject.batch;
    this.changed(true);
  }

  // Throws what samplesOfTable() throws.
  setTable(text) {
    this.table = samplesOfTable(text, this.layers[0].inputs, this.outputs, this.isRegression);
    this.setDataset("csv");
  }

  setHidden(units) {
    const sizes = [this.layers[0].inputs, ...units, this.outputs], own = this.layers.map(({ activation }) => activation);
    const inner = own.length > 1 ? own[0] : "tanh", isAsDeep = own.length === units.length + 1;
    this.hidden = units;
    this.begin(randomLayers(sizes, isAsDeep ? own : [...units.map(() => inner), own.at(-1)], this.seed));
  }

  newWeights() {
    this.seed = (this.seed + 1) % (RANGES.seed[1] + 1);
    this.known = null;
    this.setHidden(this.hiddenSizes);
  }
}

function sameLayer(layer, other) {
  return layer.activation === other.activation && sameNumbers(layer.W, other.W) && sameNumbers(layer.b, other.b);
}

// Return the units of hidden layers that a text such as "4, 3" names, or null.
export function hiddenUnits(text) {
  const units = text.split(/[\s,，、-]+/).filter(Boolean).map(Number);
  const fit = units.every((one) => Number.isInteger(one) && one >= 1 && one <= MOST_IN_LAYER);
  return fit && units.length <= MOST_HIDDEN ? units : null;
}
