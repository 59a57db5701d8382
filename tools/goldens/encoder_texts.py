"""Chooses real texts of all lengths from the test collections, by a seed."""

import glob
import os
import random

import encoder_peer

SEED = 20_251_121
# The upper ends of the classes of length, in tokens; the model cuts at 256.
LENGTHS = [8, 16, 32, 64, 96, 128, 192, 256, 1 << 60]
SHORTEST = 5


def read(data, name):
    """(name, line, text) of each line of a file: the text is what follows the first tab."""
    with open(os.path.join(data, name), "rb") as file:
        lines = file.read().removesuffix(b"\n").split(b"\n")
    for number, line in enumerate(lines, 1):
        text = line.removesuffix(b"\r").partition(b"\t")[2]
        yield name, number, text.decode()


def choose(data, tokenizer, count):
    """`count` texts: as many of each set, and of each class of length as far as it has any."""
    collections = glob.glob(os.path.join(data, "*", "collection.tsv"))
    folders = sorted({os.path.dirname(path) for path in collections})
    chosen = []
    for index, folder in enumerate(folders):
        share = count * (index + 1) // len(folders) - len(chosen)
        chosen += choose_in(data, os.path.basename(folder), tokenizer, share)
    return chosen


def choose_in(data, folder, tokenizer, count):
    names = sorted(os.path.relpath(path, data) for kind in ("collection*", "queries*")
                   for path in glob.glob(os.path.join(data, folder, kind + ".tsv")))
    found, seen = [], set()
    for entry in (entry for name in names for entry in read(data, name)):
        key = encoder_peer.digest(entry[2])
        if key not in seen:
            seen.add(key)
            found.append(entry)
    encodings = tokenizer.encode_batch([text for _, _, text in found])
    lengths = [len(encoding.ids) for encoding in encodings]
    order = sorted(range(len(found)), key=lambda i: lengths[i])
    taken, rest = order[:SHORTEST], order[SHORTEST:]
    random.Random(f"{SEED} {folder}").shuffle(rest)
    classes = [[i for i in rest if lower < lengths[i] <= upper]
               for lower, upper in zip([0] + LENGTHS, LENGTHS)]
    while len(taken) < count:
        for members in classes:
            if members and len(taken) < count:
                taken.append(members.pop())
    return [(*found[i], encodings[i].ids) for i in sorted(taken)]
