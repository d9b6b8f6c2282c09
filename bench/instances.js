// Starts the module as many times as `?n=` says. The clock stands still in here while it does, so the client
// measures how long it takes.

import module from "../build/core.wasm";

const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module))
  (imports[from] ??= {})[name] = () => 0;

function start() {
  const { exports } = new WebAssembly.Instance(module, imports);
  exports._initialize();
  return exports.memory.buffer.byteLength;
}

export default {
  fetch(request) {
    const count = Number(new URL(request.url).searchParams.get("n"));
    let memory = 0;
    for (let i = 0; i < count; i++) memory = start();
    return Response.json({ memory });
  },
};
