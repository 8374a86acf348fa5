// Orders, refunds, transfers and all else that the platform remembers: its state, its history, and the phone.

import { Problem, get, post } from "./api.js";
import { copyButton, h, toast } from "./dom.js";
import { exact, money } from "./format.js";
import { t } from "./i18n.js";
import { List } from "./list.js";
import { json, stateBadge } from "./marks.js";
import { facts, section, time } from "./calls.js";

// What a payer, or who gets money, can do about a record in a state.
const PHONE = {
  orders: { NOTPAY: ["pay", "cancel", "expire"], USERPAYING: ["pay", "fail", "cancel"], SUCCESS: ["complain"], REFUND: ["complain"] },
  combined_orders: { NOTPAY: ["pay", "cancel", "expire"] },
  transfers: { WAIT_USER_CONFIRM: ["confirm"] },
  service_orders: { CREATED: ["confirm_service"] },
  red_packets: { SENT: ["open_red_packet"] },
};
const HIDDEN = new Set(["announcements"]);
const NUMBERS = ["out_trade_no", "out_refund_no", "out_bill_no", "out_order_no", "mch_billno", "out_request_no", "combine_out_trade_no"];

const kindName = (name) => {
  const word = t(`kind-${name}`);
  return word.startsWith("kind-") ? name : word;
};
const numberOf = (record) => NUMBERS.map((name) => record[name]).find(Boolean) ?? record.key;
const sumOf = (record) => record.total ?? record.refund ?? record.amount ?? null;

function row(record) {
  const sum = sumOf(record);
  return h(
    "a",
    { href: addressOf(record), class: "card" },
    h("span", { class: "first" }, h("span", { class: "path" }, numberOf(record)), Number.isInteger(sum) ? h("span", { class: "sum" }, money(sum)) : null),
    h("span", { class: "second" }, stateBadge(record.state), h("span", { class: "ellipsis" }, record.description ?? record.mchid), time(record.made)),
  );
}

const addressOf = (record) => `/_emulator/records/${record.kind}/${encodeURIComponent(record.key)}`;

/** The view. */
export class Records {
  constructor(page) {
    this.page = page;
    this.all = [];
    this.kind = "orders";
    this.choice = h("select", { "aria-label": t("kind"), onchange: () => page.go(`/_emulator/records/${this.choice.value}`) });
    this.list = new List({
      label: t("records"),
      render: row,
      idOf: (record) => record.key,
      empty: () => this.nothing(),
      isReading: () => page.isOpen,
    });
    this.tools = h("div", { class: "tools" }, this.choice, h("button", { type: "button", class: "quiet", onclick: () => this.make() }, t("makeOrder")));
  }

  nothing() {
    return this.page.empty(t("noRecords"), t("noRecordsDo"));
  }

  async load(kind = this.kind) {
    this.kind = kind;
    const { records } = await get("/state");
    const names = Object.keys(records).filter((name) => !HIDDEN.has(name) && name !== "settings");
    this.choice.replaceChildren(...names.map((name) => h("option", { value: name, selected: name === kind }, `${kindName(name)} (${records[name]})`)));
    this.all = (await get(`/records/${kind}?limit=10000`)).reverse();
    this.filter();
  }

  filter() {
    const { query } = this.page;
    this.list.set(this.all.filter((record) => !query || JSON.stringify(record).toLowerCase().includes(query)));
  }

  async happened(kind, event) {
    if (kind !== "record" || event.kind !== this.kind) return;
    const record = await get(`/records/${event.kind}/${encodeURIComponent(event.key)}`);
    const at = this.all.findIndex((found) => found.key === record.key);
    if (at >= 0) this.all[at] = record;
    else this.all.unshift(record);
    if (!this.page.query || JSON.stringify(record).toLowerCase().includes(this.page.query)) this.list.put(record);
    if (this.shown === record.key) this.page.refresh();
  }

  addressOf(record) {
    return addressOf(record);
  }

  async make() {
    const number = `T${Date.now()}`;
    try {
      await post("/orders", { out_trade_no: number, total: 2900 });
      await this.load("orders");
      this.page.go(addressOf(this.all[0]));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(t("wrong") + problem.message, "bad");
    }
  }

  async act(name, record) {
    try {
      await post(`/phone/${name}`, { what: numberOf(record), mchid: record.mchid });
      toast(t("done"));
      this.page.refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(t("wrong") + problem.message, "bad");
    }
  }

  async show(key, kind) {
    if (kind !== this.kind) await this.load(kind);
    const record = await get(`/records/${kind}/${encodeURIComponent(key)}`);
    this.shown = record.key;
    this.list.select(record.key);
    const { notifications, ...members } = record;
    const acts = PHONE[kind]?.[record.state] ?? [];
    const link = acts.length && record.code ? `${location.origin}/_emulator/pay/${record.code}` : "";
    return [
      h("h2", {}, numberOf(record)),
      h("p", { class: "official" }, record.description ?? ""),
      h("p", {}, stateBadge(record.state)),
      facts([
        [t("merchant"), record.sub_mchid ? `${record.sub_mchid} (${record.mchid})` : record.mchid],
        [t("sum"), Number.isInteger(sumOf(record)) ? money(sumOf(record)) : ""],
        [t("refunded"), record.refunded ? money(record.refunded) : ""],
        [t("at"), [time(record.made), " · ", exact(record.made)]],
      ]),
      acts.length
        ? section(
            t("phone"),
            h(
              "div",
              { class: "buttons" },
              acts.map((name, index) => h("button", { type: "button", class: index ? "" : "main", onclick: () => this.act(name, record) }, t(name))),
            ),
            link
              ? h(
                  "figure",
                  { class: "qr" },
                  h("img", { src: `/_emulator/qr.svg?text=${encodeURIComponent(link)}`, alt: t("scan"), width: "164", height: "164" }),
                  h("figcaption", {}, t("scan"), h("br"), h("a", { href: link, target: "_blank", rel: "noopener" }, t("paymentPage"))),
                )
              : null,
          )
        : null,
      section(
        t("history"),
        h("ol", { class: "timeline" }, (record.history.length ? record.history : [[record.made, record.state]]).map(([at, state]) => h("li", {}, stateBadge(state), " ", time(at), " · ", h("span", { class: "hint" }, exact(at))))),
      ),
      section(
        t("announcements"),
        notifications.length
          ? h("ul", { class: "plain" }, notifications.map((found) => h("li", {}, h("a", { href: `/_emulator/notifications/${found.number}` }, found.kind), " ", stateBadge(found.state))))
          : h("p", { class: "hint" }, t("none")),
      ),
      section(t("details"), json(members)),
      h("div", { class: "buttons" }, copyButton(location.href, t("copyLink"), t("copied"))),
    ];
  }
}
