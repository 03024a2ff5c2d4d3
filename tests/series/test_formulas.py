"""The map of the formulas: each in one chapter, beside code that exists."""

import inspect
import pydoc

import pytest

from ms_dnn.errors import SeriesError
from ms_dnn.series import catalogue
from ms_dnn.series.formulas import formulas, formulas_of

# What the texts behind the series state, and the chapter that it belongs to.
OF_THE_TEXTS = {
    1: {"perceptron-sum", "perceptron-answer", "perceptron-loss"},
    2: {"logistic-answer", "logistic-da", "sigmoid-slope", "logistic-dz", "logistic-gradients", "flatten"},
    3: {
        "squared-error", "binary-cross-entropy", "softmax-cross-entropy", "hinge", "zero-one", "cost", "mse-factor",
    },
    4: {"descent-step", "rate-decay", "mini-batch-gradient"},
    5: {"matrix-product"},
    6: {"standard-scaling", "min-max-scaling", "one-hot-distance", "integer-distance"},
    7: {"shallow-forward", "shallow-backward"},
    8: {"element-form", "matrix-form", "row-form", "dimensions"},
    9: {"output-delta", "hidden-delta", "sum-to-sum", "weight-gradient", "bias-gradient"},
    10: {"central-difference", "complex-step"},
    11: {"blog-update", "stopping-rule"},
    13: {"l1-penalty", "l2-penalty", "weight-decay-gradient", "dropout-mask"},
    14: {"xavier-initialisation", "he-initialisation", "gradient-product", "relu-slope", "tanh-slope"},
    15: {"momentum-update", "nesterov-update", "adam-update"},
    16: {"worker-mean", "loss-scale"},
}  # fmt: skip


def test_every_formula_of_the_texts_has_its_chapter():
    found = {}
    for formula in formulas():
        found.setdefault(formula.chapter.number, set()).add(formula.name)
    for number, names in OF_THE_TEXTS.items():
        assert names <= found[number], f"chapter {number} lacks {names - found[number]}"


def test_no_formula_stands_in_two_chapters():
    names = [formula.name for formula in formulas()]
    assert len(names) == len(set(names))


def test_the_lines_are_those_that_python_finds():
    for formula in formulas():
        for code in formula.code:
            part = pydoc.locate(code.symbol)
            assert part is not None, code
            assert (inspect.getsourcefile(inspect.unwrap(part)), inspect.getsourcelines(part)[1]) == (
                str(code.path),
                code.line,
            )


def chapter_of(folder, body):
    path = folder / "01_chapter.py"
    path.write_text(body, encoding="utf-8")
    return catalogue.Chapter(1, "Chapter", "", "", path)


FORMULA = "# %%\n# .. _formula-some-name:\n#\n# .. math:: a = b\n"


def test_a_formula_without_code_beside_it(tmp_path):
    with pytest.raises(SeriesError, match="'some-name' has no show_code after it"):
        formulas_of(chapter_of(tmp_path, FORMULA + "print(1)\n"))


@pytest.mark.parametrize(
    "lines",
    [
        "from ms_dnn.maths.affine import gone\nshow_code(gone)\n",
        "from ms_dnn.layers.dense import Dense\nshow_code(Dense.gone)\n",
        "show_code(unknown)\n",
    ],
)
def test_code_that_is_not_there(tmp_path, lines):
    with pytest.raises(SeriesError, match="which the package does not define"):
        formulas_of(chapter_of(tmp_path, FORMULA + lines))


def test_long_formulas_and_public_names(tmp_path):
    body = "# %%\n# .. _formula-two-lines:\n#\n# .. math::\n#    a &= b \\\\\n#    c &= d\n#\n# Text.\n"
    body += "from ms_dnn import Dense\nshow_code(Dense.backward)\n"
    (formula,) = formulas_of(chapter_of(tmp_path, body))
    assert formula.latex == "a &= b \\\\\nc &= d"
    assert [code.symbol for code in formula.code] == ["ms_dnn.layers.dense.Dense.backward"]
