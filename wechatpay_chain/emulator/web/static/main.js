// The page: its frame, its addresses, its keys, and what happens meanwhile.

import { Problem, get, listen } from "./api.js";
import { Calls } from "./calls.js";
import { announce, h, toast } from "./dom.js";
import { Faults } from "./faults.js";
import { exact, relative, setClock, worldNow } from "./format.js";
import { language, switchLanguage, t } from "./i18n.js";
import { Notifications } from "./notifications.js";
import { Records } from "./records.js";
import { Start } from "./start.js";

const BASE = "/_emulator";
const THEME = "wechatpay-emulator-theme";
const SECTIONS = { calls: Calls, records: Records, notifications: Notifications, faults: Faults, start: Start };
const WITH_LIST = new Set(["calls", "records", "notifications"]);
const KEYS = [
  ["j", "keyNext"],
  ["k", "keyPrevious"],
  ["/", "keySearch"],
  ["Esc", "keyClose"],
  ["1 – 5", "keySections"],
  ["?", "keyHelp"],
];

class Page {
  constructor() {
    this.query = "";
    this.isOpen = false;
    this.build();
    window.addEventListener("popstate", () => this.arrive());
    document.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("click", (event) => this.clicked(event));
    setInterval(() => this.tick(), 1000);
    this.missed = false;
    listen({
      live: (isLive) => this.connected(isLive),
      call: (call) => this.happened("call", call),
      record: (event) => this.happened("record", event),
      missed: () => this.reload(),
    });
    this.arrive();
  }

  build() {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = t("title");
    this.views = Object.fromEntries(Object.entries(SECTIONS).map(([name, View]) => [name, new View(this)]));
    this.links = Object.fromEntries(Object.keys(SECTIONS).map((name) => [name, h("a", { href: `${BASE}/${name}` }, t(name))]));
    this.status = h("span", { class: "status", role: "status" });
    this.search = h("input", { type: "search", placeholder: t("searchHint"), "aria-label": t("search"), oninput: () => this.searched(), value: this.query });
    this.listing = h("div", { class: "listing" });
    this.detail = h("article", { class: "detail", tabindex: "-1", "aria-label": t("details") });
    this.help = h("dialog", { class: "help", "aria-label": t("keys") }, h("h2", {}, t("keys")), h("dl", { class: "facts" }, KEYS.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(text))))), h("button", { type: "button", onclick: () => this.help.close() }, t("close")));
    this.main = h("main", { id: "content" }, this.listing, this.detail);
    document.body.replaceChildren(
      h("a", { class: "skip", href: "#content" }, t("skip")),
      h(
        "header",
        {},
        h("a", { class: "brand", href: `${BASE}/calls` }, h("img", { src: `${BASE}/static/icon.svg`, alt: "", width: "24", height: "24" }), h("h1", {}, t("title"))),
        h("nav", { "aria-label": t("sections") }, Object.values(this.links)),
        h(
          "div",
          { class: "switches-of-page" },
          this.status,
          h("button", { type: "button", class: "quiet", onclick: () => this.speakOther() }, t("other")),
          h("button", { type: "button", class: "quiet", onclick: () => this.theme() }, t(isDark() ? "light" : "dark")),
          h("button", { type: "button", class: "quiet", "aria-label": t("keys"), onclick: () => this.help.showModal() }, "?"),
        ),
      ),
      this.main,
      this.help,
      h("div", { id: "announced", class: "unseen", "aria-live": "polite" }),
      h("div", { id: "toasts" }),
    );
  }

  /** What is shown where there is nothing: what to do next. */
  empty(title, text, href = "", label = "") {
    const isFiltered = Boolean(this.query);
    return h(
      "div",
      { class: "empty" },
      h("p", { class: "empty-title" }, isFiltered ? t("noMatch") : title),
      h("p", {}, isFiltered ? t("noMatchDo") : text),
      href && !isFiltered ? h("a", { class: "button main", href }, label) : null,
    );
  }

  /** Go to an address of this page. */
  go(address) {
    if (address !== location.pathname) history.pushState(null, "", address);
    return this.arrive();
  }

  /** Show what the address says. */
  async arrive() {
    const [section = "", ...rest] = location.pathname.slice(BASE.length + 1).split("/").map(decoded);
    const name = Object.hasOwn(SECTIONS, section) ? section : "calls";
    const view = this.views[name];
    const changed = this.view !== view;
    this.view = view;
    for (const [found, link] of Object.entries(this.links)) {
      if (found === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.main.className = WITH_LIST.has(name) ? "" : "whole";
    const kind = name === "records" ? rest.shift() : undefined;
    const key = rest.join("/");
    if (changed) {
      document.title = `${t(name)} · ${t("title")}`;
      this.listing.replaceChildren(...(WITH_LIST.has(name) ? [h("div", { class: "tools search" }, this.search, view.tools ?? ""), view.list.element] : []));
      await this.reload(kind);
    } else if (kind && view.kind !== kind) await this.reload(kind);
    await this.open(key, kind);
  }

  /** Read the list of the view anew. */
  async reload(kind) {
    try {
      await this.view.load(kind);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(t("wrong") + problem.message, "bad");
    }
  }

  async open(key, kind) {
    const needsKey = this.main.className === "";
    this.isOpen = needsKey && Boolean(key);
    this.main.classList.toggle("open", this.isOpen);
    this.view.shown = null;
    if (needsKey && !key) {
      this.view.list.select(null);
      this.detail.replaceChildren(h("p", { class: "empty" }, t("choose")));
      return;
    }
    const wanted = (this.wanted = Symbol(key));
    let content;
    try {
      content = await this.view.show(key || undefined, kind ?? this.view.kind);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      content = [h("p", { class: "problem", role: "alert" }, t("notFound")), h("p", { class: "hint" }, problem.message)];
    }
    if (wanted !== this.wanted) return;
    const isSame = this.lastOpened === location.pathname;
    const before = isSame ? kept(this.detail) : null;
    const isHidden = this.isOpen && !isSame && getComputedStyle(this.listing).display === "none";
    this.detail.replaceChildren(
      ...[needsKey ? h("button", { type: "button", class: "back quiet", onclick: () => this.closeDetail() }, `← ${t("back")}`) : "", content].flat().filter(Boolean),
    );
    if (before) before();
    else this.detail.scrollTop = 0;
    // The row that was chosen is out of sight, and the focus with it.
    if (isHidden) this.detail.focus();
    this.lastOpened = location.pathname;
  }

  /** Show the same once more, after it has changed. */
  refresh() {
    return this.arrive();
  }

  closeDetail() {
    const section = location.pathname.slice(BASE.length + 1).split("/")[0];
    const { selected } = this.view.list;
    this.go(section === "records" ? `${BASE}/records/${this.view.kind}` : `${BASE}/${section}`);
    this.view.list.rows.querySelector(`[data-id="${CSS.escape(String(selected))}"] a`)?.focus();
  }

  searched() {
    this.query = this.search.value.trim().toLowerCase();
    this.view.filter();
  }

  happened(kind, event) {
    this.view.happened(kind, event);
  }

  connected(isLive) {
    this.status.replaceChildren(h("span", { "aria-hidden": "true" }, isLive ? "● " : "○ "), t(isLive ? "live" : "offline"));
    this.status.classList.toggle("off", !isLive);
    if (isLive && this.missed) this.reload();
    this.missed = !isLive;
    if (isLive) this.setClock();
  }

  async setClock() {
    try {
      setClock((await get("/state")).clock);
      this.tick();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }

  /** Times that are told in words go on. */
  tick() {
    for (const time of document.querySelectorAll("time[data-time]")) {
      const text = relative(Number(time.dataset.time), "world" in time.dataset ? worldNow() : undefined);
      if (time.textContent !== text) time.textContent = text;
      time.title = exact(Number(time.dataset.time));
    }
  }

  speakOther() {
    switchLanguage();
    this.view = undefined;
    this.build();
    this.connected(!this.missed);
    this.arrive();
  }

  theme() {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(THEME, next);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    this.view = undefined;
    this.build();
    this.connected(!this.missed);
    this.arrive();
  }

  clicked(event) {
    const link = event.target.closest("a[href]");
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    const [section] = url.pathname.slice(BASE.length + 1).split("/");
    if (url.origin !== location.origin || !Object.hasOwn(SECTIONS, section) || url.hash) return;
    event.preventDefault();
    this.go(url.pathname);
  }

  pressed(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && event.target === this.search) {
      this.search.value = "";
      this.searched();
      this.search.blur();
      return;
    }
    if (isTyping || document.querySelector("dialog[open]")) return;
    const sections = Object.keys(SECTIONS);
    if (event.key === "/" && this.view.list) {
      event.preventDefault();
      this.search.focus();
      this.search.select();
    } else if (event.key === "?") this.help.showModal();
    else if (event.key === "Escape" && this.isOpen) this.closeDetail();
    else if ((event.key === "j" || event.key === "k") && this.view.list) {
      const item = this.view.list.step(event.key === "j" ? 1 : -1);
      if (!item) return;
      this.view.list.select(this.view.list.idOf(item));
      this.go(this.view.addressOf(item)).then(() => announce(this.detail.querySelector("h2")?.textContent ?? ""));
    } else if (/^[1-5]$/.test(event.key)) this.go(`${BASE}/${sections[Number(event.key) - 1]}`);
  }
}

/** A part of an address; as it stands where it is no encoded text. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What puts the focus and what was unfolded back, once the same is shown anew. */
function kept(detail) {
  const focused = detail.contains(document.activeElement) ? document.activeElement.textContent : null;
  const open = [...detail.querySelectorAll("details")].map((found) => found.open);
  const chosen = [...detail.querySelectorAll("[role=tablist]")].map((tabs) => [...tabs.children].findIndex((tab) => tab.ariaSelected === "true"));
  const { scrollTop } = detail;
  return () => {
    detail.querySelectorAll("details").forEach((found, index) => (found.open = Boolean(open[index])));
    detail.querySelectorAll("[role=tablist]").forEach((tabs, index) => chosen[index] > 0 && tabs.children[chosen[index]]?.click());
    detail.scrollTop = scrollTop;
    if (focused === null) return;
    const same = [...detail.querySelectorAll("button, a, summary, select")].find((found) => found.textContent === focused);
    (same ?? detail).focus({ preventScroll: true });
  };
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

try {
  const chosen = localStorage.getItem(THEME);
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's theme is taken.
}

new Page();
