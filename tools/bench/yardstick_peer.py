"""sentence-transformers trains the yardstick's run, in a process of its own.

    yardstick_peer.py MODEL DATA STEPS BATCH MAXLENGTH OUT

One positive a query, in-batch negatives, AdamW 2e-5, 10 % warm-up, then linear to 0; two threads, no dropout.
"""

import os
import random
import sys
import warnings

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

warnings.filterwarnings("ignore")
path, folder, steps, batch_size, length, out = sys.argv[1:]
steps, batch_size = int(steps), int(batch_size)
torch.set_num_threads(2)
torch.manual_seed(0)


def table(name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="\n") as file:
        return dict(line.rstrip("\n").split("\t", 1) for line in file)


passages, queries = table("collection.tsv"), table("queries.train.tsv")
positives = {}
with open(os.path.join(folder, "qrels.train.tsv"), encoding="utf-8") as file:
    for line in file:
        qid, _, pid, _ = line.split()
        if qid in queries and pid in passages:
            positives.setdefault(qid, pid)
chosen = random.Random(0).sample(sorted(positives), steps * batch_size)
pairs = [(queries[qid], passages[positives[qid]]) for qid in chosen]

model = SentenceTransformer(path, device="cpu")
model.max_seq_length = int(length)
model.train()
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
loss_of = losses.MultipleNegativesRankingLoss(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=.01, fused=True)
warmup = steps // 10
schedule = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda s: s / warmup if s < warmup else max(0, (steps - s) / (steps - warmup)))
for step in range(steps):
    batch = list(zip(*pairs[step * batch_size:(step + 1) * batch_size]))
    loss = loss_of([model.preprocess(list(column)) for column in batch], None)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
model.save(out)
