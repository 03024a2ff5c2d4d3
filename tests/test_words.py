"""The words of names, messages and pages: the field's term, where another word once stood."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parent.parent
TEXTS = {".py", ".sh", ".rst", ".md", ".yaml", ".csv"}

WRITE = {
    r"training part": "training set",
    r"validation part": "validation set",
    r"test part": "test set",
    r"right class": "true class",
    r"kept from (the )?training": "held out",
    r"by heart": "overfit",
    r"remed(y|ies|ied)": "regularisation method, or fix",
    r"bend(s|ing)?": "activation or non-linearity; of a curve: curved",
    r"drawn by lot|by lot|a drawn order": "random, shuffled, ties broken at random",
    r"thrown about": "update too large",
    r"rate test|cost against learning rate": "learning-rate range test",
    r"cut to a length": "clipped by global norm",
    r"comes? to rest": "converges",
    r"stretch(es)?": "report interval",
    r"fillers?": "padding",
    r"without_remainder": "evenly batched",
    r"(?-i:Feeder|Feed)": "data loader",
    r"(?-i:Resident)": "in memory",
    r"(?-i:Listener)": "Callback",
    r"wish to stop": "stop request",
    r"lent to every": "cached, reused",
    r"ended_by|(?<!\")stopped_by": "stop_reason",  # in quotes: a key of earlier files, and of --json
    r"has_the_weights_of": "is_compatible_with",
    r"share_batch": "shard",
    r"speaks\(\)|def speaks": "is_main_process",
    r"meet_workers": "init_process_group",
    r"(?<=\.)least\(|def least": "all_reduce_min",
    r"what_answers_need": "load_preprocessing",
    r"KnownData": "dataset metadata",
    r"(?-i:Mistakes)": "misclassified samples",
    r"without holes": "without missing values",
    r"mutter(s|ed)?": "stderr",
    r"last words": "the end of the log",
    r"befell|befall(s|en)?": "occurred in",
    r"give_back": "requeue",
    r"trains nobody": "reference route",
    r"look_along|(?<![\"\'])duels?": "directional derivative",  # in quotes: a value in --json
    r"would (have )?(catch|caught)": "smallest detectable error",
    r"nobody disturbed|undisturbed": "bit-identical to an uninterrupted run",
    r"a pickle (orders|asks for)": "pickles are never executed",
    r"imitations?": "synthetic files in the same format",
    r"refuse_\w+": "check_…, validate_… or require_…",
    r"to mend it": "Fix:",
    r"no probability below": "must be in [0, 1)",
    r"broken numbers?": "non-integers",
    r"slips? of the pen": "typo",
    r"who compares|whoever": "if you …, you …",
}
"""Patterns of words that readers do not search for, or must read twice, and what to write."""
WRITE_IN_CHINESE = {
    r"(?<!Cube )(?<!Vector )单元(?!格)": "神经元",
    r"作答|回答求导|确认其回答": "输出、预测",
    r"弯曲": "激活函数、非线性",
    r"(训练|验证|测试)部分": "训练集、验证集、测试集",
    r"对数几率|(?<![A-Za-z_])logit(?![A-Za-z_])": "logits",
    r"折点|尖点": "不可导点",
    r"评判|裁判": "梯度检验、检验器",
    r"局部最小|局部极小(?!值)": "局部极小值",
    r"飞出去|静止下来": "发散、收敛",
    r"密钥": "随机数键(key)",
    r"一整架|真相|值得有一个字母|没有人训练": "直说",
}
"""The same for Chinese: word by word from English, or not the term."""
GAP = r"[ #]*\s[\s#]*"
"""What may stand between two words: a space, or the end of a line and the # of the next."""
PATTERNS = [
    (re.compile(rf"(?<![A-Za-z0-9-])(?:{GAP.join(words.split(' '))})(?![A-Za-z0-9])", re.IGNORECASE), term)
    for words, term in WRITE.items()
]


def texts() -> list[Path]:
    """Return the files that a reader or a developer reads."""
    folders = (ROOT / "ms_dnn", ROOT / "scripts", ROOT / "configs")
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in TEXTS]
    return sorted({*found, *(ROOT / "docs").glob("*.md"), ROOT / "docs" / "glossary.csv", ROOT / "README.md"})


def found_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, words, and what to write instead."""
    for pattern, term in PATTERNS:
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, " ".join(match[0].replace("#", "").split()), term


def test_names_and_texts_use_the_terms_of_the_field() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line}: '{words}': write {term}"
        for path in texts()
        for line, words, term in sorted(found_in(path.read_text(encoding="utf-8")))
    ]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# It learns them by\n# heart.", (1, "by heart")),
        ("x = 1\ndef _refuse_sums(): ...", (2, "refuse_sums")),
        ("Whoever knows", (1, "Whoever")),
        ("the learning-rate range test, a callback, 0 ≤ p < 1", None),
    ],
)
def test_words_are_found_across_lines_and_case(text: str, expected: tuple[int, str] | None) -> None:
    assert next(((line, words) for line, words, _ in found_in(text)), None) == expected


def test_chinese_pages_use_the_terms_of_the_field() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: '{match[0]}': write {term}"
        for path, text in chinese_texts()
        for words, term in WRITE_IN_CHINESE.items()
        for match in re.finditer(words, text)
    ]
    assert not faults, "\n" + "\n".join(faults)


def chinese_texts() -> Iterator[tuple[Path, str]]:
    """Yield the Chinese pages, the chapters with their labels, and what is translated in the catalogues."""
    pages = [ROOT / "README.zh-CN.md", *(ROOT / "docs").glob("*.zh-CN.md"), ROOT / "docs" / "glossary.csv"]
    for path in pages:
        yield path, path.read_text(encoding="utf-8")
    for path in (ROOT / "scripts" / "series").glob("*.py"):
        yield path, "\n".join(re.findall(r'".*[一-鿿].*"', path.read_text(encoding="utf-8")))
    for path in (ROOT / "docs" / "locale").rglob("*.po"):
        yield path, "\n".join(entry.msgstr for entry in polib.pofile(str(path)))


def test_formulas_on_chinese_pages_hold_no_english_words() -> None:
    for path in (ROOT / "docs" / "locale").rglob("*.po"):
        for entry in polib.pofile(str(path)):
            english = re.findall(r"\\text\{[^}]*[A-Za-z]{2}[^}]*\}", entry.msgstr)
            assert not english, f"{path.relative_to(ROOT)}: {english}"
