#!/bin/bash
# Instructions of the three hottest loops, by valgrind's callgrind: the same number on a noisy machine.
#
# usage: bench/kernels.sh            compares with bench/kernels.txt, and fails where one grew by more than 5 %
#        bench/kernels.sh --keep     writes bench/kernels.txt anew
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
command -v valgrind >/dev/null || { echo "valgrind is needed: apt-get install valgrind" >&2; exit 1; }

program="$(cargo bench --locked --no-run --bench kernels --manifest-path "$here/../Cargo.toml" --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"kernels".*"executable":"\([^"]*\)".*/\1/p' | tail -1)"
[ -x "$program" ] || { echo "the kernels were not built" >&2; exit 1; }

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 | sed -n 's/.*refs: *//p' | tr -d ,
}

grown=0
for kernel in split decimal roll-up; do
    few=$(count $kernel 20000)
    many=$(count $kernel 60000)
    now=$(((many - few) / 40000))
    before=$(sed -n "s/^$kernel //p" "$here/kernels.txt" 2>/dev/null || true)
    echo "$kernel $now"
    if [ "${1:-}" != --keep ] && [ -n "$before" ] && [ $((now * 100)) -gt $((before * 105)) ]; then
        echo "$kernel took $before instructions before" >&2
        grown=1
    fi
done > "$here/kernels.new"
cat "$here/kernels.new"
if [ "${1:-}" = --keep ]; then mv "$here/kernels.new" "$here/kernels.txt"; else rm "$here/kernels.new"; fi
exit $grown
