#!/usr/bin/env python3
"""Writes scripts/hot-functions.txt: the functions that an agent and a query run, for the linker to lay side by side.

    order-functions.py PATH/TO/mon

The kernel maps code by 64 KiB around what is run. What an agent runs in an hour is 0.8 of 17 MB, but strewn over all of
it 10 MB are resident; side by side it is a tenth. Needs valgrind (callgrind), which counts every call. Names that a
later build has not got are passed over by the linker, so that this is run again only where the figures grow. The build
does not watch the list: remove the binary before it is linked anew.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUERIES = [
    "rate(disk_io_read_bytes_total[5m])", "cpu_usage_percent", "sum by (mode) (rate(cpu_time_seconds_total[1m]))",
    "topk(3, process_memory_bytes)", "memory_used_bytes / memory_total_bytes * 100",
]


def functions(path):
    """Names of one dump in the order in which they were first met."""
    names, seen = {}, {}
    with open(path, errors="replace") as file:
        for line in file:
            found = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line.rstrip("\n"))
            if found:
                if found[2]:
                    names[found[1]] = re.sub(r"'\d+$", "", found[2]).split("@@")[0]
                seen[found[1]] = None
    return [names[number] for number in seen if number in names]


def traced(binary, folder, name, *arguments):
    return [
        "valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={folder}/{name}", binary, *arguments]


def agent(binary, folder):
    """Of an agent that is asked for its page: what it runs after its start, then what its start runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        traced(binary, folder, "agent", "run", "--data", f"{folder}/data", "--interval", "1s", "--listen",
               f"127.0.0.1:{port}"), stderr=subprocess.DEVNULL)

    def ask(accept):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip", "Accept": accept})
        urllib.request.urlopen(request, timeout=30).read()

    try:
        for _ in range(60):
            time.sleep(1)
            try:
                ask("text/plain")
                break
            except OSError:
                pass
        time.sleep(12)
        subprocess.run(["callgrind_control", "-d", str(process.pid)], check=True, stdout=subprocess.DEVNULL)
        for _ in range(6):
            time.sleep(11)
            ask("text/plain")
            ask("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
        process.send_signal(signal.SIGUSR1)
        time.sleep(8)
        subprocess.run(["callgrind_control", "-d", str(process.pid)], check=True, stdout=subprocess.DEVNULL)
    finally:
        process.terminate()
        process.wait()
    return functions(f"{folder}/agent.2") + functions(f"{folder}/agent.1")


def queries(binary, folder):
    found = []
    for number, query in enumerate(QUERIES):
        subprocess.run(
            traced(binary, folder, f"query{number}", "query", "--data", f"{folder}/data", query), check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found += functions(f"{folder}/query{number}")
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        # With debugging information callgrind takes minutes to begin, or gives up.
        binary = f"{folder}/mon"
        subprocess.run(["strip", "-g", "-o", binary, sys.argv[1]], check=True)
        listing = subprocess.run(["nm", binary], check=True, capture_output=True, text=True).stdout
        known = {line.split()[-1] for line in listing.splitlines() if line.split()[-2] in "tTwW"}
        hot = dict.fromkeys(agent(binary, folder) + queries(binary, folder))
    names = [name for name in hot if name in known]
    with open(os.path.join(ROOT, "scripts", "hot-functions.txt"), "w") as file:
        file.write("".join(name + "\n" for name in names))
    print(f"{len(names)} functions of {len(known)}")


if __name__ == "__main__":
    main()
