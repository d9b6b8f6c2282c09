// Every chapter of peers and offers.

import "./credentials.mjs";
import "./publishing.mjs";
import "./discovery.mjs";
import "./bloom.mjs";
import "./own_offers.mjs";
import "./answers.mjs";
import "./candidates.mjs";
import "./directory.mjs";
import "./bad_input.mjs";
