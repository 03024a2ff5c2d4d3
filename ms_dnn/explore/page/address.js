// The state as text in the page's address, and back.

import { ACTIVATIONS } from "./arithmetic.js";
import { faultNamed } from "./faults.js";
import { numbersOfText, textOfNumbers } from "./numbers.js";
import { TOY_SETS } from "./samples.js";
import { RANGES, STRIDES, hiddenUnits, parametersOf, sameNumbers } from "./state.js";

const MOST_IN_ADDRESS = 256; // parameters

// Return the state as text; what is as the file was written is left out.
export function addressOf(session, language) {
  const { subject } = session, fields = new URLSearchParams();
  const put = (key, value, usual) => {
    if (String(value) !== String(usual)) fields.set(key, value);
  };
  put("language", language, subject.language);
  put("data", session.dataset === "csv" ? "written" : session.dataset, "written");
  put("noise", session.noise, 0);
  put("seed", session.seed, 1);
  put("hidden", session.hidden ? session.hidden.join("-") || "none" : "", "");
  put("loss", session.setting.loss, subject.setting.loss);
  put("activations", names(session.layers), session.hidden ? "" : names(subject.layers));
  put("rate", session.rate, subject.rate);
  put("batch", session.batch, session.dataset === "written" ? subject.batch : "");
  put("l1", session.setting.l1, subject.setting.l1);
  put("l2", session.setting.l2, subject.setting.l2);
  put("updates", session.updates, 0);
  put("step", session.step, 0);
  put("sample", session.chosen ?? "", "");
  put("at", Object.values(session.focus).join("."), "1.0.0");
  put("stride", session.stride, "formula");
  put("fault", `${session.fault.id}.${session.fault.level}`, "none.0");
  if (parametersOf(session.layers) <= MOST_IN_ADDRESS && !isWritten(session)) {
    fields.set("weights", textOfNumbers(session.layers.flatMap(({ W, b }) => [...W, ...b])));
  }
  return fields.toString();
}

const names = (layers) => layers.map(({ activation }) => activation).join(".");
const isWritten = ({ layers, subject }) =>
  layers.length === subject.layers.length
  && layers.every(({ W, b }, i) => sameNumbers(W, subject.layers[i].W) && sameNumbers(b, subject.layers[i].b));

export const keepsWeights = (session) => parametersOf(session.layers) <= MOST_IN_ADDRESS;

// Put the session into the state of an address; what does not fit is left as it is.
export function readAddress(session, text) {
  const fields = new URLSearchParams(text);
  const number = (key, [low, high], whole = false) => {
    const value = fields.has(key) && fields.get(key) !== "" ? Number(fields.get(key)) : NaN;
    return value >= low && value <= high && (!whole || Number.isInteger(value)) ? value : null;
  };
  session.restart();
  const seed = number("seed", RANGES.seed, true);
  if (seed !== null) session.seed = seed;
  readHidden(session, fields.get("hidden"));
  if (TOY_SETS.includes(fields.get("data")) && session.layers[0].inputs === 2 && !session.isRegression) {
    session.setDataset(fields.get("data"));
  }
  if (session.lossesThatFit().includes(fields.get("loss"))) session.setLoss(fields.get("loss"));
  readActivations(session, fields.get("activations")?.split(".") ?? []);
  for (const key of ["noise", "rate", "l1", "l2"]) {
    const value = number(key, RANGES[key]);
    if (value !== null) session.setNumber(key, value);
  }
  const batch = number("batch", [1, 1e6], true);
  if (batch !== null) session.setNumber("batch", batch);
  readWeights(session, fields.get("weights"));
  readPlace(session, fields, number);
  session.changed(true);
}

// "4-3", "none", or the sizes of the network as written.
function readHidden(session, text) {
  const asWritten = session.hiddenSizes;
  const units = text === asWritten.join("-") ? asWritten : hiddenUnits(text?.replace("none", "") ?? "");
  if (text && units) session.setHidden(units);
}

function readActivations(session, activations) {
  if (activations.length !== session.layers.length) return;
  activations.forEach((name, i) => {
    const allowed = i === activations.length - 1 ? session.outputActivations() : Object.keys(ACTIVATIONS);
    if (allowed.includes(name)) session.setActivation(i + 1, name);
  });
}

function readWeights(session, text) {
  const numbers = text ? numbersOfText(text) : null, [low, high] = [-1e9, 1e9];
  const fits = numbers?.length === parametersOf(session.layers) && numbers.every((w) => w >= low && w <= high);
  if (!fits) return;
  let first = 0;
  const next = (count) => numbers.slice(first, (first += count));
  session.layers = session.layers.map((layer) => ({ ...layer, W: next(layer.W.length), b: next(layer.b.length) }));
}

function readPlace(session, fields, number) {
  const updates = number("updates", [0, 1e7], true), sample = number("sample", [0, 1e6], true);
  if (updates !== null && fields.has("weights")) session.updates = updates;
  if (sample !== null) session.chosen = sample;
  if (STRIDES.includes(fields.get("stride"))) session.stride = fields.get("stride");
  const at = (fields.get("at") ?? "").split(".").map(Number);
  if (at.length === 3 && at.every((one) => Number.isInteger(one) && one >= 0) && at[0] > 0) {
    session.focus = { layer: at[0], unit: at[1], input: at[2] };
  }
  const [id, level] = (fields.get("fault") ?? "").split(".");
  if (faultNamed(id)) session.fault = { id, level: Math.min(Number(level) || 0, session.layers.length) };
  session.changed(true);
  const step = number("step", [0, session.steps.length - 1], true);
  if (step !== null) session.step = step;
}
