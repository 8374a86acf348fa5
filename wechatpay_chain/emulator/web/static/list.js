// A list of any length: only the rows that can be seen are in the document.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const OVERSCAN = 4;
// So many rows before the end, older items are asked for.
const AHEAD = 60;
// A page that is open for days forgets the oldest, too.
const MOST = 20_000;

/**
 * @param render makes the row of an item, an element that holds one link.
 * @param idOf names an item.
 * @param empty makes what is shown while there is none.
 * @param more called when the end comes into sight, to bring older items.
 */
export class List {
  constructor({ label, render, idOf, empty, more = () => {}, isReading = () => false }) {
    Object.assign(this, { render, idOf, empty, more, isReading });
    this.items = [];
    this.waiting = [];
    this.made = new WeakMap();
    this.selected = null;
    this.rowHeight = 60;
    this.rows = h("div", { class: "rows", role: "list", "aria-label": label });
    this.space = h("div", { class: "space" }, this.rows);
    this.scroller = h("div", { class: "scroller", tabindex: "-1" }, this.space);
    this.news = h("button", { type: "button", class: "news", hidden: true, onclick: () => this.showNews() });
    this.element = h("div", { class: "list" }, this.news, this.scroller);
    this.scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.scroller);
  }

  /** Show these items, the newest first. */
  set(items) {
    this.items = items;
    this.waiting = [];
    this.schedule();
  }

  /** Take in a new item, or a newer form of one that is there. While somebody reads, a new one waits. */
  put(item) {
    const id = this.idOf(item);
    const at = this.items.findIndex((found) => this.idOf(found) === id);
    const queued = this.waiting.findIndex((found) => this.idOf(found) === id);
    if (at >= 0) this.items[at] = item;
    else if (queued >= 0) this.waiting[queued] = item;
    else if (this.scroller.scrollTop > 4 || this.isReading()) this.waiting.unshift(item);
    else this.items.unshift(item);
    if (this.items.length > MOST) this.items.pop();
    if (this.waiting.length > MOST) this.waiting.pop();
    this.schedule();
  }

  /** Put older items to the end. */
  append(items) {
    this.items.push(...items);
    this.schedule();
  }

  showNews() {
    this.items.unshift(...this.waiting);
    this.waiting = [];
    this.scroller.scrollTop = 0;
    this.draw();
    this.rows.querySelector("a")?.focus();
  }

  /** The address of the item `by` places after the selected one. */
  step(by) {
    if (!this.items.length) return null;
    const at = this.items.findIndex((item) => this.idOf(item) === this.selected);
    const next = at < 0 ? (by > 0 ? 0 : this.items.length - 1) : Math.min(Math.max(at + by, 0), this.items.length - 1);
    return this.items[next];
  }

  /** Mark an item as the one that is open, and bring it into sight. */
  select(id) {
    this.selected = id;
    const at = this.items.findIndex((item) => this.idOf(item) === id);
    if (at >= 0) {
      const top = at * this.rowHeight;
      const { scrollTop, clientHeight } = this.scroller;
      if (top < scrollTop) this.scroller.scrollTop = top;
      else if (clientHeight && top + this.rowHeight > scrollTop + clientHeight) {
        this.scroller.scrollTop = top + this.rowHeight - clientHeight;
      }
    }
    this.schedule();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.scheduled = 0;
    this.news.hidden = !this.waiting.length;
    if (this.waiting.length) this.news.textContent = t("news", this.waiting.length);
    if (!this.items.length) {
      this.space.style.height = "auto";
      this.rows.style.transform = "";
      this.rows.replaceChildren(h("div", { role: "listitem" }, this.empty()));
      return;
    }
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - OVERSCAN);
    const last = Math.min(this.items.length, Math.ceil((scrollTop + (clientHeight || 600)) / this.rowHeight) + OVERSCAN);
    this.space.style.height = `${this.items.length * this.rowHeight}px`;
    this.rows.style.transform = `translateY(${first * this.rowHeight}px)`;
    const focused = document.activeElement?.closest?.(".row")?.dataset.id;
    this.place(this.items.slice(first, last).map((item, index) => this.rowOf(item, first + index + 1)));
    if (focused !== undefined && !this.rows.contains(document.activeElement)) {
      this.rows.querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
    }
    if (last >= this.items.length - AHEAD) this.more();
  }

  /** The row of an item, made once. */
  rowOf(item, position) {
    const id = this.idOf(item);
    let row = this.made.get(item);
    if (!row) {
      row = h("div", { class: "row", role: "listitem", "data-id": id }, this.render(item));
      this.made.set(item, row);
    }
    row.setAttribute("aria-setsize", this.items.length);
    row.setAttribute("aria-posinset", position);
    if (String(id) === String(this.selected)) row.firstChild.setAttribute("aria-current", "true");
    else row.firstChild.removeAttribute("aria-current");
    return row;
  }

  /** Put these rows into the document, and leave those that are there where they are. */
  place(rows) {
    const wanted = new Set(rows);
    for (const row of [...this.rows.children]) if (!wanted.has(row)) row.remove();
    let at = this.rows.firstChild;
    for (const row of rows) {
      if (row === at) at = at.nextSibling;
      else this.rows.insertBefore(row, at);
    }
  }
}
