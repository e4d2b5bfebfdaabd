#!/bin/bash
# The race: one month of AWS charges closed by this program, and by what an analyst would write with DuckDB instead.
#
# usage: bench/run.sh [FOLDER]       FOLDER holds gen_cur.py and duckdb_close.py; without it, the copies beside this script
#
#   BENCH_ROWS    2000000            rows of the month
#   BENCH_PARTS   4                  gzip parts
#   BENCH_ROUNDS  3                  times in turn
#   BENCH_DIR     bench/work         where files are made, about 1 GB for two million rows
#   BENCH_BINARY                     a program that is built already; without it, the release build
#
# Needs python3 with the duckdb package. Prints the ratios and writes bench/RESULTS.md.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
race="${1:-${BENCH_RACE:-$here}}"
work="${BENCH_DIR:-$here/work}"
export BENCH_ROWS="${BENCH_ROWS:-2000000}" BENCH_PARTS="${BENCH_PARTS:-4}"
month=2025-04

python3 -c 'import duckdb' 2>/dev/null || { echo "python3 needs the duckdb package: pip install duckdb" >&2; exit 1; }

program="${BENCH_BINARY:-}"
if [ -z "$program" ]; then
    echo "== build" >&2
    cargo build --release --locked --manifest-path "$here/../Cargo.toml"
    program="${CARGO_TARGET_DIR:-$here/../target}/release/chargeback"
fi

echo "== $BENCH_ROWS rows in $BENCH_PARTS parts" >&2
files="$work/files-$BENCH_ROWS-$BENCH_PARTS"
if [ ! -f "$files/truth.json" ]; then
    rm -rf "$files"
    mkdir -p "$files"
    python3 "$race/gen_cur.py" "$BENCH_ROWS" "$files" --month "$month" --parts "$BENCH_PARTS" --gzip
fi

books="$work/books"
rm -rf "$books"
mkdir -p "$books"
cp -r "$here/books/." "$books"
mkdir -p "$books/inbox/$month/aws"
cp -r "$files/cur/bench" "$books/inbox/$month/aws/bench"

# Each round starts from nothing; the files are in the page cache for both.
warm="find '$books/inbox' -type f -exec cat {} + > /dev/null"
echo "rm -rf '$books/ledger' '$books/out'; $warm" > "$work/ours.prepare"
echo "exec '$program' -C '$books' close --month $month > '$work/ours.log' 2>&1" > "$work/ours"
echo "rm -rf '$work/duckdb'; $warm" > "$work/theirs.prepare"
parts="$(find "$books/inbox" -name '*.csv.gz' | sort | sed "s/.*/'&'/" | tr '\n' ' ')"
echo "exec python3 '$race/duckdb_close.py' '$work/duckdb' $parts > '$work/theirs.log' 2>&1" > "$work/theirs"

echo "== the race" >&2
python3 "$here/measure.py" "${BENCH_ROUNDS:-3}" "$here/RESULTS.md" "$work/ours" "$work/theirs"

# The amounts of the last round against an independent query of the generator.
"$program" -C "$books" normalize --month "$month" --format json 2> /dev/null > "$work/normalize.json"
python3 - "$files/truth.json" "$work/normalize.json" <<'END'
import decimal, json, sys

truth, ours = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))["content"]
stage = next(stage for stage in ours["stages"] if stage["stage"] == "normalize")
totals = dict(stage["totals"])
pairs = [("rows", truth["rows"], stage["rows_in"])]
pairs += [(name, truth[name], totals[name]) for name in ("billed", "effective")]
for name, left, right in pairs:
    same = decimal.Decimal(left) == decimal.Decimal(right)
    print(f"{name:<8} generator {left}  ours {right}  {'equal' if same else 'DIFFERENT'}")
    if not same:
        sys.exit(1)
END
