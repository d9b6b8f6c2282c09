// wrangler gives an imported .wasm file to the worker compiled.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
