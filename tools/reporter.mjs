// A reporter for `node --test`: failures in full, what tests print, and at the end one line
// `@@ passed failed` for tools/test.mjs. A suite is no test; what it skips is not counted.

import { relative } from "node:path";
import { inspect } from "node:util";

export default async function* reporter(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type === "test:diagnostic" && data.nesting > 0) yield `  ${data.message}\n`;
    if (type === "test:pass" && isTest(data) && !data.skip && data.todo === undefined) passed++;
    if (type === "test:fail" && data.todo === undefined) {
      // A group that failed only because a test within it did says nothing new.
      if (data.details.error?.failureType === "subtestsFailed") continue;
      failed++;
      yield `--- ${data.name} (${data.file}:${data.line})\n`;
      yield `${inspect(data.details.error?.cause ?? data.details.error)}\n`;
    }
  }
  yield `\n@@ ${passed} ${failed}\n`;
}

/** node reports a describe() like a test, and a file without any test as one that passed. */
function isTest(data) {
  return data.details.type !== "suite" && data.name !== relative(".", data.file);
}
