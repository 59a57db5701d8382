"""The vectors of tools/bench/ann: real texts cut into windows, encoded by `pawl embed` into .bench/ann."""

import functools
import os
import random
import subprocess

import numpy as np

import peers

FOLDER = os.path.join(peers.BENCH, "ann")
QUERY_LIMIT = 2_000
PART = 100_000

# The dev queries of each folder of texts, in the files that its collection comes with.
QUERY_FILES = {
    "packages": "queries.dev.tsv",
    "medquad": "queries.dev.tsv",
    "msmarco_dl19": "msmarco-dev-subset.queries.txt",
}
SETS = ("packages", "medquad", "million")


@functools.cache
def binaries():
    """The folder of pawl's programs, built when something first needs them."""
    return peers.build()


def folder_of(name):
    """Where the texts of `name` are: Debian's packages are made here, the others must be there."""
    if name == "packages":
        debian = os.environ.get("PAWL_BENCH_DATA", os.path.join(peers.ROOT, "demo", "debian"))
        peers.passages(1)
        return debian
    data = os.environ.get("PAWL_TEST_DATA")
    if not data:
        raise SystemExit("ann: PAWL_TEST_DATA must name the folder of the test collections")
    return os.path.join(data, name)


def texts(name, file="collection.tsv"):
    path = os.path.join(folder_of(name), file)
    with open(path, encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\n").split("\t", 1)[1] for line in lines]


def medquad_windows():
    """MedQuAD's passages cut every 60 words; a rest below 20 words is left out."""
    for text in texts("medquad"):
        words = text.split()
        for start in range(0, len(words), 60):
            if len(words) - start >= 20:
                yield " ".join(words[start:start + 60])


def million_windows():
    """All windows of 20 words, 6 words apart, of three collections; a seeded million of them."""
    windows = []
    for name in QUERY_FILES:
        for text in texts(name):
            words = text.split()
            windows += [" ".join(words[at:at + 20]) for at in range(0, len(words) - 19, 6)]
    random.Random(1).shuffle(windows)
    return windows[:1_000_000]


def embed(lines, path):
    """The vectors of `lines`, one text each, as a file that appears when it is whole."""
    source = path + ".txt"
    with open(source, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
    subprocess.run(
        [os.path.join(binaries(), "pawl"), "embed", "--model", peers.MODEL, source, "--out", path, "--quiet"],
        check=True, stdout=subprocess.DEVNULL)
    os.remove(source)


def made(name, lines):
    """The path of .bench/ann/NAME.npy; where it is missing, `lines()` are encoded."""
    path = os.path.join(FOLDER, name + ".npy")
    if not os.path.exists(path):
        peers.say(f"encoding {name} into .bench/ann (once)")
        os.makedirs(FOLDER, exist_ok=True)
        embed(lines(), path)
    return path


def joined(parts, path):
    """Puts files of equal width one after the other; takes the memory of one of them."""
    arrays = [np.load(part, mmap_mode="r") for part in parts]
    shape = (sum(len(array) for array in arrays), arrays[0].shape[1])
    whole = np.lib.format.open_memmap(path + ".partial", "w+", np.float32, shape)
    start = 0
    for array in arrays:
        whole[start:start + len(array)] = array
        start += len(array)
    whole.flush()
    os.rename(path + ".partial", path)


def million():
    path = os.path.join(FOLDER, "million.npy")
    if os.path.exists(path):
        return path
    windows = []

    def part(number):
        if not windows:
            windows.extend(million_windows())
        return windows[number * PART:(number + 1) * PART]

    parts = [made(f"million-{n}", lambda n=n: part(n)) for n in range(10)]
    joined(parts, path)
    for file in parts:
        os.remove(file)
    return path


def vectors(name):
    """The path of the set's vectors, N × 384 float32, made where they are missing."""
    if name == "packages":
        # The file that tools/bench/search makes, too.
        return made(os.path.join("..", "debian-collection"), lambda: texts("packages"))
    if name == "medquad":
        return made("medquad", medquad_windows)
    return million()


def queries(name):
    """Real queries in a seeded order, 2,000 at most: dev queries of the texts of the set."""
    sources = [name] if name in QUERY_FILES else list(QUERY_FILES)
    rows = np.concatenate([
        np.load(made(f"queries-{source}", lambda s=source: texts(s, QUERY_FILES[s])))
        for source in sources])
    chosen = np.random.default_rng(1).permutation(len(rows))[:QUERY_LIMIT]
    return rows[chosen]
