#!/bin/bash
# Everything that can be said about the sources without running them: tools/check.sh C_FILE... -- JS_FILE...
# Runs all checks, however many fail, and names the ones that did.
set -u

c_files=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do c_files+=("$1"); shift; done
shift
js_files=("$@")

version=$(sed -nE 's/.*"version": "([^"]+)".*/\1/p' package.json)
flags=(-std=c11 -Isrc -Iwasm -Ikv -Itests/unit -isystem build/cjson
    "-DRONDEVU_VERSION=\"$version\"" -DCJSON_NESTING_LIMIT=32)
native_flags=("${flags[@]}" -D_GNU_SOURCE)
wasm_flags=("${flags[@]}" --target=wasm32-wasi -isystem /usr/include/wasm32-wasi -mbulk-memory
    -DRONDEVU_TEST_ROUTES)
warnings=(-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror)

# What runs elsewhere than in tests is looked at longest.
native=()
shipped=()
wasm=()
for file in "${c_files[@]}"; do
    case $file in
        wasm/*.c) wasm+=("$file") ;;
        *.c) native+=("$file") ;;
    esac
    case $file in src/*.c | kv/*.c) shipped+=("$file") ;; esac
done

failed=()
check() {
    local name=$1 output status
    shift
    output=$("$@" 2>&1)
    status=$?
    if [ $status = 0 ]; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        grep -vE '^[0-9]+ warnings? generated\.$' <<<"$output"
        failed+=("$name")
    fi
}

warnings_of() {
    local file status=0
    for file in "${native[@]}"; do
        gcc -fsyntax-only "${native_flags[@]}" "${warnings[@]}" "$file" || status=1
    done
    for file in "${wasm[@]}"; do
        clang -fsyntax-only "${wasm_flags[@]}" "${warnings[@]}" "$file" || status=1
    done
    return $status
}

tidy() {
    local status=0
    printf '%s\n' "${shipped[@]}" |
        xargs -P 2 -I '{}' clang-tidy --quiet '{}' -- "${native_flags[@]}" || status=1
    clang-tidy --quiet "${wasm[@]}" -- "${wasm_flags[@]}" || status=1
    return $status
}

lint() {
    # Of null pointers the analyzer in clang-tidy knows more: it sees which functions cannot return.
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=nullPointerRedundantCheck --suppress=nullPointerArithmeticRedundantCheck \
        --error-exitcode=1 -j 2 -Isrc -Iwasm -Ikv "${shipped[@]}" "${wasm[@]}"
}

if [ ${#native[@]} -gt 0 ]; then
    check "C format (make fmt mends it)" clang-format --dry-run -Werror "${c_files[@]}"
    check "C warnings" warnings_of
    check "cppcheck" lint
    check "clang-tidy" tidy
fi
check "JavaScript format (make fmt mends it)" prettier --log-level warn --check "${js_files[@]}"
check "docs/openapi.yaml" env REDOCLY_SUPPRESS_UPDATE_NOTICE=true redocly lint
check "types of the worker" tsc -p tsconfig.json
check "types of the page" tsc -p tools/tsconfig.web.json
check "types of the client" tsc -p client/registry --noEmit

if [ ${#failed[@]} -gt 0 ]; then
    echo "${#failed[@]} of the checks failed" >&2
    exit 1
fi
