// Runs a step of one case of durable-cases.js in an object of its own.

import { DurableObject } from "cloudflare:workers";
import { cases } from "./durable-cases.js";

export default {
  async fetch(request, env) {
    const { group, name, step } = await request.json();
    return new Response(await env.OBJECTS.getByName(name).run(group, name, step));
  },
};

export class Case extends DurableObject {
  async run(group, name, step) {
    const { now } = Date;
    const start = now();
    const at = (ms) => (Date.now = () => start + ms);
    at(0);
    try {
      await [cases[group][name]].flat()[step]({ storage: this.ctx.storage, at });
      return "passed";
    } catch (error) {
      return error.stack;
    } finally {
      Date.now = now;
    }
  }

  alarm() {} // those that cases set may ring
}
