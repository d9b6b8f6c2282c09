// Builds the browser client: ESM and types for programs that bundle it, and one minified module that
// the worker serves to pages.
//
//     node tools/client.mjs

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REGISTRY = "client/registry";

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
};

/** What a page loads. terser finds some 3 % more than esbuild does. */
export async function minified() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [`${REGISTRY}/src/index.ts`],
    minify: true,
    write: false,
  });
  const { code } = await minify(outputFiles[0].text, {
    module: true,
    compress: { ecma: 2022, passes: 2, pure_getters: true, unsafe_arrows: true },
  });
  return code;
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
  mkdirSync(`${ROOT}web/client`, { recursive: true });
  writeFileSync(`${ROOT}web/client/registry.js`, await minified());
  const { status } = spawnSync("tsc", ["-p", REGISTRY], { cwd: ROOT, stdio: "inherit" });
  process.exitCode = status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
