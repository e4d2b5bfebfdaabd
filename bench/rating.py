"""Measures rating and allocation: 1,000 cards, 2,000 ownership rules and 200 pools on one month, beside its close.

usage: rating.py PROGRAM FILES WORK_FOLDER

FILES is a folder that gen_cur.py made (run.sh makes them below its work folder). The tables are made here, every run the
same. A close is run from nothing; then `normalize` and `allocate` on what it left: both read the roll-up again, and the
second rates and allocates as well, so the difference is rating and allocation. It must be less than a tenth of the close.
"""
import hashlib, os, shutil, statistics, subprocess, sys, time

program, files, work = (os.path.abspath(argument) for argument in sys.argv[1:4])
here = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
MONTH = "2025-04"
AGENCIES = "DOT DOH DOR DOE DHS DOC DNR PSC JUD LEG EDU VET".split()
SERVICES = {
    "EC2": "AmazonEC2", "S3": "AmazonS3", "RDS": "AmazonRDS", "LAMBDA": "AWSLambda", "DYNAMODB": "AmazonDynamoDB",
    "CLOUDWATCH": "AmazonCloudWatch", "BEDROCK": "AmazonBedrock", "TRANSFER": "AWSDataTransfer", "EKS": "AmazonEKS",
    "SUPPORT": "AWSSupportEnterprise",
}
ACCOUNTS = [100000000000 + 7919 * number for number in range(200)]
METERS = [f"{region}-{meter}" for region in ("USE1", "USW2", "UGW1") for meter in (
    "BoxUsage:m5.large", "BoxUsage:c6i.2xlarge", "TimedStorage-ByteHrs", "Requests-Tier1", "DataTransfer-Out-Bytes",
    "Lambda-GB-Second", "InputTokenCount-Units", "OutputTokenCount-Units")]
UNITS = ["Hrs", "GB-Mo", "Requests", "GB", "1K tokens"]


def table(folder, path, header, rows):
    os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
    with open(f"{folder}/{path}", "w") as out:
        out.write(header + "\n")
        for row in rows:
            cells = [str(row.get(name, "")) for name in header.split(",")]
            out.write(",".join(f'"{cell}"' if "," in cell else cell for cell in cells) + "\n")


def owners():
    """Two thousand rules, tried from the top: development goes to pools, some resources have owners of their own and move
    in mid-month, and what is left goes by its tag."""
    codes, rules = list(SERVICES.values()), []
    for number, account in enumerate(ACCOUNTS):
        for code in codes[:3]:
            rules.append({"assign": "pool", "value": f"P{number}", "sub_account_id": account, "service_code": code,
                          "tag:environment": "dev"})
    for number in range(1398):
        account, code = ACCOUNTS[number % 200], codes[3 + number // 200]
        dates = {"effective_from": "2025-04-12"} if number % 2 else {"effective_to": "2025-04-12"}
        rules.append({"assign": "agency", "value": AGENCIES[number % 12], "sub_account_id": account, "service_code": code,
                      "resource_id": f"*resource/{number % 16:x}*", **dates})
    rules.append({"assign": "agency-of-tag", "value": "agency", "sub_account_id": "*"})
    rules.append({"assign": "pool", "value": "P0", "sub_account_id": "1000*"})
    return [{"rule": f"r{number}", **rule} for number, rule in enumerate(rules)]


def cards():
    """A thousand cards: every meter of every service, some agencies with their own, quantities by tiers, and fees."""
    approved = {"approved_by": "Rate board", "approved_on": "2024-05-01", "notice_on": "2024-05-01"}
    made = []
    for service in SERVICES:
        made.append({"rate_id": service, "service": service, "model": "pass_through", "basis": "billed"})
        for number, meter in enumerate(METERS):
            key = {"service": service, "sku_meter": meter}
            made.append({"rate_id": f"{service}-{number}", "model": "cost_plus", "basis": "billed", "percent": 1, **key})
            for agency in AGENCIES[:2]:
                made.append({"rate_id": f"{service}-{number}-{agency}", "scope": f"agency:{agency}", "basis": "effective",
                             "model": "pass_through", **key})
    for number in range(100):
        # The generator's number of a stock keeping unit tells its unit of measure.
        sku = hashlib.md5(str(number * 37).encode()).hexdigest()[:16].upper()
        unit = UNITS[number * 37 % 5]
        window = [("month", "agency"), ("fiscal_year", "agency"), ("day", "account"), ("line", "resource")][number % 4]
        for tier, price in (("0", "0.020"), ("1000", "0.015"), ("5000", "0.010")):
            made.append({"rate_id": f"SKU-{number}", "service": "EKS", "model": "graduated", "unit": unit, "measure": "consumed",
                         "sku_id": sku, "tier_from": tier, "unit_price": price, "count_window": window[0],
                         "count_by": window[1], "minimum": "10.00"})
    for number in range(1000 - len({card["rate_id"] for card in made})):
        agency, service = AGENCIES[number % 12], list(SERVICES)[number // 12 % 10]
        made.append({"rate_id": f"FEE-{number}", "service": "FEE", "model": "percent", "percent": 3.5,
                     "scope": f"agency:{agency}", "percent_of": service} if number < 120 else
                    {"rate_id": f"FLAT-{number}", "service": "FEE", "model": "flat", "amount": "25.00",
                     "scope": f"agency:{agency}", "sub_account_id": ACCOUNTS[number]})
    assert len({card["rate_id"] for card in made}) == 1000
    return [{"version": 1, "effective_from": "2024-07-01", **approved, **card} for card in made]


def pools():
    """Two hundred pools of every method; the first thirty in stages, nine in three reciprocal groups."""
    made = []
    for number in range(200):
        pool = {"pool": f"P{number}", "version": 1, "service": "SHARED", "targets": "*", "reason": "Shared", "stage": 3}
        kind = number % 6
        if number < 20:
            pool |= {"method": "driver", "driver": f"d{number}", "targets": f"DOT; DOH; pool:P{number + 20}", "stage": 1}
        elif number < 29:
            group = (number - 20) // 3
            ring = [20 + 3 * group + place for place in range(3)]
            after = ring[(ring.index(number) + 1) % 3]
            shares = "; ".join([f"pool:P{after}=20"] + [f"{agency}=10" for agency in AGENCIES[:8]])
            pool |= {"method": "reciprocal", "group": f"ring{group}", "shares": shares, "targets": "", "stage": 2}
        elif kind == 0:
            pool |= {"method": "even"}
        elif kind == 1:
            pool |= {"method": "fixed", "shares": "; ".join(f"{agency}=12.5" for agency in AGENCIES[:8]), "targets": ""}
        elif kind == 2:
            pool |= {"method": "proportional", "proportional_to": "EC2; S3; RDS"}
        elif kind == 3:
            pool |= {"method": "driver", "driver": "devices", "floor": "0.50", "cap": "40%"}
        elif kind == 4:
            pool |= {"method": "index", "index": "devices=60; users=40"}
        else:
            pool |= {"method": "direct", "driver": "users", "de_minimis": "0.05"}
        made.append(pool)
    return made


def books(name):
    folder = os.path.join(work, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(f"{here}/books", folder)
    shutil.copytree(f"{files}/cur/bench", f"{folder}/inbox/{MONTH}/aws/bench", copy_function=os.link)
    shutil.rmtree(f"{folder}/rates")
    table(folder, "owners.csv", "rule,effective_from,effective_to,assign,value,sub_account_id,service_code,resource_id,"
                                "tag:environment", owners())
    table(folder, "rates/cards.csv", "rate_id,version,service,effective_from,approved_by,approved_on,notice_on,scope,model,"
          "basis,percent,percent_of,unit,unit_price,measure,tier_from,amount,count_window,count_by,minimum,sku_meter,sku_id,"
          "sub_account_id", cards())
    table(folder, "pools.csv", "pool,version,service,stage,method,shares,proportional_to,driver,index,targets,group,floor,cap,"
          "de_minimis,reason", pools())
    drivers = [{"driver": driver, "month": MONTH, "agency": agency, "value": 7 + 13 * number % 50, "unit": "device"}
               for driver in ("devices", "users") for number, agency in enumerate(AGENCIES)]
    drivers += [{"driver": f"d{number}", "month": MONTH, "agency": target, "value": 3, "unit": "device"}
                for number in range(20) for target in ("DOT", "DOH", f"pool:P{number + 20}")]
    table(folder, "drivers/used.csv", "driver,month,agency,value,unit", drivers)
    return folder


def cost(*command):
    """Wall and CPU seconds of a verb that must succeed."""
    log = open(os.path.join(work, "rating.log"), "w+")
    begin = time.monotonic()
    child = subprocess.Popen([program, *command, "--month", MONTH], stdout=log, stderr=subprocess.STDOUT)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        log.seek(0)
        sys.exit(f"{' '.join(command)} ended in {child.returncode}\n{log.read()[-6000:]}")
    return wall, used.ru_utime + used.ru_stime


closes, both = [], []
for number in range(ROUNDS):
    closes.append(cost("close", "--books", books("rating")))
    open_month = books("rating-open")
    cost("normalize", "--books", open_month)
    before, after = cost("normalize", "--books", open_month), cost("allocate", "--books", open_month)
    both.append([after[0] - before[0], after[1] - before[1]])
    print(f"round {number + 1}: close {closes[-1][0]:.2f} s, rating and allocation {both[-1][0]:.2f} s; "
          f"CPU {closes[-1][1]:.2f} s and {both[-1][1]:.2f} s", flush=True)
median = lambda taken, which: statistics.median(times[which] for times in taken)
parts = [median(both, which) / median(closes, which) for which in (0, 1)]
print(f"1,000 cards, 2,000 rules, 200 pools: rating and allocation are {parts[0]:.1%} of a close, {parts[1]:.1%} of its CPU")
sys.exit(0 if max(parts) < 0.1 else 1)
