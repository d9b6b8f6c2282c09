#!/bin/sh
# Installs the Debian packages that a group of tasks needs: tools/debian.sh GROUP...
# Silent and instant when all of them are there.
set -eu

packages() {
    case $1 in
        build) echo dpkg-dev xz-utils ;;
        test) echo chromium libcmocka-dev libssl-dev libbsd-dev libc6-dev gcc clang \
            clang-14 libclang-rt-14-dev lld wasi-libc libclang-rt-14-dev-wasm32 ;;
        check) echo gcc clang wasi-libc clang-format clang-tidy cppcheck libcmocka-dev libbsd-dev libssl-dev ;;
        bench) echo valgrind wrk gcc libssl-dev libbsd-dev ;;
        *) echo "tools/debian.sh: no group \"$1\": build, test, check, bench" >&2; exit 2 ;;
    esac
}

reason() {
    case $1 in
        build) echo "to fetch cJSON's source package" ;;
        test) echo "for the unit tests, the browser tests and the test of the WASI SDK branch" ;;
        check) echo "for the static checks" ;;
        bench) echo "to count instructions and to drive load" ;;
    esac
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

wanted=""
reasons=""
for group in "$@"; do
    names=$(packages "$group")
    missing=""
    if command -v dpkg-query >/dev/null; then
        for name in $names; do
            case "$wanted " in *" $name "*) continue ;; esac
            installed "$name" || missing="$missing $name"
        done
    elif [ "$group" != build ]; then
        echo "Not a Debian machine: please see to it that these are installed: $names" >&2
    fi
    [ -z "$missing" ] && continue
    wanted="$wanted$missing"
    reasons="$reasons${reasons:+, }$(reason "$group")"
done
[ -z "$wanted" ] && exit 0

echo "Installing$wanted ($reasons)"

root=""
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "That takes root, and there is no sudo here. As root: apt-get install$wanted" >&2
        exit 1
    fi
    root=sudo
fi

install() {
    # shellcheck disable=SC2086 # a list of names
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 $wanted >"$log" 2>&1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be missing or stale: fetch them only when the first try fails.
if ! install && ! { $root apt-get update -qq && install; }; then
    cat "$log" >&2
    echo "apt-get could not install$wanted" >&2
    exit 1
fi
