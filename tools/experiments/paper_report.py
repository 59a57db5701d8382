"""The experiment's tables and figures, made from its results."""

import html
import json
import os
import random
import statistics

from paper_sets import ROOT, replace

ARCHIVE = os.path.join(ROOT, "ARCHIVE.md")
FIGURES = os.path.join(ROOT, "data", "figures")
BEGIN, END = "<!-- tools/experiments/paper: begin -->", "<!-- tools/experiments/paper: end -->"

TITLES = {
    "squad_en": "SQuAD, which the base has seen",
    "medquad": "Medical questions, unseen",
    "debian": "Debian's packages, unseen",
    "msmarco": "MS MARCO",
}
# arXiv 2506.18535, tables I to III: MRR@10, MRR@100, seconds of 10,000 queries, final loss, triplet accuracy.
PAPER_BASE = (.3026, .3144, 303.92, None, None)
PAPER = {
    "random-full": (.2619, .2723, 324.90, .79, .97),
    "hard-full": (.2536, .2632, 307.48, 2.26, .84),
    "random-lora": (.2557, .2664, 574.92, 1.42, .95),
    "hard-lora": (.2050, .2149, 598.69, 3.10, .78),
}
CONTROLS = ("permuted judgments", "rate 2e-4", "unfiltered ranks 1-5")
SEEDS = 3
LOWER, BETTER = -.01, .02
RESAMPLES = 10_000


def rounded(value):
    """Numbers with as many digits as they mean something."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


# --- Results

class Result:
    def __init__(self, content):
        self.content = content
        self.name, self.set, self.recipe = content["variant"], content["set"], content["recipe"]
        self.measures = {one["name"]: one for one in content["report"]["measures"]}
        self.first = self.measures["mrr@10"]
        self.change, self.low, self.high = (self.first[key] for key in ("difference", "low", "high"))
        self.gate = content.get("gate")
        self.space = content["report"]["spaces"][1]

    @property
    def isBase(self):
        return self.name == "base"

    @property
    def isRight(self):
        """Whether the gate did what queries that it never saw say; None where they say too little."""
        if self.isBase or LOWER < self.change < BETTER:
            return None
        return self.gate["promoted"] == (self.change >= BETTER)

    @property
    def failures(self):
        return [line[0] for line in self.gate["lines"] if not line[3]]


ORDER = ["base", "contrastive", "mined", "anchored", "safe", "query-adapter", "bridge", "paper-random", "paper-hard",
         "paper-as-run", "permuted", "rate", "unfiltered", "safe of"]


def place(result):
    """Where a variant stands in the tables."""
    found = [n for n, start in enumerate(ORDER) if result.name.startswith(start)]
    return (max(found) if found else len(ORDER), result.name)


def load(folder):
    results = {}
    for name in TITLES:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            found = [
                Result(json.load(open(os.path.join(path, file), encoding="utf-8")))
                for file in sorted(os.listdir(path)) if file.endswith(".json")]
            results[name] = sorted(found, key=place)
    return {name: found for name, found in results.items() if found}


# --- Numbers

def decimal(value, digits=4):
    """Without a zero before the point."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def signed(value, digits=4):
    return ("+" if value >= 0 else "-") + decimal(abs(value), digits)


def interval(change, low, high):
    return f"{signed(change)} [{signed(low)}, {signed(high)}]"


def reciprocal(letter):
    return 0 if letter == "-" else .1 if letter == "A" else 1 / int(letter)


def paired(a, seeds, groups):
    """MRR@10 of some seeds, their mean a query, less a's with its 95 % interval: whole groups drawn again, seeded."""
    assert all(len(one.content["ranks"]) == len(groups) for one in [a, *seeds])
    sums = {}
    for place, group in enumerate(groups):
        total, count = sums.get(group, (0, 0))
        own = statistics.mean(reciprocal(one.content["ranks"][place]) for one in seeds)
        sums[group] = (total + own - reciprocal(a.content["ranks"][place]), count + 1)
    pairs, chance, means = list(sums.values()), random.Random(1), []
    for _ in range(RESAMPLES):
        drawn = chance.choices(pairs, k=len(pairs))
        means.append(sum(pair[0] for pair in drawn) / sum(pair[1] for pair in drawn))
    means.sort()
    mean = sum(pair[0] for pair in pairs) / sum(pair[1] for pair in pairs)
    return mean, means[int(.025 * RESAMPLES)], means[int(.975 * RESAMPLES)]


# --- Tables

def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def holm(results):
    """p of each change of MRR@10 (randomisation test), adjusted for their number. Source: Holm 1979."""
    ordered = sorted((one for one in results if not one.isBase), key=lambda one: one.first["randomization"])
    adjusted, highest = {}, 0
    for rank, one in enumerate(ordered):
        highest = max(highest, min(1, one.first["randomization"] * (len(ordered) - rank)))
        adjusted[one.name] = highest
    return adjusted


def verdict(result):
    if result.isBase:
        return ""
    return "promoted" if result.gate["promoted"] else f"refused: {', '.join(result.failures)}"


def steps(training):
    """How many there were, and after how many of them the values are the version's."""
    if "steps" not in training:
        return ""
    kept = training["bestStep"]
    return f"{training['steps']:,}" if kept == training["steps"] else f"{kept:,} of {training['steps']:,}"


def loss(training):
    return decimal(training["loss"], 3) if training.get("loss") is not None else ""


def quality(results):
    """Tables I and II: what each variant finds, and how its training ended."""
    rows, adjusted = [], holm(results)
    for one in results:
        training, accuracy = one.content.get("training", {}), one.content["accuracy"] or {}
        rows.append([
            one.name, decimal(one.first["b"]), decimal(one.measures["mrr@100"]["b"]),
            "" if one.isBase else interval(one.change, one.low, one.high),
            "" if one.isBase else "< .001" if adjusted[one.name] < .001 else decimal(adjusted[one.name], 3),
            steps(training), loss(training),
            ", ".join(decimal(accuracy[kind], 3) for kind in ("random", "hard") if kind in accuracy),
            "" if one.isBase else interval(*(one.gate[key] for key in ("difference", "low", "high"))),
            verdict(one), {True: "yes", False: "NO", None: ""}[one.isRight]])
    return table(
        ["variant", "MRR@10", "MRR@100", "change of MRR@10", "p, Holm", "steps", "its own loss",
         "triplets right: by chance, hard", "the gate's change", "the gate", "is right"], rows)


def exact(result):
    """The time of encoding a query and comparing it with every passage, to the base's in turn."""
    return "1" if result.isBase else f"{result.content['timing']['ratio']:.3f}"


def latency(result):
    """A served query's time to the base's, by thousands of queries in turn: each by its own index and calibration."""
    return "1" if result.isBase else f"{result.gate['latency']['ratio']:.3f}"


def spaces(results):
    """Table III, and how the embeddings lie."""
    rows = []
    for one in results:
        timing = one.content["timing"]
        rows.append([
            one.name, f"{timing['seconds']:.1f}", "" if one.isBase else f"{timing['base']:.1f}",
            f"{timing['queries'] / timing['seconds']:,.0f}", exact(one), latency(one),
            f"{one.space['effectiveRank']:.0f}", decimal(one.space["meanCosine"], 3),
            decimal(one.space["alignment"], 3), decimal(one.space["uniformity"], 2),
            decimal(one.space["hubness"], 2), f"{100 * one.content['report']['overlap']:.0f} %"])
    queries = results[0].content["timing"]["queries"]
    return table(
        ["variant", f"{queries:,} queries, s", "the base's, in turn", "queries/s", "ratio", "ratio, served",
         "effective rank", "mean cosine", "alignment", "uniformity", "hubness", "of the base's best ten"], rows)


def change(value, base):
    return signed(100 * (value / base - 1), 1) + " %"


def beside(results):
    """Each of the paper's variants: its own figures, and below them what was found here."""
    rows = []
    for key, (ten, hundred, seconds, final, right) in PAPER.items():
        rows.append([
            f"**{key}**", "the paper, MS MARCO", decimal(ten), decimal(hundred), change(ten, PAPER_BASE[0]),
            decimal(final, 2), decimal(right, 2), f"{seconds / PAPER_BASE[2]:.2f}"])
        kind = "random" if key.startswith("random") else "hard"
        for recipe, way in (("paper-", "as written"), ("paper-as-run-", "as run")):
            for one in (one for every in results.values() for one in every if one.name == recipe + key):
                rows.append([
                    "", f"{one.set}, {way}", decimal(one.first["b"]), decimal(one.measures["mrr@100"]["b"]),
                    change(one.first["b"], one.first["a"]), loss(one.content["training"]),
                    decimal(one.content["accuracy"][kind], 2), exact(one)])
    return table(
        ["variant", "where", "MRR@10", "MRR@100", "change", "final loss", "triplets right", "time to the base's"], rows)


# --- Bars

def named(results, name, start):
    """The variants of a set whose names begin so, another set's apart."""
    return [one for one in results.get(name, []) if one.name.startswith(start) and not one.name.startswith("safe of")]


def bars(results, expected):
    """What was promised, what was found, and whether it holds; None: not all of it is measured.

    A miss is one as soon as it is seen.

    - expected: the names of each set's variants."""
    found = []

    def add(name, text, isWhole, holds):
        found.append((name, text, holds if isWhole or not holds else None))

    every = [one for some in results.values() for one in some if not one.isBase]
    total = sum(len(names) - 1 for names in expected.values())
    better, lower = ([one for one in every if test(one.change)] for test in (
        lambda change: change >= BETTER, lambda change: change <= LOWER))
    wrong = [f"{one.set} {one.name}" for one in better + lower if not one.isRight]
    add("the gate refuses what is lower by .01 and promotes what is better by .02, by queries that it never saw",
        f"{sum(one.isRight for one in better)} of {len(better)} better, "
        f"{sum(one.isRight for one in lower)} of {len(lower)} lower, "
        f"{len(every) - len(better) - len(lower)} between; of {total}"
        + (f"; not {', '.join(wrong)}" if wrong else ""), len(every) == total, not wrong)
    for name, least in (("debian", .08), ("medquad", .09), ("squad_en", -.005)):
        safe = named(results, name, "safe-")
        change = statistics.mean(one.change for one in safe) if safe else 0
        add(f"{name}: safe, mean of {SEEDS} seeds, at least {signed(least, 3)}",
            f"{signed(change)} of {len(safe)}" if safe else "", len(safe) == SEEDS, not safe or change >= least)
        if name == "squad_en":
            continue
        contrastive = named(results, name, "contrastive")
        groups = next((one.content["groups"].split() for one in results.get(name, []) if one.isBase), None)
        isMeasured = bool(safe and contrastive and groups)
        difference = paired(contrastive[0], safe, groups) if isMeasured else (0, 0, 0)
        add(f"{name}: safe not below contrastive, low end above -.005",
            f"{interval(*difference)} of {len(safe)}" if isMeasured else "", len(safe) == SEEDS,
            difference[1] > -.005)
    for name, names in expected.items():
        for other in (other for other in names if other.startswith("safe of")):
            one = next((one for one in results.get(name, []) if one.name == other), None)
            add(f"forgetting: {other} on {name}, no worse than -.01",
                interval(one.change, one.low, one.high) if one else "", one is not None,
                one is None or one.change >= LOWER)
    total = sum(name in CONTROLS for names in expected.values() for name in names) + 1
    controls = [one for one in every if one.name in CONTROLS or (one.set, one.name) == ("medquad", "safe of debian")]
    winners = [f"{one.name} on {one.set} ({signed(one.change)})" for one in controls if one.gate["promoted"]]
    add("controls lose: none is promoted",
        f"{len(controls) - len(winners)} of {len(controls)} refused, of {total}"
        + (f"; not {', '.join(winners)}" if winners else ""), len(controls) == total, not winners)
    for name, names in expected.items():
        timed = [one.content["timing"]["ratio"] for one in results.get(name, []) if one.name.endswith("-lora")]
        ratio = statistics.mean(timed) if timed else 1
        total = sum(one.endswith("-lora") for one in names)
        add(f"{name}: a query's time by a version trained with LoRA, to the base's, within 2 % (the paper's: 1.89)",
            f"{ratio:.3f}, mean of {len(timed)} of {total}, {min(timed):.3f} to {max(timed):.3f}" if timed else "",
            len(timed) == total, abs(ratio - 1) <= .02)
    return found


def bar_lines(results, expected):
    return table(
        ["bar", "found", "holds"],
        [[name, text, {True: "yes", False: "**no**", None: "so far" if text else "not measured"}[holds]]
         for name, text, holds in bars(results, expected)])


# --- Figures

def figure(name, results):
    """Changes of MRR@10 with their intervals, one line a variant, by what the gate said."""
    shown = [one for one in results if not one.isBase]
    low = min([one.low for one in shown] + [-.02])
    high = max([one.high for one in shown] + [.02])
    left, width, top, step = 190, 480, 50, 22
    height = top + step * len(shown) + 50

    def x(value):
        return left + width * (value - low) / (high - low)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" viewBox="0 0 720 {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="720" height="{height}" fill="white"/>',
        f'<text x="{left}" y="22" font-size="14">{html.escape(TITLES[name])}: change of MRR@10</text>',
        f'<text x="{left}" y="38" fill="#1f6f8b">● promoted</text>',
        f'<text x="{left + 90}" y="38" fill="#b5541c">○ refused</text>']
    tick = next(size for size in (.01, .02, .05, .1, .2, .5) if (high - low) / size <= 9)
    for number in range(int(low / tick) - 1, int(high / tick) + 2):
        value = number * tick
        if low <= value <= high:
            lines.append(
                f'<line x1="{x(value):.1f}" y1="{top}" x2="{x(value):.1f}" y2="{height - 40}" '
                f'stroke="{"#666" if number == 0 else "#ddd"}"/>')
            lines.append(
                f'<text x="{x(value):.1f}" y="{height - 22}" text-anchor="middle">{signed(value, 2)}</text>')
    for number, one in enumerate(shown):
        y = top + step * number + 12
        isIn = one.gate["promoted"]
        color = "#1f6f8b" if isIn else "#b5541c"
        lines += [
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{html.escape(one.name)}</text>',
            f'<line x1="{x(one.low):.1f}" y1="{y}" x2="{x(one.high):.1f}" y2="{y}" stroke="{color}"/>',
            f'<circle cx="{x(one.change):.1f}" cy="{y}" r="4" stroke="{color}" '
            f'fill="{color if isIn else "white"}"/>']
    return "\n".join(lines + ["</svg>", ""])


# --- Publishing

def check(results):
    """Whether all variants of a set were compared with one base: its index and calibration never change."""
    for name, every in results.items():
        bases = {one.first["a"] for one in every}
        if len(bases) > 1:
            raise SystemExit(f"paper: results of {name} are of several bases: {sorted(bases)}; measure them again")

def text(results, expected):
    lines = ["", *bar_lines(results, expected), "", "The paper's own figures beside these:", "", *beside(results)]
    for name, every in results.items():
        base = next((one for one in every if one.isBase), None)
        counts = f", judged by {base.content['report']['queryCount']:,} queries" if base else ""
        lines += ["", f"**{TITLES[name]}**{counts} ([figure](data/figures/paper-{name}.svg)):", "",
                  *quality(every), "", *spaces(every)]
    return "\n".join(lines + [""])


def publish(folder, expected, toArchive=True):
    """Writes tables and figures anew; 1 where a bar is missed.

    - expected: the names of each set's variants."""
    results = load(folder)
    check(results)
    if not toArchive:
        replace(os.path.join(folder, "tables.md"), text(results, {}))
        return 0
    found = bars(results, expected)
    for name, told, holds in found:
        print(f"  {name}: {told}{'' if holds else ' MISSED' if holds is False else ' (not all measured)'}")
    os.makedirs(FIGURES, exist_ok=True)
    for name, every in results.items():
        if len(every) > 1:
            replace(os.path.join(FIGURES, f"paper-{name}.svg"), figure(name, every))
    with open(ARCHIVE, encoding="utf-8") as file:
        archive = file.read()
    before, rest = archive.split(BEGIN)
    replace(ARCHIVE, before + BEGIN + "\n" + text(results, expected) + "\n" + END + rest.split(END)[1])
    return 1 if any(holds is False for _, _, holds in found) else 0
