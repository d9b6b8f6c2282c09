// Sockets, black box: every sentence of docs/push.md that can be seen from outside. One file for all chapters, so that
// they share servers. How they are opened, and refused, is in tests/api/sockets.mjs.

import "./pushing.mjs";
import "./messages.mjs";
import "./resuming.mjs";
import "./ending.mjs";
import "./many.mjs";
import "./idle.mjs";
