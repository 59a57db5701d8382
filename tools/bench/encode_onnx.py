"""onnxruntime as a peer, in a process of its own: no other library's threads beside it.

    encode_onnx.py MODEL.onnx TOKENIZER.json encode FILE THREADS BATCH[,BATCH …] OUT.npy
    encode_onnx.py MODEL.onnx TOKENIZER.json latency FILE

Prints one JSON object: seconds for each batch size, the best of two passes behind a warm-up, or the
median milliseconds of one text at a time on one thread. Tokenizing is included in both.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

os.environ["TOKENIZERS_PARALLELISM"] = "true"
model, tokenizer_path, mode, file = sys.argv[1:5]
tokenizer = Tokenizer.from_file(tokenizer_path)
tokenizer.enable_truncation(256)
tokenizer.no_padding()


def session(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def encode(running, texts, batch):
    encodings = tokenizer.encode_batch(texts)
    order = sorted(range(len(texts)), key=lambda i: -len(encodings[i].ids))
    vectors = np.zeros((len(texts), 384), np.float32)
    for start in range(0, len(texts), batch):
        rows = order[start:start + batch]
        length = max(len(encodings[i].ids) for i in rows)
        ids = np.zeros((len(rows), length), np.int64)
        mask = np.zeros((len(rows), length), np.int64)
        for place, i in enumerate(rows):
            ids[place, :len(encodings[i].ids)] = encodings[i].ids
            mask[place, :len(encodings[i].ids)] = 1
        hidden = running.run(None, {"ids": ids, "mask": mask})[0]
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        vectors[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    return vectors


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


with open(file, encoding="utf-8", newline="\n") as lines:
    texts = lines.read().splitlines()
if mode == "latency":
    running = session(1)
    encode(running, texts[:16], 1)
    times = [seconds(lambda: encode(running, [text], 1)) for text in texts]
    print(json.dumps({"p50": statistics.median(times)}))
else:
    running = session(int(sys.argv[5]))
    found = {}
    encode(running, texts[:16], 4)
    for batch in map(int, sys.argv[6].split(",")):
        found[batch] = min(seconds(lambda: encode(running, texts, batch)) for _ in range(2))
    np.save(sys.argv[7], encode(running, texts, min(found, key=found.get)))
    print(json.dumps({"seconds": found}))
