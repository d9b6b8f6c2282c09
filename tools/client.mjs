// Builds the browser client: ESM and types for programs that bundle it, and one minified module that
// the worker serves to pages.
//
//     node tools/client.mjs

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REGISTRY = "client/registry";

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
};

/** What a page loads, as bytes. */
export async function minified() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [`${REGISTRY}/src/index.ts`],
    minify: true,
    write: false,
  });
  return outputFiles[0].contents;
}

async function main() {
  const dist = `${REGISTRY}/dist`;
  rmSync(`${ROOT}${dist}`, { recursive: true, force: true });
  // Split, so that both entries know the same classes.
  await build({
    ...common,
    entryPoints: [`${REGISTRY}/src/index.ts`, `${REGISTRY}/src/testing.ts`],
    splitting: true,
    outdir: dist,
  });
  await build({
    ...common,
    entryPoints: [`${REGISTRY}/src/index.ts`],
    minify: true,
    outfile: "web/client/registry.js",
  });
  const { status } = spawnSync("tsc", ["-p", REGISTRY], { cwd: ROOT, stdio: "inherit" });
  process.exitCode = status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
