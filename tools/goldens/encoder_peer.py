"""The peer of Pawl's encoder: PyTorch in float64, at exact versions, in the benchmarks' venv."""

import hashlib
import importlib.metadata
import os
import subprocess
import sys

PEERS = {"torch": "2.13.0", "transformers": "5.23.0", "sentence-transformers": "6.2.0",
         "tokenizers": "0.23.3", "safetensors": "0.8.0", "numpy": "2.4.6"}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.path.join(ROOT, "Tests", "EncodingTests", "Goldens", "encoder")
MODEL = os.path.join(ROOT, "models", "all-MiniLM-L6-v2")


def enter():
    """Runs the calling script again inside `.bench/venv`; what is absent there is installed."""
    folder = os.path.join(ROOT, ".bench", "venv")
    python = os.path.join(folder, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(folder):
        absent = [f"{name}=={version}" for name, version in PEERS.items()
                  if installed(name).split("+")[0] != version]
        if absent:
            subprocess.check_call([python, "-m", "pip", "install", "--quiet", *absent])
        return
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    os.environ.update(TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1",
                      HF_HUB_DISABLE_PROGRESS_BARS="1", TRANSFORMERS_VERBOSITY="error")
    os.execv(python, [python] + sys.argv)


def installed(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def digest(text):
    """What a golden keeps of a text: 64 bits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(folder, attention="eager"):
    """The transformer of a folder in float64."""
    from transformers import BertModel
    model = BertModel.from_pretrained(folder, attn_implementation=attention,
                                      add_pooling_layer=False)
    return model.double().eval()


def vector(model, ids, pooling):
    """The unit vector of one text: a float64 row. One text at a time, so that nothing is padded."""
    import torch
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        pooled = hidden.mean(0) if pooling == "mean" else hidden[0]
        return torch.nn.functional.normalize(pooled, dim=0).numpy()
