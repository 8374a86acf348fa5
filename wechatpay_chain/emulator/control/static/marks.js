// States by shape and word, and JSON with its secrets and faults marked.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const SHAPES = { good: "●", wait: "◐", idle: "○", bad: "▲", broken: "■" };

const STATES = {
  good: ["SUCCESS", "DELIVERED", "FINISHED", "DONE", "RECEIVED", "USER_PAID", "PROCESSED", "COMPLETED", "TAKEN"],
  wait: [
    "USERPAYING", "PROCESSING", "RETRYING", "WAITING", "ACCEPTED", "WAIT_USER_CONFIRM", "TRANSFERING", "SENT", "SENDING", "CREATED", "DOING", "AUDITING", "PENDING",
  ],
  idle: ["NOTPAY", "CLOSED", "REVOKED", "BY_HAND", "CANCELLED", "CANCELED", "EXPIRED", "REFUND"],
};

/** A state as a shape and a word. */
export function badge(kind, word) {
  return h("span", { class: `badge ${kind}` }, h("span", { "aria-hidden": "true" }, SHAPES[kind]), " ", word);
}

/** The badge of a record's state, in the platform's own word. */
export function stateBadge(state) {
  const kind = Object.keys(STATES).find((name) => STATES[name].includes(state)) ?? "bad";
  return badge(kind, state);
}

/** The badge of a call. */
export function callBadge(call) {
  if (call.status === null || call.faults.some((name) => name === "LoseAnswer" || name === "CutBody")) {
    return badge("broken", t("lost"));
  }
  if (call.status >= 500) return badge("broken", `${call.status} ${t("failed")}`);
  if (call.code && call.status === 202) return badge("wait", `202 ${t("pending")}`);
  if (call.code || call.status >= 400) return badge("bad", `${call.status} ${t("refused")}`);
  return badge("good", `${call.status} ${t("taken")}`);
}

/**
 * JSON as lines. `notes` maps JSON pointers to {kind, text}: what stands there is marked, and the text put behind it.
 */
export function json(value, notes = new Map()) {
  const lines = [];
  const write = (item, pointer, indent, lead, tail) => {
    const pad = "  ".repeat(indent);
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
    return push(pointer, pad, lead, JSON.stringify(item), tail, typeof item);
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
  return h("pre", { class: "code", tabindex: "0" }, lines);
}

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
  if (difference === null) return h("pre", { class: "code", tabindex: "0" }, visible(text));
  const end = Math.min(text.length, difference + 1);
  const at = text.slice(difference, end) || " ";
  return h("pre", { class: "code", tabindex: "0" }, visible(text.slice(0, difference)), h("mark", {}, visible(at)), visible(text.slice(end)));
}
