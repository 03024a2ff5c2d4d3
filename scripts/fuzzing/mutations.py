"""Ways to damage a file: bytes of any file, words and numbers of a text."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

INTERESTING = (0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = ("0", "-1", "1", "2", "65536", "1e999", "nan", "1e-320", "99999999999999999999", "0x10", "1_000", "3.5", "")
WORDS = (
    "null", "true", "[]", "{}", "~", "*a", "&a", "!!python/object/apply:os.system ['touch CANARY']", "!!set", "<<: *a",
    "'", '"', ": :", "- -", "\t", "\x00", "\ufeff", "é中文", "%YAML 9.9", "---", "?", "|", "=HYPERLINK(1)", ",,,", ";",
)  # fmt: skip


def mutated(content: bytes, generator: np.random.Generator, is_text: bool) -> bytes:
    """Return the content after one to four mutations."""
    for _ in range(int(generator.integers(1, 5))):
        ways = TEXT if is_text and generator.random() < 0.7 else BINARY
        mutate = ways[int(generator.integers(len(ways)))]
        content = mutate(content, generator)
    return content


def _place(content: bytes, generator: np.random.Generator) -> int:
    # Headers decide most: half of the places lie in the first hundred bytes.
    end = min(len(content), 100) if generator.random() < 0.5 else len(content)
    return int(generator.integers(0, end + 1))


def flip(content: bytes, generator: np.random.Generator) -> bytes:
    """Flip one bit."""
    if not content:
        return content
    array = bytearray(content)
    array[min(_place(content, generator), len(content) - 1)] ^= 1 << int(generator.integers(8))
    return bytes(array)


def overwrite(content: bytes, generator: np.random.Generator) -> bytes:
    """Write a number that likes to overflow, of one to eight bytes."""
    width = int(generator.choice([1, 2, 4, 8]))
    order: Literal["little", "big"] = "little" if generator.random() < 0.5 else "big"
    value = int(generator.choice(INTERESTING)) % 256**width
    place = _place(content, generator)
    return content[:place] + value.to_bytes(width, order) + content[place + width :]


def cut(content: bytes, generator: np.random.Generator) -> bytes:
    """Leave the end away."""
    return content[: _place(content, generator)]


def remove(content: bytes, generator: np.random.Generator) -> bytes:
    """Take out a piece."""
    place = _place(content, generator)
    return content[:place] + content[place + int(generator.integers(1, 64)) :]


def repeat(content: bytes, generator: np.random.Generator) -> bytes:
    """Say a piece again, up to a thousand times."""
    place = _place(content, generator)
    piece = content[place : place + int(generator.integers(1, 64))]
    return content[:place] + piece * int(generator.choice([2, 10, 1000])) + content[place:]


def insert(content: bytes, generator: np.random.Generator) -> bytes:
    """Insert random bytes."""
    place = _place(content, generator)
    return content[:place] + generator.bytes(int(generator.integers(1, 32))) + content[place:]


def change_number(content: bytes, generator: np.random.Generator) -> bytes:
    """Replace one number of a text."""
    return _replaced(content, generator, rb"-?\d+(\.\d+)?(e-?\d+)?", NUMBERS)


def change_word(content: bytes, generator: np.random.Generator) -> bytes:
    """Replace one word of a text by another of it, or by one that parsers stumble over."""
    own = [word.decode() for word in re.findall(rb"[A-Za-z_]+", content)]
    return _replaced(content, generator, rb"[A-Za-z_]+", [*WORDS, *own])


def swap_lines(content: bytes, generator: np.random.Generator) -> bytes:
    """Exchange two lines."""
    lines = content.split(b"\n")
    i, j = generator.integers(0, len(lines), 2)
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def indent_line(content: bytes, generator: np.random.Generator) -> bytes:
    """Indent a line more, or not at all."""
    lines = content.split(b"\n")
    i = int(generator.integers(0, len(lines)))
    lines[i] = b"  " + lines[i] if generator.random() < 0.5 else lines[i].lstrip()
    return b"\n".join(lines)


def _replaced(content: bytes, generator: np.random.Generator, pattern: bytes, by: Sequence[str]) -> bytes:
    found = list(re.finditer(pattern, content))
    if not found:
        return content
    match = found[int(generator.integers(len(found)))]
    choice = by[int(generator.integers(len(by)))]
    return content[: match.start()] + choice.encode() + content[match.end() :]


BINARY = [flip, overwrite, cut, remove, repeat, insert]
TEXT = [change_number, change_word, swap_lines, indent_line]
