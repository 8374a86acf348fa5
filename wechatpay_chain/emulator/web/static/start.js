// Start: the settings of a merchant, its key files, and the first call in six languages.

import { Problem, get, post } from "./api.js";
import { copyButton, h, toast } from "./dom.js";
import { t } from "./i18n.js";
import { section, tabs } from "./calls.js";

/** The view. It has no list. */
export class Start {
  constructor(page) {
    this.page = page;
  }

  async load() {}

  filter() {}

  happened() {}

  async show(mchid) {
    const state = await get("/state");
    const chosen = mchid ?? state.merchants[0].mchid;
    const told = await get(`/first-steps?mchid=${encodeURIComponent(chosen)}&base_url=${encodeURIComponent(location.origin)}`);
    const choice = h("select", { "aria-label": t("merchant"), onchange: () => this.page.go(`/_emulator/start/${choice.value}`) });
    choice.append(...state.merchants.map(({ mchid: number, role }) => h("option", { value: number, selected: number === chosen }, `${number} · ${t(role)}`)));
    return [
      h("h2", {}, t("start")),
      h("p", { class: "lead" }, t("startLead")),
      h("div", { class: "buttons" }, h("label", { class: "inline" }, t("merchant"), choice)),
      section(t("settings"), h("p", { class: "hint" }, t("settingsFile")), h("pre", { class: "code", tabindex: "0" }, told.settings), h("div", { class: "buttons" }, copyButton(told.settings, t("copy"), t("copied")), saveButton("wechatpay.env", told.settings))),
      section(t("files"), h("p", { class: "hint" }, t("filesLead")), h("div", { class: "buttons" }, Object.entries(told.files).map(([name, content]) => saveButton(name, content)))),
      section(t("firstCall"), tabs(Object.entries(told.programs).map(([language, program]) => [language, h("div", {}, h("pre", { class: "code", tabindex: "0" }, program), h("div", { class: "buttons" }, copyButton(program, t("copy"), t("copied"))))]))),
      section(t("addMerchant"), this.form()),
    ];
  }

  form() {
    const number = h("input", { type: "text", inputmode: "numeric", pattern: "[0-9]{8,10}", required: true, placeholder: "1900000110" });
    const role = h("select", {}, ["direct", "partner", "brand"].map((name) => h("option", { value: name }, t(name))));
    return h(
      "form",
      {
        class: "form",
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            await post("/merchants", { mchid: number.value, role: role.value });
            this.page.go(`/_emulator/start/${number.value}`);
          } catch (problem) {
            if (!(problem instanceof Problem)) throw problem;
            toast(t("wrong") + problem.message, "bad");
          }
        },
      },
      h("label", {}, t("mchid"), number),
      h("label", {}, t("role"), role),
      h("button", { type: "submit", class: "main" }, t("add")),
    );
  }
}

function saveButton(name, content) {
  return h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => {
        const url = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
        h("a", { href: url, download: name }).click();
        URL.revokeObjectURL(url);
      },
    },
    `${t("download")} ${name}`,
  );
}
