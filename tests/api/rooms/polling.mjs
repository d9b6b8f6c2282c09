// The two polling reads: ETag and If-None-Match, since, and wait. Which comes first is asserted, never
// how long something took.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settlesWithin } from "../helpers.mjs";
import {
  assertDone,
  assertNoRoom,
  assertRoomError,
  candidate,
  joinedRoom,
  offeredRoom,
  openRoom,
  pairedRoom,
  sdp,
} from "./room.mjs";

const LONG = 20; // s; far more than any of these tests takes when it passes
const SOON = 15_000; // ms; less than LONG
const A_WHILE = 400; // ms
const READS = ["", "/candidates"];

const tagOf = (answer) => answer.headers.get("ETag");
const ifNoneMatch = (tag) => ({ "If-None-Match": tag });
const names = (answer) => answer.body.items.map((item) => item.candidate);

function assertNotModified(answer, tag) {
  assert.equal(answer.status, 304, answer.text);
  assert.equal(answer.text, "");
  assert.equal(tagOf(answer), tag);
}

/** Starts a read that finds no news, and returns when it has been kept waiting. */
async function waiting(player, rest, headers) {
  const read = player.get(rest, headers);
  assert.equal(await settlesWithin(read, A_WHILE), false, "answered without news");
  return { read }; // in an object, or the caller would await the answer
}

async function soon(read) {
  assert.ok(await settlesWithin(read, SOON), "not answered though there is news");
  return read;
}

describe("an ETag", { concurrency: true }, () => {
  for (const rest of READS)
    test(`of GET /rooms/:code${rest} stays while nothing is new, and is answered with 304`, async () => {
      const { host, guest } = await offeredRoom();
      await host.candidate(candidate("a"));
      const first = await guest.get(rest);
      const tag = tagOf(first);
      assert.match(tag, /^W\/"[^"]+"$/);
      const again = await guest.get(rest);
      assert.deepEqual([tagOf(again), again.text], [tag, first.text]);
      for (let i = 0; i < 3; i++) assertNotModified(await guest.get(rest, ifNoneMatch(tag)), tag);
    });

  for (const rest of READS)
    test(`of GET /rooms/:code${rest} is found in a list, weak or not, and in *`, async () => {
      const { guest } = await offeredRoom();
      const tag = tagOf(await guest.get(rest));
      const strong = tag.replace("W/", "");
      for (const sent of [
        strong,
        `W/"x", ${tag}`,
        `"x",${tag},"y"`,
        `${tag}, W/"x"`,
        `"a" ,  ${strong}  , "b"`,
        "*",
      ])
        assertNotModified(await guest.get(rest, ifNoneMatch(sent)), tag);
      for (const sent of ['""', 'W/""', 'W/"x"', '"x", "y"', "x", ",", tag.slice(0, -2), `x${tag}`])
        assert.equal((await guest.get(rest, ifNoneMatch(sent))).status, 200, sent);
    });

  test("of the room changes with status, offer and answer, and with nothing else", async () => {
    const { host, stranger, made } = await openRoom();
    const tags = [tagOf(await host.get())];
    const next = async () => tags.push(tagOf(await host.get()));
    const { body } = await stranger.join({ joinCode: made.joinCode });
    const guest = host.but({ token: body.guestToken });
    await next();
    for (const send of [
      () => host.offer({ sdp: sdp("one") }),
      () => host.offer({ sdp: sdp("two") }),
      () => guest.answer(),
      () => host.offer({ generation: 2 }),
      () => guest.answer({ generation: 2 }),
    ]) {
      assertDone(await send());
      await next();
    }
    assert.equal(new Set(tags).size, tags.length);
    assertDone(await host.candidate(candidate("a")));
    assertDone(await guest.candidate(candidate("b")));
    assertNotModified(await guest.get("", ifNoneMatch(tags.at(-1))), tags.at(-1));
    assert.equal((await guest.get("", ifNoneMatch(tags[0]))).status, 200);
  });

  test("of candidates changes with the other side's, and not with one's own", async () => {
    const { host, guest } = await pairedRoom();
    const none = tagOf(await guest.get("/candidates"));
    assertDone(await guest.candidate(candidate("mine")));
    assertNotModified(await guest.get("/candidates", ifNoneMatch(none)), none);
    assertDone(await host.candidate(candidate("a")));
    const one = await guest.get("/candidates", ifNoneMatch(none));
    assert.deepEqual(names(one), ["a"]);
    assert.notEqual(tagOf(one), none);
    assertDone(await host.candidate(candidate("a"))); // the same again
    assertNotModified(await guest.get("/candidates", ifNoneMatch(tagOf(one))), tagOf(one));
  });

  test("of one read, and of one room, is not that of another", async () => {
    const [one, two] = [await offeredRoom(), await offeredRoom()];
    const tag = tagOf(await one.guest.get());
    assert.equal((await two.guest.get("", ifNoneMatch(tag))).status, 200);
    assert.equal((await one.guest.get("/candidates", ifNoneMatch(tag))).status, 200);
  });

  test("does not open a door: 403 and 404 come before 304", async () => {
    const { host, guest } = await offeredRoom();
    const tag = tagOf(await guest.get());
    const stranger = guest.but({ token: "x" });
    assertRoomError(await stranger.get("", ifNoneMatch(tag)), 403, "forbidden");
    assertRoomError(await stranger.get("", ifNoneMatch("*")), 403, "forbidden");
    await host.close();
    for (const sent of [tag, "*"]) assertNoRoom(await guest.get("", ifNoneMatch(sent)));
  });
});

describe("since", { concurrency: true }, () => {
  test("brings what came after it, as a delta, and without it everything, in full", async () => {
    const { host, guest } = await joinedRoom();
    const read = async (query = "") => (await guest.get(`/candidates${query}`)).body;
    assert.deepEqual(await read(), { items: [], mode: "full", lastSeq: 0 });
    let last = 0;
    for (const text of ["a", "b", "c"]) {
      assertDone(await host.candidate(candidate(text)));
      const { items, mode, lastSeq } = await read(`?since=${last}`);
      assert.deepEqual([items, mode], [[candidate(text)], "delta"]);
      assert.ok(Number.isSafeInteger(lastSeq) && lastSeq > last);
      last = lastSeq;
    }
    const full = await read();
    assert.deepEqual(full, {
      items: ["a", "b", "c"].map(candidate),
      mode: "full",
      lastSeq: last,
    });
    assert.deepEqual(await read("?since="), full);
  });

  test("of the last answer brings nothing, and the same lastSeq", async () => {
    const { host, guest } = await joinedRoom();
    assertDone(await host.candidate({ candidates: [candidate("a"), candidate("b")] }));
    const { lastSeq } = (await guest.get("/candidates")).body;
    for (let i = 0; i < 2; i++)
      assert.deepEqual((await guest.get(`/candidates?since=${lastSeq}`)).body, {
        items: [],
        mode: "delta",
        lastSeq,
      });
  });

  test("of an earlier answer brings all that came since, of both ways to send", async () => {
    const { host, guest } = await joinedRoom();
    assertDone(await host.candidate(candidate("a")));
    const { lastSeq } = (await guest.get("/candidates")).body;
    assertDone(await host.candidate({ candidates: [candidate("b"), candidate("c")] }));
    assertDone(await host.candidate(candidate("d")));
    const { body } = await guest.get(`/candidates?since=${lastSeq}`);
    assert.deepEqual([body.mode, body.items], ["delta", ["b", "c", "d"].map(candidate)]);
  });

  test("goes on over a renegotiation", async () => {
    const { host, guest } = await pairedRoom();
    assertDone(await host.candidate(candidate("a")));
    const { lastSeq } = (await guest.get("/candidates")).body;
    assertDone(await host.offer({ generation: 2 }));
    assertDone(await host.candidate(candidate("a")));
    const { body } = await guest.get(`/candidates?since=${lastSeq}`);
    assert.deepEqual([body.mode, body.items], ["delta", [candidate("a")]]);
  });

  for (const since of ["1", "7", "1000000", "9007199254740991", "9007199254740993", "9".repeat(30)])
    test(`that the server does not know (${since}) is answered in full`, async () => {
      const { host, guest } = await joinedRoom();
      assertDone(await host.candidate(candidate("a")));
      const { body } = await guest.get(`/candidates?since=${since}`);
      assert.deepEqual([body.mode, body.items], ["full", [candidate("a")]]);
      assert.ok(body.lastSeq > 0);
    });

  test("of the other side's list, or of another room's, is answered in full", async () => {
    const [one, two] = [await joinedRoom(), await joinedRoom()];
    assertDone(await one.host.candidate(candidate("of one")));
    assertDone(await one.guest.candidate(candidate("of its guest")));
    assertDone(await two.host.candidate(candidate("of two")));
    const { lastSeq } = (await one.guest.get("/candidates")).body;
    for (const [player, text] of [
      [two.guest, "of two"],
      [one.host, "of its guest"],
    ]) {
      const { body } = await player.get(`/candidates?since=${lastSeq}`);
      assert.deepEqual([body.mode, body.items], ["full", [candidate(text)]]);
    }
  });
});

const NO_NUMBERS = ["-1", "1.5", "1.0", "1e3", "0x10", "abc", "1a", "%201", "1%20", "%2B1", "-0"];
NO_NUMBERS.push("Infinity", "NaN", "null", "true", "1,000", "%00", "%ff", "%C2%B2", "%zz");

describe("a query is 400:", { concurrency: true }, () => {
  for (const value of NO_NUMBERS)
    test(`wait or since of ${value}`, async () => {
      const { host } = await openRoom();
      for (const rest of [
        `?wait=${value}`,
        `/candidates?wait=${value}`,
        `/candidates?since=${value}`,
      ])
        assertRoomError(await host.get(rest), 400, "bad_request");
    });

  test("but not where it is empty, or nobody asks for it", async () => {
    const { host } = await openRoom();
    for (const rest of READS)
      for (const query of ["?wait=", "?x=%ff", "?Wait=x", "?", "?&&", "?=x", "?since=&wait="])
        assert.equal((await host.get(rest + query)).status, 200, query);
    assert.equal((await host.get("?since=x")).status, 200);
  });
});

describe("a read of the room that waits", { concurrency: true }, () => {
  test("is answered to the guest when the offer comes", async () => {
    const { host, guest } = await joinedRoom();
    const { read } = await waiting(guest, `?wait=${LONG}`);
    assertDone(await host.offer());
    const { status, body } = await soon(read);
    assert.deepEqual([status, body.offer.type], [200, "offer"]);
  });

  test("is answered to the host when the answer comes, and not before", async () => {
    const { host, guest } = await joinedRoom();
    const { read } = await waiting(host, `?wait=${LONG}`);
    assertDone(await host.offer());
    assertDone(await guest.candidate(candidate("a")));
    assert.equal(await settlesWithin(read, 1500), false);
    assertDone(await guest.answer());
    const { body } = await soon(read);
    assert.deepEqual([body.status, body.answer.type], ["paired", "answer"]);
  });

  test("is answered to the host whose ETag it has when somebody joins", async () => {
    const { host, stranger, made } = await openRoom();
    const tag = tagOf(await host.get());
    const { read } = await waiting(host, `?wait=${LONG}`, ifNoneMatch(tag));
    assert.equal((await stranger.join({ joinCode: made.joinCode })).status, 200);
    const answer = await soon(read);
    assert.deepEqual([answer.status, answer.body.status], [200, "joined"]);
    assert.notEqual(tagOf(answer), tag);
  });

  test("is answered to the guest whose ETag it has when the host restarts", async () => {
    const { host, guest } = await pairedRoom();
    const tag = tagOf(await guest.get());
    const { read } = await waiting(guest, `?wait=${LONG}`, ifNoneMatch(tag));
    assertDone(await host.offer({ sdp: sdp("restart"), generation: 2 }));
    const { body } = await soon(read);
    assert.deepEqual([body.offer.sdp, body.answer, body.generation], [sdp("restart"), null, 2]);
  });

  test("is answered at once when there is what it waits for", async () => {
    const { host, guest } = await pairedRoom();
    for (const player of [host, guest])
      assert.equal((await soon(player.get(`?wait=${LONG}`))).body.status, "paired");
    const old = ifNoneMatch('W/"x"');
    assert.equal((await soon(guest.get(`?wait=${LONG}`, old))).status, 200);
  });

  test("brings what there is when the time is over", async () => {
    const { guest } = await joinedRoom();
    const { read } = await waiting(guest, "?wait=1");
    const { status, body } = await read;
    assert.deepEqual([status, body.offer], [200, null]);
  });

  test("is 304 when the time is over and nothing is new to its ETag", async () => {
    const { host, guest } = await joinedRoom();
    const tag = tagOf(await guest.get());
    const { read } = await waiting(guest, "?wait=1", ifNoneMatch(tag));
    assertDone(await host.candidate(candidate("no news here")));
    assertNotModified(await read, tag);
  });

  for (const rest of READS)
    test(`is 404 when the room is closed meanwhile (/rooms/:code${rest})`, async () => {
      const { host, guest } = await joinedRoom();
      const { read } = await waiting(guest, `${rest}?wait=${LONG}`);
      const tag = tagOf(await guest.get(rest));
      const { read: tagged } = await waiting(guest, `${rest}?wait=${LONG}`, ifNoneMatch(tag));
      assertDone(await host.close());
      for (const one of [read, tagged]) assertNoRoom(await soon(one));
    });
});

describe("a read of candidates that waits", { concurrency: true }, () => {
  test("is answered when one comes, and not by those of its own side", async () => {
    const { host, guest } = await joinedRoom();
    const { read } = await waiting(guest, `/candidates?wait=${LONG}`);
    assertDone(await guest.candidate(candidate("mine")));
    assertDone(await host.offer());
    assert.equal(await settlesWithin(read, 1500), false);
    assertDone(await host.candidate(candidate("a")));
    assert.deepEqual(names(await soon(read)), ["a"]);
  });

  test("is answered when one comes after since, each once", async () => {
    const { host, guest } = await pairedRoom();
    let last = 0;
    for (const text of ["a", "b", "c"]) {
      const { read } = await waiting(guest, `/candidates?wait=${LONG}&since=${last}`);
      assertDone(await host.candidate(candidate(text)));
      const answer = await soon(read);
      assert.deepEqual([answer.body.mode, names(answer)], ["delta", [text]]);
      last = answer.body.lastSeq;
    }
  });

  test("is held while its ETag is the one, however many there are, and answered when it is not", async () => {
    const { host, guest } = await pairedRoom();
    for (const seen of [["a"], ["a", "b"]]) {
      const tag = tagOf(await guest.get("/candidates"));
      const { read } = await waiting(guest, `/candidates?wait=${LONG}`, ifNoneMatch(tag));
      assertDone(await host.candidate(candidate(seen.at(-1))));
      assert.deepEqual(names(await soon(read)), seen);
    }
  });

  test("is answered at once when there is something", async () => {
    const { host, guest } = await joinedRoom();
    assertDone(await host.candidate(candidate("a")));
    for (const query of ["", "&since=0", "&since=5"])
      assert.deepEqual(names(await soon(guest.get(`/candidates?wait=${LONG}${query}`))), ["a"]);
  });

  test("brings nothing, or 304, when the time is over", async () => {
    const { guest, host } = await joinedRoom();
    const tag = tagOf(await guest.get("/candidates"));
    const [plain, tagged] = await Promise.all([
      guest.get("/candidates?wait=1"),
      guest.get("/candidates?wait=1", ifNoneMatch(tag)),
    ]);
    assert.deepEqual(plain.body, { items: [], mode: "full", lastSeq: 0 });
    assertNotModified(tagged, tag);
    assertDone(await host.candidate(candidate("a")));
    const { lastSeq } = (await guest.get("/candidates")).body;
    const late = await guest.get(`/candidates?wait=1&since=${lastSeq}`);
    assert.deepEqual(late.body, { items: [], mode: "delta", lastSeq });
  });
});

describe("wait", { concurrency: true }, () => {
  for (const wait of ["25", "26", "1000", "9".repeat(30)])
    test(`of ${wait} is taken: over 25 is 25`, async () => {
      const { host, guest } = await joinedRoom();
      const reads = [];
      for (const rest of READS) reads.push((await waiting(guest, `${rest}?wait=${wait}`)).read);
      assertDone(await host.offer());
      assertDone(await host.candidate(candidate("a")));
      for (const read of reads) assert.equal((await soon(read)).status, 200);
    });

  for (const query of ["?wait=0", "?wait=", ""])
    test(`"${query}" does not wait`, async () => {
      const { guest } = await joinedRoom();
      for (const rest of READS) assert.equal((await soon(guest.get(rest + query))).status, 200);
    });

  test("does not keep others from reading and writing, in the same room either", async () => {
    const { host, guest } = await joinedRoom();
    const reads = Array.from({ length: 10 }, () => guest.get(`?wait=${LONG}`));
    assert.equal(await settlesWithin(Promise.race(reads), A_WHILE), false);
    assert.equal((await soon(guest.get())).status, 200);
    assertDone(await soon(host.candidate(candidate("a"))));
    assertDone(await host.offer());
    for (const read of reads) assert.equal((await soon(read)).body.offer.type, "offer");
  });
});
