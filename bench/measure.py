"""Measures chargeback against what a state would use instead, and writes bench/RESULTS.md. Called by run.sh.

usage: measure.py PROGRAM RACE_FOLDER WORK_FOLDER RESULTS.md

Commands that are compared run in turn, every round from nothing; wall is real time, CPU is user and system time of the
process and its children, memory the largest resident set of one of them. Tables quote medians, and ratios of medians
taken in one run: nothing else means anything on a machine that others use.
"""
import csv, decimal, glob, json, os, pathlib, platform, shutil, statistics, subprocess, sys, time

program, race, work, results = (os.path.abspath(argument) for argument in sys.argv[1:5])
here = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
ROWS = int(os.environ.get("BENCH_ROWS", 2_000_000))
GROWTH = [int(rows) for rows in os.environ.get("BENCH_GROWTH", "").split()]
MONTH = "2025-04"
written = []


def say(text=""):
    written.append(text)
    print(text, flush=True)


def cost(command, **kwargs):
    """Wall seconds, CPU seconds and peak MiB of a command that must succeed."""
    log = open(os.path.join(work, "last.log"), "w+")
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **kwargs)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        log.seek(0)
        sys.exit(f"{' '.join(command)[:200]} ended in {child.returncode}\n{log.read()[-2000:]}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def median(taken):
    return [statistics.median(column) for column in zip(*taken)]


def generated(rows, parts, packed):
    folder = os.path.join(work, f"files-{rows}-{parts}{'-gz' if packed else ''}")
    if not os.path.exists(f"{folder}/truth.json"):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        arguments = [str(rows), folder, "--month", MONTH, "--parts", str(parts)] + (["--gzip"] if packed else [])
        subprocess.run([sys.executable, f"{race}/gen_cur.py", *arguments], check=True)
    return folder


def books(name, files):
    """Books whose inbox holds these files, as links to the same bytes."""
    folder = os.path.join(work, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(f"{here}/books", folder)
    shutil.copytree(f"{files}/cur/bench", f"{folder}/inbox/{MONTH}/aws/bench", copy_function=os.link)
    return folder


def parts_of(folder):
    return sorted(path for path in glob.glob(f"{folder}/inbox/**/*.csv*", recursive=True))


def anew(folder):
    for made in ("ledger", "out"):
        shutil.rmtree(f"{folder}/{made}", ignore_errors=True)
    for path in parts_of(folder):
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def settle():
    """A file that was changed less than two seconds ago is not remembered by any run, and a link changes its record: the
    deliveries of earlier nights must not be younger than that here."""
    time.sleep(3)


def close(folder, *more):
    return cost([program, "-C", folder, "close", "--month", MONTH, *more])


def script(name, folder):
    out = os.path.join(work, "theirs")
    shutil.rmtree(out, ignore_errors=True)
    return cost([sys.executable, f"{race if name == 'duckdb_close.py' else here}/{name}", out, *parts_of(folder)])


def check(folder, files):
    """Rows and totals of the last close against the generator's, which come from an independent query."""
    answer = subprocess.run([program, "-C", folder, "normalize", "--month", MONTH, "--format", "json"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    stage = next(stage for stage in json.loads(answer)["content"]["stages"] if stage["stage"] == "normalize")
    truth, totals = json.load(open(f"{files}/truth.json")), dict(stage["totals"])
    pairs = [(truth["rows"], stage["rows_in"])] + [(truth[name], totals[name]) for name in ("billed", "effective")]
    for theirs, ours in pairs:
        if decimal.Decimal(theirs) != decimal.Decimal(ours):
            sys.exit(f"the totals differ: generator {theirs}, ours {ours}")


def race_on(title, files):
    folder = books("race", files)
    runs = {"chargeback close": lambda: close(folder), "DuckDB script": lambda: script("duckdb_close.py", folder),
            "polars script": lambda: script("polars_close.py", folder)}
    taken = {name: [] for name in runs}
    for number in range(ROUNDS):
        for name, run in runs.items():
            anew(folder)
            taken[name].append(run())
            print(f"  round {number + 1}  {name:<18} wall {taken[name][-1][0]:7.2f}  cpu {taken[name][-1][1]:7.2f}  MiB {taken[name][-1][2]:6.0f}", flush=True)
            if name == "chargeback close":
                check(folder, files)
    medians = {name: median(values) for name, values in taken.items()}
    ours = medians["chargeback close"]
    say(f"\n## {title}\n\nMedians of {ROUNDS}, in turn. Totals equal the generator's to the last digit in every round.\n")
    say("| program | wall s | CPU s | peak MiB | ours / theirs: wall | CPU | memory |\n|---|---|---|---|---|---|---|")
    for name, values in medians.items():
        ratios = [f"{a / b:.2f}" for a, b in zip(ours, values)] if values is not ours else ["", "", ""]
        say(f"| {name} | {values[0]:.2f} | {values[1]:.2f} | {values[2]:.0f} | {ratios[0]} | {ratios[1]} | {ratios[2]} |")
    return folder, ours


def limits(folder, ours):
    paths = parts_of(folder)
    count = "import polars as pl, sys; print(pl.scan_csv(sys.argv[1:], infer_schema=False).select(pl.len()).collect(engine='streaming'))"
    runs = {"`openssl dgst -sha256`": ["openssl", "dgst", "-sha256", *paths], "`wc -l`": ["wc", "-l", *paths],
            "records counted by polars": [sys.executable, "-c", count, *paths]}
    say("\n## Limits, same plain files\n\n| command | wall s | CPU s | close takes, wall |\n|---|---|---|---|")
    for name, command in runs.items():
        wall, cpu, _ = median([cost(command) for _ in range(ROUNDS)])
        say(f"| {name} | {wall:.2f} | {cpu:.2f} | {ours[0] / wall:.1f} times |")


def never_twice(rows):
    files = generated(rows, 20, True)
    folder = books("again", files)
    anew(folder)
    settle()
    full = close(folder)
    again = median([close(folder) for _ in range(ROUNDS)])
    line = largest_line(folder)
    explained = median([cost([program, "-C", folder, "explain", line]) for _ in range(ROUNDS)])
    status = median([cost([program, "-C", folder, "status"]) for _ in range(ROUNDS)])
    new = []
    for _ in range(ROUNDS if rows < 5_000_000 else 1):
        shutil.rmtree(folder)
        folder = books("again", files)
        whole = {path: pathlib.Path(path).read_bytes() for path in glob.glob(f"{folder}/inbox/**/*.json", recursive=True)}
        last = parts_of(folder)[-1]
        for path, text in whole.items():
            manifest = json.loads(text)
            manifest["reportKeys"] = [key for key in manifest["reportKeys"] if not key.endswith(os.path.basename(last))]
            os.remove(path)
            pathlib.Path(path).write_text(json.dumps(manifest))
        aside = os.path.join(work, "part-twenty")
        os.replace(last, aside)
        settle()
        close(folder, "--draft")
        os.replace(aside, last)
        for path, text in whole.items():
            pathlib.Path(path).write_bytes(text)
        new.append(close(folder, "--draft"))
    new = median(new)
    say(f"\n## Never twice, {rows:,} rows in twenty gzip parts\n\n| what | wall s | CPU s | of a full close: wall | CPU |\n|---|---|---|---|---|")
    for name, (wall, cpu, _) in (("full close", full), ("second close, nothing changed", again), ("one new part of twenty", new),
                                 (f"`explain` of the line with the largest amount", explained), ("`status`", status)):
        say(f"| {name} | {wall:.2f} | {cpu:.2f} | {100 * wall / full[0]:.1f} % | {100 * cpu / full[1]:.1f} % |")


def largest_line(folder):
    amounts = {}
    for path in glob.glob(f"{folder}/out/**/detail-*.csv", recursive=True):
        for row in csv.DictReader(open(path, newline="")):
            amounts[row["x_BillLine"]] = amounts.get(row["x_BillLine"], 0) + decimal.Decimal(row["x_Amount"])
    return max(amounts, key=amounts.get)


def growth():
    say("\n## Growth, gzip parts of 500,000 rows\n\n| rows | wall s | CPU s | peak MiB | wall a million rows |\n|---|---|---|---|---|")
    taken = []
    for rows in GROWTH:
        files = generated(rows, max(1, rows // 500_000), True)
        folder = books("growth", files)
        runs = []
        for _ in range(ROUNDS):
            anew(folder)
            runs.append(close(folder))
            check(folder, files)
        taken.append(median(runs))
        wall, cpu, memory = taken[-1]
        say(f"| {rows:,} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {wall / rows * 1e6:.2f} |")
    say(f"\nFrom first to last: rows x {GROWTH[-1] / GROWTH[0]:.0f}, time x {taken[-1][0] / taken[0][0]:.2f}, memory x {taken[-1][2] / taken[0][2]:.2f}.")


def small():
    taken = []
    for _ in range(max(ROUNDS, 5)):
        folder = os.path.join(work, "example")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(f"{here}/../examples/westmark", folder)
        taken.append(cost([program, "-C", folder, "close", "--month", "2025-06"]))
    helped = median([cost([program, "--help"]) for _ in range(max(ROUNDS, 5))])
    say("\n## Small\n\n| what | wall s | CPU s |\n|---|---|---|")
    say(f"| close of the example month | {median(taken)[0]:.3f} | {median(taken)[1]:.3f} |")
    say(f"| `--help` | {helped[0]:.3f} | {helped[1]:.3f} |")


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    import duckdb, polars
    commit = subprocess.run(["git", "-C", here, "log", "-1", "--format=%h"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return (f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}; DuckDB {duckdb.__version__}, "
            f"polars {polars.__version__} from Python {platform.python_version()}; chargeback at {commit or 'an unknown commit'}.")


say("# Results\n\nWritten by `bench/run.sh`; run it again rather than believe it.\n")
say(machine())
parts = max(4, ROWS // 500_000)
race_on(f"The race: {ROWS:,} rows in {parts} gzip parts", generated(ROWS, parts, True))
plain = generated(ROWS, parts, False)
limits(*race_on(f"The race: the same in plain CSV", plain))
if os.environ.get("BENCH_KEEP") != "yes":
    shutil.rmtree(plain)
never_twice(ROWS)
if GROWTH:
    growth()
small()
with open(results, "w") as out:
    out.write("\n".join(written) + "\n")
