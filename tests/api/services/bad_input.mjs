// What a client may get wrong on the routes of usernames and services: a clear 4xx, and nothing
// stored. The parser's own cases are in ../bad_input.mjs.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { KB, assertDiscreet, assertError } from "../helpers.mjs";
import { Peer, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NO_SERVICE,
  Owner,
  caller,
  changesNothing,
  now,
  offersOf,
  published,
  service,
  stateOf,
  unpublishAs,
} from "./owner.mjs";

const MAX = KB * KB;
const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);

/** The routes that read their body: a good one, how it is sent, and the fields that are texts. */
const ROUTES = {
  "POST /usernames/claim": {
    good: async ({ owner }) => {
      const { name: username, publicKey } = owner;
      return { username, publicKey, ...(await owner.proof(["claim"])) };
    },
    send: ({ api }, body) => api.post("/usernames/claim", body),
    texts: ["username", "publicKey", "signature", "message"],
    status: 200,
  },
  "POST /services": {
    good: async ({ owner }) => {
      const proof = await owner.proof(["publish", FQN]);
      return { username: owner.name, serviceFqn: FQN, sdp: "an offer", ...proof };
    },
    send: ({ peer }, body) => peer.post("/services", body),
    texts: ["username", "serviceFqn", "sdp", "signature", "message"],
    status: 201,
  },
  "DELETE /services/:serviceId": {
    good: async ({ owner }) => {
      return { username: owner.name, ...(await owner.proof(["unpublish", FQN])) };
    },
    send: ({ api, uuid }, body) =>
      api.del(`/services/${uuid}`, { body: isRaw(body) ? body : JSON.stringify(body) }),
    texts: ["username", "message"],
    status: 200,
  },
  "POST /index/:username/query": {
    good: async () => ({ serviceFqn: FQN }),
    send: ({ api, owner }, body) => api.post(`/index/${owner.name}/query`, body),
    texts: ["serviceFqn"],
    status: 200,
  },
};

const isRaw = (body) => typeof body === "string" || body instanceof Uint8Array;

/** Bodies that are not what every body must be, made from one that is. */
function badBodies(good) {
  const text = JSON.stringify(good);
  const around = (bad) => bytes(text.slice(0, -1), ',"x":', bad, "}");
  return {
    nothing: "",
    spaces: " \n",
    text: "hello",
    "a form": "username=ann",
    "an array": "[]",
    "an array around a good one": `[${text}]`,
    "a number": "5",
    "a string": JSON.stringify(text),
    null: "null",
    true: "true",
    "half of it": text.slice(0, -1),
    "two of it": text + text,
    "a comma too many": `${text.slice(0, -1)},}`,
    "a byte order mark": `\ufeff${text}`,
    "U+0000 after it": `${text}\0`,
    "U+0000 escaped in an unknown field": around('"\\u0000"'),
    "U+0000 escaped in a known field": text.replace(/":"/, '":"\\u0000'),
    "a byte that is no UTF-8": around(bytes('"', [0xff], '"')),
    "half a pair of surrogates": around('"\\ud800"'),
    "33 levels": around(nested(32)),
    "10000 levels that do not end": `${text.slice(0, -1)},"x":${"[".repeat(10_000)}`,
  };
}

/** The body with an unknown field that makes it exactly so many bytes. */
function padded(good, size) {
  const start = `${JSON.stringify(good).slice(0, -1)},"x":"`;
  return `${start}${"p".repeat(size - start.length - 2)}"}`;
}

for (const [route, { good, send, texts, status }] of Object.entries(ROUTES))
  describe(`${route} refuses a body`, { concurrency: 8 }, () => {
    let mine;
    before(async () => (mine = await published({ isPublic: true })));

    changesNothing(() => stateOf(mine));

    for (const says of Object.keys(badBodies({})))
      test(`of ${says}: 400, and nothing changes`, async () => {
        const body = badBodies(await good(mine))[says];
        const answer = await send(mine, body);
        assertError(answer, 400);
        assertDiscreet({ text: answer.text.replaceAll("secret", "") });
      });

    for (const field of texts)
      test(`whose ${field} is no text, and says so: 400`, async () => {
        for (const wrong of [undefined, null, 5, -1.5, true, false, [], ["x"], {}, { x: 1 }])
          assertField(await send(mine, { ...(await good(mine)), [field]: wrong }), field);
      });

    test("of no fields: 400", async () => {
      assertField(await send(mine, {}), texts[0]);
    });

    test(`of ${MAX + 1} bytes and more: 413, and nothing changes`, async () => {
      for (const size of [MAX + 1, 3 * MAX])
        assertError(await send(mine, padded(await good(mine), size)), 413);
    });

    for (const [says, change] of Object.entries({
      [`of ${MAX} bytes`]: (body) => padded(body, MAX),
      "of 32 levels": (body) => `${JSON.stringify(body).slice(0, -1)},"x":${nested(31)}}`,
      "with unknown fields": (body) => ({ ...body, x: [{}, null], "": 2 }),
      "with spaces all around": (body) => ` \r\n\t${JSON.stringify(body, null, 3)}\n `,
    }))
      test(`but not one ${says}`, async () => {
        const all = await published();
        assertStatus(await send(all, change(await good(all))), status);
      });
  });

describe("a path", { concurrency: true }, () => {
  const WRITTEN = ["%zz", "%", "a%4", "%ff", "%c0%80", "%00", "a%00b"];
  for (const written of WRITTEN)
    test(`with ${written} is no text: 400 on every route`, async () => {
      const { owner, peer, api } = await published();
      const { name: username } = owner;
      const body = JSON.stringify({ username, ...(await owner.proof(["unpublish", FQN])) });
      for (const answer of [
        await api.get(`/usernames/${written}`),
        await api.get(`/usernames/${written}/services`),
        await api.get(`/services/${written}`),
        await api.del(`/services/${written}`, { body }),
        await unpublishAs(peer, written, { username }),
        await api.post(`/index/${written}/query`, { serviceFqn: FQN }),
      ])
        assertError(answer, 400);
    });

  test("may be percent-encoded", async () => {
    const { owner, uuid, api } = await published({ isPublic: true });
    const percent = (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
    const name = percent(owner.name);
    assert.deepEqual((await api.get(`/usernames/${name}`)).body, await owner.status());
    assert.equal((await api.get(`/usernames/${name}/services`)).body.services[0].uuid, uuid);
    assertStatus(await api.post(`/index/${name}/query`, { serviceFqn: FQN }), 200);
    assertStatus(await service(api, percent(uuid)), 200);
    const body = JSON.stringify({
      username: owner.name,
      ...(await owner.proof(["unpublish", FQN])),
    });
    assertStatus(await api.del(`/services/${percent(uuid)}`, { body }), 200);
  });

  for (const path of [
    "/usernames",
    "/usernames/ann/claim",
    "/usernames/ann/services/chat",
    "/usernames/claim/x",
    "/Usernames/ann",
    "/services/x/y",
    "/services/x/offers",
    "/index",
    "/index/ann",
    "/index/ann/query/x",
    "/index/ann/queries",
  ])
    for (const method of ["GET", "POST", "DELETE"])
      test(`that no route has is 404: ${method} ${path}`, async () =>
        assertError(await caller().request(method, path), 404));

  for (const [path, allowed] of [
    ["/usernames/claim", ["GET", "POST"]],
    ["/usernames/ann", ["GET"]],
    ["/usernames/ann/services", ["GET"]],
    ["/services", ["POST"]],
    ["/services/x", ["GET", "DELETE"]],
    ["/index/ann/query", ["POST"]],
  ])
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter(
      (one) => !allowed.includes(one),
    ))
      test(`without this method is 405: ${method} ${path}`, async () => {
        const answer = await caller().request(method, path);
        assertError(answer, 405);
        const named = answer.headers.get("Allow").split(/\s*,\s*/);
        const own = named.filter((name) => name !== "OPTIONS" && name !== "HEAD");
        assert.deepEqual(own.toSorted(), allowed.toSorted());
      });

  test("answers HEAD as GET, without the body", async () => {
    const { owner, uuid, api } = await published();
    for (const path of [
      `/usernames/${owner.name}`,
      `/usernames/${owner.name}/services`,
      `/services/${uuid}`,
      "/services/x",
      "/usernames/A",
    ]) {
      const [get, head] = [await api.get(path), await api.request("HEAD", path)];
      assert.deepEqual([head.status, head.text], [get.status, ""]);
    }
  });
});

describe("the body of a GET", { concurrency: true }, () => {
  for (const path of [
    "/usernames/ann",
    "/usernames/claim",
    "/usernames/ann/services",
    "/services/x",
  ])
    test(`${path} is ignored up to 1 MiB, and 413 over it`, async () => {
      const api = caller();
      const { status } = await api.get(path);
      for (const [size, expected] of [
        [MAX, status],
        [MAX + 1, 413],
      ]) {
        const head = await api.head("GET", path, { "Content-Length": size });
        assert.equal((await api.raw([head, "x".repeat(size)])).status, expected);
      }
    });
});

describe("credentials to publish", { concurrency: true }, () => {
  test("are looked at before anything else: 401, whatever the body is", async () => {
    const { owner, peer, api } = await published();
    const proof = await owner.proof(["publish", FQN]);
    const good = { username: owner.name, serviceFqn: FQN, sdp: "x", ...proof };
    const format = "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}";
    for (const [headers, sentence] of [
      [undefined, "Missing Authorization header"],
      [{ Authorization: "" }, undefined],
      [{ Authorization: "Bearer" }, format],
      [{ Authorization: `Basic ${peer.id}:${peer.secret}` }, format],
      [{ Authorization: `Bearer ${peer.id}` }, format],
      [{ Authorization: `Bearer ${peer.id}:${peer.secret}x` }, "Invalid credentials"],
    ])
      for (const body of [good, "", "[]", {}, "x".repeat(MAX + 1)]) {
        const answer = await api.post("/services", body, headers);
        assertError(answer, 401, sentence);
        assert.match(answer.headers.get("WWW-Authenticate") ?? "none", /^Bearer/);
        assert.ok(!answer.text.includes(peer.secret));
      }
    assertStatus(await peer.post("/services", good), 201);
  });

  test("are in the header alone: in the body or the query they are none", async () => {
    const { owner, peer, api } = await published();
    const { id: peerId, secret } = peer;
    const proof = await owner.proof(["publish", FQN]);
    const good = { username: owner.name, serviceFqn: FQN, sdp: "x", peerId, secret, ...proof };
    const query = `?peerId=${peerId}&secret=${secret}`;
    assertStatus(await api.post(`/services${query}`, good), 401);
  });
});

test("a wrong service tells nothing of what is behind", async () => {
  for (const uuid of ["x", "'; DROP TABLE", "__proto__", "constructor", "a".repeat(500)]) {
    const answer = await service(caller(), encodeURIComponent(uuid));
    assertError(answer, 404, NO_SERVICE);
    assertDiscreet(answer);
  }
  const owner = await Owner.unknown();
  assertStatus(await owner.claim({ time: now() }), 200);
  assert.equal((await offersOf(await Peer.register())).size, 0);
});
