"""One variant of the experiment: trained, embedded, judged by the gate, then by queries that only the report reads."""

import array
import ctypes
import functools
import json
import operator
import os
import random
import signal
import statistics
import struct
import subprocess
import time

from paper_sets import ROOT, TRIPLET_COUNT, replace, rows, write

PAWL = os.path.join(ROOT, ".build", "release", "pawl")
MODEL = os.environ.get("PAWL_MODEL", os.path.join(ROOT, "models", "all-MiniLM-L6-v2"))
REFUSED = 2

# Batches of 128 triplets: 7 to 12 minutes on two threads of an Emerald Rapids. Steps and not minutes, so that another
# machine makes the same versions. The other recipes, batches of 32, end with their epoch or so early.
PAPER_STEPS = 60
MOST_STEPS = 500
CUT_BATCH = 16
# Timed queries are asked in parts, by the base and the variant in turn, all of them twice.
TIMED_PART = 1_000
TIMED_ROUNDS = 2


class Variant:
    """A recipe with its seed and what of it is otherwise; a version that another set's training made; or a bridge from a
    variant's queries to the base's vectors."""

    def __init__(self, name, recipe=None, seed=1, extra=(), origin=None, isPermuted=False, bridged=None):
        self.name, self.recipe, self.seed, self.extra = name, recipe, seed, list(extra)
        self.origin, self.isPermuted, self.bridged = origin, isPermuted, bridged

    @property
    def isPaper(self):
        return self.recipe is not None and self.recipe.startswith("paper")

    def hasOwnIndex(self, made):
        """Whether the version's passages lie elsewhere than the base's."""
        return not self.bridged and self.recipe != "query-adapter" and made.get("bestStep") != 0

    def steps(self, judged):
        """None: as many as the recipe's epochs have."""
        if judged.hasOwnSizes or self.recipe == "query-adapter":
            return None
        return PAPER_STEPS if self.isPaper else min(MOST_STEPS, judged.epoch)


LAST = ["--last", "--patience", "0"]
BASE = Variant("base")
OURS = [
    Variant("contrastive", "contrastive"),
    Variant("safe-1", "safe"),
    Variant("query-adapter-1", "query-adapter"),
    Variant("bridge from safe-1", bridged="safe-1"),
]
CONTROLS = [
    Variant("permuted judgments", "contrastive", extra=LAST, isPermuted=True),
    Variant("rate 2e-4", "contrastive", extra=["--learning-rate", "2e-4", *LAST]),
    Variant(
        "unfiltered ranks 1-5", "mined",
        extra=["--range-min", "1", "--range-max", "5", "--no-margin", "--sampling-strategy", "random", *LAST]),
]
PAPER = [
    Variant(f"{paper}-{negatives}-{part}", f"{paper}-{negatives}-{part}")
    for paper in ("paper-as-run", "paper") for part in ("full", "lora") for negatives in ("hard", "random")
]
OTHERS = [
    Variant("mined", "mined"),
    Variant("anchored", "anchored"),
    *[Variant(f"{recipe}-{seed}", recipe, seed) for seed in (2, 3) for recipe in ("query-adapter", "safe")],
]


def elsewhere(name, source):
    """The safe version of another set, judged by this one."""
    return Variant(name, origin=(source, "safe-1"))


class Failure(Exception):
    pass


def endWithParent():
    """Else a run of this that is killed leaves a training behind, and the next one finds the store busy."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def pawl(*arguments, allowed=(0,)):
    done = subprocess.run(
        [PAWL, *map(str, arguments)], capture_output=True, text=True, preexec_fn=endWithParent)
    if done.returncode not in allowed:
        raise Failure(f"pawl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def told(*arguments, allowed=(0,)):
    return json.loads(pawl(*arguments, "--json", allowed=allowed))


# --- The store, and a version in it

@functools.cache
def store(judged):
    """The set's store, with the base model embedded as v1."""
    place = judged.place("store.pawl")
    if not os.path.exists(place):
        pawl("init", place, "--model", MODEL, "--max-length", judged.max_length)
    pawl("ingest", place, judged.collection, "--quiet")
    if all(one["name"] != "gate" for one in told("sets", place, "list")["sets"]):
        pawl("sets", place, "add", "gate", *judged.gate.arguments, "--role", "gate")
    return place


def names(judged):
    """The versions that this machine has already: a file in the set's folder."""
    place = judged.place("versions.json")
    return json.load(open(place, encoding="utf-8")) if os.path.exists(place) else {}


def remember(judged, variant, made):
    known = names(judged)
    known[variant.name] = made
    replace(judged.place("versions.json"), json.dumps(known, indent=1))
    return made


def onceAMachine(make):
    """What makes a variant's version, and says what is known of it, does so once a machine."""
    @functools.wraps(make)
    def made(judged, variant, *others):
        return names(judged).get(variant.name) or remember(judged, variant, make(judged, variant, *others))
    return made


@onceAMachine
def train(judged, variant, step_limit):
    """The version that a variant's training makes."""
    place = store(judged)
    steps = variant.steps(judged) if step_limit is None else step_limit
    part = judged.train
    source = part.arguments
    if variant.isPermuted:
        source = ["--queries", part.queries, "--qrels", judged.permuted()]
    if judged.triples and variant.isPaper and "random" in variant.recipe:
        source = [*part.arguments, "--triples", judged.triples, "--sample", 1_000_000]
    known = {one["name"] for one in told("versions", place)["versions"]}
    runs = os.listdir(f"{place}/runs") if os.path.isdir(f"{place}/runs") else []
    wasBegun = any(run not in known for run in runs)
    start = time.monotonic()
    made = told(
        "train", place, *source, "--recipe", variant.recipe, "--seed", variant.seed, "--version", "v1",
        *(["--steps", steps] if steps else []), *(["--batch-size", CUT_BATCH] if judged.isCut else []),
        *variant.extra, "--quiet")
    # Of a run that went on nobody knows how long it took before.
    made["seconds"] = None if wasBegun else time.monotonic() - start
    log = [json.loads(line) for line in open(f"{place}/runs/{made['version']}/log.jsonl", encoding="utf-8")]
    # Of the last twentieth of the steps that the version has.
    kept = made["steps"] if "--last" in variant.extra or variant.isPaper else max(1, made["bestStep"])
    losses = [entry["loss"] for entry in log if "loss" in entry and entry["step"] < kept]
    made["loss"] = statistics.mean(losses[-max(1, len(losses) // 20):]) if losses else None
    return made


@onceAMachine
def imported(judged, variant, sets, step_limit):
    """The version of another set's training, brought into this one's store."""
    source = sets[variant.origin[0]]
    origin = next(v for v in OURS if v.name == variant.origin[1])
    model = exported(source, train(source, origin, step_limit)["version"])
    made = told("import", store(judged), "--model", model, "--max-length", judged.max_length)
    return {"version": made["name"]}


@onceAMachine
def bridge(judged, variant, step_limit):
    """The version that asks the base's vectors with another variant's queries."""
    source = train(judged, next(one for one in OURS if one.name == variant.bridged), step_limit)
    start = time.monotonic()
    made = told("bridge", store(judged), source["version"], "--to", "v1", "--quiet")
    return {"version": made["version"], "bridge": made["bridge"], "seconds": time.monotonic() - start}


def reindexed(judged, variant, made):
    """Embeds a version; the seconds that it took, when it did; None where it shares another's index.

    Such an index serves already, and stays as it is: clustered anew it would be another one for the base, too."""
    if "reindexSeconds" not in made:
        start, seconds = time.monotonic(), None
        if variant.hasOwnIndex(made):
            pawl("reindex", store(judged), "--version", made["version"], "--quiet")
            seconds = time.monotonic() - start
        remember(judged, variant, {**made, "reindexSeconds": seconds})
    return names(judged)[variant.name]["reindexSeconds"]


def exported(judged, version):
    """A version's folder as sentence-transformers has it."""
    model = judged.place(f"models/{version}")
    if not os.path.exists(model):
        os.makedirs(os.path.dirname(model), exist_ok=True)
        pawl("export", store(judged), "--version", version, "--model", model)
    return model


# --- What is measured

def triplets(judged):
    """Report queries, each with an answer, a passage by chance, and one of the base's ranks 51 to 200."""
    place = judged.place("triplets.tsv")
    if os.path.exists(place):
        return place
    chance = random.Random(0)
    answers = {}
    for row in judged.report.judgments():
        if int(row[3]) > 0:
            answers.setdefault(row[0], []).append(row[2])
    texts = dict(row[:2] for row in rows(judged.report.queries))
    chosen = chance.sample(sorted(answers), min(TRIPLET_COUNT, len(answers)))
    write(judged.place("queries.triplets.tsv"), [[qid, texts[qid]] for qid in chosen])
    pawl("search", store(judged), "--queries", judged.place("queries.triplets.tsv"), "-k", 200, "--exact",
         "--version", "v1", "--run", judged.place("triplets.trec"), "--quiet")
    ranked = {}
    for line in open(judged.place("triplets.trec"), encoding="utf-8"):
        qid, _, pid, rank, _, _ = line.split()
        if int(rank) > 50 and pid not in answers[qid]:
            ranked.setdefault(qid, []).append(pid)
    with open(judged.collection, encoding="utf-8", newline="\n") as file:
        every = sorted(line.split("\t", 1)[0] for line in file)
    found = []
    for qid in chosen:
        other = chance.choice(every)
        while other in answers[qid]:
            other = chance.choice(every)
        found.append([qid, chance.choice(answers[qid]), other, chance.choice(ranked[qid])])
    write(place, found)
    return place


def embedded(judged, version, texts):
    """A vector of each text."""
    lines, vectors = judged.place("texts.txt"), judged.place("texts.npy")
    write(lines, [[text] for text in texts])
    pawl("embed", "--model", exported(judged, version), lines, "--out", vectors, "--quiet")
    with open(vectors, "rb") as file:
        header = struct.unpack("<6s2BH", file.read(10))[3]
        file.read(header)
        values = array.array("f", file.read())
    width = len(values) // len(texts)
    return [values[n * width:(n + 1) * width] for n in range(len(texts))]


def adapted(judged, version, vectors):
    """What a version's adapter of queries, where it has one, makes of vectors: norm((I + U Vᵀ) q + b)."""
    place = os.path.join(exported(judged, version), "query_adapter.safetensors")
    if not os.path.exists(place):
        return vectors
    with open(place, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()

    def tensor(name):
        first, last = header[name]["data_offsets"]
        values = array.array("f", body[first:last])
        width = header[name]["shape"][-1]
        return [values[n:n + width] for n in range(0, len(values), width)]

    tensors = {name: tensor(name) for name in header if name != "__metadata__"}
    results = []
    for vector in vectors:
        inner = [dot(row, vector) for row in tensors["right"]]
        moved = list(map(operator.add, vector, tensors["bias"][0]))
        for factor, row in zip(inner, tensors["left"]):
            moved = [value + factor * one for value, one in zip(moved, row)]
        length = dot(moved, moved) ** 0.5
        results.append([value / length for value in moved])
    return results


def dot(a, b):
    return sum(map(operator.mul, a, b))


def accuracy(judged, version):
    """The share of triplets whose answer is nearer than the other passage: by chance, and from ranks 51-200."""
    triples = rows(triplets(judged))
    wanted = {pid for row in triples for pid in row[1:]}
    with open(judged.collection, encoding="utf-8", newline="\n") as file:
        texts = {pid: text.rstrip("\r\n") for pid, text in (line.split("\t", 1) for line in file) if pid in wanted}
    queries = dict(rows(judged.place("queries.triplets.tsv")))
    passages = sorted(wanted)
    vectors = embedded(judged, version, [queries[row[0]] for row in triples] + [texts[pid] for pid in passages])
    places = dict(zip(passages, vectors[len(triples):]))
    asked = adapted(judged, version, vectors[:len(triples)])

    def share(column):
        return statistics.mean(
            dot(q, places[row[1]]) > dot(q, places[row[column]]) for q, row in zip(asked, triples))
    return {"random": share(2), "hard": share(3)}


def speed(judged, version):
    """Queries encoded and compared with every passage, the best 200, in parts by the base and the version in turn, each
    the first every other time, so that a machine that is busy for a while slows both; the ratio is the median of the
    parts'."""
    queries = rows(judged.timed())
    part, parts = judged.place("queries.part.tsv"), []

    def once(name):
        found = told("search", store(judged), "--queries", part, "-k", 200, "--exact", "--version", name,
                     "--run", judged.place("timed.trec"), "--quiet")["seconds"]
        return found["encode"] + found["search"]
    for start in range(0, len(queries), TIMED_PART):
        write(part, queries[start:start + TIMED_PART])
        for turn in range(TIMED_ROUNDS):
            seconds = {name: once(name) for name in (("v1", version), (version, "v1"))[turn % 2]}
            parts.append((seconds["v1"], seconds[version]))
    base, own = (sum(column) / TIMED_ROUNDS for column in zip(*parts))
    return {"queries": len(queries), "base": base, "seconds": own,
            "ratio": statistics.median(own / base for base, own in parts)}


def ranks(judged, version):
    """Of each report query, in the order of the ids, where its first answer stands: 1-9, A for 10, - below."""
    place = judged.place("queries.out")
    pawl("evaluate", store(judged), "--version", version, *judged.report.arguments[:4], "--metrics", "mrr@10",
         "--per-query", place, "--quiet")
    values = {row[0]: float(row[-1]) for row in rows(place)[1:]}
    asked = judged.report.asked()
    assert asked == sorted(values), "judged queries without text"

    def letter(value):
        return "-" if value == 0 else "A" if value < .105 else str(round(1 / value))
    return "".join(letter(values[qid]) for qid in asked)


MEASURES = "mrr@10,mrr@100,ndcg@10,recall@100,map"


def compared(judged, version, part):
    found = told("compare", store(judged), "v1", version, *part.arguments, "--metrics", MEASURES, "--timed", 0,
                 "--quiet")["comparison"]
    return {name: found.get(name) for name in (
        "queryCount", "usedCount", "groupCount", "measures", "exact", "spaces", "overlap", "recall")}


def settle(place):
    """Lets the base serve: after a promotion, or where a kill came before."""
    while next(one["name"] for one in told("versions", place)["versions"] if one["isActive"]) != "v1":
        pawl("rollback", place, "--reason", "the experiment goes on", "--quiet")


def gated(judged, version):
    """What the gate says of a version; where it lets it serve, a rollback follows."""
    place = store(judged)
    settle(place)
    report = told("promote", place, version, "--set", "gate", "--quiet", allowed=(0, REFUSED))
    settle(place)
    gate = report["gate"]
    assert gate["active"] == "v1", gate["active"]
    first = gate["comparison"]["measures"][0]
    return {
        "promoted": report["promoted"], "queries": gate["comparison"]["queryCount"],
        "difference": first["difference"], "low": first["low"], "high": first["high"],
        "latency": gate["comparison"]["latency"],
        "lines": [[line["name"], line["figure"], line["bound"], line["isPassed"]] for line in gate["lines"]]}


@functools.cache
def program():
    """The commit that is measured, with a + where files differ from it."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    isChanged = git("status", "--porcelain", "--untracked-files=no", "--", "Sources", "tools", "Package.swift")
    return git("rev-parse", "--short", "HEAD") + ("+" if isChanged else "")


def measure(judged, variant, sets, step_limit=None):
    """The result of one variant, for its file."""
    place = store(judged)
    if variant.name == "base":
        made = {"version": "v1"}
    elif variant.origin:
        made = imported(judged, variant, sets, step_limit)
    elif variant.bridged:
        made = bridge(judged, variant, step_limit)
    else:
        made = train(judged, variant, step_limit)
    version = made["version"]
    result = {
        "set": judged.name, "variant": variant.name, "recipe": variant.recipe, "seed": variant.seed,
        "program": program()}
    if version == "v1" and judged.report.groups:
        groups = dict(rows(judged.report.groups))
        numbers = {}
        # As the ranks are: a number a query, in the order of the ids.
        result["groups"] = " ".join(
            str(numbers.setdefault(groups[qid], len(numbers))) for qid in judged.report.asked())
    if version != "v1":
        result["reindexSeconds"] = reindexed(judged, variant, made)
        result["training"] = {
            key: value for key, value in made.items() if key not in ("version", "reindexSeconds")}
        result["gate"] = gated(judged, version)
    result["report"] = compared(judged, version, judged.report)
    result["ranks"] = ranks(judged, version)
    # A bridge's queries and passages have an encoder each, and no folder holds both.
    result["accuracy"] = None if variant.bridged else accuracy(judged, version)
    result["timing"] = speed(judged, version)
    return result
