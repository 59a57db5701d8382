"""Lines that are hard on a tokenizer, the same on every run."""

import random
import unicodedata

import tokenizer_peer

SPECIALS = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]"]
WORDS = (
    "the a ratchet wheel turns one way only and no further unbelievably tokenization embeddings "
    "pneumonoultramicroscopicsilicovolcanoconiosis don't re-index C++ 3.14159 10,000 x86-64 e.g. "
    "naïve café Ångström façade Übermäßig coöperate señor Dvořák Łódź İstanbul ISPARTA ıslak "
    "ΟΔΥΣΣΕΥΣ Σίσυφος σς Ǆungla ǅ ǆ ᲐᲑᲒ აბგ ᏣᎳᎩ ꭰꭱ ẞ ﬃ ŉ Ω K Å Привет МИР ёлка שלום مرحبا عَرَبِيّ "
    "हिन्दी தமிழ் ไทย ລາວ བོད 한국어 각 日本語 漢字かな交じり文 ｆｕｌｌ ＷＩＤＴＨ １２３ 中文 字"
).split()
EMOJI = ["👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇮🇹", "👍🏽", "☎️", "1️⃣", "❤", "🫠", "🧑🏿‍🚀"]
BLANKS = [" ", "  ", "\t", "\r", "\v", "\f", "\x1c", "\x85", "\xa0", "\u1680", "\u2003", "\u2028",
          "\u2029", "\u202f", "\u3000", "\u200b", "\ufeff", "\u00ad", "\u2060", "\u180e", "\0"]
IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF),
              (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2B91F), (0x2B920, 0x2CEAF),
              (0x2CEB0, 0x2EBEF), (0x2F800, 0x2FA1F), (0x30000, 0x3134F), (0x31350, 0x323AF)]


def lines():
    """About 2,600 lines without a line feed in them."""
    r = random.Random(20240229)
    by_category = {}
    for c in tokenizer_peer.scalars():
        if c != 0x0A:
            by_category.setdefault(unicodedata.category(chr(c)), []).append(chr(c))
    marks = by_category["Mn"] + by_category["Mc"] + by_category["Me"]
    classed = [m for m in marks if unicodedata.combining(m)]
    # Marks that stay (Mc, and Mn younger than the peer's tables) next to those that go.
    staying = [m for m in classed if unicodedata.category(m) == "Mc" or ord(m) > 0x10D00]
    cased = [c for k in ("Lu", "Ll", "Lt") for c in by_category[k]]

    def word():
        return r.choice(WORDS)

    def some(pool, low, high):
        return "".join(r.choice(pool) for _ in range(r.randint(low, high)))

    yield from ["", " ", "\t \t", "\u200b", "\u0301", "\ufffd", "a", "[CLS]", "[SEP][SEP]"]
    for category in sorted(by_category):
        for _ in range(14):
            yield some(by_category[category], 1, 8)
            yield "a" + some(by_category[category], 1, 3) + "b " + some(by_category[category], 1, 2)
            yield " ".join([word(), some(by_category[category], 1, 3), word()])
    for low, high in IDEOGRAPHS:
        for _ in range(8):
            yield "".join(chr(r.randint(low, high)) for _ in range(r.randint(1, 5)))
            yield "x" + chr(r.randint(low, high)) + "\u0301y" + chr(r.choice([low, high])) + "z"
    for _ in range(200):
        yield r.choice("aeqzकਕ가한字 ") + some(marks, 1, 5) + r.choice(["", "b", " "])
        yield r.choice(["a", "ᄀ", "𝅗", "é"]) + some(staying + ["\u0301", "\u0f71"], 2, 6) + "z"
    # Marks of class 0 go as well, but part those that stay: no mark moves over them.
    for parting in ("", "\ufe0f", "\u0902", "\u0c48", "\u200d", "\u0301", "\u0300\ufe0f\u0300"):
        yield from (f"a\u302e{parting}\u1bf2z", f"\U0001D15E{parting}\u1bf2\u302e{parting}\u302f")
    for _ in range(60):
        yield "".join(chr(r.randint(0xAC00, 0xD7A3)) for _ in range(r.randint(1, 6)))
        yield some([chr(c) for c in range(0x1100, 0x1200)], 1, 8)
    for length in (50, 99, 100, 101, 102, 150):
        for piece in ("a", "é", "e\u0301", "\u302e", "각", "字", "😀", "A", "İ", "\u0e01", "a\u200b"):
            yield piece * length
            yield "x " + piece * (length - 1) + "b. y"
    for _ in range(150):
        parts = [word(), r.choice(BLANKS), r.choice(SPECIALS), some(EMOJI, 0, 2), word().upper()]
        r.shuffle(parts)
        yield r.choice(["", " "]).join(parts)
    for special in SPECIALS:
        yield from (f"x{special}y", f"{special}{special}", f"[{special}]", special.lower(),
                    f"é{special}\u0302", f"\u302e{special}\u302f\u302e", special[:-1], f"字{special}字",
                    special.replace("[", "[ "), f"{special[:3]}\u200b{special[3:]}", "a" * 99 + special)
    for _ in range(120):
        yield some(EMOJI, 1, 4) + r.choice(["", " ", "!"]) + word()
        yield some(cased, 1, 6)
    for _ in range(300):
        pieces = [word(), some(BLANKS, 1, 2), some(EMOJI, 1, 1), r.choice(SPECIALS), some(cased, 1, 3),
                  some(marks, 1, 2), some(by_category["Po"], 1, 2), some(by_category["Lo"], 1, 3),
                  chr(r.choice([0xFDD0, 0xFFFE, 0x1FFFF, 0x10FFFF, 0xE000, 0x378, 0xE0041]))]
        yield "".join(r.choice(pieces) for _ in range(r.randint(2, 9)))
