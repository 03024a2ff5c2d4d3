// The page: what the reader does changes the session, and the session is shown.

import { addressOf, keepsWeights, readAddress } from "./address.js";
import { ACTIVATIONS } from "./arithmetic.js";
import { drawCost, drawPicture, drawPlane, heatMaps, planeOf } from "./charts.js";
import { drawNetwork } from "./drawing.js";
import { faultFits, faultNames, isOfLayer } from "./faults.js";
import { arrayOf, percent, shown } from "./numbers.js";
import { byId, part, rightOf, showAbout, showFacts, showPrediction, showStep, showTables, showWitnesses, witnessSamples } from "./panels.js";
import { TOY_SETS } from "./samples.js";
import { RANGES, STRIDES, Session, hiddenUnits } from "./state.js";
import { LANGUAGES, hasWord, said } from "./words.js";

const PAUSES = { formula: 1100, update: 60, epoch: 120 }; // milliseconds between two steps of Play
const ADDRESS_AFTER = 600; // milliseconds: browsers limit how often an address may change

let session, language, playing = null, written = null, asked = false, forced = false, caption = "";

const say = (key, ...facts) => said(language, key, ...facts);

async function readSubject() {
  const subject = JSON.parse(byId("subject").textContent);
  const layers = subject.layers.map(async (layer) => ({ ...layer, W: await arrayOf(layer.W), b: await arrayOf(layer.b) }));
  const [x, y] = await Promise.all([arrayOf(subject.x), arrayOf(subject.y)]);
  const stored = { ...subject.stored };
  for (const route of ["handwritten", "gradOperation"]) stored[route] = await arrayOf(stored[route]);
  subject.layers = await Promise.all(layers);
  const inputs = subject.layers[0].inputs, outputs = subject.layers.at(-1).units;
  const samples = Array.from({ length: x.length / inputs }, (_, n) => ({
    x: x.slice(n * inputs, (n + 1) * inputs),
    y: y.slice(n * outputs, (n + 1) * outputs),
    label: subject.labels?.[n],
    weight: subject.weights?.[n] ?? 1,
  }));
  return { ...subject, stored, samples };
}

// Show --------------------------------------------------------------------------------------------------

// Show the session at the next frame, once however often it is asked.
function show() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    showNow();
  });
}

function showNow() {
  const rooms = { network: byId("network-frame").clientWidth, cost: byId("cost").clientWidth || 320 };
  const text = showStep(session, say);
  if (playing === null) byId("announced").textContent = text;
  showPictures(rooms);
  showFacts(session, say);
  showPrediction(session, say);
  showFields();
  if (byId("tables-box").open) showTables(session, say);
  if (playing === null) showWitnesses(session, say, forced);
  forced = false;
  byId("back").disabled = !session.canGoBack;
  byId("diverged").hidden = !session.diverged;
  byId("diverged").textContent = session.diverged ? say("diverged") : "";
  scheduleAddress();
}

// The widths were read before anything was written: else the browser would lay the page out twice.
function showPictures(rooms) {
  const plane = session.hasPlane ? session.once("plane", () => planeOf(session)) : null;
  const heat = plane ? session.once("heat", () => heatMaps(plane)) : () => null;
  const svg = byId("network");
  const { links, all } = drawNetwork(svg, session, rooms.network, { say, heat, hover, pick });
  const sizes = [session.layers[0].inputs, ...session.layers.map(({ units }) => units)].join("–");
  svg.setAttribute("aria-label", say("networkPicture", sizes, links));
  caption = say(all ? "allShown" : "partShown");
  byId("network-caption").textContent = caption;
  byId("plane-card").hidden = !plane;
  if (plane) drawPlane(byId("plane"), session, plane);
  const count = session.samples.length, isClass = session.samples[0].label !== undefined;
  const right = isClass ? rightOf(session) : 0, [across, up] = session.data.features;
  if (plane) {
    const words = isClass ? say("planePicture", across, up, right, count) : say("planeValues", across, up, count);
    byId("plane").setAttribute("aria-label", words);
    byId("plane-caption").textContent = words;
  }
  const costs = session.costs, cost = shown(session.totalCost);
  drawCost(byId("cost"), costs, rooms.cost, say("updates", costs.at(-1).updates));
  byId("cost").setAttribute("aria-label", say("costPicture", cost, shown(costs[0].cost)));
  const accuracy = isClass ? ` · ${say("right", right, count)} (${percent(right / count)})` : "";
  byId("cost-now").textContent = say("costNow", cost, count) + accuracy;
  const { imageShape } = session.subject, picture = byId("picture");
  picture.hidden = !imageShape || session.dataset === "csv";
  if (!picture.hidden) {
    drawPicture(picture, session.sample.x, imageShape);
    picture.setAttribute("aria-label", say("samplePicture"));
  }
}

// Fields ------------------------------------------------------------------------------------------------

function options(id, entries, chosen) {
  const select = byId(id), key = JSON.stringify(entries);
  if (select.dataset.entries !== key) {
    select.replaceChildren(...entries.map(([value, text, disabled]) =>
      part("option", { value, ...(disabled ? { disabled: "" } : {}) }, text)));
    select.dataset.entries = key;
  }
  select.value = String(chosen);
}

function field(id, value) {
  if (document.activeElement !== byId(id)) byId(id).value = value;
}

const counted = (count, name) => Array.from({ length: count }, (_, i) => [i, name(i)]);

function showFields() {
  const { focus, data } = session, layer = session.layers[focus.layer - 1];
  const nameOfInput = (k) => (focus.layer === 1 ? data.features[k] ?? `x${k + 1}` : String(k + 1));
  options("stride", STRIDES.map((one) => [one, say(`stride${one[0].toUpperCase()}${one.slice(1)}`)]), session.stride);
  options("at-layer", session.layers.map((_, i) => [i + 1, String(i + 1)]), focus.layer);
  options("at-unit", counted(layer.units, (j) => String(j + 1)), focus.unit);
  options("at-input", counted(layer.inputs, nameOfInput), focus.input);
  field("weight", Number(layer.W[focus.unit * layer.inputs + focus.input].toPrecision(8)));
  field("bias", Number(layer.b[focus.unit].toPrecision(8)));
  const samples = counted(session.samples.length, (n) => say("sampleName", n + 1, targetText(session.samples[n])));
  options("sample", [["", say("firstOfBatch")], ...samples], session.chosen ?? "");
  for (const name of ["rate", "batch", "noise", "seed"]) field(name, session[name]);
  for (const name of ["l1", "l2"]) field(name, session.setting[name]);
  field("hidden", session.layers.slice(0, -1).map(({ units }) => units).join(", "));
  options("loss", session.lossesThatFit().map((name) => [name, name]), session.setting.loss);
  const toys = session.layers[0].inputs === 2 && !session.isRegression ? TOY_SETS : [];
  options("dataset", ["written", ...toys, ...(session.table ? ["csv"] : [])].map((name) => [name, say(name)]), session.dataset);
  showActivations();
  showFaultFields();
}

function targetText({ label, y }) {
  const { classes } = session.data;
  return label !== undefined ? classes[label] ?? label : Array.from(y.slice(0, 3), (one) => shown(one, 3)).join(", ");
}

function showActivations() {
  const box = byId("activations");
  if (box.children.length !== session.layers.length) {
    box.replaceChildren(...session.layers.map((_, i) => {
      const select = part("select", { id: `activation-${i + 1}` });
      select.addEventListener("change", () => edit(() => session.setActivation(i + 1, select.value)));
      return part("label", {}, part("span", {}), " ", select);
    }));
  }
  session.layers.forEach(({ activation }, i) => {
    const isLast = i === session.layers.length - 1, names = isLast ? session.outputActivations() : Object.keys(ACTIVATIONS);
    options(`activation-${i + 1}`, names.map((name) => [name, name]), activation);
    box.children[i].firstChild.textContent = say(names.length > 1 ? "activationOf" : "activationDecided", i + 1);
  });
}

function showFaultFields() {
  const { fault, layers, setting } = session, network = { layers, setting, count: witnessSamples(session).length };
  const word = (id) => say(`fault${id[0].toUpperCase()}${id.slice(1)}`);
  options("fault", faultNames().map((id) => [id, word(id), !faultFits(id, network, 0)]), fault.id);
  options("fault-level", [[0, say("allLayers")], ...layers.map((_, i) => [i + 1, String(i + 1)])], fault.level);
  byId("fault-level").disabled = !isOfLayer(fault.id);
}

// Do ----------------------------------------------------------------------------------------------------

function edit(change) {
  pause();
  complain("");
  change();
  show();
}

function complain(sentence) {
  byId("wrong").hidden = !sentence;
  byId("wrong").textContent = sentence;
}

// Let a field take numbers in a range; the sentence says what is wrong with others, and the field is as it was.
function onNumber(id, label, [low, high], change, whole = false) {
  byId(id).addEventListener("change", () => {
    const text = byId(id).value.trim().replaceAll("−", "-"), value = text === "" ? NaN : Number(text);
    const range = typeof high === "function" ? [low, high()] : [low, high];
    if (value >= range[0] && value <= range[1] && (!whole || Number.isInteger(value))) {
      edit(() => change(value));
      return;
    }
    byId(id).blur();
    showFields();
    complain(say("numberWrong", say(label), text, ...range.map((one) => shown(one))));
  });
}

const onChoice = (id, change) =>
  byId(id).addEventListener("change", () => edit(() => change(byId(id).value)));

// Say the numbers of a link below the network; the caption again for null.
function hover(link) {
  byId("network-caption").textContent = caption;
  if (link === null) return;
  const { level, unit, input } = link, { inputs, W } = session.layers[level - 1], index = unit * inputs + input;
  const from = level === 1 ? session.data.features[input] ?? `x${input + 1}` : `a[${level - 1}]${input + 1}`;
  const numbers = [
    W[index], session.values[level - 1].a[input], session.slopes[level].delta[unit],
    session.ofBatch.gradients[level - 1].dW[index],
  ];
  byId("network-caption").textContent = say("hovered", from, unit + 1, level, ...numbers.map((one) => shown(one)));
}

function pick({ level, unit, input }) {
  const inputs = session.layers[level - 1].inputs;
  session.focus = { layer: level, unit, input: Math.min(input, inputs - 1) };
  show();
}

function pause() {
  if (playing !== null) clearTimeout(playing);
  playing = null;
  byId("play").textContent = say("play");
  byId("play").setAttribute("aria-pressed", "false");
}

function play() {
  session.forwards();
  byId("play").textContent = say("pause");
  byId("play").setAttribute("aria-pressed", "true");
  playing = setTimeout(play, PAUSES[session.stride]);
  if (session.diverged) pause();
  show();
}

function listen() {
  byId("step").addEventListener("click", () => edit(() => session.forwards()));
  byId("back").addEventListener("click", () => edit(() => session.backwards()));
  byId("play").addEventListener("click", () => (playing === null ? play() : edit(() => {})));
  byId("restart").addEventListener("click", () => edit(() => session.restart()));
  byId("new-weights").addEventListener("click", () => edit(() => session.newWeights()));
  byId("network-frame").addEventListener("keydown", onKey);
  onChoice("stride", (value) => { session.stride = value; });
  for (const [id, name] of [["at-layer", "layer"], ["at-unit", "unit"], ["at-input", "input"]]) {
    onChoice(id, (value) => { session.focus = { ...session.focus, [name]: Number(value) }; session.changed(); });
  }
  onChoice("sample", (value) => { session.chosen = value === "" ? null : Number(value); session.changed(); });
  onChoice("loss", (value) => session.setLoss(value));
  onChoice("dataset", (value) => session.setDataset(value));
  onChoice("fault", (id) => { session.fault = { ...session.fault, id }; forced = true; });
  onChoice("fault-level", (level) => { session.fault = { ...session.fault, level: Number(level) }; forced = true; });
  byId("ask").addEventListener("click", () => edit(() => { forced = true; }));
  for (const name of ["rate", "l1", "l2", "noise"]) onNumber(name, name, RANGES[name], (value) => session.setNumber(name, value));
  onNumber("seed", "seed", RANGES.seed, (value) => session.setNumber("seed", value), true);
  onNumber("batch", "batch", [1, () => session.samples.length], (value) => session.setNumber("batch", value), true);
  const indexOf = ({ layer, unit, input }) => unit * session.layers[layer - 1].inputs + input;
  onNumber("weight", "weight", RANGES.weight, (value) => session.setWeight(session.focus.layer, "W", indexOf(session.focus), value));
  onNumber("bias", "bias", RANGES.weight, (value) => session.setWeight(session.focus.layer, "b", session.focus.unit, value));
  byId("hidden").addEventListener("change", onHidden);
  byId("csv").addEventListener("change", onFile);
  byId("copy").addEventListener("click", copyLink);
  byId("tables-box").addEventListener("toggle", show);
  addEventListener("resize", show);
  addEventListener("hashchange", onAddress);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { session.derived.heat = null; show(); });
}

function onKey(event) {
  const done = { ArrowRight: () => session.forwards(), ArrowLeft: () => session.backwards() }[event.key];
  if (!done) return;
  event.preventDefault();
  edit(done);
}

function onHidden() {
  const text = byId("hidden").value, units = hiddenUnits(text);
  byId("hidden").blur();
  if (units) edit(() => session.setHidden(units));
  else complain(say("hiddenWrong", text));
  showFields();
}

async function onFile() {
  const [file] = byId("csv").files;
  if (!file) return;
  try {
    const text = await file.text();
    edit(() => session.setTable(text));
    byId("csv-read").textContent = say("csvRead", session.samples.length, file.name);
  } catch (wrong) {
    if (!hasWord(wrong.word)) throw wrong;
    complain(say(wrong.word, ...wrong.facts));
  }
}

// The address -------------------------------------------------------------------------------------------

let timer = null;

function scheduleAddress() {
  timer ??= setTimeout(() => {
    timer = null;
    writeAddress();
  }, ADDRESS_AFTER);
}

function writeAddress() {
  const text = addressOf(session, language), here = location.href.split("#")[0];
  written = text;
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : here);
  byId("link").value = text ? `${here}#${text}` : here;
  const notes = [keepsWeights(session) ? "" : say("linkLarge"), session.dataset === "csv" ? say("linkCsv") : ""];
  byId("link-note").textContent = notes.filter(Boolean).join(" ");
}

function onAddress() {
  const text = location.hash.slice(1);
  if (text === written) return;
  pause();
  const asked = new URLSearchParams(text).get("language");
  readAddress(session, text);
  speak(asked in LANGUAGES ? asked : session.subject.language);
}

async function copyLink() {
  writeAddress();
  byId("link").select();
  const isCopied = await navigator.clipboard?.writeText(byId("link").value).then(() => true, () => false);
  if (isCopied) byId("copied").textContent = say("copied");
}

// Words -------------------------------------------------------------------------------------------------

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = say(one.dataset.word);
  const { name, origin } = session.subject, title = origin === "pencil" ? say("titlePencil") : say("title", name);
  document.title = title;
  byId("title").textContent = title;
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  byId("languages").replaceChildren(...Object.entries(LANGUAGES).map(([code, text]) => {
    const button = part("button", { type: "button", lang: code, "aria-pressed": String(code === language) }, text);
    button.addEventListener("click", () => { speak(code); byId("languages").querySelector(`[lang="${code}"]`).focus(); });
    return button;
  }));
  byId("copied").textContent = "";
  session.derived.asked = false;
  showAbout(session.subject, say);
  pause();
  show();
}

if (!("DecompressionStream" in window)) {
  const begun = document.documentElement.lang;
  byId("lede").textContent = said(begun, "oldBrowser");
  throw new Error(said(begun, "oldBrowser"));
}
const subject = await readSubject();
session = new Session(subject);
readAddress(session, location.hash.slice(1));
const inAddress = new URLSearchParams(location.hash.slice(1)).get("language");
listen();
speak(inAddress in LANGUAGES ? inAddress : subject.language);
document.documentElement.dataset.ready = "true";
