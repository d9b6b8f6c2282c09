// The build: two compilers that make the same module, cJSON's source, sizes, a deployment in the dry.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";

const scratch = mkdtempSync(join(tmpdir(), "rondevu-build-"));
after(() => rmSync(scratch, { recursive: true }));

test("a WASI SDK builds the module with the same imports and exports", () => {
  const sdk = join(scratch, "sdk");
  const output = join(scratch, "core.wasm");
  run("tools/wasi-sdk-from-debian.sh", [sdk]);
  const sources = [...globSync("src/*.c"), ...globSync("wasm/*.c"), "build/cjson/cJSON.c"].sort();
  run("node", ["tools/cc-wasm.mjs", "-o", output, ...sources], { WASI_SDK_PATH: sdk });
  assert.deepEqual(face(output), face("build/core.wasm"));
});

test("an SDK that is not there is said to be so", () => {
  const { status, stderr } = spawnSync(
    "node",
    ["tools/cc-wasm.mjs", "-o", join(scratch, "no.wasm"), "src/arena.c"],
    { encoding: "utf8", env: { ...process.env, WASI_SDK_PATH: "/nowhere" } },
  );
  assert.notEqual(status, 0);
  assert.match(stderr, /WASI_SDK_PATH=\/nowhere/);
});

for (const compiler of ["npm's clang", "a WASI SDK"])
  test(`with ${compiler} an error in C is shown with its file and line, and nothing is written`, () => {
    const tree = copyOfTree(compiler.replaceAll(/\W/g, ""));
    const sdk = join(scratch, "sdk");
    run("tools/wasi-sdk-from-debian.sh", [sdk]);
    writeFileSync(join(tree, "src/wrong.c"), "int wrong(void);\nint wrong(void) { return }\n");
    const { status, stdout, stderr } = spawnSync(
      "node",
      ["tools/cc-wasm.mjs", "-o", "build/wrong.wasm", "src/wrong.c"],
      {
        cwd: tree,
        encoding: "utf8",
        env: { ...process.env, WASI_SDK_PATH: compiler === "a WASI SDK" ? sdk : "" },
      },
    );
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /src\/wrong\.c:2:\d+: error:/);
    assert.equal(existsSync(join(tree, "build/wrong.wasm")), false);
  });

test("CJSON_DIR is where cJSON comes from, when it is set", () => {
  const tree = copyOfTree("cjson");
  const own = join(scratch, "own");
  cpSync("build/cjson", own, { recursive: true });
  writeFileSync(join(own, "cJSON.c"), "/* our own */\n");
  run(join(tree, "tools/cjson.sh"), [], { CJSON_DIR: own });
  assert.equal(readFileSync(join(tree, "build/cjson/cJSON.c"), "utf8"), "/* our own */\n");
});

test("CJSON_DIR without a cJSON.c in it is refused, and named", () => {
  const { status, stderr } = spawnSync("tools/cjson.sh", {
    encoding: "utf8",
    env: { ...process.env, CJSON_DIR: scratch },
  });
  assert.notEqual(status, 0);
  assert.match(stderr, new RegExp(`CJSON_DIR=${scratch}: no cJSON.c`));
});

test("the module and the shim are within their sizes", () => {
  run("node", ["tools/size.mjs", "--check"]);
});

for (const [says, given, shown] of [
  ["Durable Objects", [], "durable"],
  ["Workers KV where it is told so", ["STORAGE=kv"], "(hidden)"], // what --var says, wrangler does not show
])
  test(`make deploy DRY_RUN=1 works without an account, on ${says}`, () => {
    const { status, stdout, stderr } = deploy("DRY_RUN=1", ...given);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /--dry-run: exiting now/);
    assert.ok(stdout.includes(`env.STORAGE ("${shown}")`), stdout);
    assert.match(stdout, /env\.SHARDS \(Shard\)/);
    assert.ok(globSync("build/deploy/*.wasm").length > 0);
  });

for (const store of ["kv", "durable"])
  test(`make deploy STORAGE=${store} says so to wrangler`, () => {
    const { stdout } = deploy("--just-print", `STORAGE=${store}`);
    assert.match(stdout, new RegExp(`wrangler deploy --var STORAGE:${store}\\b`));
  });

test("make deploy refuses a store that there is not, before anything is deployed", () => {
  const { status, stdout, stderr } = deploy("DRY_RUN=1", "STORAGE=sqlite");
  assert.notEqual(status, 0);
  assert.match(stderr, /STORAGE=sqlite: wants durable or kv/);
  assert.doesNotMatch(stdout, /dry-run/);
});

test("package-lock.json names no registry's host", () => {
  assert.doesNotMatch(readFileSync("package-lock.json", "utf8"), /"resolved"/);
});

function deploy(...given) {
  const { MAKEFLAGS, MFLAGS, MAKEOVERRIDES, STORAGE, CLOUDFLARE_API_TOKEN, ...env } = process.env;
  return spawnSync("make", ["deploy", ...given], { encoding: "utf8", env });
}

/** What a module asks for and what it offers. */
function face(file) {
  const module = new WebAssembly.Module(readFileSync(file));
  const name = ({ module = "", name, kind }) => `${module} ${name} ${kind}`;
  return {
    imports: WebAssembly.Module.imports(module).map(name).sort(),
    exports: WebAssembly.Module.exports(module).map(name).sort(),
  };
}

/** As much of the repository as the compiler wants to see. */
function copyOfTree(name) {
  const tree = join(scratch, name);
  for (const part of ["src", "wasm", "kv", "tools", "build/cjson", "package.json"])
    cpSync(part, join(tree, part), { recursive: true });
  spawnSync("ln", ["-s", resolve("node_modules"), join(tree, "node_modules")]);
  return tree;
}

function run(command, args, env = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env } });
  assert.equal(done.status, 0, `${command}: ${done.stdout}${done.stderr}`);
}
