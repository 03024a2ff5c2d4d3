// The network as a picture: units in columns, links between them, with the numbers that the steps have reached.

import { shown } from "./numbers.js";

export const MOST_UNITS = 10; // drawn of a layer
const MOST_LINKS = 100;
const MOST_LABELLED = 12;
const MARGINS = { narrow: 48, wide: 88 }; // of the first and last column, where names stand above units or beside them
const TOP = 58;
const NARROWEST_GAP = 96;
const ENOUGH_ROOM = 500;
const ROOM_FOR_SLOPE = 150;
const NEAR = 0.3; // of a link, where its label stands: links that cross in the middle keep theirs apart
const SPACING = [ // distance and radius of the units of a column of so many
  { units: 2, size: [140, 26] }, { units: 3, size: [104, 23] }, { units: 6, size: [76, 18] }, { units: Infinity, size: [46, 15] },
];
const LONGEST_NAME = 9;

export function svgPart(name, attributes = {}, text = null) {
  const part = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  if (text !== null) part.textContent = text;
  return part;
}

const short = (name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);

// Return the units to draw of each layer, the input first: all, or those with the largest outputs.
function unitsShown(session) {
  return session.values.map(({ a }, level) => {
    const all = Array.from(a, (_, j) => j);
    if (all.length <= MOST_UNITS) return all;
    const most = new Set(all.slice().sort((i, j) => Math.abs(a[j]) - Math.abs(a[i])).slice(0, MOST_UNITS));
    const { layer, unit, input } = session.focus;
    if (level === layer) most.add(unit);
    if (level === layer - 1) most.add(input);
    return all.filter((j) => most.has(j));
  });
}

// Return the links to draw, {level, unit, input, w}: between units that are drawn, those that carry most.
function linksShown(session, units) {
  const links = session.layers.flatMap((layer, i) =>
    units[i + 1].flatMap((unit) => units[i].map((input) => {
      const w = layer.W[unit * layer.inputs + input];
      return { level: i + 1, unit, input, w, carried: Math.abs(w * session.values[i].a[input]) };
    })));
  return links.sort((p, q) => q.carried - p.carried).slice(0, MOST_LINKS);
}

// Where everything stands: {width, height, radius, gap, x(level), y(level, place)}.
function layoutOf(units, room) {
  const most = Math.max(...units.map((of) => of.length)), columns = units.length - 1;
  const [gap, widest] = SPACING.find(({ units: upTo }) => most <= upTo).size;
  const radius = room < ENOUGH_ROOM ? Math.min(widest, 21) : widest;
  const isBeside = room >= ENOUGH_ROOM || gap < 70, margin = isBeside ? MARGINS.wide : MARGINS.narrow;
  const width = Math.max(room, 2 * margin + columns * NARROWEST_GAP), height = TOP + most * gap + 26;
  const across = (width - 2 * margin) / columns;
  return {
    width, height, radius, gap, isBeside,
    x: (level) => margin + level * across,
    y: (level, place) => TOP + (most * gap - units[level].length * gap) / 2 + (place + 0.5) * gap,
  };
}

// Draw into an <svg> of so many pixels; `say` returns a word, `heat` the picture of a unit or null; `hover` is called with
// the link that the reader points at, or null, `pick` with the link or unit that is clicked. Return how many links were
// drawn, and whether that is all.
export function drawNetwork(svg, session, room, { say, heat, hover, pick }) {
  const units = unitsShown(session), links = linksShown(session, units), layout = layoutOf(units, room);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
  svg.setAttribute("width", layout.width);
  svg.setAttribute("height", layout.height);
  const places = units.map((of) => new Map(of.map((j, place) => [j, place])));
  const ends = ({ level, unit, input }) => ({
    x1: layout.x(level - 1), y1: layout.y(level - 1, places[level - 1].get(input)),
    x2: layout.x(level), y2: layout.y(level, places[level].get(unit)),
  });
  drawLinks(svg, session, links, ends, { hover, pick, radius: layout.radius });
  session.values.forEach((_, level) => drawColumn(svg, session, level, units[level], layout, { say, heat, pick }));
  const total = session.layers.reduce((sum, { W }) => sum + W.length, 0);
  return { links: links.length, all: links.length === total };
}

const activeLinks = ({ kind, level }) =>
  ({ affine: level, gradient: level, delta: level + 1, mean: "all", update: "all" })[kind] ?? 0;

function drawLinks(svg, session, links, ends, { hover, pick, radius }) {
  const largest = Math.max(...links.map(({ w }) => Math.abs(w)), 1e-300), active = activeLinks(session.now);
  const labelled = links.length <= MOST_LABELLED, { layer, unit, input } = session.focus, labels = [];
  for (const link of links.toReversed()) {
    const line = ends(link), share = Math.abs(link.w) / largest;
    const isChosen = link.level === layer && link.unit === unit && link.input === input;
    const isActive = session.stride !== "formula" || active === "all" || active === link.level;
    const classes = ["edge", link.w < 0 ? "negative" : "positive", isActive ? "active" : "", isChosen ? "chosen" : ""];
    svg.append(svgPart("line", { ...line, class: classes.join(" "), "stroke-width": 1 + 4.5 * share }));
    const target = svgPart("line", { ...line, class: "target" });
    target.addEventListener("pointerenter", () => hover(link));
    target.addEventListener("pointerleave", () => hover(null));
    target.addEventListener("click", () => pick(link));
    svg.append(target);
    if (labelled) labels.push([link, line]);
  }
  for (const [link, line] of labels) drawLabel(svg, session, link, line, radius);
}

// The weight on its link, and below it the gradient once the step is reached.
function drawLabel(svg, session, { level, unit, input, w }, { x1, y1, x2, y2 }, radius) {
  const isKnown = isReached(session, "gradient", level) && session.now.kind !== "affine" && x2 - x1 > ROOM_FOR_SLOPE;
  const slope = session.slopes[level].delta[unit] * session.values[level - 1].a[input];
  const lines = [shown(w, 3), ...(isKnown ? [`∂ ${shown(slope, 3)}`] : [])];
  const wide = 7.2 * Math.max(...lines.map((text) => text.length)) + 8, high = 15 * lines.length + 3;
  const along = Math.max(NEAR, (radius + wide / 2 + 4) / (x2 - x1)), x = x1 + along * (x2 - x1), y = y1 + along * (y2 - y1);
  svg.append(svgPart("rect", { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 4, class: "plate" }));
  lines.forEach((text, i) =>
    svg.append(svgPart("text", { x, y: y - high / 2 + 14 + 15 * i, class: i ? "slope" : "value" }, text)));
}

function isReached(session, kind, level) {
  if (session.stride !== "formula") return true;
  return session.steps.findIndex((one) => one.kind === kind && one.level === level) <= session.step;
}

function drawColumn(svg, session, level, units, layout, { say, heat, pick }) {
  const { x } = layout, layer = session.layers[level - 1], count = session.values[level].a.length;
  const head = level === 0 ? ["a[0] = x", say("input")] : [`a[${level}]`, layer.activation];
  head.forEach((text, i) =>
    svg.append(svgPart("text", { x: x(level), y: 18 + 16 * i, class: i ? "quiet" : "head" }, text)));
  units.forEach((unit, place) => drawUnit(svg, session, level, unit, layout.y(level, place), layout, { heat, pick }));
  if (units.length < count) {
    const y = layout.y(level, units.length - 1) + layout.gap / 2 + 12;
    svg.append(svgPart("text", { x: x(level), y, class: "quiet" }, say("more", count - units.length)));
  }
}

function drawUnit(svg, session, level, unit, y, layout, { heat, pick }) {
  const { radius } = layout, x = layout.x(level), a = session.values[level].a;
  const isKnown = level === 0 || isReached(session, "activation", level);
  const largest = a.reduce((most, one) => Math.max(most, Math.abs(one)), 1e-300);
  const { kind, level: now } = session.now, { layer, unit: chosen } = session.focus;
  const isActive = session.stride === "formula" && now === level && ["affine", "activation", "delta", "loss"].includes(kind);
  const sign = a[unit] < 0 ? "negative" : "positive";
  const classes = `node ${sign} ${isActive ? "active" : ""} ${layer === level && chosen === unit ? "chosen" : ""}`;
  const picture = heat(level, unit), group = svgPart("g", { class: classes });
  if (picture) {
    const side = { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius };
    group.append(svgPart("image", { ...side, href: picture, preserveAspectRatio: "none" }));
    group.append(svgPart("rect", { ...side, rx: 4, class: "frame" }));
  } else {
    const width = isKnown ? 1.5 + (3 * Math.abs(a[unit])) / largest : 1.5;
    group.append(svgPart("circle", { cx: x, cy: y, r: radius, "stroke-width": width }));
    group.append(svgPart("text", { x, y: y + 4, class: "value" }, isKnown ? shown(a[unit], radius > 20 ? 3 : 2) : "·"));
  }
  if (level > 0) group.addEventListener("click", () => pick({ level, unit, input: session.focus.input }));
  svg.append(group);
  drawFacts(svg, session, level, unit, { ...layout, x, y, isKnown, picture });
}

// Below a unit, where there is room: its output where a picture takes its place, its bias, its δ; beside it its name.
function drawFacts(svg, session, level, unit, { x, y, radius, gap, isBeside, isKnown, picture }) {
  const facts = [];
  if (picture && isKnown) facts.push(`a ${shown(session.values[level].a[unit], 3)}`);
  if (level > 0 && gap > 90) facts.push(`b ${shown(session.layers[level - 1].b[unit], 3)}`);
  if (level > 0 && gap > 70 && isReached(session, "delta", level)) {
    facts.push(`δ ${shown(session.slopes[level].delta[unit], 3)}`);
  }
  const most = gap > 90 ? 3 : gap > 70 ? 1 : 0;
  (most ? facts.slice(-most) : []).forEach((text, i) =>
    svg.append(svgPart("text", { x, y: y + radius + 15 + 14 * i, class: "fact" }, text)));
  const { features, classes } = session.data, isLast = level === session.layers.length;
  const name = level === 0 ? features[unit] : isLast && session.outputs > 1 ? classes[unit] : "";
  if (!name) return;
  const side = level === 0 ? -1 : 1;
  const at = isBeside ? { x: x + side * (radius + 9), y: y + 4 } : { x, y: y - radius - 8 };
  svg.append(svgPart("text", { ...at, class: `name ${isBeside ? (side < 0 ? "left" : "right") : ""}` }, short(name)));
}
