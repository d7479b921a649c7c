#!/usr/bin/env bash
# Hyperscan and other crates beside the set, on the patterns and texts that `cargo bench --bench
# patterns` writes once. Takes Debian's packages into a temporary folder; installs nothing.
#
#   [REAL=1] [YARA_X=1] benches/peers/patterns/run.sh [COUNT...]
#
# REAL: the patterns of SpamAssassin's rules (Apache-2.0), out of Debian's package, stand before the
# generated ones.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
scratch="${TMPDIR:-/tmp}/ruleeval-pattern-peers${REAL:+-real}"
mkdir -p "$scratch" && cd "$scratch"

for package in libhyperscan-dev libhyperscan5 spamassassin; do
    ls "$package"_*.deb >/dev/null 2>&1 || apt-get download "$package"
    dpkg -x "$package"_*.deb root
done

python3 - root/usr/share/spamassassin >real.tsv <<'PY'
import glob, re, sys
seen = set()
for name in sorted(glob.glob(sys.argv[1] + "/*.cf")):
    if "30_text" in name:
        continue
    for line in open(name, errors="replace"):
        rule = re.match(r"(body|rawbody|uri|full|header|mimeheader)\s+\S+\s+(.*)$", line.strip())
        if not rule:
            continue
        kind, rest = rule.groups()
        if kind in ("header", "mimeheader"):
            rest = re.sub(r"^\S+\s*=~\s*", "", rest)
        found = re.match(r"m?([/{!,%#|])(.*)([/}!,%#|])([a-z]*)(\s+\[if-unset.*)?$", rest)
        if not found:
            continue
        pattern, flags = found.group(2), "".join(c for c in found.group(4) if c in "ismx")
        # Tags that SpamAssassin replaces are no regexes.
        if re.search(r"<(?:FF_|WS>|POST|PRE|inter|C>|NUM|post)", pattern) or "\t" in pattern:
            continue
        if (pattern, flags) not in seen:
            seen.add((pattern, flags))
            print(flags, pattern, sep="\t")
PY

export RULEEVAL_BENCH_DUMP="$scratch"
[ -z "${REAL:-}" ] || export RULEEVAL_BENCH_PATTERNS="$scratch/real.tsv"
[ -e patterns.tsv ] || (cd "$root" && cargo bench --bench patterns)

libraries="$(dirname "$(find "$scratch/root" -name libhs.so.5 -print -quit)")"
cc -O2 -I root/usr/include -o hyperscan "$here/hyperscan.c" -L "$libraries" -l:libhs.so.5 "-Wl,-rpath,$libraries"
peers="$root/target/peers/release/pattern-peers"
cargo build --release --manifest-path "$here/Cargo.toml" --target-dir "$root/target/peers" ${YARA_X:+--features yara-x}
for count in "${@:-1000}"; do
    "$peers" patterns.tsv texts.bin "$count" set one-by-one aho-corasick regex-filtered boreal ${YARA_X:+yara-x}
    # Beyond a thousand patterns it takes minutes.
    [ "$count" -gt 1000 ] || "$peers" patterns.tsv texts.bin "$count" regexset
    ./hyperscan patterns.tsv texts.bin "$count" 5 "hyperscan-$count.db"
done
