#!/usr/bin/env python3
"""A hundred readers beside a writer whose clock runs fast: does a read fail, does the file grow?

    benchmarks/readers.py --mon .build/release/mon --maker .build/release/benchmark-append [--readers 100]
                          [--days 7] [--pace 50] [--hours 3] [--pause 1] [--kill]

Two stores of some days' age are filled by the same maker, one commit a scrape of 300 series and 40 processes: one with
nobody else, one beside processes that run `mon query` again and again, each with a pause of so many seconds on average.
A commit comes each 50 ms, a hundred times as often as a 5 s agent makes one; with --pace 0 as fast as it can,
thousands of times.
With --kill one reader in ten is killed now and then. Ends with 1 where a read failed, or the file is larger by more
than 5 % (with --pace 0: and what readers can hold at that pace, 4 MiB).
"""

import argparse
import os
import random
import subprocess
import tempfile
import threading
import time

QUERIES = [
    "sum(rate(disk_io_read_bytes_total[5m]))",
    "count({__name__=~\".+\"})",
    "max_over_time(cpu_usage_percent[1h])",
]


# Where the maker's clock begins, in seconds.
START = 20_000 * 86_400


def age(given, folder):
    command = [given.maker, "--data", folder, "--days", str(given.days), "--hours", "0", "--pace", "0"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def fill(given, folder):
    command = [given.maker, "--data", folder, "--hours", str(given.hours), "--pace", str(given.pace)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def size(folder):
    generations = os.path.join(folder, "tsdb")
    newest = max(os.listdir(generations), key=int)
    return os.path.getsize(os.path.join(generations, newest, "data.mdb"))


class Readers:
    def __init__(self, given, folder):
        self.given, self.folder = given, folder
        self.reads = self.failures = self.kills = 0
        self.texts = set()
        self.lock = threading.Lock()
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(given.readers)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        dice = random.Random(number)
        while not self.stopping:
            end = str(START + self.given.days * 86_400 + dice.randrange(self.given.hours * 3600))
            command = [self.given.mon, "query", "-q", dice.choice(QUERIES), "--at", end, "--data", self.folder]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            killed = self.given.kill and number % 10 == 0 and dice.random() < 0.5
            if killed:
                time.sleep(dice.random() * 0.01)
                process.kill()
            error = process.communicate()[1].decode()
            # So that a hundred of them leave the writer a processor.
            time.sleep(2 * self.given.pause * dice.random())
            with self.lock:
                self.reads += 1
                self.kills += killed
                # 4: no sample there yet.
                if not killed and process.returncode not in (0, 4):
                    self.failures += 1
                    self.texts.add(error.strip())

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mon", required=True)
    parser.add_argument("--maker", required=True)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--pace", type=int, default=50, help="milliseconds between commits")
    parser.add_argument("--days", type=int, default=7, help="age of the store")
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between the reads of one reader")
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, beside = os.path.join(folder, "alone"), os.path.join(folder, "beside")
        for one in (alone, beside):
            age(given, one)
        began = time.time()
        fill(given, alone).wait()
        aloneSeconds = time.time() - began
        began = time.time()
        writer = fill(given, beside)
        readers = Readers(given, beside)
        failed = writer.wait() != 0
        besideSeconds = time.time() - began
        readers.stop()
        growth = size(beside) / size(alone) - 1
        isLarge = size(beside) > size(alone) * 1.05 + (4 << 20 if given.pace == 0 else 0)
        compact = subprocess.run([given.mon, "db", "compact", "--data", beside], capture_output=True, text=True)
        print(f"{given.readers} readers, {given.hours} hours of scrapes, a commit each {given.pace} ms")
        print(f"  reads {readers.reads}, killed {readers.kills}, failed {readers.failures}")
        for text in sorted(readers.texts):
            print(f"    {text}")
        print(f"  file alone {size(alone)} bytes in {aloneSeconds:.1f} s")
        print(f"  file beside them {growth * 100:+.1f} % in {besideSeconds:.1f} s")
        print(f"  compacted: {compact.stdout.strip() or compact.stderr.strip()}")
        if failed or readers.failures or isLarge or compact.returncode != 0:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
