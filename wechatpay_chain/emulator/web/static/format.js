// Times, sums and JSON as people read them. Nothing of Intl: its first use takes a browser 30 ms before anything is seen.

import { t } from "./i18n.js";

const two = (number) => String(number).padStart(2, "0");

/** The exact time, to the second, here; read alike in both languages. */
export function exact(seconds) {
  const at = new Date(seconds * 1000);
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

// The world's clock, as it was told at a moment of the browser's own.
let world = { time: 0, speed: 1, told: 0 };

/** Take the world's clock from what the control interface tells. */
export function setClock({ time, speed }) {
  world = { time, speed, told: Date.now() / 1000 };
}

/** Now, in the world's own time: its clock can be moved, and run faster. */
export function worldNow() {
  const now = Date.now() / 1000;
  return world.told ? world.time + (now - world.told) * world.speed : now;
}

const UNITS = [
  ["ofDays", 86400],
  ["ofHours", 3600],
  ["ofMinutes", 60],
  ["ofSeconds", 1],
];

/** How long ago a time was, or how far ahead it is, in one unit. */
export function relative(seconds, now = Date.now() / 1000) {
  const gone = seconds - now;
  const found = UNITS.find(([, length]) => Math.abs(gone) >= length);
  if (!found) return t("now");
  const [unit, length] = found;
  return t(gone < 0 ? "ago" : "hence", t(unit, Math.trunc(Math.abs(gone) / length)));
}

/** A duration in milliseconds or seconds. */
export function duration(seconds) {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(1)} s`;
}

/** A whole number with its thousands apart. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** A sum in yuan, with its fen. */
export function money(fen) {
  return t("money", (fen / 100).toFixed(2), grouped(fen));
}

const isWrittenOtherwise = (value, source) => String(value) !== source;

/** Whether a number has more digits than a number of the browser. */
export const isLong = (value) => Number.isInteger(value) && !Number.isSafeInteger(value);

/** JSON whose numbers that `keeps` names stay as they were written, where the browser can tell: 64-bit numbers, 1.0. */
export function parse(text, keeps = isWrittenOtherwise) {
  return JSON.parse(text, (_name, value, context) =>
    typeof value === "number" && context?.source && JSON.rawJSON && keeps(value, context.source) ? JSON.rawJSON(context.source) : value,
  );
}

/** A number of bytes. */
export function bytes(size) {
  return size < 1024 ? `${size} B` : size < 1024 ** 2 ? `${(size / 1024).toFixed(1)} kB` : `${(size / 1024 ** 2).toFixed(1)} MB`;
}
