// States by shape and word, and JSON with its secrets and faults marked.

import { h } from "./dom.js";
import { grouped } from "./format.js";
import { t } from "./i18n.js";

const SHAPES = { good: "●", wait: "◐", idle: "○", bad: "▲", broken: "■" };

const STATES = {
  good: ["SUCCESS", "DELIVERED", "FINISHED", "DONE", "RECEIVED", "PROCESSED", "ADDED", "SET", "RECOVERED", "APPLYMENT_STATE_FINISHED"],
  wait: [
    "USERPAYING", "PROCESSING", "RETRYING", "WAITING", "ACCEPTED", "WAIT_USER_CONFIRM", "TRANSFERING", "CANCELING", "SENT", "CREATED", "DOING", "PENDING", "ACTIVE",
    "APPLYMENT_STATE_AUDITING", "APPLYMENT_STATE_TO_BE_CONFIRMED", "APPLYMENT_STATE_TO_BE_SIGNED", "APPLYMENT_STATE_SIGNING",
  ],
  idle: ["NOTPAY", "CLOSED", "REVOKED", "BY_HAND", "CANCELLED", "CANCELED", "EXPIRED", "REFUND"],
  bad: ["PAYERROR", "GIVEN_UP", "UNDELIVERABLE", "FAIL", "FAILED", "ABNORMAL", "APPLYMENT_STATE_REJECTED", "APPLYMENT_STATE_CANCELED"],
};

// More than this is shown on demand: a body may have megabytes.
const MOST_LINES = 1000;
const LONGEST_TEXT = 4000;

/** A state as a shape and a word. */
export function badge(kind, word) {
  return h("span", { class: `badge ${kind}` }, h("span", { "aria-hidden": "true" }, SHAPES[kind]), " ", word);
}

/** The badge of a record's state, in the platform's own word. */
export function stateBadge(state) {
  const kind = Object.keys(STATES).find((name) => STATES[name].includes(state)) ?? "idle";
  return badge(kind, state.split(/(?<=_)/).flatMap((part, index) => (index ? [h("wbr"), part] : part)));
}

/** The badge of a call. */
export function callBadge(call) {
  if (call.status === null || call.faults.some((name) => name === "LoseAnswer" || name === "CutBody")) {
    return badge("broken", t("lost"));
  }
  if (call.status >= 500) return badge("broken", `${call.status} ${t("failed")}`);
  if (call.refused && call.status === 202) return badge("wait", `202 ${t("pending")}`);
  if (call.refused || call.status >= 400) return badge("bad", `${call.status} ${t("refused")}`);
  return badge("good", `${call.status} ${t("taken")}`);
}

/**
 * JSON as lines. `notes` maps JSON pointers to {kind, text}: what stands there is marked, and the text put behind it.
 */
export function json(value, notes = new Map()) {
  const lines = [];
  const write = (item, pointer, indent, lead, tail) => {
    const pad = "  ".repeat(indent);
    if (JSON.isRawJSON?.(item)) return push(pointer, pad, lead, item.rawJSON, tail, "number");
    if (item !== null && typeof item === "object") {
      const isList = Array.isArray(item);
      const entries = isList ? item.map((member, index) => [index, member]) : Object.entries(item);
      const [open, close] = isList ? "[]" : "{}";
      if (!entries.length) return push(pointer, pad, lead, open + close, tail);
      push(pointer, pad, lead, open, "");
      entries.forEach(([name, member], index) => {
        const key = String(name).replaceAll("~", "~0").replaceAll("/", "~1");
        write(member, `${pointer}/${key}`, indent + 1, isList ? null : name, index < entries.length - 1 ? "," : "");
      });
      lines.push(h("div", { class: "line" }, pad + close + tail));
      return undefined;
    }
    return push(pointer, pad, lead, cut(JSON.stringify(item)), tail, typeof item);
  };
  const push = (pointer, pad, lead, text, tail, type = "") => {
    const note = notes.get(pointer);
    lines.push(
      h(
        "div",
        { class: `line${note ? ` marked ${note.kind}` : ""}` },
        pad,
        lead === null ? null : [h("span", { class: "name" }, JSON.stringify(lead)), ": "],
        h("span", { class: type ? `value ${type}` : "" }, text),
        tail,
        note ? h("span", { class: "note" }, note.kind === "fault" ? "▲ " : "◆ ", note.text) : null,
      ),
    );
  };
  write(value, "", 0, null, "");
  return code(lines, MOST_LINES);
}

/** A text as it is. */
export function plain(text) {
  return code([text.slice(0, LONGEST_TEXT), text.slice(LONGEST_TEXT)].filter(Boolean), 1);
}

/** Code of which `most` parts are shown, and the others on demand. */
function code(parts, most) {
  const shown = h("pre", { class: "code", tabindex: "0" }, parts.slice(0, most));
  const left = parts.slice(most);
  if (!left.length) return shown;
  const all = () => {
    shown.append(...left);
    more.remove();
    shown.focus();
  };
  const more = h("button", { type: "button", class: "quiet", onclick: all }, t("showAll"));
  return h("div", { class: "cut" }, shown, more);
}

const cut = (text) => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}… ${t("moreCharacters", grouped(text.length - LONGEST_TEXT))}` : text);

/** The pointers whose texts differ between what was sent and what was decrypted, with what was sent. */
export function secrets(sent, plain, pointer = "", found = new Map()) {
  if (typeof sent === "string" && typeof plain === "string") {
    if (sent !== plain) found.set(pointer, sent);
  } else if (sent && plain && typeof sent === "object" && typeof plain === "object") {
    for (const name of Object.keys(plain)) {
      if (name in sent) secrets(sent[name], plain[name], `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, found);
    }
  }
  return found;
}

/** A text whose line ends can be seen; from `difference` on it is marked. */
export function signedText(text, difference = null) {
  const visible = (part) => part.replaceAll("\r", "␍").replaceAll("\n", "↵\n");
  if (difference === null) return plain(visible(text));
  const end = Math.min(text.length, difference + 1);
  const at = text.slice(difference, end) || " ";
  const begin = Math.max(0, difference - LONGEST_TEXT);
  const before = (begin ? `${t("moreCharacters", grouped(begin))} …` : "") + visible(text.slice(begin, difference));
  return h("pre", { class: "code", tabindex: "0" }, before, h("mark", {}, visible(at)), cut(visible(text.slice(end))));
}
