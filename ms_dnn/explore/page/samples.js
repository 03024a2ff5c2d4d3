// The samples: those of the file, four toy sets, a table of the reader's; targets as the loss wants them; batches.

import { normalNumber, randomNumbers, shuffled } from "./numbers.js";

export const TOY_SETS = ["circle", "xor", "gauss", "spiral"];
const TOY_SAMPLES = 200;
const TOY_SIZE = 2; // the points lie between −2 and 2, but for the noise
const MOST_ROWS = 2000;
const TWO_SIDED = ["hinge", "perceptron"]; // losses whose targets are −1 and +1

// Return the target of a class index for so many outputs.
export function targetOf(label, loss, outputs) {
  const no = TWO_SIDED.includes(loss) ? -1 : 0;
  if (outputs === 1) return Float64Array.of(label === 1 ? 1 : no);
  return Float64Array.from({ length: outputs }, (_, k) => (k === label ? 1 : no));
}

// The index that an output means; `half` is the threshold of a single output.
export function classOf(output, half) {
  if (output.length === 1) return output[0] > half ? 1 : 0;
  return output.indexOf(output.reduce((most, one) => Math.max(most, one), -Infinity));
}

export const thresholdOf = (loss, activation) =>
  ["binary_cross_entropy", "squared_error"].includes(loss) || activation === "sigmoid" ? 0.5 : 0;

const POINTS = {
  circle: (random, label) => {
    const radius = TOY_SIZE * (label ? 0.5 * random() : 0.7 + 0.3 * random()), angle = 2 * Math.PI * random();
    return [radius * Math.sin(angle), radius * Math.cos(angle)];
  },
  xor: (random, label) => {
    const away = () => 0.12 + (TOY_SIZE - 0.12) * random(), side = random() < 0.5 ? 1 : -1;
    return [side * away(), side * (label ? 1 : -1) * away()];
  },
  gauss: (random, label) => {
    const middle = (label ? 1 : -1) * 0.5 * TOY_SIZE;
    return [middle + 0.4 * normalNumber(random), middle + 0.4 * normalNumber(random)];
  },
  spiral: (random, label, along) => {
    const angle = 1.75 * along * 2 * Math.PI + (label ? 0 : Math.PI), radius = TOY_SIZE * along;
    return [radius * Math.sin(angle), radius * Math.cos(angle)];
  },
};

// Return [{x, label, weight}], half of them of class 1; noise is a share of the size that every point is moved by.
export function toySamples(name, noise, seed) {
  const random = randomNumbers(seed);
  return Array.from({ length: TOY_SAMPLES }, (_, i) => {
    const label = i % 2;
    const point = POINTS[name](random, label, (i >> 1) / (TOY_SAMPLES / 2));
    return { x: moved(point, noise, random), label, weight: 1 };
  });
}

const moved = (point, noise, random) =>
  Float64Array.from(point, (one) => one + noise * TOY_SIZE * (random() - 0.5) * 1.5);

// The samples with noise on their features, the same for the same seed.
export function withNoise(samples, noise, seed) {
  if (!noise) return samples;
  const random = randomNumbers(seed);
  return samples.map((sample) => ({ ...sample, x: moved(sample.x, noise, random) }));
}

// The table of the reader's: the last column is the target, the others are features, scaled to mean 0 and deviation 1.
// Return {samples, features, classes}; throws {word, facts} with what is to be said.
export function samplesOfTable(text, inputs, outputs, isRegression) {
  const rows = text.split(/\r?\n/).filter((line) => line.trim()).map(cellsOf);
  if (rows.length < 2) throw { word: "csvShort", facts: [rows.length] };
  const isHead = rows[0].slice(0, -1).some((cell) => cell === "" || !Number.isFinite(Number(cell)));
  const head = isHead ? rows[0] : rows[0].map((_, i) => `x${i + 1}`);
  const body = (isHead ? rows.slice(1) : rows).slice(0, MOST_ROWS);
  body.forEach((cells, i) => checkRow(cells, i + 1 + isHead, inputs));
  const last = body.map((cells) => cells[inputs]);
  const targets = isRegression ? numbersIn(last, outputs) : labelsIn(last, outputs);
  const columns = Array.from({ length: inputs }, (_, k) => standardized(body.map((cells) => Number(cells[k]))));
  const samples = body.map((_, i) => ({
    x: Float64Array.from(columns, (column) => column[i]),
    ...(isRegression ? { y: Float64Array.of(targets.values[i]) } : { label: targets.values[i] }),
    weight: 1,
  }));
  return { samples, features: head.slice(0, inputs), classes: targets.classes };
}

function cellsOf(line) {
  const separator = [";", "\t", ","].find((one) => line.includes(one)) ?? ",";
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

function checkRow(cells, number, inputs) {
  if (cells.length !== inputs + 1) throw { word: "csvColumns", facts: [number, cells.length, inputs + 1] };
  const wrong = cells.slice(0, inputs).find((cell) => cell === "" || !Number.isFinite(Number(cell)));
  if (wrong !== undefined) throw { word: "csvNumber", facts: [number, wrong] };
}

function labelsIn(cells, outputs) {
  const most = Math.max(outputs, 2), classes = [...new Set(cells)].sort((p, q) => (p < q ? -1 : 1));
  if (classes.length < 2 || classes.length > most) throw { word: "csvClasses", facts: [classes.length, most] };
  return { classes, values: cells.map((cell) => classes.indexOf(cell)) };
}

function numbersIn(cells, outputs) {
  const wrong = cells.findIndex((cell) => cell === "" || !Number.isFinite(Number(cell)));
  if (wrong >= 0) throw { word: "csvTarget", facts: [cells[wrong]] };
  if (outputs !== 1) throw { word: "csvOutputs", facts: [outputs] };
  return { classes: [], values: standardized(cells.map(Number)) };
}

function standardized(column) {
  const mean = column.reduce((sum, one) => sum + one, 0) / column.length;
  const deviation = Math.sqrt(column.reduce((sum, one) => sum + (one - mean) ** 2, 0) / column.length);
  const scale = Number.isFinite(deviation) && deviation > 0 ? deviation : 1;
  return column.map((one) => (one - mean) / scale);
}

// Batches -----------------------------------------------------------------------------------------------

export const batchesPerEpoch = (count, batch) => Math.max(1, Math.floor(count / batch));

// Return the indices of the samples of one update; each epoch has an order of its own, a full batch that of the file.
export function batchAt(updates, count, batch, seed) {
  if (batch >= count) return Array.from({ length: count }, (_, i) => i);
  const each = batchesPerEpoch(count, batch), epoch = Math.floor(updates / each), first = (updates % each) * batch;
  return shuffled(count, seed + 7919 * (epoch + 1)).slice(first, first + batch);
}
