// POST /rooms/:code/candidate, and what GET /rooms/:code/candidates brings to the other side.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { example } from "../document.mjs";
import { inParallel } from "../helpers.mjs";
import {
  CANDIDATES_MAX,
  CANDIDATE_MAX,
  assertDone,
  assertRoomError,
  candidate,
  joinedRoom,
  openRoom,
  pairedRoom,
} from "./room.mjs";

const MANY = 3000; // small candidates, nearly as many as a body holds
const ABOUT_1_MIB = 1100 * 1024; // bytes
const SIDES = ["host", "guest"];
const other = (side) => (side === "host" ? "guest" : "host");
const names = (items) => items.map((item) => item.candidate);
const numbered = (count, start = 0) =>
  Array.from({ length: count }, (_, i) => candidate(`candidate ${start + i}`));
const keyed = (key) => ({ "Idempotency-Key": key });

/** Sends what is given, and returns what the other side then sees. */
async function seenAfter(...bodies) {
  const { host, guest } = await joinedRoom();
  for (const body of bodies) assertDone(await host.candidate(body));
  return guest.items();
}

describe("candidates", { concurrency: true }, () => {
  for (const side of SIDES)
    test(`of the ${side} come to the other side, oldest first, and not to itself`, async () => {
      const room = await joinedRoom();
      const texts = ["z", "a", "m", "10", "9", "Z", "é", "😀", "a b"];
      for (const text of texts) assertDone(await room[side].candidate(candidate(text)));
      assert.deepEqual(names(await room[other(side)].items()), texts);
      assert.deepEqual(await room[side].items(), []);
    });

  test("may come in an open room already, and wait there for the guest", async () => {
    const { host, stranger, made } = await openRoom();
    assertDone(await host.candidate(candidate("early")));
    const { body } = await stranger.join({ joinCode: made.joinCode });
    const guest = host.but({ token: body.guestToken });
    assert.deepEqual(names(await guest.items()), ["early"]);
  });

  test("may come before the offer, before the answer and after it", async () => {
    const { host, guest } = await joinedRoom();
    await guest.candidate(candidate("before the offer"));
    await host.offer();
    await guest.candidate(candidate("before the answer"));
    await guest.answer();
    await guest.candidate(candidate("after it"));
    const texts = ["before the offer", "before the answer", "after it"];
    assert.deepEqual(names(await host.items()), texts);
  });

  test("may come in one request, in the order that they have there", async () => {
    const many = numbered(5);
    assert.deepEqual(await seenAfter(candidate("first"), { candidates: many }, candidate("last")), [
      candidate("first"),
      ...many,
      candidate("last"),
    ]);
  });

  test("are as in the examples of the document", async () => {
    const [one, bare, many] = ["one", "bare", "many"].map((name) =>
      example("postRoomCandidate", name),
    );
    assert.deepEqual(await seenAfter(one, bare, many), [one, bare, ...many.candidates]);
  });

  test("belong to their room only", async () => {
    const [one, two] = [await joinedRoom(), await joinedRoom()];
    await one.host.candidate(candidate("of one"));
    assert.deepEqual(await two.guest.items(), []);
  });

  test("of many generations come in answers of about 1 MiB at most, since goes on with the rest", async () => {
    const { host, guest } = await pairedRoom();
    const sent = [];
    for (let generation = 1; generation <= 8; generation++) {
      if (generation > 1) {
        assertDone(await host.offer({ generation }));
        assertDone(await guest.answer({ generation }));
      }
      // JSON writes each of these characters as six, and a body has 64 KB.
      for (const ten of [0, 10, 20, 30]) {
        const many = numbered(10, 100 * generation + ten);
        for (const one of many) one.candidate = one.candidate.padEnd(CANDIDATE_MAX, "\u0001");
        const { status } = await host.candidate({ candidates: many });
        if (status === 204) sent.push(...names(many));
        else assert.equal(status, 429); // a room need not take all of it
      }
    }
    const seen = [];
    for (let since = ""; ;) {
      const { status, body, text } = await guest.get(`/candidates?since=${since}`);
      assert.equal(status, 200, text);
      assert.ok(Buffer.byteLength(text) <= ABOUT_1_MIB, `${text.length} bytes`);
      if (body.items.length === 0) break;
      seen.push(...names(body.items));
      since = body.lastSeq;
    }
    assert.deepEqual(seen, sent);
  });
});

const GIVEN_BACK = [
  { candidate: "a" },
  { candidate: "a", sdpMid: null },
  { candidate: "a", sdpMLineIndex: null },
  { candidate: "a", sdpMid: null, sdpMLineIndex: null },
  { candidate: "a", sdpMid: "" },
  { candidate: "a", sdpMid: "0" },
  { candidate: "a", sdpMid: "audio", sdpMLineIndex: 0 },
  { candidate: "a", sdpMLineIndex: 0 },
  { candidate: "a", sdpMLineIndex: 65535 },
  { candidate: '\r\n\t\u0001"\\/é😀\u2028 ', sdpMid: "\u0001é😀 " },
];

describe("a candidate comes back as it was given", { concurrency: true }, () => {
  for (const given of GIVEN_BACK) {
    test(`${JSON.stringify(given)}`, async () => {
      assert.deepEqual(await seenAfter(given), [given]);
    });

    test(`${JSON.stringify(given)} among others`, async () => {
      const between = [candidate("before"), given, candidate("after")];
      assert.deepEqual(await seenAfter({ candidates: between }), between);
    });
  }

  test("without what is not known", async () => {
    const more = { usernameFragment: "abcd", foo: [{}], candidates: null };
    assert.deepEqual(await seenAfter({ candidate: "a", ...more }), [{ candidate: "a" }]);
    const many = [{ candidate: "a", ...more }, candidate("b")];
    const seen = [{ candidate: "a" }, candidate("b")];
    assert.deepEqual(await seenAfter({ candidates: many, foo: 1 }), seen);
  });
});

const SAME = [
  ["the same again", candidate("a"), candidate("a")],
  ["one without sdpMid, and with an empty one", { candidate: "a" }, { candidate: "a", sdpMid: "" }],
  ["one without sdpMid, and with null", { candidate: "a" }, { candidate: "a", sdpMid: null }],
  [
    "one without an index, and with null",
    { candidate: "a" },
    { candidate: "a", sdpMLineIndex: null },
  ],
];
const DIFFERENT = [
  ["another text", candidate("a"), candidate("b")],
  ["a space more", candidate("a"), candidate("a ")],
  ["another case", candidate("a"), candidate("A")],
  ["another sdpMid", { candidate: "a", sdpMid: "0" }, { candidate: "a", sdpMid: "1" }],
  ["an sdpMid and none", { candidate: "a", sdpMid: "0" }, { candidate: "a" }],
  ["another index", { candidate: "a", sdpMLineIndex: 0 }, { candidate: "a", sdpMLineIndex: 1 }],
  ["an index of 0 and none", { candidate: "a", sdpMLineIndex: 0 }, { candidate: "a" }],
  ["text moved to sdpMid", { candidate: "ab", sdpMid: "c" }, { candidate: "a", sdpMid: "bc" }],
];

describe("candidates are deduplicated:", { concurrency: true }, () => {
  for (const [says, one, again] of SAME)
    test(`${says}, is stored once, as it came first`, async () => {
      assert.deepEqual(await seenAfter(one, again), [one]);
      assert.deepEqual(await seenAfter(again, one), [again]);
      assert.deepEqual(await seenAfter({ candidates: [one, again, candidate("z")] }), [
        one,
        candidate("z"),
      ]);
    });

  for (const [says, one, two] of DIFFERENT)
    test(`${says} is another one`, async () => {
      assert.deepEqual(await seenAfter(one, two), [one, two]);
      assert.deepEqual(await seenAfter({ candidates: [one, two] }), [one, two]);
    });

  test("those of the two sides are not the same", async () => {
    const { host, guest } = await joinedRoom();
    for (const player of [host, guest]) assertDone(await player.candidate(candidate("a")));
    for (const player of [host, guest]) assert.deepEqual(await player.items(), [candidate("a")]);
  });

  test("a request of nothing new is 204", async () => {
    const many = { candidates: numbered(3) };
    assert.deepEqual(await seenAfter(many, many, many.candidates[1]), many.candidates);
  });

  test("several at once that bring the same store it once", async () => {
    const { host, guest } = await joinedRoom();
    const answers = await inParallel(Array(6), () => host.candidate(candidate("a")), 6);
    answers.forEach(assertDone);
    assert.deepEqual(await guest.items(), [candidate("a")]);
  });

  test("several at once that bring different ones lose none", async () => {
    const { host, guest } = await joinedRoom();
    const many = numbered(30);
    const answers = await inParallel(many, (one) => host.candidate(one));
    answers.forEach(assertDone);
    assert.deepEqual(names(await guest.items()).toSorted(), names(many).toSorted());
  });
});

describe("a side may have 40 candidates", { concurrency: true }, () => {
  for (const side of SIDES)
    test(`one by one: the ${side}'s 41st is 409, and the other side has its own 40`, async () => {
      const room = await joinedRoom();
      for (const one of numbered(CANDIDATES_MAX)) assertDone(await room[side].candidate(one));
      const more = await room[side].candidate(candidate("one more"));
      assertRoomError(more, 409, "too_many_candidates");
      assertDone(await room[side].candidate(candidate("candidate 7")));
      assert.deepEqual(await room[other(side)].items(), numbered(CANDIDATES_MAX));
      const theirs = { candidates: numbered(CANDIDATES_MAX) };
      assertDone(await room[other(side)].candidate(theirs));
      assertDone(await room.host.offer());
      assertDone(await room.guest.answer());
    });

  test("in one request", async () => {
    const many = numbered(CANDIDATES_MAX);
    assert.deepEqual(await seenAfter({ candidates: many }), many);
  });

  test("of any size", async () => {
    const many = numbered(CANDIDATES_MAX).map((one, i) =>
      candidate(String(i).padEnd(CANDIDATE_MAX, "x")),
    );
    const halves = [{ candidates: many.slice(0, 20) }, { candidates: many.slice(20) }];
    assert.deepEqual(await seenAfter(...halves), many);
  });

  test("and a request that would make them more stores none of its own", async () => {
    const { host, guest } = await joinedRoom();
    assertDone(await host.candidate({ candidates: numbered(38) }));
    const three = { candidates: numbered(3, 38) };
    assertRoomError(await host.candidate(three), 409, "too_many_candidates");
    assert.equal((await guest.items()).length, 38);
    assertDone(await host.candidate({ candidates: [...numbered(5), ...numbered(2, 38)] }));
    assert.deepEqual(await guest.items(), numbered(40));
  });

  test("and more new ones in one request are 409, and none is stored", async () => {
    const { host, guest } = await joinedRoom();
    for (const count of [CANDIDATES_MAX + 1, 400, MANY]) {
      const candidates = Array.from({ length: count }, (_, i) => ({ candidate: `${i}` }));
      assertRoomError(await host.candidate({ candidates }), 409, "too_many_candidates");
    }
    assert.deepEqual(await guest.items(), []);
  });

  test("however often they are said in one request", async () => {
    const { host, guest } = await joinedRoom();
    const candidates = Array.from({ length: MANY }, (_, i) => ({ candidate: `${i % 40}` }));
    assertDone(await host.candidate({ candidates }));
    assert.deepEqual(await guest.items(), candidates.slice(0, 40));
  });

  test("for each generation, and those of earlier ones are still listed", async () => {
    const { host, guest } = await pairedRoom();
    const first = { candidates: numbered(CANDIDATES_MAX) };
    for (const player of [host, guest]) assertDone(await player.candidate(first));
    assertDone(await host.offer({ generation: 2 }));
    const second = { candidates: numbered(CANDIDATES_MAX, 100) };
    for (const player of [host, guest]) assertDone(await player.candidate(second));
    for (const player of [host, guest]) {
      assert.deepEqual(await player.items(), [...first.candidates, ...second.candidates]);
      const more = await player.candidate(candidate("one more"));
      assertRoomError(more, 409, "too_many_candidates");
    }
    assertDone(await guest.answer({ generation: 2 }));
    assertRoomError(await guest.candidate(candidate("x")), 409, "too_many_candidates");
  });

  test("and the same one is stored again in another generation, once", async () => {
    const { host, guest } = await pairedRoom();
    assertDone(await host.candidate(candidate("a")));
    assertDone(await host.offer({ generation: 2 }));
    for (let i = 0; i < 3; i++) assertDone(await host.candidate(candidate("a")));
    assert.deepEqual(await guest.items(), [candidate("a"), candidate("a")]);
  });
});

const WRONG = {
  "nothing at all": {},
  "an empty candidate": { candidate: "" },
  "an empty candidate with a place": { candidate: "", sdpMid: "0", sdpMLineIndex: 0 },
  "a candidate of null": { candidate: null },
  "a number": { candidate: 5 },
  "an object": { candidate: { candidate: "a" } },
  "an array": { candidate: ["a"] },
  "an sdpMid that is a number": { candidate: "a", sdpMid: 0 },
  "an sdpMid that is true": { candidate: "a", sdpMid: true },
  "an sdpMid that is an array": { candidate: "a", sdpMid: ["0"] },
  "an index that is a text": { candidate: "a", sdpMLineIndex: "0" },
  "an index of -1": { candidate: "a", sdpMLineIndex: -1 },
  "an index of 65536": { candidate: "a", sdpMLineIndex: 65536 },
  "an index of 10^15": { candidate: "a", sdpMLineIndex: 1e15 },
  "an index of 0.5": { candidate: "a", sdpMLineIndex: 0.5 },
  "an index that is true": { candidate: "a", sdpMLineIndex: true },
  "an index that is an array": { candidate: "a", sdpMLineIndex: [0] },
};
const WRONG_LISTS = {
  "an empty list": [],
  "an object for a list": {},
  "a text for a list": "a",
  "a number for a list": 5,
  "true for a list": true,
  "a list of texts": ["a"],
  "a list of numbers": [5],
  "a list of null": [null],
  "a list in a list": [[candidate("b")]],
};

describe("a candidate is 400, and nothing is stored, where it is", { concurrency: true }, () => {
  async function refused(body) {
    const { host, guest } = await joinedRoom();
    assertRoomError(await host.candidate(body), 400, "bad_candidate");
    assert.deepEqual(await guest.items(), []);
  }

  for (const [says, body] of Object.entries(WRONG)) {
    test(says, () => refused(body));
    test(`${says}, in a list`, () => refused({ candidates: [body] }));
    test(`${says}, among good ones`, () =>
      refused({ candidates: [candidate("good"), body, candidate("fine")] }));
  }
  for (const [says, candidates] of Object.entries(WRONG_LISTS))
    test(says, () => refused({ candidates }));
});

const LARGE = [
  ["1 byte", 1, "x"],
  ["1024 bytes", 1024, "x".repeat(1024)],
  ["1024 bytes in two-byte characters", 1024, "é".repeat(512)],
  ["1024 bytes in emoji", 1024, "😀".repeat(256)],
  ["1024 control characters", 1024, "\u0001".repeat(1024)],
  ["1025 bytes", 1025, "x".repeat(1025)],
  ["1025 bytes in 513 characters", 1025, `${"é".repeat(512)}x`],
  ["1025 bytes in 257 characters", 1025, `${"😀".repeat(256)}x`],
  ["1024 characters in 2048 bytes", 2048, "é".repeat(1024)],
  ["60000 bytes", 60_000, "x".repeat(60_000)],
];

describe("a candidate of", { concurrency: true }, () => {
  for (const [says, bytes, text] of LARGE)
    test(`${says} is ${bytes <= CANDIDATE_MAX ? "stored" : "413, and nothing is stored"}`, async () => {
      assert.equal(Buffer.byteLength(text), bytes);
      const { host, guest } = await joinedRoom();
      for (const body of [candidate(text), { candidates: [candidate("good"), candidate(text)] }]) {
        const answer = await host.candidate(body);
        if (bytes <= CANDIDATE_MAX) assertDone(answer);
        else assertRoomError(answer, 413, "bad_candidate");
      }
      const seen = bytes <= CANDIDATE_MAX ? [text, "good"] : [];
      assert.deepEqual(names(await guest.items()), seen);
    });
});

describe("the same Idempotency-Key again", { concurrency: true }, () => {
  test("is 204 and changes nothing, whatever the body says", async () => {
    const { host, guest } = await joinedRoom();
    const headers = keyed(randomUUID());
    assertDone(await host.candidate(candidate("a"), headers));
    for (const body of [candidate("a"), candidate("b"), { candidates: numbered(3) }])
      assertDone(await host.candidate(body, headers));
    assert.deepEqual(await guest.items(), [candidate("a")]);
  });

  test("is 204 where there is no room for more", async () => {
    const { host, guest } = await joinedRoom();
    const headers = keyed("k");
    assertDone(await host.candidate({ candidates: numbered(40) }, headers));
    assertDone(await host.candidate(candidate("one more"), headers));
    assert.equal((await guest.items()).length, 40);
  });

  test("is another one for the other side, and in another room", async () => {
    const [one, two] = [await joinedRoom(), await joinedRoom()];
    for (const player of [one.host, one.guest, two.host])
      assertDone(await player.candidate(candidate("a"), keyed("k")));
    for (const player of [one.host, one.guest, two.guest])
      assert.deepEqual(await player.items(), [candidate("a")]);
  });

  test("counts in the next generation too", async () => {
    const { host, guest } = await pairedRoom();
    assertDone(await host.candidate(candidate("a"), keyed("k")));
    assertDone(await host.offer({ generation: 2 }));
    assertDone(await host.candidate(candidate("b"), keyed("k")));
    assert.deepEqual(await guest.items(), [candidate("a")]);
  });

  test("that was sent with a request that was refused is still unused", async () => {
    const { host, guest } = await joinedRoom();
    assertRoomError(await host.candidate({ candidate: "" }, keyed("k")), 400, "bad_candidate");
    assertDone(await host.candidate(candidate("a"), keyed("k")));
    assert.deepEqual(await guest.items(), [candidate("a")]);
  });

  test("does not make a wrong body right", async () => {
    const { host } = await joinedRoom();
    assertDone(await host.candidate(candidate("a"), keyed("k")));
    assertRoomError(await host.candidate({ candidate: "" }, keyed("k")), 400, "bad_candidate");
    const answer = await host.post("candidate", "x", { "X-Registry-Version": "1", ...keyed("k") });
    assertRoomError(answer, 400, "bad_json");
  });

  test("differs in its case, and may be long or hold any characters", async () => {
    const { host, guest } = await joinedRoom();
    const keys = ["k", "K", "k k", "x".repeat(2000), `${"x".repeat(2000)}y`, '"\\,;=%00', "é"];
    for (const [i, key] of keys.entries())
      for (let twice = 0; twice < 2; twice++)
        assertDone(await host.candidate(candidate(`${i} ${twice}`), keyed(key)));
    assert.deepEqual(
      names(await guest.items()),
      keys.map((_, i) => `${i} 0`),
    );
  });

  test("is no key where it is empty", async () => {
    const { host, guest } = await joinedRoom();
    for (const text of ["a", "b"]) assertDone(await host.candidate(candidate(text), keyed("")));
    assert.deepEqual(names(await guest.items()), ["a", "b"]);
  });
});
