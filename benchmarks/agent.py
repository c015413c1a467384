#!/usr/bin/env python3
"""What the running agent costs: `mon run` for some minutes, sealed in the middle, looked at through /proc.

    agent.py [--mon .build/release/mon] [--minutes 10] [--interval 5s] [--commit-every 1] [--data DIR]

Prints CPU in percent of one core (without the start, and with it), the largest PSS and anonymous memory, and KiB handed
to write() a minute. The first 20 s are the start; /metrics is asked for every 15 s, as a Prometheus would.
"""
import argparse
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request


def fields(pid, name):
    """The `key: number` lines of a file under /proc/PID."""
    found = {}
    with open(f"/proc/{pid}/{name}") as lines:
        for line in lines:
            key, _, rest = line.partition(":")
            if rest.split() and rest.split()[0].isdigit():
                found[key] = int(rest.split()[0])
    return found


def cpu_seconds(pid):
    """Run time of all threads, from schedstat (ns) where the kernel has it, else from stat (1/100 s)."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as text:
                total += int(text.read().split()[0])
        return total / 1e9
    except OSError:
        with open(f"/proc/{pid}/stat") as text:
            ticks = text.read().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """The process at one moment, and the largest memory seen."""

    def __init__(self, pid):
        self.pid, self.pss, self.anon = pid, 0, 0
        self.look()

    def look(self):
        memory = fields(self.pid, "smaps_rollup")
        self.now_pss, self.now_anon = memory["Pss"], fields(self.pid, "status")["RssAnon"]
        self.pss, self.anon = max(self.pss, self.now_pss), max(self.anon, self.now_anon)

    def mark(self):
        return time.monotonic(), cpu_seconds(self.pid), fields(self.pid, "io")["wchar"]


def scrape(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return len(answer.read())
    except OSError:
        return 0


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def measure(arguments, folder):
    listen = f"127.0.0.1:{arguments.port}"
    command = [arguments.mon, "run", "--data", folder, "--interval", arguments.interval, "--listen", listen,
               "--commit-every", str(arguments.commit_every), "--log-level", "error"]
    begun = time.monotonic()
    agent = subprocess.Popen(command)
    try:
        time.sleep(20)
        if agent.poll() is not None:
            raise SystemExit("mon run did not stay")
        watch = Watch(agent.pid)
        first = watch.mark()
        end, middle = begun + arguments.minutes * 60, begun + arguments.minutes * 30
        before_seal, page_bytes, served = (0, 0), 0, 0
        while time.monotonic() < end:
            time.sleep(min(15, max(0.1, end - time.monotonic())))
            page_bytes = scrape(arguments.port)
            served += page_bytes
            watch.look()
            if middle is not None and time.monotonic() >= middle:
                before_seal, middle = (watch.pss, watch.anon), None
                agent.send_signal(signal.SIGUSR1)
                for _ in range(40):
                    time.sleep(0.05)
                    watch.look()
        last = watch.mark()
        watch.look()
        return first, last, watch, before_seal, page_bytes, served
    finally:
        agent.terminate()
        agent.wait(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mon", default=".build/release/mon")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--interval", default="5s")
    parser.add_argument("--commit-every", type=int, default=1)
    parser.add_argument("--port", type=int, default=19100)
    parser.add_argument("--data", help="default: a temporary folder")
    arguments = parser.parse_args()
    folder = arguments.data or tempfile.mkdtemp(prefix="mon-agent-")
    try:
        first, last, watch, before_seal, page_bytes, served = measure(arguments, folder)
    finally:
        if not arguments.data:
            shutil.rmtree(folder, ignore_errors=True)
    elapsed, cpu, written = (b - a for a, b in zip(first, last))
    # What went to sockets is no burden on the disk.
    written -= served
    print(f"mon run, {arguments.interval}, {arguments.commit_every} scrapes a commit, {elapsed / 60:.1f} minutes")
    rows = [
        ("CPU, /metrics asked every 15 s", cpu / elapsed * 100, "% of a core", 0.15, 3),
        ("CPU of the first 20 s", first[1], "s", None, 3),
        ("PSS, largest before the seal", before_seal[0] / 1024, "MiB", None, 2),
        ("PSS, largest", watch.pss / 1024, "MiB", 15, 2),
        ("PSS, at the end", watch.now_pss / 1024, "MiB", None, 2),
        ("anonymous, largest", watch.anon / 1024, "MiB", None, 2),
        ("anonymous, at the end", watch.now_anon / 1024, "MiB", None, 2),
        ("written to files", written / 1024 / (elapsed / 60), "KiB a minute", None, 1),
        ("/metrics page", page_bytes / 1024, "KiB", None, 1),
    ]
    for what, figure, unit, target, digits in rows:
        note = "" if target is None else f"<= {target}" + ("" if figure <= target else "  MISSED")
        print(f"  {what:<34}{figure:>9.{digits}f} {unit:<13}{note}".rstrip())
    print(f"  {processor()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")


if __name__ == "__main__":
    main()
