// What the document promises has been seen: the last chapter, for it looks at what all others were
// answered.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documentedAnswers, seenOf, seenSentence, shapeOf } from "./document.mjs";

/** What no client can bring about on every route; an example says that there is a way. */
const FAULTS = ["500", "503"];

describe("the document promises nothing that is not answered:", () => {
  for (const { operation, status, codes, examples } of documentedAnswers) {
    if (FAULTS.includes(status) && Object.keys(examples).length === 0) continue;
    test(`${operation.operationId} ${status}`, () => {
      const seen = seenOf(operation, status);
      assert.ok(seen, "this status was never answered");
      for (const code of codes)
        assert.ok(seen.codes.has(code), `the code ${code} was never answered`);
      for (const [name, { value }] of Object.entries(examples)) {
        assert.ok(
          seen.shapes.has(shapeOf(value)),
          `no answer has the shape of the example ${name}`,
        );
        assert.ok(
          typeof value.error !== "string" || seenSentence(operation, status, value.error),
          `no answer says ${JSON.stringify(value.error)}`,
        );
      }
    });
  }
});
