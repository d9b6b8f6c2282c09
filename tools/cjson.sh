#!/bin/sh
# Puts cJSON's source into build/cjson: from CJSON_DIR when it is set, else from Debian's source
# package, newest version, with Debian's (security) patches applied. Needs no root: apt works in a
# folder of its own, on a source list derived from the machine's.
set -eu
cd "$(dirname "$0")/.."

dest=build/cjson

if [ -n "${CJSON_DIR:-}" ]; then
    for file in cJSON.c cJSON.h; do
        if [ ! -f "$CJSON_DIR/$file" ]; then
            echo "CJSON_DIR=$CJSON_DIR: no $file in that folder" >&2
            exit 1
        fi
    done
    mkdir -p "$dest"
    for file in cJSON.c cJSON.h; do
        # Untouched when equal, so that nothing is compiled again for it.
        cmp -s "$CJSON_DIR/$file" "$dest/$file" || cp "$CJSON_DIR/$file" "$dest/$file"
    done
    echo "$CJSON_DIR" >"$dest/origin"
    exit 0
fi

# A copy that came from another CJSON_DIR does not stand in for Debian's.
[ -f "$dest/cJSON.c" ] && [ -f "$dest/cJSON.h" ] && [ "$(cat "$dest/origin" 2>/dev/null)" = debian ] && exit 0

tools/debian.sh build
for tool in apt-get dpkg-source; do
    if ! command -v "$tool" >/dev/null; then
        echo "No $tool here: set CJSON_DIR to a folder with cJSON.c and cJSON.h" >&2
        exit 1
    fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# When run as root, apt drops its privileges for downloads and must still get in.
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

# Debian's own entries only: those with a suite of this release (codename, -updates, -security) and
# the component main. Other vendors' suites have names of their own.
suite="$codename(-updates|-security)?"
deb822() {
    awk -v RS= -v suite="$suite" '
        {
            suites = 0; main = 0; out = ""
            n = split($0, lines, "\n")
            for (i = 1; i <= n; i++) {
                if (lines[i] ~ /^#/) continue
                if (tolower(lines[i]) ~ /^enabled: *(no|false)/) { main = 0; break }
                if (lines[i] ~ /^Suites:/ && lines[i] ~ "[: ]" suite "( |$)") suites = 1
                if (lines[i] ~ /^Components:/ && lines[i] ~ /[: ]main( |$)/) main = 1
                if (lines[i] ~ /^Types:/) lines[i] = "Types: deb-src"
                if (lines[i] ~ /^Architectures:/) continue
                out = out lines[i] "\n"
            }
            if (suites && main) print out
        }'
}

one_line() {
    sed -nE "s/^deb(-src)?[[:space:]]+((\[[^]]*\][[:space:]]+)?[^[:space:]]+[[:space:]]+$suite[[:space:]]+(.*[[:space:]])?main([[:space:]].*)?)$/deb-src \2/p" |
        sort -u
}

mkdir "$work/sources.d"
for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && { cat "$file"; echo; }
done | deb822 >"$work/sources.d/debian.sources"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && cat "$file"
done | one_line >"$work/sources.d/debian.list"

apt() {
    apt-get -qq \
        -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources.d" \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o Debug::NoLocking=1 -o Acquire::Languages=none "$@"
}

if ! { apt update && (cd "$work/source" && apt source cjson); } >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "Could not fetch cJSON's source package. Set CJSON_DIR to a folder with cJSON.c and cJSON.h" >&2
    exit 1
fi

found=$(find "$work/source" -mindepth 2 -maxdepth 2 -name cJSON.c)
mkdir -p "$dest"
cp "$found" "${found%.c}.h" "$dest/"
echo debian >"$dest/origin"
version=$(dpkg-parsechangelog -l "${found%/*}/debian/changelog" -S Version)
echo "cJSON $version from Debian's source package"
