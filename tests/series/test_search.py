"""Every word that a reader looks for leads to its chapters: titles, terms, symbols, sections, in both languages."""

import pytest

from ms_dnn.errors import SeriesError
from ms_dnn.series.catalogue import chapters
from ms_dnn.series.formulas import formulas, locate_symbol
from ms_dnn.series.post import post_map
from ms_dnn.series.search import TITLE, search

THERE = {chapter.number for chapter in chapters()}
SECTIONS = [(text, section) for text in post_map().texts for section in text.sections]

# What the post and the other texts treat, and the chapters that a reader of each section needs.
OF_THE_POST = {
    "感知机": {1},
    "DNN基本结构": {7, 8},
    "前向传播算法": {8},
    "代码思想": {8},
    "反向传播": {3, 9},
    "代码思路": {11},
    "下期：正则化": {13},
    "手写梯度与 GradOperation 对照": {10},
}
OF_OTHER_TEXTS = {
    "2.1 线性回归函数": {1, 2},
    "2.2 激活函数": {2},
    "2.3 损失函数": {3},
    "2.4 成本函数": {3},
    "2.5 梯度下降法": {4},
    "2.6 神经网络的计算": {2},
    "2.7 向量化": {5},
    "2.8 基础概念": {0},
    "2.9 特征工程": {6},
    "3.1 浅层神经网络": {7},
    "3.2 深度神经网络训练的计算过程": {11},
    "流程图": {9},
    "核对矩阵的维度": {8},
    "超参数": {12},
    "前馈网络": {8},
    "反向传播的三个步骤": {9, 11},
}


def numbers(query):
    return [hit.chapter.number for hit in search(query)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("感知机", 1), ("sigmoid", 2), ("one-hot", 6), ("独热编码", 6), ("dropout", 13), ("随机失活", 13), ("Adam", 15),
        ("δ", 9), ("反向传播", 9), ("backprop", 9), ("学习率", 4), ("learning rate", 4), ("softmax", 3), ("MAX", 11),
        ("hidden-delta", 9), (r"\delta^{[l]}", 9), ("a − y", 2), ("GradOperation", 10), ("float16", 16),
        ("Xavier", 14), ("09_backpropagation", 9),
    ],
)  # fmt: skip
def test_a_word_leads_to_its_chapter_first(query, first):
    assert numbers(query)[0] == first


@pytest.mark.parametrize("query", ["感知机", "反向传播", "backpropagation", "perceptron"])
def test_a_title_stands_out(query):
    hits = search(query)
    assert [hit.rank for hit in hits].count(TITLE) == 1


@pytest.mark.parametrize(("text", "section"), SECTIONS, ids=[section.title.en for _, section in SECTIONS])
def test_every_section_leads_to_its_chapters_by_one_search(text, section):
    wanted = THERE & set(section.chapters)
    for title in (section.title.zh, section.title.en, *section.words):
        if wanted:
            assert wanted <= set(numbers(title)), title


def test_the_titles_of_the_texts_lead_to_the_chapters_of_their_sections():
    for text in post_map().texts:
        wanted = THERE & {number for section in text.sections for number in section.chapters}
        assert wanted <= set(numbers(text.title.zh))


def test_every_section_of_the_texts_has_its_chapters():
    first, *others = post_map().texts
    assert [section.title.zh for section in first.sections] == list(OF_THE_POST)
    found = {section.title.zh: set(section.chapters) for _, section in SECTIONS}
    for title, wanted in {**OF_THE_POST, **OF_OTHER_TEXTS}.items():
        assert wanted <= found[title], title
    assert len(others) == 3


def test_the_map_names_what_there_is():
    known = {formula.name for formula in formulas()}
    for _, section in SECTIONS:
        assert set(section.formulas) <= known
        assert [locate_symbol(symbol).symbol for symbol in section.code] == list(section.code)


def test_the_notation_has_every_symbol_and_the_shift_of_layers():
    rows = {symbol.text: symbol for symbol in post_map().notation}
    assert {"m", "n[l]", "L", "g", "δ[l]", "α, r", "MAX", "ε"} <= rows.keys()
    assert "4-5-3" in rows["L"].means.zh
    assert "4-5-3" in rows["L"].means.en


@pytest.mark.parametrize(
    ("query", "says"), [("sigmod", "sigmoid"), ("感之机", "感知机"), ("qqqqqq", "lists the chapters")]
)
def test_what_is_nowhere_names_the_nearest(query, says):
    with pytest.raises(SeriesError, match=f"no chapter has '{query}': .*{says}"):
        search(query)


def test_a_chinese_reader_is_told_in_chinese():
    with pytest.raises(SeriesError, match="没有一章提到“感之机”：最接近的词是 感知机"):
        search("感之机", "zh-CN")
