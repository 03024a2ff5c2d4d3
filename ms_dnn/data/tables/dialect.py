"""How a CSV file is written: its encoding, and what separates its cells."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ms_dnn.config.data_section import Decimal, Delimiter
from ms_dnn.errors import DataError

DELIMITERS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# First bytes of the characters that make up nearly all text in an encoding of two bytes a character.
_COMMON = {
    "gbk": (range(0xA1, 0xA4), range(0xB0, 0xD8)),
    "gb18030": (range(0xA1, 0xA4), range(0xB0, 0xD8)),
    "big5": (range(0xA1, 0xA4), range(0xA4, 0xC7)),
    "shift_jis": (range(0x81, 0x84), range(0x88, 0x98)),
}
_SAMPLE = 100
_SAMPLE_BYTES = 2**20
_EXCEL = re.compile(r'"?sep=(.)"?\s*')


class Dialect(NamedTuple):
    """How a configuration says that a table is written: encoding, delimiter, numbers, and those of the target."""

    encoding: str = "auto"
    delimiter: Delimiter = "auto"
    decimal: Decimal = "plain"
    target_unit: str = ""


AUTO = Dialect()


def encoding_of(path: Path, declared: str = "auto") -> str:
    """Return the encoding of a text: what its byte-order mark says, else UTF-8 if it is that, else as ``declared``.

    Raises :class:`DataError` where it is none of these; the message has the encoding that is likely, and the line that
    declares it. Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    if not _is_wide(head) and _decodes(path, "utf-8"):
        return "utf-8"
    if declared != "auto" and _decodes(path, declared):
        return declared
    likely = likely_encoding(path)
    got = "bytes that are not UTF-8" if declared == "auto" else f"bytes that are neither UTF-8 nor {declared}"
    raise DataError(
        f"{path.name!r}: got {got}, expected UTF-8 or a declared encoding, which is probably {likely}: say "
        f"data.encoding: {likely}, or save the file as UTF-8"
    )


def likely_encoding(path: Path) -> str:
    """Return the encoding that a text which is not UTF-8 probably has: UTF-16, a Chinese or Japanese one, or cp1252."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
        file.seek(0)
        sample = b"".join(islice((line for line in file if not line.isascii()), _SAMPLE))
    if _is_wide(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    scores = {encoding: _share_of_common(sample, encoding) for encoding in _COMMON if _decodes(path, encoding)}
    best = max(scores, key=lambda encoding: scores[encoding], default="")
    if best and scores[best] > 0.6:
        return best
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _is_wide(head: bytes) -> bool:
    """Tell whether bytes look like UTF-16 without a mark: ASCII has a NUL beside each character there."""
    return len(head) % 2 == 0 and head.count(0) > max(2, len(head) / 20)


def _share_of_common(sample: bytes, encoding: str) -> float:
    """Return which share of the characters beyond ASCII are common in an encoding."""
    characters = [character for character in sample.decode(encoding, "ignore") if not character.isascii()]
    firsts = [character.encode(encoding)[0] for character in characters if len(character.encode(encoding)) == 2]
    common = sum(any(first in span for span in _COMMON[encoding]) for first in firsts)
    return common / max(len(characters), 1)


def _decodes(path: Path, encoding: str) -> bool:
    """Tell whether all bytes of a file are text in an encoding."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(_SAMPLE_BYTES):
                pass
    except UnicodeError:
        return False
    return True


def excel_delimiter(line: str) -> str | None:
    """Return the delimiter that a first line ``sep=;``, as Excel writes it, declares."""
    found = _EXCEL.fullmatch(line)
    return found[1] if found else None


def delimiter_of(path: Path, lines: Sequence[str], declared: Delimiter = "auto") -> tuple[str, str]:
    """Return what separates the cells of the first lines of a file, and why it is that.

    It is what divides all lines into the same number of cells, at least two, and else what does so for most lines;
    blanks only where nothing else does, and commas where nothing does.

    Raises :class:`DataError` where two of them divide all lines evenly.
    """
    if declared != "auto":
        return DELIMITERS[declared], "as data.delimiter says"
    excel = excel_delimiter(lines[0]) if lines else None
    if excel is not None:
        return excel, "as its first line says"
    found = {name: Counter(_widths(lines, sign)) for name, sign in DELIMITERS.items()}
    even = [name for name, widths in found.items() if len(widths) == 1 and min(widths) > 1]
    even = [name for name in even if name != "space"] or even
    if len(even) > 1:
        raise DataError(
            f"{path.name!r}: got lines that each {' and each '.join(even)} divides into equally many cells, expected "
            f"one separator: say which it is, for instance data.delimiter: {even[0]}"
        )
    if even:
        return DELIMITERS[even[0]], "which divides all lines into equally many cells"
    for name, widths in found.items():
        if any(width > 1 and 2 * count > widths.total() for width, count in widths.items()):
            return DELIMITERS[name], "which divides most lines into equally many cells"
    return DELIMITERS["comma"], "as nothing else divides most lines into equally many cells"


def first_lines(file: Iterator[str]) -> list[str]:
    """Return the first lines of an open text."""
    return list(islice(file, _SAMPLE))


def _widths(lines: Sequence[str], delimiter: str) -> Iterator[int]:
    """Yield the number of cells of each record that is not blank; the last one may have been cut off."""
    records = [cells for cells in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in cells)]
    whole = records[:-1] if len(lines) == _SAMPLE else records
    return (len(cells) for cells in whole)
