// The worker, whose objects cannot reach each other while CUT says so: what they send is refused, or never answered.

import { Shards } from "../../worker/shards.js";

export { default, Shard } from "../../worker/index.js";

const { send } = Shards.prototype;
Shards.prototype.send = function (to, edits) {
  if (this.env.CUT === "refused") return Promise.reject(new Error("unreachable"));
  if (this.env.CUT === "unanswered") return new Promise(() => {});
  return send.call(this, to, edits);
};
