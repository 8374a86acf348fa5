// Orders, refunds, transfers and all else that the platform remembers: its state, its history, and the phone.

import { Problem, get, post } from "./api.js";
import { Changes } from "./changes.js";
import { copyButton, h, toast } from "./dom.js";
import { exact, money, setClock } from "./format.js";
import { t } from "./i18n.js";
import { List } from "./list.js";
import { json, stateBadge } from "./marks.js";
import { facts, section, time } from "./calls.js";

// What a payer, or who gets money, can do about a record in a state.
const PHONE = {
  orders: { NOTPAY: ["pay", "cancel", "expire"], USERPAYING: ["pay", "fail", "cancel"], SUCCESS: ["complain"], REFUND: ["complain"] },
  combined_orders: { NOTPAY: ["pay", "expire"] },
  transfers: { WAIT_USER_CONFIRM: ["confirm"] },
  service_orders: { CREATED: ["confirm_service"] },
  red_packets: { SENT: ["open_red_packet"] },
};
const HIDDEN = new Set(["announcements"]);
const NUMBERS = ["out_trade_no", "out_refund_no", "out_bill_no", "out_order_no", "mch_billno", "out_request_no", "out_return_no", "complaint_id", "business_code", "account"];
// The members that name other records: the kind that they are of.
const RELATED = { order: "orders", orders: "orders", combined: "combined_orders", sharing: "sharings", punishment: "punishments" };

const kindName = (name) => {
  const word = t(`kind-${name}`);
  return word.startsWith("kind-") ? name : word;
};
const numberOf = (record) => NUMBERS.map((name) => record[name]).find(Boolean) ?? record.key;
const sumOf = ({ total, amount, content }) => total ?? amount ?? content?.total_amount ?? sumOfParts(content?.sub_orders) ?? sumOfParts(content?.receivers) ?? null;
const sumOfParts = (parts) => (Array.isArray(parts) ? parts.reduce((sum, { amount }) => sum + (amount?.total_amount ?? amount ?? 0), 0) : undefined);

/** What a record is about, in the words of who made it. */
function aboutOf({ description, detail, content }) {
  const { service_introduction: service, business_info: business, punish_reason: punished, recover_reason: recovered, transfer_remark: remark, reason, name } = content ?? {};
  return description || detail || service || business?.merchant_shortname || punished || recovered || remark || reason || name || "";
}

/** Links to the records that a record names. */
function related(record) {
  const named = Object.entries(RELATED).flatMap(([member, kind]) => [record[member]].flat().filter((key) => key && typeof key === "string").map((key) => ({ kind, key })));
  const found = [...named, ...record.related];
  if (!found.length) return null;
  return section(
    t("related"),
    h("ul", { class: "plain" }, found.map((other) => h("li", {}, h("span", { class: "hint" }, `${kindName(other.kind)} `), h("a", { href: addressOf(other) }, other.key), other.state ? [" ", stateBadge(other.state)] : ""))),
  );
}

function row(record) {
  const sum = sumOf(record);
  return h(
    "a",
    { href: addressOf(record), class: "card" },
    h("span", { class: "first" }, h("span", { class: "path" }, numberOf(record)), Number.isInteger(sum) ? h("span", { class: "sum" }, money(sum)) : null),
    h("span", { class: "second" }, stateBadge(record.state), h("span", { class: "ellipsis" }, aboutOf(record) || record.mchid), time(record.made, true)),
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
    this.changes = new Changes({ one: (key) => this.one(key), many: (keys) => this.many(keys) });
    this.tools = h("div", { class: "tools" }, this.choice, h("button", { type: "button", class: "quiet", onclick: () => this.make() }, t("makeOrder")));
  }

  nothing() {
    return this.page.empty(t("noRecords"), t("noRecordsDo"));
  }

  async load(kind = this.kind) {
    this.kind = kind;
    this.changes.drop(); // keys of another kind would be asked for among these
    await this.count();
    this.all = await this.newest();
    this.filter();
  }

  async newest() {
    return (await get(`/records/${encodeURIComponent(this.kind)}?limit=10000`)).reverse();
  }

  /** How many there are of each kind. */
  async count() {
    const { records, clock } = await get("/state");
    setClock(clock);
    const names = Object.keys(records).filter((name) => !HIDDEN.has(name) && name !== "settings");
    this.choice.replaceChildren(...names.map((name) => h("option", { value: name, selected: name === this.kind }, `${kindName(name)} (${records[name]})`)));
  }

  fits(record) {
    const { query } = this.page;
    return !query || JSON.stringify(record).toLowerCase().includes(query);
  }

  filter() {
    this.list.set(this.all.filter((record) => this.fits(record)));
  }

  happened(kind, event) {
    if (kind === "record" && event.kind === this.kind) this.changes.add(event.key);
  }

  async one(key) {
    const { kind } = this;
    const record = await get(`/records/${kind}/${encodeURIComponent(key)}`);
    if (kind !== this.kind) return;
    const at = this.all.findIndex((found) => found.key === record.key);
    if (at >= 0) this.all[at] = record;
    else {
      this.all.unshift(record);
      await this.count();
    }
    if (this.fits(record)) this.list.put(record);
    if (this.shown === record.key) this.page.refresh();
  }

  async many(keys) {
    const { kind } = this;
    const found = await this.newest();
    if (kind !== this.kind) return;
    this.all = found;
    await this.count();
    for (const record of found.filter(({ key }) => keys.has(key)).reverse()) if (this.fits(record)) this.list.put(record);
    if (keys.has(this.shown)) this.page.refresh();
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
      const made = await post(`/phone/${name}`, { what: numberOf(record), mchid: record.mchid });
      toast(t(name !== "complain" && made.state === record.state ? "unchanged" : "done", made.state));
      if (name === "complain") this.page.go(addressOf({ kind: "complaints", key: made.complaint_id }));
      else this.page.refresh();
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
    const { notifications, related: _, ...members } = record;
    const acts = PHONE[kind]?.[record.state] ?? [];
    const link = acts.includes("pay") && record.code ? `${location.origin}/_emulator/pay/${record.code}` : "";
    return [
      h("h2", {}, numberOf(record)),
      h("p", { class: "official" }, aboutOf(record)),
      h("p", {}, stateBadge(record.state)),
      facts([
        [t("merchant"), record.sub_mchid ? `${record.sub_mchid} (${record.mchid})` : record.mchid],
        [t("sum"), Number.isInteger(sumOf(record)) ? money(sumOf(record)) : ""],
        [t("refunded"), record.refunded ? money(record.refunded) : ""],
        [t("at"), [time(record.made, true), " · ", exact(record.made)]],
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
        h("ol", { class: "timeline" }, (record.history.length ? record.history : [[record.made, record.state]]).map(([at, state]) => h("li", {}, stateBadge(state), " ", time(at, true), " · ", h("span", { class: "hint" }, exact(at))))),
      ),
      section(
        t("announcements"),
        notifications.length
          ? h("ul", { class: "plain" }, notifications.map((found) => h("li", {}, h("a", { href: `/_emulator/notifications/${found.number}` }, found.kind), " ", stateBadge(found.state))))
          : h("p", { class: "hint" }, t("none")),
      ),
      related(record),
      section(t("details"), json(members)),
      h("div", { class: "buttons" }, copyButton(location.href, t("copyLink"), t("copied"))),
    ];
  }
}
