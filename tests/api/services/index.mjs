// Every chapter of usernames and services.

import "./claims.mjs";
import "./keys.mjs";
import "./publishing.mjs";
import "./fields.mjs";
import "./republishing.mjs";
import "./pool.mjs";
import "./listing.mjs";
import "./deleting.mjs";
import "./queries.mjs";
import "./security.mjs";
import "./bad_input.mjs";
import "./handshake.mjs";
import "./limits.mjs";
import "./misconfigured.mjs";
