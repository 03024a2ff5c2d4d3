"""Numbers for the patterns of public code, and what is asked of their judgements."""

import numpy as np

from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Judgement

DRAW = np.random.default_rng(1)
X, Y = DRAW.normal(size=(5, 3)), DRAW.normal(size=(5, 3))
SPARSE = X * (DRAW.random(X.shape) > 0.5)
MASKED = np.where(DRAW.random((4, 6)) > 0.4, DRAW.normal(size=(4, 6)), -1e9)
WEIGHT = DRAW.normal(size=(3, 4))
ON_KINKS = np.array([[1.0, 2.5, -0.5], [0.3, 1.0, -2.0]])
ZERO_ROW = np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0], [0.3, 0.1, 2.0]])


def verdict(*arguments: object, **options: object) -> str:
    return check_gradients(*arguments, **options).verdict.value


def kinds(judgement: Judgement) -> set[str]:
    return {finding.kind for finding in judgement.findings}
