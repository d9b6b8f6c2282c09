#!/bin/sh
# Arranges Debian's clang, wasm-ld, wasi-libc and compiler-rt as a WASI SDK: tools/wasi-sdk-from-debian.sh DIR
# It lets the WASI_SDK_PATH branch of tools/cc-wasm.mjs be tested where no SDK can be downloaded.
set -eu
[ $# = 1 ] || { echo "usage: tools/wasi-sdk-from-debian.sh DIR" >&2; exit 2; }

llvm=/usr/lib/llvm-14
resources=$($llvm/bin/clang -print-resource-dir)
for part in $llvm/bin/wasm-ld /usr/include/wasm32-wasi /usr/lib/wasm32-wasi \
    "$resources/lib/wasi/libclang_rt.builtins-wasm32.a"; do
    [ -e "$part" ] || { echo "$part is not there: run tools/debian.sh test" >&2; exit 1; }
done

mkdir -p "$1"
sdk=$(cd "$1" && pwd)
sysroot=$sdk/share/wasi-sysroot
mkdir -p "$sdk/bin" "$sdk/lib/clang/lib" "$sysroot/include" "$sysroot/lib"

# Debian knows the target by its old name only, SDKs of today as wasip1.
ln -sfn "$resources/include" "$sdk/lib/clang/include"
ln -sfn "$resources/lib/wasi" "$sdk/lib/clang/lib/wasip1"
ln -sfn /usr/include/wasm32-wasi "$sysroot/include/wasm32-wasip1"
ln -sfn /usr/lib/wasm32-wasi "$sysroot/lib/wasm32-wasip1"

ln -sfn $llvm/bin/wasm-ld "$sdk/bin/wasm-ld"
cat >"$sdk/bin/clang" <<EOF
#!/bin/sh
exec $llvm/bin/clang -resource-dir '$sdk/lib/clang' "\$@"
EOF
chmod +x "$sdk/bin/clang"
