// Pictures of functions: heat maps over the plane of two features, the decision boundary, the cost, a sample's image.

import { forward, softmax } from "./arithmetic.js";
import { svgPart } from "./drawing.js";
import { order, shown } from "./numbers.js";
import { classOf, thresholdOf } from "./samples.js";

const GRID = 40;
const BEYOND = 0.08; // of the samples' extent, that the plane goes on beyond them
const PLANE = 320;
const CHART = { height: 190, left: 56, right: 14, top: 12, bottom: 30 };
const LOGARITHMIC_FROM = 8;
const STRIDE_OF_CURVE = 3; // pixels in which the last cost is drawn

// The colours of the page as it is, light or dark: [r, g, b].
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => {
    const text = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((i) => parseInt(text.slice(i, i + 2), 16));
  };
  return { ground: colour("--card"), ink: colour("--ink"), routes: [0, 1, 2, 3, 4, 5].map((i) => colour(`--route${i}`)) };
}

const mixed = (p, q, share) => p.map((one, i) => Math.round(one + share * (q[i] - one)));
const css = (colour) => `rgb(${colour.join(" ")})`;

// {low, high} of the two features, with a margin.
function extentOf(samples) {
  return [0, 1].map((i) => {
    const values = samples.map(({ x }) => x[i]), low = Math.min(...values), high = Math.max(...values);
    const room = (high - low || 1) * BEYOND;
    return { low: low - room, high: high + room };
  });
}

// Return what every unit puts out over the plane: {extent, values}, values[row][column] as forward() returns it.
export function planeOf(session) {
  const [across, up] = extentOf(session.samples);
  const at = ({ low, high }, i) => low + ((i + 0.5) / GRID) * (high - low);
  const values = Array.from({ length: GRID }, (_, row) =>
    Array.from({ length: GRID }, (_, column) =>
      forward(session.layers, Float64Array.of(at(across, column), at(up, GRID - 1 - row)))));
  return { extent: [across, up], values };
}

function paint(canvas, colourAt) {
  canvas.width = canvas.height = GRID;
  const context = canvas.getContext("2d"), image = context.createImageData(GRID, GRID);
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      image.data.set([...colourAt(row, column), 255], 4 * (row * GRID + column));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Return the function (level, unit) → picture of the unit over the plane, a data address.
export function heatMaps({ values }) {
  const { ground, routes } = palette(), canvas = document.createElement("canvas");
  return (level, unit) => {
    const largest = Math.max(...values.flat().map((one) => Math.abs(one[level].a[unit])), 1e-300);
    paint(canvas, (row, column) => {
      const share = values[row][column][level].a[unit] / largest;
      return mixed(ground, routes[share < 0 ? 1 : 0], 0.85 * Math.abs(share));
    });
    return canvas.toDataURL();
  };
}

// Draw the output over the plane, the boundary between the classes, and the samples.
export function drawPlane(canvas, session, { extent, values }) {
  const colours = palette(), context = canvas.getContext("2d"), outputs = values.map((row) => row.map((one) => one.at(-1).a));
  const half = thresholdOf(session.setting.loss, session.layers.at(-1).activation);
  canvas.width = canvas.height = PLANE;
  context.drawImage(paint(document.createElement("canvas"), fieldColours(session, outputs, half, colours)), 0, 0, PLANE, PLANE);
  if (!session.isRegression) drawBoundary(context, outputs, half, colours.ink);
  const place = (value, { low, high }) => ((value - low) / (high - low)) * PLANE;
  for (const sample of session.samples) {
    const [x, y] = [place(sample.x[0], extent[0]), PLANE - place(sample.x[1], extent[1])];
    drawSample(context, x, y, sample, session, colours, sample === session.sample);
  }
}

function fieldColours(session, outputs, half, { ground, routes }) {
  const flat = outputs.flat(), scale = Math.max(...flat.map((a) => Math.abs(a[0] - half)), 1e-300);
  return (row, column) => {
    const a = outputs[row][column];
    if (a.length === 1) {
      const share = (a[0] - half) / scale;
      return mixed(ground, routes[share < 0 ? 1 : 0], 0.55 * Math.sqrt(Math.abs(share)));
    }
    const likely = softmax(a), best = classOf(a, half);
    const second = Math.max(...likely.filter((_, k) => k !== best));
    return mixed(ground, classColour(best, routes), 0.15 + 0.45 * (likely[best] - second));
  };
}

// Class 1 of two is blue, as positive outputs are.
const classColour = (label, routes) => routes[[1, 0, 2, 3, 4, 5][label % 6]];

function drawBoundary(context, outputs, half, ink) {
  const size = PLANE / GRID, kind = outputs.map((row) => row.map((a) => classOf(a, half)));
  const lead = (a, k, other) => (a.length === 1 ? a[0] - half : a[k] - a[other]);
  const share = (p, q) => {
    const [k, other] = [classOf(p, half), classOf(q, half)], first = lead(p, k, other);
    return first / (first - lead(q, k, other) || 1);
  };
  context.strokeStyle = css(ink);
  context.lineWidth = 1.5;
  context.beginPath();
  for (let row = 0; row < GRID - 1; row++) {
    for (let column = 0; column < GRID - 1; column++) {
      const corners = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]];
      const crossings = corners.flatMap((one, i) => {
        const other = corners[(i + 1) % 4];
        if (kind[one[0]][one[1]] === kind[other[0]][other[1]]) return [];
        const along = share(outputs[one[0]][one[1]], outputs[other[0]][other[1]]);
        return [[0, 1].map((k) => (one[k] + along * (other[k] - one[k]) + 0.5) * size)];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        context.moveTo(crossings[i][1], crossings[i][0]);
        context.lineTo(crossings[i + 1][1], crossings[i + 1][0]);
      }
    }
  }
  context.stroke();
}

// A disc for class 0, a square for class 1, a diamond for the others; large with a ring where it is the shown one.
function drawSample(context, x, y, sample, session, { ground, ink, routes }, isShown) {
  const size = isShown ? 6 : 3.5;
  context.beginPath();
  if (sample.label === 1) {
    context.rect(x - size, y - size, 2 * size, 2 * size);
  } else if (sample.label > 1) {
    for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) context.lineTo(x + 1.4 * size * dx, y + 1.4 * size * dy);
  } else context.arc(x, y, size, 0, 2 * Math.PI);
  context.closePath();
  context.fillStyle = css(sample.label === undefined ? routes[sample.y[0] < 0 ? 1 : 0] : classColour(sample.label, routes));
  context.fill();
  context.strokeStyle = css(isShown ? ink : ground);
  context.lineWidth = isShown ? 2 : 1;
  context.stroke();
}

// Draw the cost by update, on a logarithmic axis where it spans as much.
export function drawCost(svg, costs, width, label) {
  const { height, left, right, top, bottom } = CHART, values = costs.map(({ cost }) => cost).filter(Number.isFinite);
  const low = Math.min(...values), high = Math.max(...values), isLogarithmic = low > 0 && high / low >= LOGARITHMIC_FROM;
  const scale = isLogarithmic ? Math.log10 : (one) => one, bottomValue = scale(low), span = scale(high) - bottomValue || 1;
  const first = costs[0].updates, length = costs.at(-1).updates - first || 1;
  const x = ({ updates }) => left + ((updates - first) / length) * (width - left - right);
  const y = (cost) => top + (1 - (scale(cost) - bottomValue) / span) * (height - top - bottom);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const ticks = high > low ? [low, isLogarithmic ? Math.sqrt(low * high) : (low + high) / 2, high] : [low];
  for (const tick of ticks) {
    svg.append(svgPart("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: "grid" }));
    const text = tick === 0 || Math.abs(tick) >= 1e-3 ? shown(tick, 3) : order(tick);
    svg.append(svgPart("text", { x: left - 8, y: y(tick) + 4, class: "axis end" }, text));
  }
  const kept = new Map(costs.filter(({ cost }) => Number.isFinite(cost)).map((one) => [Math.round(x(one) / STRIDE_OF_CURVE), one]));
  const points = [...kept.values()].map((one) => `${x(one).toFixed(1)},${y(one.cost).toFixed(1)}`);
  svg.append(svgPart("polyline", { points: points.join(" "), class: "curve" }));
  const [endX, endY] = points.at(-1).split(",");
  svg.append(svgPart("circle", { cx: endX, cy: endY, r: 4, class: "end" }));
  svg.append(svgPart("text", { x: left, y: height - 8, class: "axis" }, shown(first)));
  svg.append(svgPart("text", { x: width - right, y: height - 8, class: "axis end" }, label));
}

// Draw a sample as the picture that it is; shape (height, width) or (height, width, channels).
export function drawPicture(canvas, x, [height, width, channels = 1]) {
  const low = Math.min(...x), span = Math.max(...x) - low || 1;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const grey = (k) => Math.round((255 * (x[i * channels + (channels > 2 ? k : 0)] - low)) / span);
    image.data.set([grey(0), grey(1), grey(2), 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
