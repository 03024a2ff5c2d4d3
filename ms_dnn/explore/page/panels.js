// The parts of the page that are text: the step's formula, one link's facts, tables, the verdicts of the witnesses.

import { costOf, differentiate, updated } from "./arithmetic.js";
import { agreement, examine, faultFits, faultyFormulas, isOfLayer } from "./faults.js";
import { explained } from "./formulas.js";
import { order, shown } from "./numbers.js";
import { classOf, thresholdOf } from "./samples.js";
import { parametersOf } from "./state.js";

const PHASES = {
  affine: "phaseForward", activation: "phaseForward", loss: "phaseLoss", delta: "phaseBackward",
  gradient: "phaseBackward", mean: "phaseBackward", update: "phaseUpdate",
};
const MOST_LISTED = 32;
const MOST_COLUMNS = 8;
const CHEAP = 2e4; // parameters × samples for which the witnesses are asked after every change

export const byId = (id) => document.getElementById(id);

// Return an element with its children, texts or elements.
export function part(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function showStep(session, say) {
  const { kind, level } = session.now, { formulas, numbers, code, place } = explained(session);
  const layer = session.layers[level - 1], isLoss = kind === "loss";
  const key = `do${kind[0].toUpperCase()}${kind.slice(1)}`;
  const title = say(key, level, isLoss ? session.setting.loss : layer.activation, session.batchSize);
  byId("now").textContent = title;
  byId("unit-shown").textContent = isLoss ? "" : say("unitShown", place.unit + 1, level);
  byId("formulas").innerHTML = formulas.join("");
  const pairs = Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2));
  byId("numbers-in").replaceChildren(...pairs.map(([text, result]) => part("p", {}, text, part("strong", {}, result))));
  byId("code").replaceChildren(...code.map(({ path, line, text }) =>
    part("p", {}, `${path}:${line}`, part("code", {}, text))));
  byId("position").textContent = say("position", session.step + 1, session.steps.length, session.updates);
  const names = ["phaseForward", "phaseLoss", "phaseBackward", "phaseUpdate"];
  byId("phases").replaceChildren(...names.map((name) =>
    part("li", name === PHASES[kind] ? { "aria-current": "step" } : {}, say(name))));
  return `${title}: ${numbers.join("")}`;
}

export function showFacts(session, say) {
  const { layer: level, unit, input } = session.focus, layer = session.layers[level - 1];
  const values = session.values[level], { delta } = session.slopes[level], below = session.values[level - 1].a;
  const of = session.ofBatch.gradients[level - 1], ofSample = say("ofSample"), ofCost = say("ofCost");
  const facts = [
    [`a[${level - 1}] (${say("from")})`, below[input]],
    [`z[${level}]`, values.z[unit]],
    [`a[${level}]`, values.a[unit]],
    [`δ[${level}] = ∂ℓ/∂z`, delta[unit]],
    [`∂ℓ/∂w (${ofSample})`, delta[unit] * below[input]],
    [`∂ℓ/∂b (${ofSample})`, delta[unit]],
    [`∂J/∂w (${ofCost})`, of.dW[unit * layer.inputs + input]],
    [`∂J/∂b (${ofCost})`, of.db[unit]],
  ];
  byId("facts").replaceChildren(...facts.flatMap(([name, value]) => [part("dt", {}, name), part("dd", {}, shown(value, 6))]));
}

export function showPrediction(session, say) {
  const { classes } = session.data, a = session.values.at(-1).a, { sample } = session;
  const half = thresholdOf(session.setting.loss, session.layers.at(-1).activation);
  const list = (numbers) => Array.from(numbers.slice(0, 4), (one) => shown(one)).join(", ");
  const isClass = classes.length > 0 && sample.label !== undefined;
  const [predicted, target] = isClass ? [classes[classOf(a, half)], classes[sample.label]] : [list(a), list(sample.y)];
  byId("predicted").textContent = say("predicted", predicted ?? "?", target ?? "?");
}

// Return how many samples are predicted right.
export function rightOf(session) {
  const half = thresholdOf(session.setting.loss, session.layers.at(-1).activation);
  return session.samples.filter(({ label }, n) => classOf(session.predictions[n], half) === label).length;
}

// Tables ------------------------------------------------------------------------------------------------

export function showTables(session, say) {
  const { features } = session.data, x = session.values[0].a;
  const input = table([say("tableInput"), "x"], Array.from(x.slice(0, MOST_LISTED), (one, k) => [features[k] ?? `x${k + 1}`, shown(one, 6)]));
  const layers = session.layers.map((layer, i) => layerTable(session, layer, i + 1));
  const headed = (title, made, count) => [
    part("h3", {}, title),
    part("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": title }, made),
    ...(count > MOST_LISTED ? [part("p", { class: "quiet" }, say("rowsLeftOut", count - MOST_LISTED))] : []),
  ];
  byId("tables").replaceChildren(
    ...headed(say("tableInput"), input, x.length),
    ...session.layers.flatMap((layer, i) => headed(say("tableOf", i + 1, layer.activation), layers[i], layer.units)),
  );
}

function layerTable(session, layer, level) {
  const { z, a } = session.values[level], { delta } = session.slopes[level], below = session.values[level - 1].a;
  const columns = Array.from({ length: layer.inputs <= MOST_COLUMNS ? layer.inputs : 0 }, (_, k) => k);
  const head = ["j", "z", "a", "δ", "b", ...columns.flatMap((k) => [`w${k + 1}`, `∂ℓ/∂w${k + 1}`])];
  const rows = Array.from({ length: Math.min(layer.units, MOST_LISTED) }, (_, j) => [
    String(j + 1),
    ...[z[j], a[j], delta[j], layer.b[j], ...columns.flatMap((k) => [layer.W[j * layer.inputs + k], delta[j] * below[k]])].map((one) => shown(one, 6)),
  ]);
  return table(head, rows);
}

function table(head, rows) {
  return part("table", {},
    part("thead", {}, part("tr", {}, ...head.map((name) => part("th", { scope: "col" }, name)))),
    part("tbody", {}, ...rows.map(([first, ...others]) =>
      part("tr", {}, part("th", { scope: "row" }, first), ...others.map((one) => part("td", {}, one))))));
}

// Witnesses ---------------------------------------------------------------------------------------------

export function witnessSamples(session) {
  return session.isAsWritten ? session.samples.slice(0, session.subject.stored.count) : session.batchSamples.slice(0, 32);
}

// The verdicts, where they cost little or are asked for; else none until somebody asks.
export function showWitnesses(session, say, isAsked) {
  const { fault, layers, setting } = session, samples = witnessSamples(session);
  const isCheap = parametersOf(layers) * samples.length <= CHEAP;
  byId("ask").hidden = isCheap;
  if (!isCheap && !isAsked && session.derived.asked) return;
  session.derived.asked = true;
  byId("witnesses").hidden = !isCheap && !isAsked;
  const network = { layers, setting, count: samples.length };
  const level = isOfLayer(fault.id) ? fault.level : 0, says = byId("fault-says");
  says.textContent = fault.id === "none" ? say("noFault") : faultFits(fault.id, network, level) ? "" : say("cannotPlant");
  if (fault.id === "uphill") says.textContent = uphillText(session, samples, say);
  if (byId("witnesses").hidden) return;
  const { stored } = session.subject;
  const ofFile = session.isAsWritten ? { ...stored, values: stored.gradOperation } : null;
  const verdicts = examine(layers, setting, samples, { ...fault, level }, ofFile);
  byId("witnesses").replaceChildren(
    part("thead", {}, part("tr", {}, ...["witness", "verdict", "largest", "tells"].map((key) => part("th", { scope: "col" }, say(key))))),
    part("tbody", {}, ...verdicts.map((one) => verdictRow(one, say))),
  );
  byId("witness-samples").textContent = say("witnessSamples", samples.length);
}

function verdictRow(one, say) {
  const name = part("th", { scope: "row" }, say(one.witness), part("small", {}, say(`${one.witness}Says`)));
  if (one.silent) {
    return part("tr", {}, name, part("td", { class: "unsure" }, say(one.silent, one.place)), part("td", { class: "number" }, "–"), part("td", { class: "number" }, "–"));
  }
  const { worst } = one, parameter = worst.kind === "W" ? "∂J/∂W" : "∂J/∂b";
  const verdict = one.notices
    ? say("notices", parameter, worst.layer, shown(worst.ours), shown(worst.theirs)) : say("silent");
  return part("tr", {}, name, part("td", { class: one.notices ? "notices" : "agrees" }, verdict),
    part("td", { class: "number" }, order(worst.relative)), part("td", { class: "number" }, order(one.tolerance)));
}

function uphillText(session, samples, say) {
  const formulas = faultyFormulas(session.fault), { layers, setting } = session;
  const { cost, gradients } = differentiate(layers, setting, samples, formulas);
  const after = updated(layers, gradients, session.rate, formulas);
  return say("uphillSays", shown(cost), after ? shown(costOf(after, setting, samples)) : "∞");
}

// What the page stands on -------------------------------------------------------------------------------

export function showAbout(subject, say) {
  const { stored, checks } = subject, samples = subject.samples.slice(0, stored.count);
  const { gradients } = differentiate(subject.layers, subject.setting, samples);
  const found = [stored.handwritten, stored.gradOperation].map((values) => agreement(gradients, stored, values));
  const isWrong = !(Math.max(...found) <= stored.tolerance);
  const lines = [
    say("aboutFile", checks.version, stored.count, checks.dtype, order(checks.routes), order(checks.blog)),
    isWrong ? say("aboutWrong", order(Math.max(...found))) : say("aboutPage", ...found.map(order)),
    say("aboutSamples", subject.samples.length, checks.samples),
    say("aboutOptimizer", checks.optimizer),
    ...(checks.dropout ? [say("aboutDropout")] : []),
  ];
  byId("about").replaceChildren(...lines.map((line, i) => part("li", i === 1 && isWrong ? { class: "wrong" } : {}, line)));
}
