"""Runs two commands in turn and compares what they cost.

usage: measure.py ROUNDS RESULTS.md OURS_SCRIPT THEIRS_SCRIPT

Each script is run once a round, ours first, after SCRIPT.prepare, which does not count; wall is real time, CPU is user and system time of the process and all its
children, memory is the largest resident set of any of them. The table quotes each round and compares medians.
"""
import os, platform, statistics, subprocess, sys, time

rounds, results, ours, theirs = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]


def cost(script):
    subprocess.run(["bash", f"{script}.prepare"], check=True)
    begin = time.monotonic()
    child = subprocess.Popen(["bash", script])
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{script} ended in {child.returncode}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def median(taken):
    return [statistics.median(column) for column in zip(*taken)]


taken = {ours: [], theirs: []}
for number in range(rounds):
    for script in (ours, theirs):
        taken[script].append(cost(script))
        wall, cpu, memory = taken[script][-1]
        print(f"round {number + 1}  {os.path.basename(script):<12} wall {wall:7.2f} s  cpu {cpu:7.2f} s  peak {memory:7.0f} MiB", flush=True)

a, b = median(taken[ours]), median(taken[theirs])
ratio = [x / y for x, y in zip(a, b)]
print(f"ratio ours / DuckDB  wall {ratio[0]:.2f}  cpu {ratio[1]:.2f}  memory {ratio[2]:.2f}")

rows = []
for name, script in (("chargeback close", ours), ("DuckDB script", theirs)):
    for number, (wall, cpu, memory) in enumerate(taken[script]):
        rows.append(f"| {name} | {number + 1} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |")
    wall, cpu, memory = median(taken[script])
    rows.append(f"| {name} | **median** | **{wall:.2f}** | **{cpu:.2f}** | **{memory:.0f}** |")
with open(results, "w") as out:
    out.write("# Results\n\nWritten by `bench/run.sh`; run it again rather than believe it.\n\n")
    out.write(f"{os.environ.get('BENCH_ROWS', '?')} rows in {os.environ.get('BENCH_PARTS', '?')} gzip parts, "
              f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}.\n\n")
    out.write("| program | round | wall s | CPU s | peak MiB |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n\n")
    out.write("| ours / DuckDB, medians | wall | CPU | peak memory |\n|---|---|---|---|\n")
    out.write(f"| ratio | {ratio[0]:.2f} | {ratio[1]:.2f} | {ratio[2]:.2f} |\n")
