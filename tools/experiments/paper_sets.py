"""The judged sets of the experiment: what is learned from, what the gate reads, what the report reads."""

import hashlib
import os
import random
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(ROOT, ".bench", "paper")
DEBIAN = os.path.join(ROOT, "demo", "debian")

TIMED_COUNT = 10_000
TRIPLET_COUNT = 1_000
CUT_TIMED_COUNT = 100
# Of MS MARCO's dev.
GATE_COUNT = 10_000


def rows(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\r\n").split("\t") for line in file]


def replace(path, text):
    """Writes a file that is there as a whole or not at all."""
    with open(path + ".partial", "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.replace(path + ".partial", path)


def write(path, lines):
    replace(path, "".join("\t".join(line) + "\n" for line in lines))


class Part:
    """Judged queries of one role: three files, of which groups may be absent."""

    def __init__(self, folder, name, has_groups=True):
        self.queries = os.path.join(folder, f"queries.{name}.tsv")
        self.qrels = os.path.join(folder, f"qrels.{name}.tsv")
        self.groups = os.path.join(folder, f"groups.{name}.tsv") if has_groups else None

    @property
    def arguments(self):
        groups = ["--groups", self.groups] if self.groups else []
        return ["--queries", self.queries, "--qrels", self.qrels, *groups]

    def judgments(self):
        """qid, 0, pid and grade of each line: columns that tabs or blanks separate."""
        with open(self.qrels, encoding="utf-8") as file:
            return [line.split() for line in file]

    def asked(self):
        """The ids of all judged queries, in order."""
        return sorted({row[0] for row in self.judgments()})


class JudgedSet:
    """A collection with a part to train on, one for the gate, and one that only the report reads."""

    def __init__(self, name, collection, train, gate, report, max_length=128, triples=None,
                 hasOwnSizes=False, folder=None):
        self.name, self.collection, self.max_length = name, collection, max_length
        self.train, self.triples, self.hasOwnSizes = train, triples, hasOwnSizes
        self.timed_count = TIMED_COUNT
        self.isCut = False
        self.folder = folder or os.path.join(WORK, name)
        os.makedirs(self.folder, exist_ok=True)
        self.gate, self.report = self.unseen(gate, "gate"), self.unseen(report, "report")

    def place(self, name):
        return os.path.join(self.folder, name)

    @property
    def epoch(self):
        """Batches of 32 that the queries make which a training does not keep back."""
        return int(len(self.train.asked()) * .9) // 32

    def unseen(self, part, name):
        """A part without queries of the words of one that is learned from: a comparison would leave them out, but not
        the base's own result."""
        chosen = Part(self.folder, f"{name}.unseen", has_groups=part.groups is not None)
        made, *sources = (
            os.path.getmtime(path) if os.path.exists(path) else 0
            for path in (chosen.queries, part.queries, part.qrels, self.train.queries))
        if made < max(sources):
            learned = {words(row[1]) for row in rows(self.train.queries)}
            queries = [row for row in rows(part.queries) if words(row[1]) not in learned]
            ids = {row[0] for row in queries}
            if part.groups:
                write(chosen.groups, [row for row in rows(part.groups) if row[0] in ids])
            write(chosen.qrels, [row for row in part.judgments() if row[0] in ids])
            write(chosen.queries, queries)
        return chosen

    def permuted(self):
        """Training judgments whose passages changed places: nothing to be learned from."""
        place = self.place("qrels.permuted.tsv")
        if not os.path.exists(place):
            judgments = self.train.judgments()
            passages = [row[2] for row in judgments]
            random.Random(0).shuffle(passages)
            write(place, [[row[0], "0", pid, "1"] for row, pid in zip(judgments, passages)])
        return place

    def timed(self):
        """Queries whose time is taken, the training part's from the start again where it has fewer."""
        place = self.place("queries.timed.tsv")
        if not os.path.exists(place):
            queries = rows(self.train.queries)
            write(place, [[str(n), queries[n % len(queries)][1]] for n in range(self.timed_count)])
        return place


def words(text):
    """Runs of letters and digits, in lower case, as the gate tells queries apart."""
    return " ".join(re.findall(r"[^\W_]+", text.lower())) or text


def hashed(text):
    """A number in 0 ..< 100 that is the same everywhere."""
    return int(hashlib.md5(text.encode()).hexdigest(), 16) % 100


def split(source, folder, names, isFirst):
    """Cuts a part in two along its groups; answers the two new parts."""
    os.makedirs(folder, exist_ok=True)
    parts = [Part(folder, part) for part in names]
    if not all(os.path.exists(part.groups) for part in parts):
        groups = dict(rows(source.groups))
        for part, wanted in zip(parts, (True, False)):
            def chosen(qid):
                return isFirst(groups[qid]) == wanted
            write(part.queries, [row for row in rows(source.queries) if chosen(row[0])])
            write(part.qrels, [row for row in source.judgments() if chosen(row[0])])
            write(part.groups, [row for row in rows(source.groups) if chosen(row[0])])
    return parts


def squad_en(data):
    """SQuAD, which the base model has seen; the gate reads half of dev's paragraphs, the report the others."""
    folder, name = os.path.join(data, "squad_en"), "squad_en"
    gate, report = split(
        Part(folder, "dev"), os.path.join(WORK, name), ("gate", "report"), lambda group: hashed(group) < 50)
    return JudgedSet(name, os.path.join(folder, "collection.tsv"), Part(folder, "train"), gate, report)


def medquad(data):
    """Medical questions; the gate reads an eighth of the training part's documents, the report all of dev."""
    folder, name = os.path.join(data, "medquad"), "medquad"
    gate, train = split(
        Part(folder, "train"), os.path.join(WORK, name), ("gate", "train"), lambda group: hashed(group) < 13)
    return JudgedSet(name, os.path.join(folder, "collection.tsv"), train, gate, Part(folder, "dev"))


def debian(data):
    """Debian's packages: the gate reads dev, the report test."""
    if not os.path.exists(os.path.join(DEBIAN, "collection.tsv")):
        subprocess.run([os.path.join(ROOT, "tools", "debian-packages"), DEBIAN], check=True)
    train, gate, report = (Part(DEBIAN, name) for name in ("train", "dev", "test"))
    return JudgedSet("debian", os.path.join(DEBIAN, "collection.tsv"), train, gate, report)


def marco(folder, isCut):
    """A folder that is laid out as MS MARCO's: the report reads dev.small, the gate up to 10,000 queries of dev that
    are not among those, or where there is no dev each reads one half of dev.small."""
    # Another folder has another store, and a trial never touches what a real run has made.
    folder = os.path.abspath(folder)
    name = f"msmarco-{hashlib.md5(folder.encode()).hexdigest()[:8]}" + ("-cut" if isCut else "")
    place = os.path.join(WORK, name)
    if isCut:
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place, exist_ok=True)
    report, dev = (Part(folder, name, has_groups=False) for name in ("dev.small", "dev"))
    if os.path.exists(dev.queries):
        gate = Part(place, "gate", has_groups=False)
        reported, texts = set(report.asked()), {row[1] for row in rows(report.queries)}
        chosen = {row[0] for row in rows(dev.queries) if row[0] not in reported and row[1] not in texts}
        judged = sorted(chosen.intersection(dev.asked()), key=lambda qid: (hashed(qid), qid))[:GATE_COUNT]
        chosen.intersection_update(judged)
        write(gate.queries, [row for row in rows(dev.queries) if row[0] in chosen])
        write(gate.qrels, [row for row in dev.judgments() if row[0] in chosen])
    else:
        report.groups = os.path.join(place, "groups.dev.tsv")
        write(report.groups, [[row[0], row[0]] for row in rows(report.queries)])
        gate, report = split(report, place, ("gate", "report"), lambda group: hashed(group) < 50)
        gate.groups = report.groups = None
    triples = os.path.join(folder, "triples.train.small.tsv")
    judged = JudgedSet(
        "msmarco", os.path.join(folder, "collection.tsv"), Part(folder, "train", has_groups=False), gate, report,
        triples=triples if os.path.exists(triples) else None, hasOwnSizes=True, folder=place)
    judged.isCut = isCut
    if isCut:
        judged.timed_count = CUT_TIMED_COUNT
    return judged


BY_NAME = {"squad_en": squad_en, "medquad": medquad, "debian": debian}
