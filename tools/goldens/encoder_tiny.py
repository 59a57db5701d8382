"""Writes small BERT models with random weights, one for each turn that a model directory can take."""

import dataclasses
import json
import os
import shutil

import numpy
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import encoder_peer
import encoder_safetensors

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = [*SPECIALS, *LETTERS, *("##" + c for c in LETTERS), "the", "cat", "."]

# One token, unknown tokens, and texts on both sides of every limit below.
TEXTS = ["a", "The cat.", "x1 y", "the quick brown fox", "cat " * 7, "zebra" * 4 + ".",
         "the cat sat on a mat. " * 8, "q"]


@dataclasses.dataclass
class Tiny:
    name: str
    layers: int
    width: int
    heads: int
    intermediate: int
    positions: int = 24
    types: int = 2
    epsilon: float = 1e-12
    pooling: str = "mean"
    # The longest text; None: there is no limit but the positions.
    limit: int | None = None
    dtype: str = "F32"
    # A tensor of so many bytes comes first, so that the others are not aligned.
    shift: int = 0
    prefix: str = ""
    # How sentence-transformers writes its settings: "old", "new" (since 6.0), or None: not at all.
    modules: str | None = "old"
    folder: str = ""
    normalizes: bool = True
    vocabulary_only: bool = False


MODELS = [
    Tiny("plain", 2, 32, 4, 64, limit=16),
    # No width is a multiple of a vector's, nor the head's.
    Tiny("odd", 3, 20, 2, 36, normalizes=False, vocabulary_only=True, epsilon=1e-5),
    Tiny("cls", 1, 48, 3, 80, limit=20, pooling="cls", dtype="F16", prefix="bert.", modules="new"),
    Tiny("bare", 1, 24, 2, 40, dtype="BF16", modules=None),
    Tiny("shifted", 2, 6, 6, 5, positions=200, types=1, shift=3, folder="0_Transformer", limit=200),
]


def save(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def tensors(tiny, random):
    """Name to float64 array: weights of about 1/sqrt(inputs), so that no layer drowns another."""
    D, I = tiny.width, tiny.intermediate

    def normal(*shape):
        return random.standard_normal(shape) * (1.5 / shape[-1] ** 0.5 if len(shape) > 1 else 0.2)

    def norm(name):
        return {name + ".weight": 1 + normal(D), name + ".bias": normal(D)}

    def dense(name, outputs, inputs):
        return {name + ".weight": normal(outputs, inputs), name + ".bias": normal(outputs)}

    out = {"embeddings.word_embeddings.weight": normal(len(VOCABULARY), D),
           "embeddings.position_embeddings.weight": normal(tiny.positions, D),
           "embeddings.token_type_embeddings.weight": normal(tiny.types, D)}
    out |= norm("embeddings.LayerNorm")
    for index in range(tiny.layers):
        layer = f"encoder.layer.{index}."
        for part in ("query", "key", "value"):
            out |= dense(layer + "attention.self." + part, D, D)
        out |= dense(layer + "attention.output.dense", D, D)
        out |= norm(layer + "attention.output.LayerNorm")
        out |= dense(layer + "intermediate.dense", I, D) | dense(layer + "output.dense", D, I)
        out |= norm(layer + "output.LayerNorm")
    return {tiny.prefix + name: array for name, array in out.items()}


def write_transformer(tiny, folder, random):
    save(folder + "/config.json", {
        "model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": tiny.layers,
        "hidden_size": tiny.width, "num_attention_heads": tiny.heads,
        "intermediate_size": tiny.intermediate, "vocab_size": len(VOCABULARY),
        "max_position_embeddings": tiny.positions, "type_vocab_size": tiny.types,
        "layer_norm_eps": tiny.epsilon, "pad_token_id": 0, "architectures": ["BertModel"]})
    if tiny.limit and tiny.modules == "old":
        save(folder + "/sentence_bert_config.json",
             {"max_seq_length": tiny.limit, "do_lower_case": False})
    if tiny.modules == "new":
        save(folder + "/sentence_bert_config.json", {"transformer_task": "feature-extraction"})
    encoder_safetensors.write(
        folder + "/model.safetensors", tensors(tiny, random), tiny.dtype, tiny.shift)


def tokenizer():
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(VOCABULARY)},
                                           unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIALS)
    return tokenizer


def write_tokenizer(tiny, folder):
    save(folder + "/tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True,
        "model_max_length": tiny.limit or 10**30})
    if tiny.vocabulary_only:
        with open(folder + "/vocab.txt", "w") as file:
            file.write("".join(token + "\n" for token in VOCABULARY))
    else:
        tokenizer().save(folder + "/tokenizer.json")


def write_modules(tiny, folder):
    kinds = [("Transformer", tiny.folder), ("Pooling", "1_Pooling")]
    kinds += [("Normalize", "2_Normalize")] if tiny.normalizes else []
    save(folder + "/modules.json", [
        {"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
        for i, (kind, path) in enumerate(kinds)])
    if tiny.modules == "new":
        pooling = {"embedding_dimension": tiny.width, "pooling_mode": tiny.pooling,
                   "include_prompt": True}
    else:
        pooling = {"word_embedding_dimension": tiny.width,
                   "pooling_mode_cls_token": tiny.pooling == "cls",
                   "pooling_mode_mean_tokens": tiny.pooling == "mean",
                   "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}
    save(folder + "/1_Pooling/config.json", pooling)


def write_vectors(tiny, folder):
    with open(folder + "/texts.txt", "w") as file:
        file.write("".join(text + "\n" for text in TEXTS))
    cutter = tokenizer()
    cutter.enable_truncation(tiny.limit or tiny.positions)
    model = encoder_peer.load(os.path.join(folder, tiny.folder))
    vectors = numpy.stack([encoder_peer.vector(model, cutter.encode(text).ids, tiny.pooling)
                           for text in TEXTS])
    numpy.save(folder + "/vectors.npy", vectors.astype("<f4"))
    # The directory is one that sentence-transformers itself reads, to the same vectors.
    peer = SentenceTransformer(folder, device="cpu").to(torch.float32)
    answers = peer.encode(TEXTS, normalize_embeddings=True, batch_size=1)
    error = numpy.abs(answers - vectors).max()
    assert error < 1e-5, f"{tiny.name}: sentence-transformers differs by {error}"


def write_all(target):
    for seed, tiny in enumerate(MODELS):
        folder = os.path.join(target, tiny.name)
        shutil.rmtree(folder, ignore_errors=True)
        random = numpy.random.default_rng(seed)
        write_transformer(tiny, os.path.join(folder, tiny.folder), random)
        write_tokenizer(tiny, os.path.join(folder, tiny.folder))
        if tiny.modules:
            write_modules(tiny, folder)
        write_vectors(tiny, folder)
