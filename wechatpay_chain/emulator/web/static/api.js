// The control interface: everything that the page does goes through it.

import { isLong, parse } from "./format.js";
import { t } from "./i18n.js";

const BASE = "/_emulator";
// An integer that a number of the browser may not hold: only where one is, each value is looked at while it is read.
const LONG = /[:,[]\s*-?\d{16}/;

/** A problem that the interface told. */
export class Problem extends Error {}

async function ask(method, path, body) {
  const options = {
    method,
    headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  let answer;
  let told;
  try {
    answer = await fetch(BASE + path, options);
    const text = await answer.text();
    told = LONG.test(text) ? parse(text, isLong) : JSON.parse(text);
  } catch {
    throw new Problem(t("noEmulator"));
  }
  if (!answer.ok) throw new Problem(told.message);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** Listen to what happens. `on` has functions: call, record, missed, and live (true or false). Returns what ends it. */
export function listen(on) {
  const source = new EventSource(`${BASE}/events`);
  source.addEventListener("open", () => on.live(true));
  source.addEventListener("error", () => on.live(false));
  for (const name of ["call", "record", "missed"]) {
    source.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
  }
  return () => source.close();
}
