// The API, black box: every sentence of the contracts that can be seen from outside. One file for
// all chapters, so that they share servers; `node --test tests/api/topics.mjs` runs one of them.

import "./documented.mjs";
import "./examples.mjs";
import "./general.mjs";
import "./cors.mjs";
import "./topics.mjs";
import "./offers.mjs";
import "./lists.mjs";
import "./handshake.mjs";
import "./waiting.mjs";
import "./isolation.mjs";
import "./bad_input.mjs";
import "./large_bodies.mjs";
import "./limits.mjs";
import "./misconfigured.mjs";
import "./rooms/doors.mjs";
import "./rooms/handshake.mjs";
import "./rooms/candidates.mjs";
import "./rooms/rights.mjs";
import "./rooms/polling.mjs";
import "./rooms/bad_input.mjs";
import "./rooms/surface.mjs";
import "./rooms/expiry.mjs";
import "./rooms/budgets.mjs";
import "./rooms/crowd.mjs";
import "./peers/index.mjs";
import "./services/index.mjs";
import "./stores.mjs";
import "./sockets.mjs";
import "./coverage.mjs";
