// What the server on Durable Objects promises beyond the API, and Workers KV cannot. One file for the chapters that ask
// one server.

import "./thousand.mjs"; // first, so that nothing else is in memory
import "./winners.mjs";
import "./order.mjs";
import "./parked.mjs";
