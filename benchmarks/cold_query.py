#!/usr/bin/env python3
"""Wall and CPU time of one cold query from the shell, commands interleaved.

    cold_query.py [--mon .build/release/mon] [--maker .build/release/benchmark-append] [--runs 100] [--data DIR]

Fills a folder with a day of a made-up host that ends now, lets `mon run` record into it beside, and asks it. Where
sysstat, and a Prometheus that listens on --prometheus, are there, `sar -u -f` and `promtool query instant` are asked in
turn. Commands are started by posix_spawn with all descriptors on /dev/null.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

EXPRESSION = "rate(disk_io_read_bytes_total[5m])"
NOWHERE = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
           (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]


def once(command):
    """Seconds of wall and CPU, and the exit status."""
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, dict(os.environ), file_actions=NOWHERE)
    _, status, usage = os.wait4(pid, 0)
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status)


def sar_file(folder, samples):
    """A file of sadc with as many samples as a day at ten minutes has, taken as fast as sadc can."""
    for sadc in ("/usr/lib/sysstat/sadc", "/usr/lib64/sa/sadc", "/usr/libexec/sysstat/sadc"):
        if shutil.which("sar") and os.path.exists(sadc):
            path = os.path.join(folder, "sa")
            for _ in range(samples):
                subprocess.run([sadc, "-F", "-S", "DISK", "1", "1", path], check=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
            return path
    return None


def commands(arguments, data, folder):
    chosen = [("mon query", [arguments.mon, "query", "--data", data, EXPRESSION])]
    chosen.append(("mon --version (start alone)", [arguments.mon, "--version"]))
    chosen.append(("/bin/true (the floor)", ["/bin/true"]))
    recorded = sar_file(folder, arguments.sar_samples)
    if recorded:
        chosen.append(("sar -u -f", [shutil.which("sar"), "-u", "-f", recorded]))
    if arguments.prometheus and shutil.which("promtool"):
        chosen.append(("promtool query instant", [shutil.which("promtool"), "query", "instant", arguments.prometheus,
                                                  EXPRESSION]))
    return chosen


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mon", default=".build/release/mon")
    parser.add_argument("--maker", default=".build/release/benchmark-append")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--data", help="a store that is there, instead of a made-up day")
    parser.add_argument("--prometheus", help="address of a Prometheus for promtool, such as http://127.0.0.1:9090")
    parser.add_argument("--sar-samples", type=int, default=3, help="a second each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mon-cold-") as folder:
        data = arguments.data or os.path.join(folder, "data")
        if not arguments.data:
            subprocess.run([arguments.maker, "--make", data], check=True)
        agent = subprocess.Popen([arguments.mon, "run", "--data", data, "--log-level", "error"])
        try:
            time.sleep(3)
            if agent.poll() is not None:
                raise SystemExit("mon run did not stay")
            chosen = commands(arguments, data, folder)
            results = {name: [] for name, _ in chosen}
            for number in range(arguments.runs + 2):
                random.Random(number).shuffle(chosen)
                for name, command in chosen:
                    taken = once(command)
                    if taken[2] != 0:
                        raise SystemExit(f"{name}: exit {taken[2]}")
                    # The first two bring the files into the page cache.
                    if number > 1:
                        results[name].append(taken)
        finally:
            agent.terminate()
            agent.wait(10)
    print(f"{'':<30}{'wall ms':>9}{'least':>8}{'CPU ms':>9}")
    for name, taken in results.items():
        wall, cpu = [one[0] * 1e3 for one in taken], [one[1] * 1e3 for one in taken]
        middle = statistics.median(wall)
        note = ("  <= 5" + ("" if middle <= 5 else "  MISSED")) if name == "mon query" else ""
        print(f"{name:<30}{middle:>9.2f}{min(wall):>8.2f}{statistics.median(cpu):>9.2f}{note}")
    print(f"{processor()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, {arguments.runs} runs each")


if __name__ == "__main__":
    main()
