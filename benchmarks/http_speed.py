#!/usr/bin/env python3
"""CPU of the server for a query over HTTP: mon beside Prometheus and VictoriaMetrics, on the same data, interleaved.

    http_speed.py --bench DIR --dataset DIR [--work DIR] [--mon .build/release/mon] [--only REGEXP] [--mon-only]

DIR of --bench is the folder of the side-by-side bench (store_bench.py, queries.json); the dataset is made by its
dataset.py. Both query sets are played, the bench's and http_speed.json. What a server has loaded under --work is used
again. Answers are compared before they are timed: mon has to give those of Prometheus; where VictoriaMetrics means
something else by a function it is timed all the same.

CPU is that of all the server's threads, from its control group (or /proc), a block of requests at a time, the servers
taking turns; a query's figure is the median of its blocks.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# What is to be reached: mon's CPU as a share of the other's, by kind of query.
TARGETS = {"range": {"prometheus": 0.2, "victoria-metrics": 0.5}, "instant": {"prometheus": 1.0, "victoria-metrics": 1.0}}
NAMES = {"prometheus": "Prometheus", "victoria-metrics": "VictoriaMetrics", "mon": "mon"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=os.path.join(os.environ.get("MON_SHARED", "../shared"), "bench"))
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--work", help="where the servers' stores are kept; a temporary folder by default")
    parser.add_argument("--mon", default=".build/release/mon")
    parser.add_argument("--set", default="medium")
    parser.add_argument("--only", default="", help="only queries whose id this matches")
    parser.add_argument("--mon-only", action="store_true", help="time mon alone, nothing else started")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.06, help="CPU that a block is to take, about")
    parser.add_argument("--no-check", action="store_true", help="do not compare answers")
    parser.add_argument("--out", help="figures as JSON")
    return parser.parse_args()


def loaded(chosen, work, peers, store_bench):
    """The peers with their stores, loaded by the bench where they are not yet."""
    subprocess.run(
        [sys.executable, os.path.join(chosen.bench, "store_bench.py"), "--mon-config",
         os.path.join(chosen.bench, "mon.json"), "--mon-bin", chosen.mon, "--dataset", chosen.dataset, "--work", work,
         "--set", chosen.set, "--peers", ",".join(peers), "--load-only", "--reuse", "--prom-settle", "15"],
        check=True, stdout=subprocess.DEVNULL)
    options = argparse.Namespace(mon_config=os.path.join(chosen.bench, "mon.json"), mon_bin=chosen.mon, prom_settle=15)

    class Uncached(store_bench.Mon):
        """mon without its cache of answers: what is asked here is asked again and again."""

        def url_query(self, query, window):
            return super().url_query(query, window) + "&nocache=1"

    kinds = {"prometheus": store_bench.Prometheus, "victoria-metrics": store_bench.Victoria, "mon": Uncached}
    started = []
    for name in peers:
        peer = kinds[name](options)
        if peer.available():
            started.append(peer)
    return started


def queries(chosen):
    found = []
    for path in (os.path.join(chosen.bench, "queries.json"), os.path.join(HERE, "http_speed.json")):
        with open(path) as file:
            found += [query for query in json.load(file).get(chosen.set, []) if query["kind"] in TARGETS]
    return [query for query in found if re.search(chosen.only, query["id"])]


def differences(query, window, peers, store_bench):
    """Whose answer is not that of the first peer, and how."""
    answers = {}
    for peer in peers:
        status, body = peer.ask(query, window)
        if status != 200:
            return [f"{query['id']}: {peer.name}: HTTP {status}: {body[:200]!r}"]
        answers[peer.name] = peer.parse(query, body)
    first, found = peers[0].name, []
    if not answers[first]:
        found.append(f"{query['id']}: {first} has no answer, so the query says nothing")
    for peer in peers[1:]:
        if peer.name not in query["same"] or first not in query["same"]:
            continue
        loose = "victoria-metrics" in (peer.name, first)
        difference, note = store_bench.agree(query, answers[first], answers[peer.name], loose=loose)
        if difference > 1e-9:
            found.append(f"{query['id']}: {peer.name} differs from {first} by {difference}: {note[:200]}")
    return found


def times(query, window, peers, chosen):
    """Median CPU seconds a request, by peer."""
    counts, taken = {}, {peer.name: [] for peer in peers}
    for peer in peers:
        for number in range(3):
            before = peer.g.cpu()
            peer.ask(query, window)
            once = peer.g.cpu() - before
        counts[peer.name] = min(200, max(2, round(chosen.seconds / max(once, 1e-4))))
    for block in range(chosen.blocks):
        for peer in peers[block % len(peers):] + peers[:block % len(peers)]:
            before = peer.g.cpu()
            for _ in range(counts[peer.name]):
                peer.ask(query, window)
            taken[peer.name].append((peer.g.cpu() - before) / counts[peer.name])
    return {name: statistics.median(one) for name, one in taken.items()}


def ratio(row, name):
    return row["cpu"]["mon"] / row["cpu"][name] if name in row["cpu"] else None


def head(names):
    columns = "".join(f"{NAMES[name]:>17}" for name in names)
    print(f"{'CPU ms a query':<30}{columns}{'to Prometheus':>15}{'to VM':>8}")


def show(row, names):
    line = f"{row['id']:<30}" + "".join(f"{row['cpu'][name] * 1e3:>17.2f}" for name in names)
    for name, width in (("prometheus", 15), ("victoria-metrics", 8)):
        value = ratio(row, name)
        line += f"{value:>{width}.2f}" if value is not None else " " * width
    print(line + ("  MISSED" if misses(row) else ""), flush=True)


def misses(row):
    targets = TARGETS[row["kind"]]
    return [name for name in targets if (ratio(row, name) or 0) > targets[name]]


def summary(rows):
    for kind, targets in TARGETS.items():
        of_kind = [row for row in rows if row["kind"] == kind]
        for name, target in targets.items():
            values = sorted(value for row in of_kind if (value := ratio(row, name)) is not None)
            if values:
                within = sum(value <= target for value in values)
                print(f"{kind:<8} to {NAMES[name]:<16} median {statistics.median(values):.3f}, worst {values[-1]:.2f}; "
                      f"target {target}: {within} of {len(values)}")


def main():
    chosen = arguments()
    sys.path.insert(0, chosen.bench)
    import common
    import store_bench
    with open(os.path.join(chosen.dataset, "meta.json")) as file:
        meta = json.load(file)
    names = ["mon"] if chosen.mon_only else ["prometheus", "victoria-metrics", "mon"]
    rows, wrong = [], []
    with tempfile.TemporaryDirectory(prefix="mon-speed-") as folder:
        work = os.path.abspath(chosen.work or folder)
        peers = loaded(chosen, work, names, store_bench)
        try:
            for peer in peers:
                peer.start(os.path.join(work, peer.name))
            time.sleep(1)
            head(names)
            for query in queries(chosen):
                window = store_bench.window(query, meta)
                if not chosen.no_check:
                    wrong += differences(query, window, peers, store_bench)
                rows.append(dict(query, cpu=times(query, window, peers, chosen)))
                show(rows[-1], names)
            versions = {peer.name: peer.version() for peer in peers}
            memory = {peer.name: peer.g.mem() for peer in peers}
        finally:
            for peer in peers:
                peer.stop()
    summary(rows)
    for name, one in memory.items():
        print(f"{NAMES[name]}: {versions[name]}; peak {one['peak'] / 2**20:.0f} MiB, "
              f"{one['anon'] / 2**20:.0f} MiB anonymous at the end")
    print("\n".join(wrong) if wrong else "all answers agree")
    if chosen.out:
        common.dump(chosen.out, dict(machine=common.machine(), dataset=meta, versions=versions, rows=rows, wrong=wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
