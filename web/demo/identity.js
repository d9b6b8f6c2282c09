// The Ed25519 key that user names are claimed with. It is made by WebCrypto in this browser; its
// private half cannot be read out, not even by this page: it is a CryptoKey that IndexedDB keeps as
// it is.

const DATABASE = "rondevu-demo";
const STORE = "keys";
const NAME = "ed25519";

/** @typedef {{message: string, signature: string}} Signed */

export class Identity {
  /** The public half, base64. */
  publicKey;
  /** Whether the browser keeps the key; else it is gone with the page, and the names with it. */
  kept;

  #privateKey;
  /** When something was signed last: the server takes no signature twice. In epoch ms. */
  #last = 0;

  /** @param {string} publicKey @param {CryptoKey} privateKey @param {boolean} kept */
  constructor(publicKey, privateKey, kept) {
    this.publicKey = publicKey;
    this.#privateKey = privateKey;
    this.kept = kept;
  }

  /** Signs `what:time`. @param {string} what */
  async sign(what) {
    this.#last = Math.max(Date.now(), this.#last + 1);
    const message = `${what}:${this.#last}`;
    const bytes = new TextEncoder().encode(message);
    const signature = await crypto.subtle.sign("Ed25519", this.#privateKey, bytes);
    return { message, signature: base64(signature) };
  }
}

/** @type {Promise<Identity> | null} */
let identity = null;

/** This browser's key, made when there is none. Throws a sentence where there can be none. */
export function loadIdentity() {
  identity ??= load();
  identity.catch(() => (identity = null)); // the next try may go better
  return identity;
}

/** @returns {Promise<Identity>} */
async function load() {
  if (!globalThis.crypto?.subtle)
    throw new Error(
      "A browser makes keys on safe pages only: open this one over https, or on localhost.",
    );
  const database = await open().catch(() => null);
  const stored = database && (await read(database).catch(() => null));
  if (stored) return new Identity(await publicHalf(stored), stored.privateKey, true);
  const made = await makeKey();
  const kept = database ? await keep(database, made).catch(() => null) : null;
  const pair = kept ?? made;
  return new Identity(await publicHalf(pair), pair.privateKey, kept !== null);
}

/** @returns {Promise<CryptoKeyPair>} */
async function makeKey() {
  try {
    const extractable = false; // the private half; the public one always is
    const pair = await crypto.subtle.generateKey("Ed25519", extractable, ["sign", "verify"]);
    return /** @type {CryptoKeyPair} */ (pair);
  } catch {
    throw new Error("This browser cannot make Ed25519 keys: use a newer one.");
  }
}

/** @param {CryptoKeyPair} pair */
async function publicHalf({ publicKey }) {
  return base64(await crypto.subtle.exportKey("raw", publicKey));
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

/** @param {IDBDatabase} database @returns {Promise<CryptoKeyPair | undefined>} */
function read(database) {
  return settled(database.transaction(STORE).objectStore(STORE).get(NAME));
}

/**
 * Keeps a key, unless another tab was faster: then that one's key counts.
 * @param {IDBDatabase} database
 * @param {CryptoKeyPair} pair
 */
async function keep(database, pair) {
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  const earlier = await settled(store.get(NAME));
  if (earlier) return /** @type {CryptoKeyPair} */ (earlier);
  await settled(store.put(pair, NAME));
  return pair;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {ArrayBuffer} bytes */
function base64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
