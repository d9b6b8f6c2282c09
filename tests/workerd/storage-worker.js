// Runs one case of tests/storage/suite.json: over kv/workers-kv.js in a namespace of its own, or over kv/durable.js in an
// object of its own.

import { DurableObject } from "cloudflare:workers";
import assert from "node:assert/strict";
import { Durable } from "../../kv/durable.js";
import { WorkersKv } from "../../kv/workers-kv.js";

const LIFE = 300_000; // ms, where a step names no expiry
const PAGE_BYTES = 512 * 1024; // STORAGE_PAGE_BYTES in src/storage.h

export default {
  async fetch(request, env) {
    const { backEnd, name, steps } = await request.json();
    return new Response(
      backEnd === "durable"
        ? await env.OBJECTS.getByName(name).run(steps)
        : await run(steps, () => new WorkersKv(env[name])),
    );
  },
};

export class Case extends DurableObject {
  /** Its clock stands still, but where a step says what time it is. */
  async run(steps) {
    const { now } = Date;
    const start = now();
    const store = new Durable(this.ctx.storage);
    const clock = (since) => (Date.now = () => start + since);
    clock(0);
    try {
      return await run(steps, () => store, clock);
    } finally {
      Date.now = now;
    }
  }
}

/** @param {any[]} steps @param {() => any} open the store, as one request sees it
 *  @param {(since: number) => void} [clock] sets it, in ms since the case began */
async function run(steps, open, clock) {
  const suite = new Suite(open, clock);
  for (const [i, step] of steps.entries()) {
    try {
      await suite.run(step);
    } catch (error) {
      return `step ${i + 1}: ${error.stack}`;
    }
  }
  return "passed";
}

class Suite {
  #open;
  #clock;
  #start = Date.now();

  constructor(open, clock) {
    this.#open = open;
    this.#clock = clock;
  }

  get #store() {
    return this.#open();
  }

  async run({ gives, now = 0, ...step }) {
    this.#clock?.(now);
    const [[kind, given]] = Object.entries(step);
    await this[kind](given, gives);
  }

  #expiresAt = (expiresIn = LIFE) => this.#start + expiresIn;

  async apply(edits) {
    const make = ({ key, value, expiresIn }) => ({
      key: text(key),
      value: text(value),
      expiresAt: this.#expiresAt(expiresIn),
    });
    await this.#store.apply(edits.map(make));
  }

  async fill(fill) {
    const facts = filled(fill).map((fact) => ({ ...fact, expiresAt: this.#expiresAt() }));
    for (let i = 0; i < facts.length; i += 100) await this.#store.apply(facts.slice(i, i + 100));
  }

  async read(keys, gives) {
    const { facts } = await this.#store.read(keys.map(text));
    assert.equal(facts.length, keys.length);
    for (const [i, fact] of facts.entries()) {
      const wanted = gives[i]?.value === undefined ? { value: gives[i] } : gives[i];
      assert.equal(fact.key, text(keys[i]));
      assertText(fact.value, text(wanted.value));
      if (fact.value !== null) assert.equal(fact.expiresAt, this.#expiresAt(wanted.expiresIn));
    }
  }

  async readFill(fill) {
    const { facts } = await this.#store.read(filled(fill).map(({ key }) => key));
    this.#assertFacts(facts, { fill });
  }

  async count(prefix, gives) {
    assert.equal(await this.#store.count(text(prefix), false), gives);
  }

  async countGroups(prefix, gives) {
    assert.equal(await this.#store.count(text(prefix), true), gives);
  }

  async list(list, gives) {
    const page = await this.#page(this.#store, list, text(list.after));
    this.#assertFacts(page.facts, gives);
    assert.equal(page.more, gives.more, "more");
  }

  /** Once as one request, and once with a request for each page. */
  async walk(list, gives) {
    const one = this.#store;
    for (const store of [() => one, () => this.#store]) {
      const facts = [];
      let pages = 0;
      for (let more = true; more; pages++) {
        const page = await this.#page(store(), list, facts.at(-1)?.key ?? "");
        assert.ok(page.facts.length > 0 || !page.more, "an empty page that is not the last");
        facts.push(...page.facts);
        more = page.more;
      }
      this.#assertFacts(facts, gives);
      assert.equal(pages, gives.pages ?? pages);
      assert.ok(pages >= (gives.atLeast ?? 0), `only ${pages} pages`);
    }
  }

  async #page(store, list, after) {
    const page = await store.list(text(list.prefix), after, list.limit);
    assert.ok(page.facts.length <= list.limit);
    let bytes = 0;
    for (const { key, value } of page.facts) {
      assert.ok(bytes < PAGE_BYTES, `${page.facts.length} facts in a page that was full before`);
      bytes += Buffer.byteLength(key) + Buffer.byteLength(value ?? "");
    }
    return page;
  }

  #assertFacts(facts, gives) {
    const wanted = gives.fill ? filled(gives.fill) : gives.keys.map((key) => ({ key: text(key) }));
    assert.deepEqual(
      facts.map(({ key }) => key),
      wanted.map(({ key }) => key),
    );
    for (const [i, fact] of facts.entries()) {
      if (gives.values) assertText(fact.value, text(gives.values[i]));
      else if (gives.fill) assertText(fact.value, wanted[i].value);
      if (gives.expiresIn) assert.equal(fact.expiresAt, this.#expiresAt(gives.expiresIn[i]));
    }
  }
}

/** A text of the suite: a string, {repeat, times}, or a list of texts. */
function text(item) {
  if (item === null || item === undefined || typeof item === "string") return item ?? null;
  return Array.isArray(item) ? item.map(text).join("") : item.repeat.repeat(item.times);
}

function filled({ prefix, count, value }) {
  const key = (i) => text(prefix) + String(i).padStart(5, "0");
  return Array.from({ length: count }, (_, i) => ({ key: key(i), value: text(value) }));
}

/** As assert.equal, without printing what is large. */
function assertText(is, wanted) {
  if (is === wanted) return;
  const show = (value) => JSON.stringify(value)?.slice(0, 40) + ` (${value?.length})`;
  assert.fail(`${show(is)} is not ${show(wanted)}`);
}
