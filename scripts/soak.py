#!/usr/bin/env python3
"""Runs the release binary for long and watches what must not grow.

    soak.py PATH/TO/mon [MINUTES]

`mon run` records this host at 1 s into a temporary folder and serves it, while queries of all kinds are asked beside it
and the head is sealed every five minutes (SIGUSR1). A line of figures a minute; ends with 1 where, over the second half
of the time, memory, descriptors or threads grew, the file grew faster than samples come, a scrape is missing, the log
told an error, or a query failed.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

QUERIES = [
    "cpu_usage_percent",
    "rate(disk_io_read_bytes_total[1m])",
    "topk(3, process_memory_bytes)",
    "sum by (mode) (rate(cpu_time_seconds_total[1m]))",
    "max_over_time(memory_used_bytes[30m])",
    "count(up) or absent(up)",
    'label_replace(load_average, "x", "$1", "period", "(.*)")',
]
SEAL_EVERY_SECONDS = 300
# What is reached in the first half is granted to caches and to the allocator; what comes on top is a leak.
MEMORY_SLACK_KIB = 2048
# 300 series and the processes of a scrape, sealed, with the pages that LMDB keeps for its next commits; a guess.
FILE_BYTES_PER_SECOND = 4096
FILE_SLACK_BYTES = 2 << 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def figures(pid, data):
    """What the process and its folder take now."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        kib = {m[1]: int(m[2]) for m in re.finditer(r"^(\w+): +(\d+) kB", file.read(), re.M)}
    with open(f"/proc/{pid}/status") as file:
        threads = int(re.search(r"Threads:\s+(\d+)", file.read())[1])
    size = sum(
        os.stat(os.path.join(folder, name)).st_blocks * 512
        for folder, _, names in os.walk(data) for name in names)
    return {
        "rss": kib["Rss"], "pss": kib["Pss"], "anonymous": kib["Anonymous"],
        "fds": len(os.listdir(f"/proc/{pid}/fd")), "threads": threads, "file": size,
    }


def ask(mon, data, port, stop, failures, count):
    """Queries in this process's stead, until told to stop."""
    while not stop.is_set():
        for number, text in enumerate(QUERIES):
            extra = [] if number % 2 else ["--last", "10m", "--step", "10s"]
            run = subprocess.run(
                [mon, "query", "--data", data, "--format", "json", *extra, text], capture_output=True, timeout=60)
            count[0] += 1
            if run.returncode not in (0, 1):
                failures.append(f"query {text}: exit {run.returncode}: {run.stderr.decode()[:300]}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                    answer.read()
            except OSError as error:
                failures.append(f"/metrics: {error}")
            if stop.wait(0.2):
                return


def scrapes(mon, data, seconds):
    """How many scrapes the store has of the last seconds."""
    text = f"count_over_time(load_average[{seconds}s])"
    run = subprocess.run([mon, "query", "--data", data, "--format", "json", text], capture_output=True)
    result = json.loads(run.stdout)["data"]["result"]
    return min(int(float(one["value"][1])) for one in result)


def judge(series, errors, failures):
    """What went wrong, in words."""
    problems = failures[:10] + [f"log: {line}" for line in errors[:10]]
    half = series[len(series) // 2:]
    if len(half) < 4:
        return problems
    third = max(1, len(half) // 3)
    for name, slack in (("anonymous", MEMORY_SLACK_KIB), ("pss", 2 * MEMORY_SLACK_KIB), ("fds", 0), ("threads", 0)):
        # The lowest of a stretch: a query under way adds for a moment.
        before = min(one[name] for one in half[:third])
        after = min(one[name] for one in half[-third:])
        if after > before + slack:
            problems.append(f"{name} grew from {before} to {after}")
    seconds = half[-1]["at"] - half[0]["at"]
    growth = half[-1]["file"] - half[0]["file"]
    if growth > seconds * FILE_BYTES_PER_SECOND + FILE_SLACK_BYTES:
        problems.append(f"the file grew by {growth} bytes in {seconds:.0f} s")
    return problems


def main():
    mon = os.path.abspath(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 30
    folder = tempfile.mkdtemp(prefix="mon-soak-")
    data, port = folder + "/data", free_port()
    log = open(folder + "/log", "w+")
    agent = subprocess.Popen(
        [mon, "run", "--data", data, "--interval", "1s", "--listen", f"127.0.0.1:{port}"], stdout=log, stderr=log)
    stop, failures, count, series = threading.Event(), [], [0], []
    asking = threading.Thread(target=ask, args=(mon, data, port, stop, failures, count))
    try:
        # So that a grid of 10 s has a point with samples.
        time.sleep(20)
        asking.start()
        begun = sealed = time.monotonic()
        print("    at  rss KiB  pss KiB  anon KiB  fds  threads  file KiB  queries")
        while (at := time.monotonic() - begun) < minutes * 60:
            if agent.poll() is not None:
                failures.append(f"mon ended with {agent.returncode}")
                break
            if time.monotonic() - sealed > SEAL_EVERY_SECONDS:
                agent.send_signal(signal.SIGUSR1)
                sealed = time.monotonic()
            one = figures(agent.pid, data) | {"at": at}
            series.append(one)
            if len(series) % 6 == 1:
                print(f"{at:6.0f} {one['rss']:8} {one['pss']:8} {one['anonymous']:9} {one['fds']:4} "
                      f"{one['threads']:8} {one['file'] >> 10:9} {count[0]:8}", flush=True)
            time.sleep(10)
        recent = int(min(300, minutes * 60 - 10))
        found = scrapes(mon, data, recent)
        if found < recent - 2:
            failures.append(f"{found} scrapes in {recent} s")
    finally:
        stop.set()
        if asking.is_alive():
            asking.join(90)
        agent.send_signal(signal.SIGTERM)
        code = agent.wait(10)
    if code != 0:
        failures.append(f"mon ended with {code}")
    log.seek(0)
    errors = [line.strip() for line in log if "level=error" in line or "ERROR" in line or " error " in line]
    problems = judge(series, errors, failures)
    for problem in problems:
        print("PROBLEM:", problem)
    print(f"{'failed' if problems else 'passed'}: {minutes:g} minutes, {count[0]} queries")
    shutil.rmtree(folder)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
