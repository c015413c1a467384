#!/usr/bin/env python3
"""What `mon serve` does under load, and while clients behave badly.

    load.py PATH/TO/mon [--seconds 5] [--idle 2000]

Needs wrk (`apt-get install wrk`). Makes a store of 200 series over six hours, then measures with wrk: a dashboard's
panel with and without the cache, an instant query, the current values. Then the same panel while others hold
2,000 idle connections, send heads and bodies a byte a second, half-close, leave in the middle of an answer, send
bodies that are too large or endless, and bytes that are no HTTP. Prints throughput, latency and memory; exits 1 where
the panel's clients got an error, a bad client no clear refusal, or memory no bound.
"""
import argparse
import math
import os
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

arguments = argparse.ArgumentParser()
arguments.add_argument("mon")
arguments.add_argument("--seconds", type=int, default=5)
arguments.add_argument("--idle", type=int, default=2000)
options = arguments.parse_args()
MON = os.path.abspath(options.mon)
# Resident memory may grow by so much under all of it: bodies of 64 MiB, twice while an array of them grows, and the
# answers of four queries. A connection costs some 5 KiB.
GROWTH_MAX_MIB = 2 * 64 + 64
STEP = 15
SPAN = 6 * 3600


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fill(data, now):
    """Six hours of 200 series, a sample each 15 s, up to now."""
    lines = []
    for number in range(200):
        for tick in range(SPAN // STEP):
            value = tick * (number + 1) + 50 * math.sin(tick / 40 + number)
            lines.append(f'load_requests_total{{instance="{number % 20}",path="/{number // 20}"}} {value:.3f} '
                         f"{now - SPAN + tick * STEP}")
    text = "\n".join(["# TYPE load_requests counter", *lines, "# EOF\n"])
    subprocess.run([MON, "import", "--format", "openmetrics", "-", "--data", data], input=text, text=True, check=True,
                   stdout=subprocess.DEVNULL)


class Server:
    def __init__(self, data):
        self.port = free_port()
        self.log = open(data + ".log", "wb")
        self.process = subprocess.Popen(
            [MON, "serve", "--data", data, "--listen", f"127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                urllib.request.urlopen(self.url("/-/ready"), timeout=1).read()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("mon serve does not start")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def memory(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(name + r":\s+(\d+)", file.read()).group(1)) / 1024

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return s


def wrk(url, seconds, connections=16):
    """Requests a second, the latency of the 50th and 99th of a hundred in ms, answers that were none."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", url], capture_output=True,
        text=True, check=True).stdout

    def latency(share):
        number, unit = re.search(share + r"%\s+([\d.]+)(us|ms|s)", text).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    bad = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    bad += sum(sum(map(int, found)) for found in
               re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text))
    return rate, latency("50"), latency("99"), bad


def tell(what, found, server):
    rate, middle, worst, bad = found
    print(f"{what:34} {rate:9.0f}/s   p50 {middle:8.2f} ms   p99 {worst:8.2f} ms   failed {bad:4}"
          f"   {server.memory():6.1f} MiB", flush=True)


def answer(s):
    """The status of the next answer; 0 where the connection ends without one."""
    try:
        data = s.recv(65536)
    except OSError:
        return 0
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.1 ") else 0


class BadClients:
    """Clients that do everything wrong, until told to stop."""

    def __init__(self, server, idle):
        self.server, self.stopped = server, threading.Event()
        self.idle, self.slow = [], []
        self.refusals, self.surprises = {}, []
        for _ in range(idle):
            self.idle.append(server.connect())
        for number in range(200):
            s = server.connect()
            s.setblocking(False)
            head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " if number % 2 else \
                b"POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
            s.send(head)
            self.slow.append(s)
        self.threads = [threading.Thread(target=self.run, args=(what,), daemon=True) for what in (
            self.drip, self.large, self.endless, self.noise, self.leave, self.half_close)]
        for thread in self.threads:
            thread.start()

    def run(self, what):
        state = random.Random(what.__name__)
        while not self.stopped.is_set():
            try:
                what(state)
            except OSError as error:
                self.surprises.append(f"{what.__name__}: {error}")
                time.sleep(0.05)

    def expect(self, what, status, wanted):
        self.refusals[(what, status)] = self.refusals.get((what, status), 0) + 1
        if status not in wanted:
            self.surprises.append(f"{what}: answered {status}")

    def drip(self, _):
        """A byte a second of each slow request."""
        for s in self.slow:
            try:
                s.send(b"a")
            except OSError:
                pass
        self.stopped.wait(1)

    def large(self, _):
        """A body that says that it is too large."""
        with self.server.connect() as s:
            s.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n")
            self.expect("large", answer(s), (413,))

    def endless(self, _):
        """A body in chunks without an end."""
        with self.server.connect() as s:
            s.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
            try:
                for _ in range(400):
                    s.sendall(chunk)
            except OSError:
                pass
            self.expect("endless", answer(s), (413, 503))

    def noise(self, state):
        """Bytes that are no request, and heads that are too large."""
        with self.server.connect() as s:
            if state.random() < 0.5:
                s.sendall(b"\x16\x03\x01" + state.randbytes(200) + b"\r\n\r\n")
                self.expect("noise", answer(s), (400, 431))
            else:
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
                try:
                    s.sendall(b"X: " + b"a" * 200_000 + b"\r\n\r\n")
                except OSError:
                    pass
                self.expect("large head", answer(s), (431,))

    def leave(self, _):
        """Asks for something large, and goes."""
        s = self.server.connect()
        s.sendall(b"GET /api/v1/query?query=load_requests_total[6h] HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.01)
        s.close()
        time.sleep(0.05)

    def half_close(self, _):
        """Closes its side only, and never reads."""
        with self.server.connect() as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            s.shutdown(socket.SHUT_WR)
            time.sleep(0.2)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)
        for s in self.idle + self.slow:
            s.close()


def main():
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt-get install wrk")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    folder = tempfile.mkdtemp(prefix="mon-load-")
    failures = []
    try:
        now = int(time.time()) // STEP * STEP
        data = os.path.join(folder, "data")
        fill(data, now)
        # The server begins with the limit that a shell gives.
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        server = Server(data)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        panel = "/api/v1/query_range?query=" + "sum%20by%20(path)%20(rate(load_requests_total%5B5m%5D))" \
            + f"&start={now - SPAN}&end={now}&step=60"
        tell("panel, cached", wrk(server.url(panel), options.seconds), server)
        tell("panel, nocache=1", wrk(server.url(panel + "&nocache=1"), options.seconds), server)
        tell("instant query", wrk(server.url(f"/api/v1/query?query=sum(load_requests_total)&time={now}"),
                                  options.seconds), server)
        tell("/metrics", wrk(server.url("/metrics"), options.seconds), server)
        before = server.memory()
        bad = BadClients(server, options.idle)
        print(f"{len(bad.idle)} idle and {len(bad.slow)} slow connections: {server.files()} files, "
              f"{server.memory() - before:.1f} MiB more", flush=True)
        found = wrk(server.url(panel), options.seconds)
        tell("panel, beside bad clients", found, server)
        if found[3]:
            failures.append(f"{found[3]} requests of the panel failed")
        bad.stop()
        for (what, status), count in sorted(bad.refusals.items()):
            print(f"  {what}: {status} {count} times")
        if bad.surprises:
            failures.append(f"{len(bad.surprises)} surprises, the first: {bad.surprises[0]}")
        growth = server.memory("VmHWM") - before
        print(f"memory: {before:.1f} MiB before, at most {growth:.1f} more", flush=True)
        if growth > GROWTH_MAX_MIB:
            failures.append(f"memory grew by {growth:.1f} MiB")
        time.sleep(2)
        tell("panel, after them", wrk(server.url(panel), options.seconds), server)
        print(f"{server.files()} files")
        server.process.terminate()
        if server.process.wait(20) != 0:
            failures.append("the server did not end well")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for failure in failures:
        print("FAILED:", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
