// What the module and the shim weigh, raw and gzipped. Exit status 1 when one is over its limit.
//
//     node tools/size.mjs [--check]     with --check: silent unless something is over

import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const KB = 1024;
const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function shim() {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["worker/index.js"],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    external: ["*.wasm", "node:*", "cloudflare:*"],
    outfile: "index.js",
  });
  return outputFiles[0].contents;
}

const parts = [
  { name: "module", limit: 60, bytes: readFileSync(`${ROOT}build/core.wasm`) },
  { name: "shim", limit: 8, bytes: await shim() },
];

for (const { name, limit, bytes } of parts) {
  const zipped = gzipSync(bytes, { level: 9 }).length / KB;
  const over = zipped > limit;
  if (over) process.exitCode = 1;
  if (over || !process.argv.includes("--check"))
    console.log(
      `${name.padEnd(8)}${(bytes.length / KB).toFixed(1).padStart(7)} KB` +
        `${zipped.toFixed(1).padStart(7)} KB gzipped, limit ${limit} KB${over ? ": OVER" : ""}`,
    );
}
