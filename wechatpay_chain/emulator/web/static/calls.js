// Calls: what came in, what went out, and why it was refused.

import { get } from "./api.js";
import { CAUSES } from "./causes.js";
import { copyButton, h } from "./dom.js";
import { bytes, duration, exact, parse, relative, worldNow } from "./format.js";
import { language, t } from "./i18n.js";
import { List } from "./list.js";
import { callBadge, json, plain, secrets, signedText } from "./marks.js";

// How many calls are asked for at once: few enough that to read them is a short task.
const FIRST = 100;
const PAGE = 400;
const MOST = 20_000;

const words = (call) =>
  [call.method, call.path, call.template, call.operation, call.chain_path, call.mchid, call.status, call.code, call.message, call.number].join(" ").toLowerCase();

function row(call) {
  return h(
    "a",
    { href: `/_emulator/calls/${call.number}`, class: "card" },
    h("span", { class: "first" }, h("b", { class: "method" }, call.method), h("span", { class: "path" }, call.path)),
    h("span", { class: "second" }, callBadge(call), call.code ? h("span", { class: "mono" }, call.code) : null, h("span", { class: "ellipsis" }, operationName(call)), time(call.time)),
  );
}

/** A time, relative; the exact one on hovering. `world`: it is of the world's clock, and not of the real one. */
export function time(seconds, world = false) {
  const text = relative(seconds, world ? worldNow() : undefined);
  return h("time", { datetime: new Date(seconds * 1000).toISOString(), title: exact(seconds), "data-time": seconds, "data-world": world }, text);
}

/** A term and what it is. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}

/** A part of what is shown, with its heading. */
export const section = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);

function causes(call) {
  if (!call.refused) return null;
  const detail = call.detail ?? {};
  return h(
    "section",
    { class: "why" },
    h("h3", {}, t("why")),
    h("p", { class: "message" }, call.code ? [h("b", { class: "mono" }, call.code), " "] : "", call.message),
    detail.field ? h("p", {}, `${t("field")}${t("colon")}`, h("code", {}, detail.field), detail.issue ? ` · ${detail.issue}` : "") : null,
    call.causes.map(told),
  );
}

/** A cause and its remedy; in Chinese by its kind, with what it says in English below. */
function told(cause) {
  const [text, remedy] = (language() === "zh" && CAUSES[cause.name]) || [cause.text, cause.remedy];
  return h(
    "div",
    { class: "cause" },
    h("p", {}, h("span", { class: `certainty ${cause.certainty}` }, t(cause.certainty)), " ", text),
    text === cause.text ? null : h("p", { class: "hint", lang: "en" }, cause.text),
    h("p", { class: "remedy" }, h("b", {}, `${t("remedy")}${t("colon")}`), remedy),
  );
}

/** What an operation is called: officially, or on the English page by its chain. */
const operationName = (call) => (language() === "zh" ? call.operation : call.chain_path) || t("unknownOperation");

function texts(call) {
  const text = call.request_text;
  if (!text) return section(t("signature"), h("p", {}, t(isCut(call.request) ? "signatureCut" : "noSignature")));
  const { verified, signed, difference, fits } = text;
  const parts = [];
  if (signed === null) parts.push(h("p", { class: "problem" }, t(text.serial ? "unknownText" : "unknownSign")), signedText(verified));
  else if (signed === verified) parts.push(h("p", { class: fits ? "" : "problem" }, t(fits ? "sameText" : "sameTextOtherKey")), signedText(verified));
  else {
    const before = verified.slice(0, difference).split("\n");
    parts.push(
      h("p", { class: "problem" }, t("differs", before.length, before.at(-1).length + 1)),
      h(
        "div",
        { class: "beside" },
        h("figure", {}, h("figcaption", {}, t("verifiedText")), signedText(verified, difference)),
        h("figure", {}, h("figcaption", {}, t("signedText")), signedText(signed, difference)),
      ),
    );
  }
  const answered = call.answer_text;
  return section(
    t("signature"),
    facts([
      [t("algorithm"), h("code", {}, text.algorithm)],
      [t("serial"), text.serial ? h("code", {}, text.serial) : ""],
    ]),
    parts,
    h("p", { class: "hint" }, t("lineFeed")),
    answered ? h("details", {}, h("summary", {}, t("answerText")), h("p", {}, `${t("serial")}${t("colon")}`, h("code", {}, answered.serial)), signedText(answered.verified)) : null,
  );
}

const table = (headers) => h("table", { class: "headers" }, h("tbody", {}, Object.entries(headers).map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)))));

function body(call) {
  const { body: text, binary, size } = call.request;
  if (!text && !call.decrypted) return h("p", { class: "hint" }, t("emptyBody"));
  const sent = parsed(text);
  const notes = new Map();
  if (call.detail?.field && call.detail.location === "body") notes.set(call.detail.field, { kind: "fault", text: call.detail.issue ?? call.message });
  const wire = [t("asSent"), binary ? h("p", { class: "hint" }, t("binary", bytes(size)), " ", isCut(call.request) ? t("bodyKept", bytes(call.request.kept)) : "") : h("div", {}, plain(text), kept(call.request))];
  if (!call.decrypted) return sent === undefined ? wire[1] : tabs([[t("body"), json(sent, notes)], wire]);
  const marked = new Map(notes);
  for (const [pointer, cipher] of secrets(sent, call.decrypted)) marked.set(pointer, { kind: "secret", text: `${t("secret")}${cipher.slice(0, 24)}…` });
  const isSealed = marked.size > notes.size;
  return tabs([[t(isSealed ? "decrypted" : "body"), json(call.decrypted, marked)], wire]);
}

function parsed(text) {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** A word that of a long body only the beginning is shown, or was kept. */
const kept = (of) => (of.size > 65_536 && of.body ? h("p", { class: "hint" }, t("bodyCut", bytes(of.size)), " ", isCut(of) ? t("bodyKept", bytes(of.kept)) : "") : null);

const isCut = ({ size, kept: length }) => size > length;

/** One of several contents, chosen by tabs. */
export function tabs(parts) {
  const panel = h("div", { class: "panel", role: "tabpanel" }, parts[0][1]);
  const choose = (index) => {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
    });
    panel.replaceChildren(parts[index][1]);
  };
  const buttons = parts.map(([label], index) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        onclick: () => choose(index),
        onkeydown: (event) => {
          const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!by) return;
          const next = (index + by + parts.length) % parts.length;
          choose(next);
          buttons[next].focus();
        },
      },
      label,
    ),
  );
  choose(0);
  return h("div", { class: "tabs" }, h("div", { role: "tablist" }, buttons), panel);
}

/** The view. `open` leads to an address. */
export class Calls {
  constructor(page) {
    this.page = page;
    this.all = [];
    this.list = new List({
      label: t("calls"),
      render: row,
      idOf: (call) => call.number,
      empty: () => page.empty(t("noCalls"), t("noCallsDo"), "/_emulator/start", t("start")),
      more: () => this.older(),
      isReading: () => page.isOpen,
    });
  }

  async load() {
    this.complete = false;
    this.all = (await get(`/calls?limit=${FIRST}`)).reverse();
    this.filter(this.page.query);
  }

  async older() {
    if (this.loading || this.complete || !this.all.length) return;
    this.loading = true;
    const found = (await get(`/calls?limit=${PAGE}&before=${this.all.at(-1).number}`)).reverse();
    this.complete = found.length < PAGE;
    this.all.push(...found);
    this.list.append(found.filter((call) => this.fits(call)));
    this.loading = false;
  }

  fits(call) {
    return !this.page.query || words(call).includes(this.page.query);
  }

  filter() {
    this.list.set(this.all.filter((call) => this.fits(call)));
  }

  happened(kind, call) {
    if (kind !== "call" || this.all[0]?.number >= call.number) return;
    this.all.unshift(call);
    if (this.all.length > MOST) this.all.pop();
    if (this.fits(call)) this.list.put(call);
  }

  addressOf(call) {
    return `/_emulator/calls/${call.number}`;
  }

  async show(number) {
    const call = await get(`/calls/${encodeURIComponent(number)}`);
    this.list.select(call.number);
    return [
      h("h2", {}, h("b", { class: "method" }, call.method), " ", call.request.target),
      h("p", { class: "official" }, operationName(call), language() === "zh" || !call.operation ? "" : [" · ", h("span", { lang: "zh" }, call.operation)]),
      h("p", {}, callBadge(call)),
      causes(call),
      facts([
        [t("at"), [time(call.time), " · ", exact(call.time)]],
        [t("took"), duration(call.seconds)],
        [t("merchant"), call.mchid || (call.claimed ? t("claimed", call.claimed) : t("nobody"))],
        ["Request-ID", call.request_id ? h("code", {}, call.request_id) : ""],
        [t("faultsMet"), call.faults.join(", ")],
      ]),
      h("div", { class: "buttons" }, copyButton(call.curl, t("copyCurl"), t("copied")), copyButton(call.chain, t("copyChain"), t("copied")), copyButton(location.href, t("copyLink"), t("copied"))),
      texts(call),
      section(t("request"), h("details", {}, h("summary", {}, t("headers")), table(call.request.headers)), body(call)),
      section(
        t("answer"),
        call.response
          ? [h("details", {}, h("summary", {}, t("answerHeaders")), table(call.response.headers)), call.response.body ? answerBody(call.response) : h("p", { class: "hint" }, t("emptyBody"))]
          : h("p", {}, t("lost")),
      ),
      section(t("again"), plain(call.chain), plain(call.curl)),
    ];
  }
}

function answerBody(response) {
  const { body: text, binary, size } = response;
  if (binary) return h("p", { class: "hint" }, t("binary", bytes(size)));
  const told = parsed(text);
  const wire = h("div", {}, plain(text), kept(response));
  return told === undefined ? wire : tabs([[t("body"), json(told)], [t("asSent"), wire]]);
}
