"""sentence-transformers as a peer of training, in a process of its own.

    train_peer.py MODEL TRIPLES.tsv triplet|ranking|ranking-cached|triplet-lora BATCH MAXLENGTH THREADS

TRIPLES has query, positive and negative in each line; a batch a step, in order. A step is what it is in
Pawl: tokenizing, forward, backward, clipping, AdamW (PyTorch's fused one); no dropout, which costs time.
Prints one JSON object: seconds and loss of each step.
"""

import json
import sys
import time
import warnings

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

warnings.filterwarnings("ignore")
path, file, kind, batch_size, length, threads = sys.argv[1:]
batch_size = int(batch_size)
torch.set_num_threads(int(threads))
torch.manual_seed(0)
model = SentenceTransformer(path, device="cpu")
model.max_seq_length = int(length)
if kind.endswith("lora"):
    from peft import LoraConfig

    model.add_adapter(LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0, target_modules=["query", "value"]))
model.train()
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
if kind.startswith("triplet"):
    loss_of = losses.TripletLoss(
        model, distance_metric=losses.TripletDistanceMetric.COSINE, triplet_margin=.2)
elif kind == "ranking":
    loss_of = losses.MultipleNegativesRankingLoss(model)
else:
    loss_of = losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=32)
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=2e-5, weight_decay=.01, fused=True)
with open(file, encoding="utf-8", newline="\n") as lines:
    triples = [line.rstrip("\n").split("\t") for line in lines]
columns = 3 if kind.startswith("triplet") else 2
seconds, values = [], []
for start in range(0, len(triples) // batch_size * batch_size, batch_size):
    begin = time.perf_counter()
    batch = list(zip(*triples[start:start + batch_size]))[:columns]
    loss = loss_of([model.preprocess(list(column)) for column in batch], None)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    seconds.append(time.perf_counter() - begin)
    values.append(loss.item())
print(json.dumps({"seconds": seconds, "losses": values}))
