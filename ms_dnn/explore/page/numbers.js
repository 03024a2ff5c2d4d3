// Numbers as the page writes them, random numbers from a seed, and arrays as the file keeps them.

const DIGITS = 4;

// 0.3543, −0.6, 1.2e−7; what is not finite has no digits.
export function shown(value, digits = DIGITS) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "?";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded);
  return text.replaceAll("-", "−").replace("e+", "e");
}

// As shown(), in parentheses where a sign would stand after an operator.
export const inProduct = (value) => (value < 0 ? `(${shown(value)})` : shown(value));

// 2.1e−16: a size of which only the order matters.
export const order = (value) => (value === 0 ? "0" : value.toExponential(1).replace("-", "−").replace("e+", "e"));

export function percent(share) {
  return `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;
}

// Return a function that gives numbers in [0, 1): mulberry32, the same for the same seed.
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Return the numbers from 0 to count − 1 in a random order.
export function shuffled(count, seed) {
  const random = randomNumbers(seed), order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// Return a normal number, mean 0 and variance 1 (Box and Muller).
export const normalNumber = (random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// An array is {dtype: "float32" | "float64", planes}: base64 of zlib of the first bytes of all numbers, then the second ….
export async function arrayOf({ dtype, planes }) {
  const unpacked = new Blob([bytesOf(planes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const width = dtype === "float64" ? 8 : 4, count = bytes.length / width;
  const ordered = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) ordered[i * width + plane] = bytes[plane * count + i];
  }
  const numbers = width === 8 ? new Float64Array(ordered.buffer) : new Float32Array(ordered.buffer);
  return Float64Array.from(numbers);
}

// float64 numbers as text for an address, and back; null where the text is something else.
export function textOfNumbers(numbers) {
  const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function numbersOfText(text) {
  try {
    const numbers = new Float64Array(bytesOf(text.replaceAll("-", "+").replaceAll("_", "/")).buffer);
    return numbers.every(Number.isFinite) ? numbers : null;
  } catch {
    return null;
  }
}
