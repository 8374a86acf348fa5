// Times, sums and JSON as people read them.

import { language, t } from "./i18n.js";

const LOCALES = { zh: "zh-CN", en: "en-GB" };
// A format costs more to make than to use, and a list uses it for every row.
const ago = new Map();

function relativeFormat() {
  if (!ago.has(language())) ago.set(language(), new Intl.RelativeTimeFormat(LOCALES[language()], { numeric: "auto", style: "short" }));
  return ago.get(language());
}

const two = (number) => String(number).padStart(2, "0");

/** The exact time, to the second, here: read alike in both languages, and made without the 20 ms that a browser's first date takes. */
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

/** How long ago a time was, or how far ahead it is, in one unit. */
export function relative(seconds, now = Date.now() / 1000) {
  const gone = seconds - now;
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(gone) >= length) ?? ["second", 1];
  return relativeFormat().format(Math.trunc(gone / size), unit);
}

/** A duration in milliseconds or seconds. */
export function duration(seconds) {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(1)} s`;
}

/** A sum in yuan, with its fen. */
export function money(fen) {
  return t("money", (fen / 100).toFixed(2), fen.toLocaleString("en"));
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
