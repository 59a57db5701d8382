"""What the benchmarks share: the peers' environment, runs in turn, and how a comparison is printed."""

import json
import os
import random
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, ".bench")
MODEL = os.environ.get("PAWL_MODEL", os.path.join(ROOT, "models", "all-MiniLM-L6-v2"))

PACKAGES = [
    "torch==2.13.0",
    "transformers==5.23.0",
    "sentence-transformers==6.2.0",
    "onnxruntime==1.31.1",
    "onnx==1.23.2",
    "tokenizers==0.23.3",
    "pytrec-eval-terrier==0.5.11",
    "faiss-cpu==1.15.1",
    "hnswlib==0.8.0",
    "usearch==2.26.6",
    "peft==0.21.2",
    "accelerate==1.15.0",
]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def ensure_environment():
    """Runs this script inside .bench/venv, which is made from PyPI where it is missing."""
    venv = os.path.join(BENCH, "venv")
    python = os.path.join(venv, "bin", "python")
    stamp = os.path.join(BENCH, "venv.packages")
    wanted = "\n".join(PACKAGES)
    have = open(stamp).read() if os.path.exists(stamp) else None
    if have != wanted:
        say("installing the peers from PyPI into .bench/venv (a gigabyte or two, once)")
        os.makedirs(BENCH, exist_ok=True)
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        with open(stamp, "w") as file:
            file.write(wanted)
    if os.path.abspath(sys.prefix) != os.path.abspath(venv):
        os.execv(python, [python, *sys.argv])


def build():
    """The path of pawl's binaries, built for release."""
    for product in ("pawl", "pawl-bench"):
        subprocess.run(
            ["swift", "build", "-c", "release", "--product", product, "--quiet"],
            cwd=ROOT, check=True)
    shown = subprocess.run(
        ["swift", "build", "-c", "release", "--show-bin-path"],
        cwd=ROOT, check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def pawl_bench(binaries, *arguments):
    done = subprocess.run(
        [os.path.join(binaries, "pawl-bench"), *map(str, arguments)],
        check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def passages(count, words=None):
    """Real passages: Debian's package descriptions, a seeded sample; `words` cuts each."""
    folder = os.environ.get("PAWL_BENCH_DATA", os.path.join(ROOT, "demo", "debian"))
    collection = os.path.join(folder, "collection.tsv")
    if not os.path.exists(collection):
        subprocess.run([os.path.join(ROOT, "tools", "debian-packages"), folder], check=True)
    with open(collection, encoding="utf-8", newline="\n") as file:
        texts = [line.rstrip("\n").split("\t", 1)[1] for line in file]
    sample = random.Random(1).sample(texts, min(count, len(texts)))
    return [" ".join(text.split()[:words]) for text in sample] if words else sample


def compare(name, ours, theirs, unit, rounds, better="higher"):
    """Measures both in turn, so that a machine that slows down slows both; the median ratio."""
    pairs = []
    for number in range(rounds):
        pair = (ours(), theirs()) if number % 2 == 0 else tuple(reversed((theirs(), ours())))
        pairs.append(pair)
    ratios = sorted(a / b if better == "higher" else b / a for a, b in pairs)
    a, b = (statistics.median(values) for values in zip(*pairs))
    print(
        f"{name}: pawl {a:.4g} {unit}, peer {b:.4g} {unit}, "
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})",
        flush=True)
    return statistics.median(ratios)
