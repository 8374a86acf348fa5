// Notifications: where they went, what the shop answered, and sending them again.

import { Problem, get, post } from "./api.js";
import { Changes } from "./changes.js";
import { copyButton, h, toast } from "./dom.js";
import { duration, exact, setClock } from "./format.js";
import { t } from "./i18n.js";
import { List } from "./list.js";
import { badge, json, stateBadge } from "./marks.js";
import { facts, section, time } from "./calls.js";

// How the emulator says that an address leads out of this machine.
const ELSEWHERE = /^(\S+) is not this machine/;
const FLAWS = ["altered", "probe", "stale", "unsigned"];

function row(found) {
  return h(
    "a",
    { href: `/_emulator/notifications/${found.number}`, class: "card" },
    h("span", { class: "first" }, h("span", { class: "path" }, found.kind), h("span", { class: "mono" }, found.about[1])),
    h("span", { class: "second" }, stateBadge(found.state), h("span", { class: "ellipsis" }, found.notify_url || t("noAddress")), time(found.made, true)),
  );
}

/** The view. */
export class Notifications {
  constructor(page) {
    this.page = page;
    this.all = [];
    this.list = new List({
      label: t("notifications"),
      render: row,
      idOf: (found) => found.number,
      empty: () => page.empty(t("noNotifications"), t("noNotificationsDo")),
      isReading: () => page.isOpen,
    });
    this.changes = new Changes({ one: (number) => this.one(number), many: (numbers) => this.many(numbers) });
    this.held = false;
    this.holding = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => this.hold() }, t("hold"));
    this.tools = h("div", { class: "tools" }, this.form(), this.holding);
  }

  form() {
    const kind = h("input", { type: "text", value: "TRANSACTION.SUCCESS", "aria-label": t("triggerKind"), size: "20" });
    const url = h("input", { type: "url", placeholder: "http://127.0.0.1:8000/notify", "aria-label": t("triggerUrl"), size: "20" });
    return h(
      "details",
      { class: "menu" },
      h("summary", {}, t("trigger")),
      h(
        "form",
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.attempt(async () => {
              const made = await post("/notifications", { kind: kind.value, ...(url.value ? { notify_url: url.value } : {}) });
              this.page.go(`/_emulator/notifications/${made.number}`);
            });
          },
        },
        h("label", {}, t("triggerKind"), kind),
        h("label", {}, t("triggerUrl"), url),
        h("button", { type: "submit", class: "main" }, t("send")),
      ),
    );
  }

  async attempt(act) {
    try {
      await act();
      toast(t("sent"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(t("wrong") + problem.message, "bad");
    }
  }

  async hold() {
    this.showHeld((await post("/hold", { held: !this.held })).held);
  }

  showHeld(held) {
    this.held = held;
    this.holding.textContent = t(this.held ? "release" : "hold");
    this.holding.setAttribute("aria-pressed", String(this.held));
  }

  async load() {
    const state = await get("/state");
    setClock(state.clock);
    this.showHeld(state.held);
    this.all = await this.newest();
    this.filter();
  }

  async newest() {
    return (await get("/notifications?limit=10000")).reverse();
  }

  fits(found) {
    const { query } = this.page;
    return !query || JSON.stringify(found).toLowerCase().includes(query);
  }

  filter() {
    this.list.set(this.all.filter((found) => this.fits(found)));
  }

  happened(kind, event) {
    if (kind === "record" && event.kind === "announcements") this.changes.add(event.key);
  }

  async many(numbers) {
    this.all = await this.newest();
    for (const found of this.all.filter(({ number }) => numbers.has(number)).reverse()) if (this.fits(found)) this.list.put(found);
    if (numbers.has(this.shown)) this.page.refresh();
  }

  async one(number) {
    const found = await get(`/notifications/${number}`);
    const at = this.all.findIndex((known) => known.number === found.number);
    if (at >= 0) this.all[at] = found;
    else this.all.unshift(found);
    if (this.fits(found)) this.list.put(found);
    if (this.shown === found.number) this.page.refresh();
  }

  addressOf(found) {
    return `/_emulator/notifications/${found.number}`;
  }

  async show(number) {
    const found = await get(`/notifications/${encodeURIComponent(number)}`);
    this.shown = found.number;
    this.list.select(found.number);
    const [table, key] = found.about;
    const flaw = h("select", { "aria-label": t("sendWrong") }, FLAWS.map((name) => h("option", { value: name }, t(name))));
    const send = (body) => this.attempt(() => post(`/notifications/${number}/send`, body));
    return [
      h("h2", {}, found.kind),
      h("p", { class: "official" }, found.summary),
      h("p", {}, stateBadge(found.state)),
      facts([
        [t("to"), found.notify_url ? h("code", {}, found.notify_url) : t("noAddress")],
        [t("merchant"), found.mchid],
        [t("at"), [time(found.made, true), " · ", exact(found.made)]],
        [t("next"), found.due ? [time(found.due, true), " · ", exact(found.due)] : ""],
        [t("about"), table && key ? h("a", { href: `/_emulator/records/${table}/${encodeURIComponent(key)}` }, `${t(`kind-${table}`)} ${key}`) : ""],
        ["id", h("code", {}, found.number)],
      ]),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "main", onclick: () => send({}) }, t("sendAgain")),
        h("span", { class: "group" }, flaw, h("button", { type: "button", onclick: () => send({ flaw: flaw.value }) }, t("sendWrong"))),
        copyButton(location.href, t("copyLink"), t("copied")),
      ),
      section(
        t("attempts"),
        found.attempts.length
          ? h("ol", { class: "timeline" }, found.attempts.map((attempt, index) => attemptItem(attempt, index)))
          : h("p", { class: "hint" }, t("noAttempts")),
      ),
      section(t("resource"), json(found.resource)),
    ];
  }
}

/** Why an attempt got no answer; the usual reason in the language of the page. */
function obstacle(error) {
  const elsewhere = ELSEWHERE.exec(error ?? "");
  return elsewhere ? t("elsewhere", elsewhere[1]) : error;
}

function attemptItem(attempt, index) {
  const { time: at, seconds, status, error, flaw, ...more } = attempt;
  const told = status === undefined || status === null ? (obstacle(error) ?? t("lost")) : `HTTP ${status}`;
  return h(
    "li",
    {},
    h("b", {}, t("attempt", index + 1)),
    " ",
    badge(attempt.taken ? "good" : "bad", told),
    flaw ? h("span", { class: "certainty possible" }, t(flaw)) : null,
    at ? [" · ", time(at, true)] : null,
    seconds !== undefined && seconds !== null ? ` · ${duration(seconds)}` : null,
    Object.keys(more).length ? h("details", {}, h("summary", {}, t("details")), json(attempt)) : null,
  );
}
