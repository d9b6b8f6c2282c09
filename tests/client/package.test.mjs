// The package as a program that uses it finds it: by its name, with its types, and no larger than said.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 6 * 1024;

const consumer = mkdtempSync(join(tmpdir(), "rondevu-consumer-"));
after(() => rmSync(consumer, { recursive: true }));
mkdirSync(join(consumer, "node_modules/@rondevu"), { recursive: true });
symlinkSync(resolve("client/registry"), join(consumer, "node_modules/@rondevu/registry"));

/** What the compiler has to say about programs that import the package by its name. */
function compile(files, options = {}) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(consumer, name), text);
  const compilerOptions = {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom"],
    types: [],
    strict: true,
    noEmit: true,
    ...options,
  };
  const config = { compilerOptions, files: Object.keys(files) };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify(config));
  const tsc = resolve("node_modules/.bin/tsc");
  const args = ["-p", consumer, "--pretty", "false", "--preserveSymlinks"];
  return spawnSync(tsc, args, { encoding: "utf8", cwd: consumer }).stdout;
}

const read = (file) => readFileSync(file, "utf8");

test("what pages load is at most 6 KB, gzipped, all of it", (t) => {
  const bytes = readFileSync("web/client/registry.js");
  const zipped = gzipSync(bytes, { level: 9 }).length;
  t.diagnostic(`registry.js: ${bytes.length} bytes, ${zipped} gzipped, limit ${LIMIT}`);
  assert.ok(zipped <= LIMIT, `${zipped} bytes`);
});

test("it depends on nothing", () => {
  const { dependencies, peerDependencies, sideEffects } = JSON.parse(
    read("client/registry/package.json"),
  );
  assert.deepEqual([dependencies, peerDependencies, sideEffects], [undefined, undefined, false]);
  assert.doesNotMatch(read("web/client/registry.js"), /\b(?:import|require)\s*[("']|from\s*"/);
});

/** A program that imports from the package, bundled as its author would. */
async function bundled(program) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: consumer },
    bundle: true,
    minify: true,
    format: "esm",
    preserveSymlinks: true,
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

test("a program that imports the requests alone gets none of WebRTC", async () => {
  const text = await bundled(
    `import { RegistryClient } from "@rondevu/registry"; new RegistryClient({})`,
  );
  assert.match(text, /X-Access-Token/);
  for (const other of ["RTCPeerConnection", "datachannel", "iceRestart", "fingerprint"])
    assert.doesNotMatch(text, new RegExp(other));
  assert.ok(gzipSync(text).length < 3000);
});

test("a program that imports an error alone gets that, and one that imports nothing gets nothing", async () => {
  const text = await bundled(`import { StateError } from "@rondevu/registry"; new StateError("x")`);
  assert.ok(text.length < 500);
  assert.equal((await bundled(`import "@rondevu/registry"`)).trim(), "");
});

test("both entries know the same classes", () => {
  const program = `
    import { RegistryError, StateError } from "@rondevu/registry";
    import { FakeHttpClient, FakeRoomManager } from "@rondevu/registry/testing";
    const http = new FakeHttpClient(() => ({ status: 404 }));
    const errors = [await http.get("/").catch((e) => e)];
    try { new FakeRoomManager().sendMessage(1); } catch (e) { errors.push(e); }
    console.log(errors[0] instanceof RegistryError, errors[1] instanceof StateError);`;
  writeFileSync(join(consumer, "same.mjs"), program);
  const args = ["--preserve-symlinks", "--preserve-symlinks-main", join(consumer, "same.mjs")];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(stdout.trim(), "true true", stderr);
});

test("nothing but its two entries can be imported", () => {
  for (const path of ["dist/index.js", "src/client.ts", "package.json"]) {
    const program = `import("@rondevu/registry/${path}").catch((e) => console.log(e.code))`;
    writeFileSync(join(consumer, "inside.mjs"), program);
    const args = ["--preserve-symlinks", "--preserve-symlinks-main", join(consumer, "inside.mjs")];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(stdout.trim(), "ERR_PACKAGE_PATH_NOT_EXPORTED");
  }
});

for (const options of [
  {},
  { module: "nodenext", moduleResolution: "nodenext" },
  { exactOptionalPropertyTypes: true },
])
  test(`programs that must compile do, with ${JSON.stringify(options)}`, () => {
    writeFileSync(join(consumer, "package.json"), `{ "type": "module" }`);
    assert.equal(compile({ "compiles.ts": read("tests/client/types/compiles.ts") }, options), "");
  });

test("programs that must not compile do not, each for its own reason", () => {
  const [head, ...blocks] = read("tests/client/types/must-not-compile.ts").split(/^\/\/ error: /m);
  assert.ok(blocks.length > 30);
  const files = blocks.map((block, n) => [`wrong${n}.ts`, head + block.slice(block.indexOf("\n"))]);
  const said = compile(Object.fromEntries(files));
  const wrong = [...blocks.entries()].filter(([n, block]) => {
    const reason = block.slice(0, block.indexOf("\n"));
    // A message's later lines are indented.
    const mine = said.match(new RegExp(`^wrong${n}\\.ts.*(?:\\n .*)*`, "gm")) ?? [];
    return mine.length !== 1 || !mine[0].includes(reason);
  });
  assert.deepEqual(wrong, [], said);
});

// The guide

const guide = read("docs/registry-client.md");
const examples = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, text]) => text);

test("every example of the guide compiles", () => {
  assert.ok(examples.length >= 4);
  const ambient = "declare const show: (...what: unknown[]) => void;\n";
  const files = examples.map((text, n) => [`example${n}.ts`, `${text}\nexport {};\n`]);
  assert.equal(compile({ "show.d.ts": ambient, ...Object.fromEntries(files) }), "");
});

test("the guide names every error code and every option there is", () => {
  const source = read("web/client/registry.js");
  const codes = [...source.matchAll(/new \w+\("([a-z_]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length >= 8);
  const config = read("client/registry/src/interfaces.ts");
  const interfaces = config.slice(config.indexOf("export interface RetryPolicy"));
  const options = [...interfaces.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
  for (const name of [...codes, ...options]) assert.match(guide, new RegExp(`\\b${name}\\b`), name);
});

test("the guide's host and guest meet and talk", async () => {
  const [host, guest] = examples;
  const program = `
    import * as registry from "@rondevu/registry";
    import { FakeNetwork, FakeRegistry, FakeRegistryClient } from "@rondevu/registry/testing";
    const shared = new FakeRegistry();
    const { RTCPeerConnection } = new FakeNetwork();
    class WebRTCRegistryClient extends registry.WebRTCRegistryClient {
      constructor(config) {
        super({ ...config, RTCPeerConnection, registryClient: new FakeRegistryClient(shared) });
      }
    }
    const shown = { host: [], guest: [] };
    let codes, tell;
    const told = new Promise((resolve) => (tell = resolve));
    const heard = new Promise((resolve) => (shown.full = resolve));
    const show = (who) => (...what) => {
      shown[who].push(what);
      if (who === "host" && what[0] === "codes") tell({ roomCode: what[1], joinCode: what[2] });
      if (shown.host.length > 1 && shown.guest.length > 0) shown.full();
    };
    async function asHost(show) { ${strip(host)} }
    async function asGuest(show, { roomCode, joinCode }) { ${strip(guest)} }
    await Promise.all([asHost(show("host")), told.then((codes) => asGuest(show("guest"), codes))]);
    await heard;
    console.log(JSON.stringify([shown.host.slice(1), shown.guest]));
    process.exit();`;
  writeFileSync(join(consumer, "guide.mjs"), program);
  const args = ["--preserve-symlinks", "--preserve-symlinks-main", join(consumer, "guide.mjs")];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), [
    [["the guest says", { type: "greeting", content: "Hello from the guest!" }]],
    [["the host says", { type: "greeting", content: "Hello from the host!" }]],
  ]);
});

/** An example's own lines: what it imports, and what it is told by mouth, is given to it. */
function strip(example) {
  return example.replace(/^(import|declare) .*$/gm, "").replaceAll(/ as const/g, "");
}
