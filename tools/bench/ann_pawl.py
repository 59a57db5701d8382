"""Pawl's side of tools/bench/ann: a store of given vectors, and queries timed inside pawl-bench."""

import json
import os
import shutil
import subprocess
import time

import numpy as np

import ann_data
import peers

K = 10
# What pawl-bench calls efforts: margins, as --recall uses them.
EFFORTS = [f"{0.02 * step:.2f}" for step in range(2, 24)]
# The last ones look into most lists: of so many vectors the first ones reach the recalls that count.
MANY, MOST_OF_MANY = 2_000_000, 15


class Pawl:
    """A store of one codec; it is made anew, since making it is timed."""

    def __init__(self, codec, vectors, name, count):
        self.name, self.codec = f"pawl {codec}", codec
        self.vectors, self.count = vectors, count
        self.place = os.path.join(ann_data.FOLDER, f"{name}-{count}.{codec}")
        self.store = self.place + ".pawl"

    def run(self, *arguments):
        """Seconds that `pawl` takes, with what it prints."""
        start = time.perf_counter()
        done = subprocess.run(
            [os.path.join(ann_data.binaries(), "pawl"), *arguments, "--json"],
            check=True, capture_output=True, text=True)
        return time.perf_counter() - start, done.stdout

    def build(self):
        """Vectors to a store; the ingest ends with the clustering and its calibration."""
        shutil.rmtree(self.store, ignore_errors=True)
        ids = self.place + ".ids.txt"
        with open(ids, "w") as file:
            file.writelines(f"{row}\n" for row in range(self.count))
        width = np.load(self.vectors, mmap_mode="r").shape[1]
        self.run("init", self.store, "--dimension", str(width), "--codec", self.codec)
        seconds, printed = self.run(
            "ingest", self.store, "--vectors", self.vectors, "--ids", ids, "--quiet")
        os.remove(ids)
        stages = json.loads(printed)["reindex"]["seconds"]
        index = sum(stages[stage] for stage in ("train", "assign", "write"))
        peers.say(f"{self.name}: {seconds:.1f} s, of which the index took {index:.1f} s and its "
                  f"calibration {stages['calibrate']:.1f} s")
        return {"codec": self.codec, "build": seconds, "index": index}

    def measure(self, truth, clock):
        """A point for each margin: recall, queries a second one by one and all in one call, latency.

        In batches it looks into some more lists; the lower recall of both counts.
        """
        asked = self.place + ".queries.npy"
        np.save(asked, truth.queries)
        efforts = EFFORTS if self.count < MANY else EFFORTS[:MOST_OF_MANY]
        single, batch = (
            peers.pawl_bench(
                ann_data.binaries(), "ann", self.store, asked, K, f"{self.place}.{mode}", mode,
                *efforts)
            for mode in ("single", "batch"))
        key = "seconds" if clock == "wall" else "processorSeconds"
        points = []
        for one, many in zip(single["settings"], batch["settings"]):
            loop, together = (len(truth.queries) / found[key] for found in (one, many))
            points.append({
                "setting": {name: one[name] for name in ("probes", "scanned", "rescored")},
                "recall": min(self.recall(one, truth), self.recall(many, truth)),
                "rate": max(loop, together), "loop": loop, "batch": together,
                "p50": one["p50"], "p99": one["p99"]})
        self.memory = max(found["rssAnonInBytes"] for found in (single, batch))
        self.bytes = single["indexSizeInBytes"]
        return points

    def recall(self, found, truth):
        rows = np.load(found["rows"]).astype(np.int64)
        os.remove(found["rows"])
        return truth.recall(rows)
