"""The peer of Pawl's tokenizer: Hugging Face `tokenizers`, at one exact version, in its own venv."""

import os
import subprocess
import sys

PEER = "tokenizers==0.23.3"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def enter():
    """Runs the calling script again inside `.bench/tokenizer-venv`, made where it is absent."""
    folder = os.path.join(ROOT, ".bench", "tokenizer-venv")
    if os.path.realpath(sys.prefix) == os.path.realpath(folder):
        return
    python = os.path.join(folder, "bin", "python")
    stamp = os.path.join(folder, PEER)
    if not os.path.exists(stamp):
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", folder])
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", PEER])
        open(stamp, "w").close()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.execv(python, [python] + sys.argv)


def scalars():
    """Every Unicode scalar value: all code points but the surrogates."""
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)
