// What the server on Durable Objects promises beyond the API, and Workers KV cannot. One file for the chapters that ask
// one server.

import "./winners.mjs";
import "./order.mjs";
