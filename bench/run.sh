#!/bin/bash
# The race: one month of AWS charges closed by this program, and by what an analyst would write instead.
#
# usage: bench/run.sh [FOLDER]       FOLDER holds gen_cur.py and duckdb_close.py; without it, the copies beside this script
#
#   BENCH_ROWS    2000000            rows of the month, about 75 bytes each in gzip and 740 plain
#   BENCH_GROWTH                     sizes of the growth curve, as "2000000 10000000 20000000"; without it, none is taken
#   BENCH_ROUNDS  3                  times in turn
#   BENCH_DIR     bench/work         where files are made, about 2 GB for two million rows
#   BENCH_BINARY                     a program that is built already; without it, the release build
#
# Needs python3 with the packages duckdb and polars, and openssl. Prints the tables and writes bench/RESULTS.md.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="${BENCH_DIR:-$here/work}"

python3 -c 'import duckdb, polars' 2>/dev/null || { echo "python3 needs two packages: pip install duckdb polars" >&2; exit 1; }

program="${BENCH_BINARY:-}"
if [ -z "$program" ]; then
    echo "== build" >&2
    cargo build --release --locked --manifest-path "$here/../Cargo.toml"
    program="${CARGO_TARGET_DIR:-$here/../target}/release/chargeback"
fi

mkdir -p "$work"
exec python3 "$here/measure.py" "$program" "${1:-$here}" "$work" "$here/RESULTS.md"
