// The core's versions and ranges against npm's semver package: the same answer to every pair.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import semver from "semver";

const PAIRS = 20_000;
const NUMBERS = ["0", "0", "1", "1", "2", "3", "10"];
const ODD_NUMBERS = ["01", "9007199254740991", "9007199254740992", "99999999999999999999999"];
const TAGS = ["0", "1", "2", "10", "alpha", "beta", "a", "A", "-", "0a", "x", "v", "rc-1"];
const BUILDS = ["", "", "", "", "+b", "+b.1"];
const OPERATORS = ["", "", "^", "~", "~>", ">", "<", ">=", "<=", "=", "v"];
const ODD_OPERATORS = ["^ ", "~ ", "~> ", "> ", "< ", ">= ", "<= ", "= ", ">=v", "^v", "~=", "=="];
const JUNK = [" ", "  ", "*", "v", "=", ">", "<", "~", "^", "-", ".", "+", "+a", "x", "|", "\t"];

const VERSIONS = [
  "0.0.0-0 0.0.0 0.0.1 0.1.0 0.2.3 0.2.4 0.3.0 1.0.0-alpha 1.0.0-beta.2 1.0.0-beta.11 1.0.0",
  "1.2.2 1.2.3-alpha 1.2.3-beta 1.2.3-pre.2 1.2.3 1.2.3+build 1.2.4-beta 1.2.4 1.3.0 1.9.9",
  "2.0.0-0 2.0.0-rc.1 2.0.0 2.3.4 2.4.0-alpha 2.4.0 3.0.0 10.0.0 9007199254740991.0.0",
].flatMap((line) => line.split(" "));

const RANGES = [
  ...["", "*", "x", "X", "x.x.x", "*.*", "=*", ">=*", "<=*", ">*", "<*", "^*", "~x", "^x.1", " "],
  ...["1", "1.x", "1.X.x", "1.*", "1.2", "1.2.x", "1.2.*", "1.2.3", "=1.2.3", "v1.2.3", "= 1.2.3"],
  ...[
    "^1",
    "^1.x",
    "^1.2",
    "^1.2.3",
    "^0",
    "^0.0",
    "^0.0.0",
    "^0.0.1",
    "^0.2",
    "^0.2.3",
    "^ 1.2.3",
  ],
  ...["^1.2.3-beta", "^0.0.0-0", "^1.0.0-beta.2", "^1.2.x-beta", "^1.2.3+build", "^v1", "^=1.2.3"],
  ...[
    "~1",
    "~1.x",
    "~1.2",
    "~1.2.3",
    "~0",
    "~0.0",
    "~0.0.1",
    "~> 1.2",
    "~>1.2.3",
    "~ 1",
    "~1.2.3-b",
  ],
  ...[">1", ">1.2", ">1.2.3", ">=1", ">=1.2", ">=1.2.3", "<1", "<1.2", "<1.2.3", "<=1", "<=1.2"],
  ...[
    "> 1.2.3",
    ">= 1.2",
    "< 2",
    "<=2.0.0-rc.1",
    ">=1.2.3-alpha",
    ">1.2.3-alpha <1.2.3",
    ">= v1.2.3",
  ],
  ...[">=1.2.3 <2", ">=1 <3 >1.2", "1.2.3 1.2.3", "1 2", "* 1", ">=0.0.0", ">=0.0.0 <0.0.0-z", "0"],
  ...["1.2 - 2.3.4", "1.2.3 - 2.3", "1.2.3 - 2", "1 - 2", "* - 2", "1 - *", "1.2.3-a - 1.2.3-z"],
  ...[
    "v1.2.3 - v2",
    "=1.2.3 - 2",
    "1 - =2.4.0-b",
    "1.2.3+b - 2+b",
    "0.0.0 - 2",
    "1 - 2 || 10",
    "1  -  2",
  ],
  ...[
    "1 || 2",
    "1||2",
    "1.2.3-beta || 2",
    "* || 1.2.3-beta",
    "1 || ",
    "||",
    ">=0.0.0 || 1.2.3-beta",
  ],
  ...[
    "<0.0.0-0",
    "<0 || 1",
    "^1.2.3-beta || ~1.2.4-alpha",
    ">=1.2.3-alpha 1.2.3-beta",
    "<1.2.3-beta",
  ],
  ...[
    "<9007199254740991",
    "^9007199254740991",
    ">9007199254740991",
    "9007199254740992.0.0",
    "1.99999999999999999999",
  ],
  ...[
    "1.2.3*",
    "*1.2.3",
    "1.2.3>*",
    ">=1.2.*3",
    "^1.2.3*",
    "**",
    "1.2.3+*b",
    "> = 1.2.3",
    "v 1.2.3",
    ">=>1",
  ],
  ...[
    "latest",
    "1.2.3.4",
    "01",
    "1.02",
    "1.2.3-01",
    "1-a",
    "1.2-a",
    "^",
    "~",
    ">",
    "|",
    "1 | 2",
    "1|||2",
  ],
  ...[
    "1 - 2 - 3",
    "1 -2",
    "1- 2",
    " - 1",
    "x.1",
    "1.x.2",
    "*.1",
    "!1",
    "1,2",
    "foo || 1",
    "~~1",
    "^^1",
  ],
  ...[
    "1 +a",
    "+a",
    "+a 1",
    "1 +a - 2",
    "1 - +a 2",
    "~ +a 1.2",
    "+",
    "1.2.3+",
    "1.2.3+a..b",
    "\t1\t",
    "a",
  ],
];

test("well-known ranges take the same versions as npm's", () => {
  compare(RANGES.flatMap((range) => VERSIONS.map((version) => [version, range])));
});

test("ranges made at random take the same versions as npm's", () => {
  const make = maker(1);
  compare(Array.from({ length: PAIRS }, () => [make.version(), make.range()]));
});

test("ranges made at random and then spoilt take the same versions as npm's, or none", () => {
  const make = maker(2);
  compare(Array.from({ length: PAIRS }, () => [make.version(), make.spoilt(make.range())]));
});

test("versions made at random and then spoilt are versions where npm's says so", () => {
  const make = maker(3);
  compare(Array.from({ length: PAIRS }, () => [make.spoilt(make.version()), "*"]));
});

function compare(pairs) {
  const input = pairs.map((pair) => `${pair.join("/")}\n`).join("");
  const { stdout, stderr, status } = spawnSync("build/unit/gcc/test_semver", ["lines"], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  const answers = stdout.trimEnd().split("\n");
  assert.equal(answers.length, pairs.length);
  const seen = new Set(answers);
  assert.ok(seen.size >= 2, "a comparison of answers that are all the same proves nothing");
  const different = pairs
    .map(([version, range], i) => ({
      version,
      range,
      npm: byNpm(version, range),
      here: answers[i],
    }))
    .filter(({ npm, here }) => npm !== here);
  assert.deepEqual(different.slice(0, 10), []);
}

function byNpm(version, range) {
  // The package overlooks a "v" before a version, and white space around it.
  if (!/^\d\S*$/.test(version) || !semver.valid(version)) return "no version";
  if (semver.validRange(range) === null) return "no range";
  return semver.satisfies(version, range) ? "in" : "out";
}

/** The same sequence of versions and ranges for the same seed. */
function maker(seed) {
  let state = seed;
  const below = (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const pick = (list) => list[below(list.length)];
  const times = (count, make) => Array.from({ length: count }, make);

  const number = () => pick(below(100) ? NUMBERS : ODD_NUMBERS);
  const prerelease = () => `-${times(1 + below(3), () => pick(TAGS)).join(".")}`;
  const version = () => times(3, number).join(".") + (below(3) ? "" : prerelease());
  const part = () => (below(5) ? number() : pick(["x", "X", "*"]));
  const partial = () => {
    const parts = times(1 + below(3), part);
    const tail = parts.length === 3 ? (below(3) ? "" : prerelease()) + pick(BUILDS) : "";
    return parts.join(".") + tail;
  };
  const operand = () => (below(2) ? version() : partial());
  const comparator = () => pick(below(4) ? OPERATORS : ODD_OPERATORS) + operand();
  const alternative = () =>
    below(6) ? times(1 + below(3), comparator).join(" ") : `${operand()} - ${operand()}`;
  const range = () => times(below(4) ? 1 : 2 + below(2), alternative).join(pick(["||", " || "]));
  const spoilt = (text) => {
    const at = below(text.length + 1);
    return text.slice(0, at) + pick(JUNK) + text.slice(at + below(2));
  };
  return { version, range, spoilt };
}
