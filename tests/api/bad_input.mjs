// What a client may get wrong in a body: a clear 4xx, and nothing stored.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, assertError, assertNothingStored, inParallel } from "./helpers.mjs";

/** An offer that would be fine but for what stands in its unknown field. */
const around = (bad) => `{"info":"ann","offer":"o","x":${bad}}`;
const fine = around("0");
const bytes = (...parts) =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))),
  );
const nested = (levels, inside = "") => "[".repeat(levels) + inside + "]".repeat(levels);
const objects = (levels) => '{"y":'.repeat(levels) + "1" + "}".repeat(levels);
const mixed = (levels) =>
  Array.from({ length: levels }, (_, i) => (i % 2 ? "[" : '{"y":')).join("") +
  "1" +
  Array.from({ length: levels }, (_, i) => (i % 2 ? "]" : "}"))
    .reverse()
    .join("");

const NOT_AN_OBJECT = {
  nothing: "",
  spaces: " \n\t",
  text: "hello",
  "a form": "info=ann&offer=o",
  XML: "<offer/>",
  "an array": "[]",
  "an array around an offer": `[${fine}]`,
  "a number": "5",
  "a string": '"offer"',
  null: "null",
  true: "true",
  "an object that does not end": '{"info":"ann","offer":"o"',
  "an object that does not begin": '"info":"ann","offer":"o"}',
  "half a string": '{"info":"ann","offer":"o',
  "two objects": fine + fine,
  "an object and a word": `${fine} x`,
  "an object and a brace": `${fine}}`,
  "an object and a comma": `${fine},`,
  "an object and a NUL": `${fine}\0`,
  "a NUL and an object": `\0${fine}`,
  "an object and something after a NUL": `${fine}\0x`,
  "a byte order mark": `\ufeff${fine}`,
  "UTF-16": Buffer.from(fine, "utf16le"),
  "a comma too many in an object": '{"info":"ann","offer":"o",}',
  "a comma too many in an array": around("[1,]"),
  "a comma too few": '{"info":"ann" "offer":"o"}',
  "a comma alone": '{,"info":"ann","offer":"o"}',
  "two commas": '{"info":"ann",,"offer":"o"}',
  "a colon too few": '{"info" "ann","offer":"o"}',
  "a key without a value": '{"offer":"o","x"}',
  "a key without a value but with a colon": '{"offer":"o","x":}',
  "a value without a key": '{"offer":"o","x"}',
  "a key without quotes": '{"info":"ann","offer":"o",x:1}',
  "a number for a key": '{"info":"ann","offer":"o",1:1}',
  "single quotes": "{'info':'ann','offer':'o'}",
  "a comment": `/* hello */${fine}`,
  "a comment inside": '{"info":"ann",/**/"offer":"o"}',
  "a line comment": `${fine}// hello`,
  "brackets that do not match": around("[1}"),
  "a leading zero": around("01"),
  "a negative leading zero": around("-01"),
  "a plus": around("+1"),
  "a minus alone": around("-"),
  "a fraction without digits": around("1."),
  "a fraction without a whole": around(".5"),
  "an exponent without digits": around("1e"),
  "an exponent with a sign only": around("1e+"),
  "a hexadecimal number": around("0x10"),
  "two points": around("1.2.3"),
  Infinity: around("Infinity"),
  "-Infinity": around("-Infinity"),
  NaN: around("NaN"),
  undefined: around("undefined"),
  True: around("True"),
  nul: around("nul"),
  nulll: around("nulll"),
  "a bad escape": around('"\\x41"'),
  "an escaped quote's half": around('"\\'),
  "an escape of an apostrophe": around('"\\\'"'),
  "an escape of three digits": around('"\\u041"'),
  "an escape of no digits": around('"\\uzzzz"'),
  "an escape with a sign": around('"\\u+041"'),
  "a newline in a string": around('"a\nb"'),
  "a tab in a string": around('"a\tb"'),
  "a control character in a string": around('"a\u0001b"'),
  "a control character in a known field": '{"info":"ann","offer":"o\u001f"}',
  "a control character in a key": '{"info":"ann","offer":"o","x\n":1}',
  "a vertical tab between": `{"info":"ann",\v"offer":"o"}`,
  "a form feed between": `{"info":"ann",\f"offer":"o"}`,
  "a no-break space between": `{"info":"ann",\u00a0"offer":"o"}`,
  "a control character between": `{"info":"ann",\u0001"offer":"o"}`,
};

const NUL = {
  "escaped, in a known field": '{"info":"a\\u0000b","offer":"o"}',
  "escaped, at the end of the offer": '{"info":"ann","offer":"o\\u0000"}',
  "escaped and alone": '{"info":"\\u0000","offer":"o"}',
  "escaped, in an unknown field": around('"\\u0000"'),
  "escaped, deep in an unknown field": around('[{"y":["\\u0000"]}]'),
  "escaped, in an unknown key": '{"info":"ann","offer":"o","x\\u0000":1}',
  "escaped, after a known key": '{"info":"ann","offer":"o","offer\\u0000x":"p"}',
  "escaped, in a key deep inside": around('{"\\u0000":1}'),
  "raw, in a known field": '{"info":"a\0b","offer":"o"}',
  "raw, in an unknown field": around('"\0"'),
  "raw, in a key": '{"info":"ann","offer":"o","x\0":1}',
  "raw, between": '{"info":"ann",\0"offer":"o"}',
};

const NOT_UTF8 = {
  "a byte that is never there": [0xff],
  another: [0xfe],
  "a continuation alone": [0x80],
  "a character that does not end": [0xe2, 0x82],
  "an emoji that does not end": [0xf0, 0x9f, 0x98],
  "an overlong NUL": [0xc0, 0x80],
  "an overlong slash": [0xc0, 0xaf],
  "an overlong slash in three": [0xe0, 0x80, 0xaf],
  "an overlong slash in four": [0xf0, 0x80, 0x80, 0xaf],
  "a surrogate": [0xed, 0xa0, 0x80],
  "a pair of surrogates": [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  "past the last character": [0xf4, 0x90, 0x80, 0x80],
  "five bytes": [0xf8, 0x88, 0x80, 0x80, 0x80],
  "Latin 1": [0x66, 0xfc, 0x72],
};

const LONE = {
  "a high surrogate": "\\ud800",
  "a low surrogate": "\\udc00",
  "the wrong way round": "\\ude00\\ud83d",
  "two high ones": "\\ud83d\\ud83d",
  "a high one before a letter": "\\ud83dA",
  "a high one before an escape": "\\ud83d\\u0041",
  "a high one before a newline": "\\ud83d\\n",
  "the last high one": "\\udbff",
};

const DEEP = {
  "33 levels of arrays": around(nested(32)),
  "33 levels of arrays around a number": around(nested(32, "1")),
  "33 levels of objects": around(objects(32)),
  "33 levels of both": around(mixed(32)),
  "33 levels after something shallow": `{"info":"ann","offer":"o","w":[[]],"x":${nested(32)}}`,
  "1000 levels": around(nested(1000)),
  "100000 levels": around(nested(100_000)),
  "100000 levels that do not end": around("[".repeat(100_000)),
  "100000 levels of objects": around(objects(80_000)),
};

const inPlaces = (bad) => ({
  "in a known field": bytes('{"info":"a', bad, '","offer":"o"}'),
  "in the offer": bytes('{"info":"ann","offer":"', bad, '"}'),
  "in an unknown field": bytes('{"info":"ann","offer":"o","x":"', bad, '"}'),
  "deep inside": bytes('{"info":"ann","offer":"o","x":[{"y":["', bad, '"]}]}'),
  "in a key": bytes('{"info":"ann","offer":"o","', bad, '":1}'),
});

/** Each row a test: the body is 400 for an offer, and nothing of it is there. */
function refused(title, rows) {
  describe(title, { concurrency: 8 }, () => {
    for (const [says, body] of Object.entries(rows))
      test(`${says} is 400 and stores nothing`, async () => {
        const api = new Api();
        assertError(await api.post("/a/offer", body), 400);
        await assertNothingStored(api);
      });
  });
}

function refusedInPlaces(title, rows) {
  describe(title, { concurrency: 8 }, () => {
    for (const [says, bad] of Object.entries(rows))
      test(`${says} is 400 wherever it stands, and stores nothing`, async () => {
        const api = new Api();
        for (const [place, body] of Object.entries(inPlaces(bad)))
          assert.equal((await api.post("/a/offer", body)).status, 400, place);
        await assertNothingStored(api);
      });
  });
}

refused("a body that is not a JSON object:", NOT_AN_OBJECT);
refused("U+0000", NUL);
refused("a body of", DEEP);
refusedInPlaces("in a string that should be UTF-8", NOT_UTF8);
refusedInPlaces("in an escape", LONE);

describe("every route that reads its body", { concurrency: true }, () => {
  const bad = {
    ...Object.fromEntries(["", "x", "[]", "5", '"x"', "null"].map((body) => [body, body])),
    "a comma": '{"code":"x",}',
    "33 levels": `{"x":${nested(32)}}`,
    "an escaped NUL": '{"x":"\\u0000"}',
    "invalid UTF-8": bytes('{"x":"', [0xff], '"}'),
  };
  for (const path of ["/a/offer", "/answer", "/poll"])
    test(`POST ${path} refuses what is no object, and says so clearly`, async () => {
      const api = new Api();
      for (const [says, body] of Object.entries(bad)) {
        const answer = await api.post(path, body);
        assertError(answer, 400);
        // Not about a parameter: what is wrong is the body.
        assert.doesNotMatch(answer.body.error, /parameter/, says);
      }
    });

  test("leaves a session as it was when the body is bad", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const start = `{"code":"${code}","side":"answerer",`;
    const bodies = [
      `${start}"answer":"x",}`,
      `${start}"answer":"x"`,
      `${start}"answer":"x\\u0000"}`,
      `${start}"answer":"\\ud800"}`,
      `${start}"answer":"x","y":"\\u0000"}`,
      `${start}"answer":"x","y":${nested(32)}}`,
      `${start}"candidate":"x\\u0000"}`,
      bytes(`${start}"candidate":"`, [0xff], '"}'),
    ];
    for (const body of bodies) assertError(await api.post("/answer", body), 400);
    const polled = (await api.poll(code, "offerer")).body;
    assert.deepEqual([polled.answer, polled.answerCandidates], [null, []]);
    assert.equal((await api.sessions("a")).length, 1);
  });
});

const GOOD = {
  "32 levels of arrays": around(nested(31)),
  "32 levels of arrays around a number": around(nested(31, "1")),
  "32 levels of objects": around(objects(31)),
  "32 levels of both": around(mixed(31)),
  "32 levels twice": `{"info":"ann","offer":"o","x":${nested(31)},"y":${nested(31)}}`,
  "many brackets in a string": around(JSON.stringify("[{".repeat(100))),
  "brackets behind an escaped quote": around(JSON.stringify(`"${"[".repeat(100)}`)),
  "a pair of escaped surrogates": around('"\\ud83d\\ude00"'),
  "an escaped backslash before u0000": around('"\\\\u0000"'),
  "every escape": around('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u00E9"'),
  "U+007F and U+FFFF": around('"\u007f\uffff"'),
  "spaces all around": ` \t\r\n{ "info" : "ann" ,\n"offer"\t:\r"o" } \n`,
  "an empty key": '{"info":"ann","offer":"o","":1}',
  "a key like a prototype": '{"info":"ann","offer":"o","__proto__":{"offer":5}}',
  "keys in other cases": '{"info":"ann","offer":"o","Offer":5,"INFO":[]}',
  numbers: around("[0,-0,1,-1,1.5,1e5,1E+5,1.25e-3,1e999,-1e999,123456789012345678901234567890]"),
  words: around("[true,false,null]"),
  "empty ones": around('[{},[],""]'),
  "escapes in a key": '{"\\u0069nfo":"ann","off\\u0065r":"o"}',
  "the same key twice: the last wins": '{"info":"bob","offer":5,"info":"ann","offer":"o"}',
};

describe("a body is fine with", { concurrency: 8 }, () => {
  for (const [says, body] of Object.entries(GOOD))
    test(says, async () => {
      const api = new Api();
      const answer = await api.post("/a/offer", body);
      assert.equal(answer.status, 200, answer.text);
      const [session] = await api.sessions("a");
      assert.deepEqual([session.info, session.offer], ["ann", "o"]);
    });

  test("the same key twice, of which the last is wrong: then it is 400", async () => {
    const api = new Api();
    assertError(await api.post("/a/offer", '{"offer":"o","offer":5}'), 400);
    await assertNothingStored(api);
  });
});

test("after all that, the server answers a hundred callers", async () => {
  const statuses = await inParallel(
    Array(100),
    async () => (await new Api().post("/a/offer", fine)).status,
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
});

describe("a header that is no text", { concurrency: true }, () => {
  for (const [says, origin] of [
    ["bytes over 127", Buffer.from([0xff, 0xfe])],
    ["a long one", Buffer.from(`https://${"x".repeat(5000)}.example`)],
  ])
    test(`${says}, as Origin, does the server no harm`, async () => {
      const api = new Api("default", null);
      const [start] = (await api.head("GET", "/topics")).split("\r\n\r\n");
      const { status } = await api.raw([`${start}\r\nOrigin: `, origin, "\r\n\r\n"]);
      assert.ok(status < 500, `${status}`);
      assert.equal((await api.get("/health")).status, 200);
    });
});
