"""As many vectors as MS MARCO has passages, made between real ones (tools/bench/ann synthetic).

Each is norm(a + t(b − a) + ε): a a real vector, b one of its 50 nearest, t uniform, ε normal with a
deviation for which 50,000 of them are as hard to search as 50,000 real ones: with real queries, their
curves of recall against probes are compared, and the deviation with the smallest difference is taken.
"""

import json
import os

import faiss
import numpy as np

import ann_data
import ann_measure
import peers

COUNT = 8_841_823
NEAREST = 50
ROWS = 100_000
SAMPLE = 50_000
DEVIATIONS = (.04, .045, .05, .055, .06, .065)
PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
# How far apart the two curves may be anywhere.
TOLERANCE = .02


def neighbours(base, folder):
    """The 50 nearest of each vector, N × 50 rows, by an IVF index that misses few."""
    path = os.path.join(folder, f"neighbours-{len(base)}.npy")
    if not os.path.exists(path):
        peers.say(f"looking for the {NEAREST} nearest of {len(base)} vectors (once)")
        faiss.omp_set_num_threads(2)
        lists = int(4 * len(base) ** .5)
        index = faiss.index_factory(
            base.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.train(base[:64 * lists])
        index.add(base)
        index.nprobe = 16
        found = np.empty((len(base), NEAREST), np.int32)
        for start in range(0, len(base), ROWS):
            _, rows = index.search(base[start:start + ROWS], NEAREST + 1)
            found[start:start + ROWS] = rows[:, 1:]
        np.save(path, found)
    return np.load(path, mmap_mode="r")


def made(base, near, count, deviation, seed):
    """Rows of synthetic vectors, count × D in all, `ROWS` at a time: bounded memory."""
    generator = np.random.default_rng(seed)
    for start in range(0, count, ROWS):
        size = min(ROWS, count - start)
        a = generator.integers(len(base), size=size)
        b = near[a, generator.integers(NEAREST, size=size)]
        b = np.where(b < 0, a, b)
        t = generator.random((size, 1), np.float32)
        rows = base[a] + t * (base[b] - base[a])
        rows += deviation * generator.standard_normal(rows.shape, np.float32)
        yield rows / np.linalg.norm(rows, axis=1, keepdims=True)


def curve(vectors, queries):
    """Recall at 10 of faiss' IVF flat with 4·√N lists, for each number of probes."""
    truth = ann_measure.Truth(vectors, queries)
    faiss.omp_set_num_threads(2)
    index = faiss.index_factory(
        vectors.shape[1], f"IVF{int(4 * len(vectors) ** .5)},Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    recalls = []
    for index.nprobe in PROBES:
        recalls.append(truth.recall(index.search(queries, ann_measure.K)[1]))
    faiss.omp_set_num_threads(1)
    return np.array(recalls)


def deviation(base, near, queries, folder):
    """The deviation of ε whose curve is nearest to the real one; kept with both curves.

    It is chosen with one half of the queries; what is said of it, and judged, is the other half's.
    """
    path = os.path.join(folder, f"synthetic-{len(base)}.json")
    if not os.path.exists(path):
        chosen = np.random.default_rng(2).permutation(len(base))[:SAMPLE]
        halves = (queries[::2], queries[1::2])
        real = [curve(base[np.sort(chosen)], half) for half in halves]
        tried = []
        for value in DEVIATIONS:
            rows = np.concatenate(list(made(base, near, SAMPLE, value, seed=3)))
            found = [curve(rows, half) for half in halves]
            differences = [float(np.abs(f - r).max()) for f, r in zip(found, real)]
            tried.append({
                "deviation": value, "chosenBy": differences[0], "judgedBy": differences[1],
                "recall": found[1].round(4).tolist()})
            peers.say(f"deviation {value}: curves differ by {differences[0]:.4f} at most, "
                      f"those of the other half of the queries by {differences[1]:.4f}")
        best = min(tried, key=lambda one: one["chosenBy"])
        with open(path, "w") as file:
            json.dump({"probes": PROBES, "real": real[1].round(4).tolist(), "best": best,
                       "tried": tried}, file, indent=1)
    with open(path) as file:
        best = json.load(file)["best"]
    print(f"synthetic: deviation {best['deviation']}, recall against probes at {SAMPLE} vectors within "
          f"{best['judgedBy']:.4f} of real ones, by queries that did not choose it", flush=True)
    if best["judgedBy"] > TOLERANCE:
        raise SystemExit(f"ann: that is more than {TOLERANCE}")
    return best["deviation"]


def vectors(source, queries, count=None, folder=ann_data.FOLDER):
    """The path of `count` synthetic vectors, float16, made from those of the file `source`."""
    count = count or COUNT
    base = np.load(source)
    near = neighbours(base, folder)
    noise = deviation(base, near, queries, folder)
    path = os.path.join(folder, f"synthetic-{count}.npy")
    if not os.path.exists(path):
        peers.say(f"making {count} vectors (once)")
        whole = np.lib.format.open_memmap(
            path + ".partial", "w+", np.float16, (count, base.shape[1]))
        start = 0
        for rows in made(base, near, count, noise, seed=4):
            whole[start:start + len(rows)] = rows
            start += len(rows)
        whole.flush()
        os.rename(path + ".partial", path)
    return path
