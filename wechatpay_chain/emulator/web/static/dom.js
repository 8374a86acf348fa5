// Elements, made without any markup: what a merchant sent is text, whatever it looks like.

/** An element. `props` holds attributes, and functions for events: {class: "x", onclick: f}. Falsy children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** Tell a screen reader something, once. */
export function announce(text) {
  const region = document.getElementById("announced");
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/** A short message at the foot of the page, which goes by itself. */
export function toast(text, kind = "good") {
  const shown = h("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(shown);
  announce(text);
  setTimeout(() => shown.remove(), kind === "bad" ? 8000 : 3000);
}

/** A button that copies a text. */
export function copyButton(text, label, copied) {
  return h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: async () => {
        await navigator.clipboard.writeText(text);
        toast(copied);
      },
    },
    label,
  );
}
