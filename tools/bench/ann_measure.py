"""How tools/bench/ann measures: recall against exact search, queries a second, and figures at one recall."""

import copy
import math
import time

import faiss
import numpy as np

K = 10
TARGETS = (.95, .98, .99)
# Beyond this recall a ladder of settings ends; it ends, too, where more effort finds nothing more.
ENOUGH = .993
# Scores of the same two vectors differ by less, whatever order they are summed in.
TIE = 1e-6
# Exploring: so many queries, and points from the last below this recall on, so far apart.
QUICK = 500
START = .94
STEP = .004


class Truth:
    """The score that the tenth best vector of each query has, by exact float32 search.

    A hit is a vector with at least that score: of equal vectors (texts repeat) any one will do.
    """

    def __init__(self, vectors, queries, rows_at_once=200_000):
        self.vectors, self.queries = vectors, queries
        faiss.omp_set_num_threads(2)
        best = np.full((len(queries), K), -2, np.float32)
        for start in range(0, len(vectors), rows_at_once):
            part = np.ascontiguousarray(vectors[start:start + rows_at_once], np.float32)
            index = faiss.IndexFlatIP(part.shape[1])
            index.add(part)
            scores, _ = index.search(queries, K)
            best = -np.sort(-np.concatenate([best, scores], axis=1), axis=1)[:, :K]
        faiss.omp_set_num_threads(1)
        self.worst = best[:, -1:]

    def some(self, count):
        """The same for the first queries only; they are in no order that matters."""
        part = copy.copy(self)
        part.queries, part.worst = self.queries[:count], self.worst[:count]
        return part

    def recall(self, rows):
        """The share of the best ten that is in `rows`, Q × 10; a missing row is < 0 or ≥ N."""
        rows = np.where((rows >= 0) & (rows < len(self.vectors)), rows, -1)
        rows = np.sort(rows, axis=1)
        new = (rows >= 0) & (np.diff(rows, axis=1, prepend=-2) != 0)
        found = np.zeros(rows.shape, np.float32)
        for start in range(0, len(rows), 500):
            part = slice(start, start + 500)
            found[part] = np.einsum(
                "qd,qkd->qk", self.queries[part], self.vectors[rows[part]].astype(np.float32))
        return float(((found >= self.worst - TIE) & new).mean())


def clock(name):
    """Seconds on the wall, or of the processor, for a machine that others use as well."""
    return {"wall": time.perf_counter, "processor": time.process_time}[name]


def timed(run, now, seconds=.5):
    """The shortest of at least two runs, and of as many as fit into half a second."""
    times, total = [], 0.0
    while len(times) < 2 or total < seconds:
        start = now()
        result = run()
        times.append(now() - start)
        total += times[-1]
    return min(times), result


def measure(peer, setting, truth, now):
    """Queries a second one at a time from a loop, and all in one call: what a peer is faster at counts."""
    queries = truth.queries
    peer.set(setting)
    singles = [queries[i:i + 1] for i in range(len(queries))]

    def loop():
        for query in singles:
            peer.one(query)

    one, _ = timed(loop, now)
    many, rows = timed(lambda: peer.many(queries), now)
    return {
        "setting": setting, "recall": truth.recall(rows), "loop": len(queries) / one,
        "batch": len(queries) / many, "rate": len(queries) / min(one, many)}


def explore(peer, truth):
    """The settings worth timing: the envelope of a quick pass over some of the queries, thinned."""
    some = truth.some(QUICK)
    points = []
    for ladder in peer.ladders():
        last = 0.0
        for setting in ladder:
            peer.set(setting)
            start = time.process_time()
            recall = some.recall(peer.many(some.queries))
            seconds = time.process_time() - start
            points.append({"setting": setting, "recall": recall, "rate": 1 / seconds})
            if recall >= ENOUGH or (recall > .5 and recall - last < .0005):
                break
            last = recall
    kept = []
    for point in envelope(points):
        if kept and point["recall"] < START:
            kept = []
        if not kept or point["recall"] >= kept[-1]["recall"] + STEP or point is envelope(points)[-1]:
            kept.append(point)
    return [point["setting"] for point in kept]


def envelope(points, slack=1.0):
    """The points that none beats in recall and in rate (by more than `slack`), by rising recall."""
    return sorted(
        (p for p in points if not any(
            o["recall"] >= p["recall"] and o["rate"] > p["rate"] * slack for o in points)),
        key=lambda p: (p["recall"], -p["rate"]))


def rate_at(points, target, key="rate"):
    """Queries a second at a recall: between two points of the upper envelope the logarithm of the
    rate is taken as linear in recall; None where no setting reaches it, never more than was measured."""
    points = [{"recall": p["recall"], "rate": p[key]} for p in points]
    line = envelope(points)
    above = [p for p in line if p["recall"] >= target]
    below = [p for p in line if p["recall"] < target]
    if not above:
        return None
    if not below:
        return above[0]["rate"]
    a, b = below[-1], above[0]
    share = (target - a["recall"]) / (b["recall"] - a["recall"])
    return math.exp((1 - share) * math.log(a["rate"]) + share * math.log(b["rate"]))
