// Budgets on Workers: counted by the bindings [[ratelimits]] of wrangler.toml, in each place for
// itself. What has no binding is not enforced, and the log says so once.

/** @type {Set<string>} */ const missing = new Set();

/**
 * Takes one of what the key may have; false where none is left.
 * @param {Record<string, any>} env @param {string} name of the binding @param {string} key
 */
export async function spend(env, name, key) {
  if (env[name]) return (await env[name].limit({ key })).success;
  if (!missing.has(name)) console.warn(JSON.stringify({ event: "NoRateLimit", binding: name }));
  missing.add(name);
  return true;
}
