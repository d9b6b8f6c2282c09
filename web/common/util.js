// Small helpers of the platform. Everything here also works where the page is not a secure context
// (http://192.168.x.y), so no crypto.randomUUID and no assumption that the clipboard exists.

/**
 * The element with this id. Throws when the page lacks it or it is of another kind.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function el(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is not a ${type.name}`);
  return found;
}

/**
 * A new element with a class and a text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 */
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/**
 * Writes only what differs: a live region reads out whatever is touched.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {number} length characters, some 5 bits each */
export function randomTag(length) {
  const alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 signs, so that a byte's low bits pick evenly
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join("");
}

/**
 * Resolves after `ms`, or at once when `signal` is aborted; never rejects.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish);
  });
}

/**
 * Waiting time before the next try, in ms: 0.5 s doubling up to 8 s, spread by a quarter.
 * @param {number} failures failures so far, 1 or more
 */
export function backoff(failures) {
  return Math.min(500 * 2 ** (failures - 1), 8000) * (0.75 + Math.random() / 2);
}

/**
 * Copies text to the clipboard; resolves to whether that worked.
 * @param {string} text
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * Copies for a button, which says for a moment whether that worked. Resolves to whether it did.
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
export async function copyFrom(button, text) {
  const label = (button.dataset.label ??= button.textContent ?? "");
  const copied = await copyText(text);
  button.textContent = copied ? "Copied" : "Not copied";
  setTimeout(() => (button.textContent = label), 1500);
  return copied;
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = make("textarea", "visually-hidden");
  area.value = text;
  document.body.append(area);
  area.select();
  // Deprecated, and still the only way to the clipboard outside a secure context.
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

/** A text that outlives the page, where the browser allows that. */
export const memory = {
  /** @param {string} key @returns {string | null} */
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Forgetting is the only harm.
    }
  },
};
