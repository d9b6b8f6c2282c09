// The server on Durable Objects, with a clock that tests move, objects that they cut off, and a look into each.

import worker, { Shard as Real } from "../../worker/index.js";

const { now } = Date;
let ahead = 0; // ms, of the clock
let cutOff = ""; // what the names of shards begin with that take nothing

Date.now = () => now() + ahead;

export class Shard extends Real {
  #name;

  take(edits) {
    if (cutOff && edits.some(({ key }) => key.startsWith(cutOff))) throw new Error("cut off");
    return super.take(edits);
  }

  /** What is stored: key by key, with the time until it expires, ms; and the time until the alarm rings. */
  async inside() {
    const { sql } = this.ctx.storage;
    const there = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'facts'").toArray().length > 0;
    const query = "SELECT CAST(key AS TEXT) AS key, expires_at AS at FROM facts ORDER BY key";
    const rows = there ? sql.exec(query).toArray() : [];
    const alarm = await this.ctx.storage.getAlarm();
    return {
      there,
      facts: Object.fromEntries(rows.map(({ key, at }) => [key, at - Date.now()])),
      alarm: alarm === null ? null : alarm - Date.now(),
    };
  }

  put(lives) {
    const edit = ([key, life]) => ({ key, value: "v", expiresAt: Date.now() + life });
    return this.take(Object.entries(lives).map(edit));
  }

  ring() {
    return this.alarm();
  }

  /** The alarm rings, and something is written some turns later. */
  async ringAndPut(turns, lives) {
    const rung = this.alarm();
    for (let turn = 0; turn < turns; turn++) await null;
    await this.put(lives);
    await rung;
  }
}

const controls = {
  ahead: (ms) => (ahead += ms),
  cutOff: (names) => (cutOff = names),
};

export default {
  async fetch(request, env) {
    if (!request.url.endsWith("/__control")) return worker.fetch(request, env);
    const { shard, call, given } = await request.json();
    const done = shard ? env.SHARDS.getByName(shard)[call](...given) : controls[call](...given);
    return Response.json((await done) ?? null);
  },
};
