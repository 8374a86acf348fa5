// Faults, the clock, the platform's keys, and beginning anew.

import { Problem, get, post, remove } from "./api.js";
import { h, toast } from "./dom.js";
import { exact, setClock } from "./format.js";
import { t } from "./i18n.js";
import { section } from "./calls.js";

// The usual bad days: their word, and the rule.
const QUICK = [
  ["tooMany", { effect: "refuse", status: 429, code: "RATELIMIT_EXCEEDED", message: "请求频率超过限制", share: 0.2 }],
  ["systemError", { effect: "refuse", status: 500, code: "SYSTEM_ERROR", share: 0.2 }],
  ["slow", { effect: "delay", seconds: 3 }],
  ["lostAnswer", { effect: "lose-answer", times: 1 }],
  ["forged", { effect: "forge", flaw: "altered" }],
  ["htmlPage", { effect: "page", status: 502 }],
  ["otherKey", { effect: "other-key" }],
  ["skewed", { effect: "skew-clock", seconds: 600 }],
  ["lateNotifications", { effect: "lose-answer", operation: "NOTIFY *" }],
];
const EFFECTS = ["refuse", "delay", "lose-answer", "cut-body", "forge", "page", "other-key", "skew-clock"];
const SPEEDS = [0, 1, 60, 3600, 86400];

/** The view. It has no list: all of it is one page. */
export class Faults {
  constructor(page) {
    this.page = page;
  }

  async load() {}

  filter() {}

  happened() {}

  async act(what) {
    try {
      await what();
      this.page.refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(t("wrong") + problem.message, "bad");
    }
  }

  button(label, act, kind = "") {
    return h("button", { type: "button", class: kind, onclick: () => this.act(act) }, label);
  }

  async show() {
    const [faults, state] = await Promise.all([get("/faults"), get("/state")]);
    setClock(state.clock);
    return [h("h2", {}, t("faultsTitle")), h("div", { class: "columns" }, h("div", {}, this.faults(faults)), h("div", {}, this.clock(state.clock), this.keys(state), this.reset()))];
  }

  faults(faults) {
    return [
      section(
        t("inForce"),
        faults.length
          ? [
              h(
                "ul",
                { class: "plain rules" },
                faults.map((fault) =>
                  h(
                    "li",
                    {},
                    h("div", {}, h("b", {}, fault.effect), " ", h("code", {}, fault.operation), h("span", { class: "hint" }, ` ${describe(fault)} · ${t("struck", fault.struck)}`)),
                    this.button(t("end"), () => remove(`/faults/${fault.number}`)),
                  ),
                ),
              ),
              this.button(t("endAll"), () => remove("/faults")),
            ]
          : h("p", {}, t("noFaults"), " ", h("span", { class: "hint" }, t("noFaultsDo"))),
      ),
      section(
        t("quick"),
        h(
          "div",
          { class: "switches" },
          QUICK.map(([name, rule]) => {
            const found = faults.find((fault) => isSame(fault, rule));
            return h(
              "button",
              { type: "button", role: "switch", "aria-checked": String(Boolean(found)), onclick: () => this.act(() => (found ? remove(`/faults/${found.number}`) : post("/faults", rule))) },
              h("span", { class: "knob", "aria-hidden": "true" }),
              t(name),
            );
          }),
        ),
      ),
      section(t("own"), this.form()),
    ];
  }

  form() {
    const effect = h("select", {}, EFFECTS.map((name) => h("option", {}, name)));
    const operation = h("input", { type: "text", placeholder: "*" });
    const share = h("input", { type: "number", min: "0", max: "1", step: "0.05", value: "1" });
    const times = h("input", { type: "number", min: "1", placeholder: t("always") });
    const details = {
      refuse: { code: h("input", { type: "text", value: "SYSTEM_ERROR" }), status: h("input", { type: "number", value: "500", min: "200", max: "599" }) },
      delay: { seconds: h("input", { type: "number", value: "3", step: "0.1" }) },
      "skew-clock": { seconds: h("input", { type: "number", value: "600" }) },
      forge: { flaw: h("select", {}, ["altered", "probe", "stale", "unsigned"].map((name) => h("option", {}, name))) },
      page: { status: h("input", { type: "number", value: "502", min: "200", max: "599" }) },
    };
    const further = h("span", { class: "further" });
    const choose = () => further.replaceChildren(...Object.entries(details[effect.value] ?? {}).map(([name, input]) => h("label", {}, name, input)));
    effect.addEventListener("change", choose);
    choose();
    return h(
      "form",
      {
        class: "form",
        onsubmit: (event) => {
          event.preventDefault();
          const rule = { effect: effect.value, share: Number(share.value) };
          if (operation.value) rule.operation = operation.value;
          if (times.value) rule.times = Number(times.value);
          for (const [name, input] of Object.entries(details[effect.value] ?? {})) rule[name] = input.type === "number" ? Number(input.value) : input.value;
          this.act(() => post("/faults", rule));
        },
      },
      h("label", {}, t("effect"), effect),
      further,
      h("label", {}, t("operation"), operation, h("span", { class: "hint" }, t("operationHint"))),
      h("label", {}, t("share"), share),
      h("label", {}, t("times"), times),
      h("button", { type: "submit", class: "main" }, t("add")),
    );
  }

  clock(clock) {
    const ahead = Math.round(clock.offset);
    const speed = h("select", { "aria-label": t("speed"), onchange: () => this.act(() => post("/clock", { speed: Number(speed.value) })) });
    speed.append(...[...new Set([...SPEEDS, clock.speed])].sort((a, b) => a - b).map((value) => h("option", { value, selected: value === clock.speed }, value === 0 ? t("stopped") : `${value}×`)));
    return section(
      t("clock"),
      h("p", {}, `${t("worldTime")}${t("colon")}`, h("b", { class: "tabular" }, exact(clock.time)), h("br"), h("span", { class: "hint" }, ahead ? t("ahead", spell(ahead)) : t("inStep"))),
      h(
        "div",
        { class: "buttons" },
        this.button(t("minute"), () => post("/clock", { advance: 60 })),
        this.button(t("hour"), () => post("/clock", { advance: 3600 })),
        this.button(t("day"), () => post("/clock", { advance: 86400 })),
        h("label", { class: "inline" }, t("speed"), speed),
      ),
    );
  }

  keys(state) {
    return section(
      t("keysTitle"),
      h("ul", { class: "plain" }, state.platform_keys.map((serial) => h("li", {}, h("code", {}, serial), serial === state.default_key ? h("span", { class: "certainty proven" }, t("signsNow")) : null))),
      h("div", { class: "buttons" }, this.button(t("rotateCertificate"), () => post("/keys", { kind: "certificate" })), this.button(t("rotatePublic"), () => post("/keys", { kind: "public-key" }))),
    );
  }

  reset() {
    const dialog = h(
      "dialog",
      { "aria-label": t("reset") },
      h("p", {}, t("resetSure")),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => dialog.close() }, t("no")),
        h(
          "button",
          {
            type: "button",
            class: "danger",
            onclick: () => {
              dialog.close();
              this.act(async () => {
                await post("/reset");
                toast(t("done"));
              });
            },
          },
          t("yes"),
        ),
      ),
    );
    return section(
      t("world"),
      h("p", { class: "hint" }, t("resetSure")),
      h("div", { class: "buttons" }, h("button", { type: "button", class: "danger", onclick: () => dialog.showModal() }, t("reset"))),
      dialog,
    );
  }
}

const isSame = (fault, rule) => Object.entries({ operation: "*", share: 1, times: null, ...rule }).every(([name, value]) => fault[name] === value);

function describe(fault) {
  const told = Object.entries(fault).filter(([name, value]) => ["status", "code", "seconds", "flaw", "serial", "kept", "merchant"].includes(name) && value !== "" && value !== null);
  const parts = told.map(([name, value]) => `${name} ${value}`);
  if (fault.share < 1) parts.push(`${Math.round(fault.share * 100)} %`);
  if (fault.times) parts.push(`× ${fault.times}`);
  return parts.join(" · ");
}

function spell(seconds) {
  const days = Math.trunc(seconds / 86400);
  const rest = new Date(Math.abs(seconds % 86400) * 1000).toISOString().slice(11, 19);
  return days ? `${days} d ${rest}` : rest;
}
