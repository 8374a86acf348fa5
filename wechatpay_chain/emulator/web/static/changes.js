// What changed, collected for a moment: a burst of events is one look at the list, and not a request for each.

import { Problem } from "./api.js";

const SOON = 100;
const LATER = 2000;
const MANY = 20;

/** @param one brings what one key names; @param many brings all, and takes in those that the set of keys names. */
export class Changes {
  constructor({ one, many }) {
    Object.assign(this, { one, many, keys: new Set(), timer: 0, pause: SOON });
  }

  add(key) {
    this.keys.add(key);
    this.timer ||= setTimeout(() => this.bring(), this.pause);
  }

  /** Drop what was noted: the list is read anew, or is another one now. */
  drop() {
    this.keys = new Set();
  }

  async bring() {
    const { keys } = this;
    this.keys = new Set();
    try {
      if (keys.size > MANY) await this.many(keys);
      else await Promise.all([...keys].map((key) => this.one(key).catch(forgotten)));
    } catch (problem) {
      forgotten(problem);
    }
    this.pause = keys.size > MANY ? LATER : SOON;
    this.timer = this.keys.size ? setTimeout(() => this.bring(), this.pause) : 0;
  }
}

/** What is gone when it is asked for was forgotten meanwhile, or nobody answers: the page says so by itself. */
function forgotten(problem) {
  if (!(problem instanceof Problem)) throw problem;
}
