// Times, sums and JSON as people read them.

import { language, t } from "./i18n.js";

const locale = () => (language() === "zh" ? "zh-CN" : "en-GB");

/** The exact time, to the second. */
export function exact(seconds) {
  return new Date(seconds * 1000).toLocaleString(locale(), { dateStyle: "short", timeStyle: "medium" });
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
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }).format(Math.trunc(gone / size), unit);
}

/** A duration in milliseconds or seconds. */
export function duration(seconds) {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(1)} s`;
}

/** A sum in yuan, with its fen. */
export function money(fen) {
  return t("money", (fen / 100).toFixed(2), fen.toLocaleString("en"));
}

/** Indented JSON of a text; the text itself where it is none. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
