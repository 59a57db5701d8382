"""Writes safetensors files byte by byte, so that their layout can be chosen."""

import json
import os


def encode(array, dtype):
    """The bytes of an array in one of three types of float, rounded to nearest."""
    if dtype == "F16":
        return array.astype("<f2").tobytes()
    single = array.astype("<f4")
    if dtype == "F32":
        return single.tobytes()
    bits = single.view("<u4").astype("<u8")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def write(path, tensors, dtype, shift):
    """The tensors in their order, after one of `shift` bytes where that is not 0."""
    header, blocks, end = {"__metadata__": {"format": "pt"}}, [], 0
    items = [(name, dtype, array.shape, encode(array, dtype)) for name, array in tensors.items()]
    if shift:
        items.insert(0, ("shift", "U8", (shift,), bytes(shift)))
    for name, kind, shape, data in items:
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        blocks.append(data)
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blocks))
