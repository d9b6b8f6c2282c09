// Calls the imports that worker/core.js hands to the module, on bytes in the module's memory.
//
// POST {"secret": hex, "calls": [[import, hex, ...], ...]} answers what each call gave: a number, or for hmac the digest.

import module from "../../build/core.wasm";
import { Core } from "../../worker/core.js";

const PAGE = 65536; // bytes

let imports;
/** @type {WebAssembly.Memory} */ let memory;
const { Instance } = WebAssembly;
WebAssembly.Instance = function (wasm, given) {
  const made = new Instance(wasm, given);
  [imports, memory] = [given.host, made.exports.memory];
  return made;
};

let free = 0; // from here on the memory is the test's

/** Puts the bytes one behind the other; where each of them is, and where they end. */
function put(given) {
  const places = [free];
  for (const bytes of given) {
    new Uint8Array(memory.buffer).set(bytes, places.at(-1));
    places.push(places.at(-1) + bytes.length);
  }
  return places;
}

const calls = {
  hmac(message) {
    const [at, digest] = put([message]);
    const len = imports.hmac(at, message.length, digest);
    return Buffer.from(memory.buffer, digest, len).toString("hex");
  },
  equal: (...given) => imports.equal(...put(given).slice(0, 2), given[0].length),
  verify(...given) {
    const [key, signature, message] = put(given);
    return imports.verify(key, signature, message, given[2].length);
  },
  secretLen: () => imports.secretLen(),
};

const bytesOf = (hex) => Buffer.from(hex, "hex");

/** As text, which is how the secret comes; those of the vectors that are none, as bytes. */
function secretOf(hex) {
  const text = bytesOf(hex).toString();
  return Buffer.from(text).equals(bytesOf(hex)) ? text : bytesOf(hex);
}

export default {
  async fetch(request) {
    const asked = await request.json();
    new Core(module, secretOf(asked.secret));
    free = memory.grow(1) * PAGE;
    return Response.json(asked.calls.map(([name, ...given]) => calls[name](...given.map(bytesOf))));
  },
};
