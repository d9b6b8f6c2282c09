// The twin: the measured routes, written by hand in JavaScript with JSON.parse and JSON.stringify, as one would
// without the C core. It does what the core does, check for check: the same KV calls, keys, metadata and HMACs,
// and answers that are the same but for what is random. Only the values it keeps are its own.

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

const BODY_MAX = 512 * 1024;
const ANSWER_MAX = 1024 * 1024;
const METADATA_MAX = 1024;
const TIME_ROUND = 2 ** 28;
const CLOCK_SLACK = 2 * 60 * 60 * 1000;
const RESERVED = ["rooms", "offers", "peers", "usernames", "services", "index", "sessions"];
const CODE = /^([\da-f]{8})-([\da-f]{4})-4([\da-f]{3})-([89ab][\da-f]{3})-([\da-f]{12})$/i;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An answer that ends the request. */
class Failure {
  constructor(status, error) {
    this.status = status;
    this.body = { error };
  }
}

const bad = (name) => new Failure(400, `Missing or invalid required parameter: ${name}`);
const noSession = () => new Failure(404, "Session not found, expired, or origin mismatch");

export default {
  async fetch(request, env) {
    const context = { request, env, kv: env.STORE, url: new URL(request.url), now: Date.now() };
    context.origin = request.headers.get("Origin") || context.url.origin;
    const headers = {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...cors(request.headers.get("Origin"), env.CORS_ORIGINS || env.ALLOWED_ORIGINS || "*"),
    };
    try {
      return new Response(JSON.stringify(await route(context)), { headers });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return new Response(JSON.stringify(error.body), { status: error.status, headers });
    }
  },
};

function cors(origin, allowed) {
  const expose = { "Access-Control-Expose-Headers": "ETag, Retry-After" };
  const list = allowed.split(",").map((entry) => entry.trim());
  if (list.includes("*")) return { "Access-Control-Allow-Origin": "*", ...expose };
  if (!origin || !list.includes(origin)) return { Vary: "Origin" };
  return { "Access-Control-Allow-Origin": origin, Vary: "Origin", ...expose };
}

function route(context) {
  const { method } = context.request;
  const parts = context.url.pathname.split("/");
  if (parts.length === 2) {
    if (method === "GET" && parts[1] === "health") return health(context);
    if (method === "POST" && parts[1] === "poll") return poll(context);
    if (method === "POST" && parts[1] === "answer") return answer(context);
  }
  if (parts.length === 3) {
    if (method === "POST" && parts[2] === "offer") return offer(context, decode(parts[1]));
    if (method === "GET" && parts[2] === "sessions") return sessions(context, decode(parts[1]));
  }
  throw new Failure(404, "No such route");
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Failure(400, "The path must be percent-encoded UTF-8 without U+0000");
  }
}

// -- Checks ---------------------------------------------------------------------------------------

async function readBody({ request }) {
  const tooLarge = () => new Failure(413, `The body may hold at most ${BODY_MAX} bytes`);
  if (Number(request.headers.get("Content-Length") ?? 0) > BODY_MAX) throw tooLarge();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > BODY_MAX) throw tooLarge();
  try {
    const body = JSON.parse(utf8.decode(bytes));
    if (isObject(body) && isClean(body, 1)) return body;
  } catch {
    // Falls through: not UTF-8, or not JSON.
  }
  throw new Failure(
    400,
    "The body must be a JSON object in UTF-8, at most 32 levels deep and without U+0000",
  );
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** At most 32 levels deep, no U+0000 in any string, none of them half a character. */
function isClean(value, level) {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (level > 32) return false;
  for (const name in value)
    if (!isClean(name, level) || !isClean(value[name], level + 1)) return false;
  return true;
}

function checkTopic(topic) {
  if (RESERVED.includes(topic)) throw new Failure(400, "Reserved topic name");
  if (topic === "" || topic.length > 512 || characters(topic) > 256) throw bad("topic");
}

function characters(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function isText(value, max) {
  if (typeof value !== "string" || value === "" || value.length > max) return false;
  return value.length * 3 <= max || Buffer.byteLength(value) <= max;
}

function readSide({ side }) {
  if (side !== "offerer" && side !== "answerer") throw bad("side");
  return side;
}

function readWait(wait) {
  if (wait == null) return 0;
  if (!Number.isInteger(wait) || wait < 0) throw bad("wait");
  return Math.min(wait, 25);
}

// -- Keys -----------------------------------------------------------------------------------------

const hex = (number, digits) => number.toString(16).padStart(digits, "0");

/** As the shim does, it remembers what it has hashed. */
const digests = new Map();

function keyedHash({ env, origin }, label, name) {
  const message = `${label}\n${origin}\n${name}`;
  let digest = digests.get(message);
  if (digest === undefined) {
    digest = createHmac("sha256", env.AUTH_SECRET).update(message).digest("hex").slice(0, 16);
    if (digests.size > 1000) digests.clear();
    digests.set(message, digest);
  }
  return digest;
}

const originHash = (context) => (context.originHash ??= keyedHash(context, "origin", ""));
const topicHash = (context, topic) => keyedHash(context, "topic", topic).slice(0, 8);
const sessionId = ({ createdAt, id }) => hex(0xffffffffffff - createdAt, 12) + id;
const topicKey = (context, topic) => `topic/${originHash(context)}${topic}/`;
const sessionKey = (context, code) => `${topicKey(context, code.topic)}${sessionId(code)}/`;

function directoryKey(context, name, topic) {
  const sortable = name.replace(/[\0-!]/g, (c) => `!${hex(c.charCodeAt(0), 2)}`);
  if (sortable.length * 3 <= 400 || Buffer.byteLength(sortable) <= 400)
    return `origin/${originHash(context)}/${sortable} `;
  const cut = Buffer.from(sortable)
    .subarray(0, 400)
    .toString()
    .replace(/\uFFFD$/, "");
  return `origin/${originHash(context)}/${cut}~${topic} `;
}

function printCode({ topic, createdAt, id }) {
  const time = hex(createdAt % TIME_ROUND, 7);
  return `${topic}-${time.slice(0, 4)}-4${time.slice(4)}-${id.slice(0, 4)}-${id.slice(4)}`;
}

function parseCode(text, now) {
  const found = CODE.exec(text);
  if (!found) throw noSession();
  const [, topic, high, low, idHigh, idLow] = found;
  const latest = now + CLOCK_SLACK;
  const age = (latest - parseInt(high + low, 16)) % TIME_ROUND;
  return {
    topic: topic.toLowerCase(),
    createdAt: latest - age,
    id: (idHigh + idLow).toLowerCase(),
  };
}

// -- Storage --------------------------------------------------------------------------------------

/** What lives under the prefix: {name, value, expiresAt}, names without the prefix. */
async function list({ kv, now }, prefix) {
  const found = [];
  const large = new Map();
  let cursor;
  do {
    const page = await kv.list({ prefix, cursor, limit: 1000 });
    for (const { name, metadata } of page.keys) {
      if (!(metadata?.e > now)) continue;
      const fact = { name: name.slice(prefix.length), value: metadata.v, expiresAt: metadata.e };
      found.push(fact);
      if (metadata.v === undefined) large.set(name, fact);
    }
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
  if (large.size > 0) await fetchLarge(kv, large);
  return found;
}

async function fetchLarge(kv, large) {
  const names = [...large.keys()];
  const calls = [];
  for (let i = 0; i < names.length; i += 100)
    calls.push(kv.get(names.slice(i, i + 100), { cacheTtl: 30 }));
  for (const values of await Promise.all(calls))
    for (const [name, value] of values) large.get(name).value = value;
}

function put({ kv, now }, key, value, expiresAt) {
  const expirationTtl = Math.max(60, Math.ceil((expiresAt - now) / 1000));
  const metadata = { e: expiresAt, v: value };
  return Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_MAX
    ? kv.put(key, "", { expirationTtl, metadata })
    : kv.put(key, value, {
        expirationTtl,
        metadata: { e: expiresAt, n: Buffer.byteLength(value) },
      });
}

const randomDigits = (bytes) =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");

// -- Sessions -------------------------------------------------------------------------------------

function newSession(code) {
  return {
    code,
    there: false,
    candidates: { offerer: new Set(), answerer: new Set() },
    latest: {},
  };
}

/** Adds what a fact says; `name` is its key without the session's. */
function addFact(session, name, { value, expiresAt }) {
  const [kind, time] = name.split("-");
  if (kind === "offer") Object.assign(session, JSON.parse(value), { there: true, expiresAt });
  else if (kind === "answer") session.answer ??= value;
  else if (kind === "withdrawn") session.withdrawn = true;
  else {
    session.candidates[kind].add(value);
    session.latest[kind] = parseInt(time.slice(0, 12), 16);
  }
}

async function readSession(context, code) {
  const session = newSession(code);
  for (const fact of await list(context, sessionKey(context, code)))
    addFact(session, fact.name, fact);
  if (!session.there || session.withdrawn) throw noSession();
  return session;
}

/** Open sessions of the topic; a mark behind a session's entry says that it is no longer open. */
async function countOpen(context, key) {
  const names = new Set((await list(context, key)).map(({ name }) => name));
  let count = 0;
  for (const name of names) {
    if (name.includes("-")) count--;
    else count++;
  }
  return count;
}

// -- The routes -----------------------------------------------------------------------------------

function health({ now, env }) {
  return { status: "ok", timestamp: now, version: env.VERSION };
}

async function offer(context, topic) {
  checkTopic(topic);
  const body = await readBody(context);
  const info = body.info ?? body.peerId ?? "";
  if (typeof info !== "string" || (info.length > 1024 && characters(info) > 1024))
    throw bad("info");
  if (!isText(body.offer, 65536)) throw bad("offer");

  const hash = topicHash(context, topic);
  const directory = directoryKey(context, topic, hash);
  if ((await countOpen(context, directory)) >= Number(context.env.MAX_SESSIONS_PER_TOPIC))
    throw new Failure(429, "This topic has as many open sessions as it may");

  const random = randomDigits(8);
  const id = hex((parseInt(random[0], 16) & 3) | 8, 1) + random.slice(1);
  const code = { topic: hash, createdAt: context.now, id };
  const expiresAt = context.now + Number(context.env.SESSION_TIMEOUT);
  const peer = info === "" ? "" : keyedHash(context, "peer", info);
  const facts = JSON.stringify({ topic, info, offer: body.offer });
  await put(context, `${sessionKey(context, code)}offer`, facts, expiresAt);
  await put(context, directory + sessionId(code), `${JSON.stringify(topic)}\n${peer}`, expiresAt);
  return { code: printCode(code) };
}

async function sessions(context, topic) {
  checkTopic(topic);
  const limit = Math.min(Number(context.url.searchParams.get("limit") || 1000), 1000);
  if (!Number.isInteger(limit) || limit < 1) throw bad("limit");
  const after = context.url.searchParams.get("after") || "";
  if (after !== "" && !/^[\da-f]{28}$/.test(after)) throw bad("after");

  const hash = topicHash(context, topic);
  const shown = [];
  let bytes = 0;
  let session;
  let last;
  let full = false;
  const finish = () => {
    if (!session?.there || session.withdrawn || session.answer || session.topic !== topic) return;
    const item = describe(session);
    bytes += 256 + 2 * item.info.length + item.offer.length;
    for (const candidate of item.offerCandidates) bytes += candidate.length + 3;
    full = shown.length === limit || (shown.length > 0 && bytes > ANSWER_MAX);
    if (!full) shown.push(item);
  };
  for (const fact of await list(context, topicKey(context, hash))) {
    const id = fact.name.slice(0, 28);
    if (id <= after) continue;
    if (id !== session?.id) {
      finish();
      if (full) break;
      last = session?.id;
      const createdAt = 0xffffffffffff - parseInt(id.slice(0, 12), 16);
      session = newSession({ topic: hash, createdAt, id: id.slice(12) });
      session.id = id;
    }
    addFact(session, fact.name.slice(29), fact);
  }
  if (!full) finish();
  return full ? { sessions: shown, next: last } : { sessions: shown };
}

function describe({ code, info, offer, candidates, expiresAt }) {
  return {
    code: printCode(code),
    info,
    peerId: info,
    offer,
    offerCandidates: [...candidates.offerer],
    createdAt: code.createdAt,
    expiresAt,
  };
}

async function answer(context) {
  const body = await readBody(context);
  if (typeof body.code !== "string" || body.code === "") throw bad("code");
  const side = readSide(body);
  if (body.answer != null && !isText(body.answer, 65536)) throw bad("answer");
  if (body.candidate != null && !isText(body.candidate, 4096)) throw bad("candidate");
  if ((body.answer == null) === (body.candidate == null))
    throw bad(body.answer == null ? "answer" : "candidate");
  if (body.answer != null && side === "offerer") throw bad("side");

  const session = await readSession(context, parseCode(body.code, context.now));
  const key = sessionKey(context, session.code);
  if (body.candidate != null) await putCandidate(context, session, side, body.candidate, key);
  else await putAnswer(context, session, body.answer, key);
  return { success: true };
}

async function putCandidate(context, session, side, candidate, key) {
  const list = session.candidates[side];
  if (list.has(candidate)) return;
  if (list.size >= 100) throw new Failure(409, "Too many candidates");
  const time = Math.max(context.now, (session.latest[side] ?? 0) + 1);
  await put(
    context,
    `${key}${side}-${hex(time, 12)}${randomDigits(4)}`,
    candidate,
    session.expiresAt,
  );
}

async function putAnswer(context, session, text, key) {
  if (session.answer === text) return;
  if (session.answer !== undefined) throw new Failure(409, "Session already answered");
  const entry = directoryKey(context, session.topic, session.code.topic) + sessionId(session.code);
  const { expiresAt } = session;
  await put(context, `${key}answer-${hex(context.now, 12)}${randomDigits(4)}`, text, expiresAt);
  await put(context, `${entry}-${randomDigits(4)}`, "", expiresAt);
}

async function poll(context) {
  const body = await readBody(context);
  if (typeof body.code !== "string" || body.code === "") throw bad("code");
  const side = readSide(body);
  readWait(body.wait); // nothing measured here waits
  if (body.seen != null && !/^\d+$/.test(body.seen)) throw bad("seen");
  const session = await readSession(context, parseCode(body.code, context.now));
  if (side === "offerer") {
    const answerCandidates = [...session.candidates.answerer];
    const seen = String((session.answer === undefined ? 0 : 1) + answerCandidates.length);
    return { answer: session.answer ?? null, answerCandidates, seen };
  }
  const offerCandidates = [...session.candidates.offerer];
  return { offer: session.offer, offerCandidates, seen: String(1 + offerCandidates.length) };
}
