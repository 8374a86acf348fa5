// The control interface: everything that the page does goes through it.

import { isLong, parse } from "./format.js";
import { t } from "./i18n.js";

const BASE = "/_emulator";

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
    told = parse(await answer.text(), isLong);
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
