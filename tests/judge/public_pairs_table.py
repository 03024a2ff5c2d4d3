"""Further public backward passes, each right and wrong in one place."""

from functools import partial

import numpy as np
import public_pairs_of_functions as functions
import public_pairs_of_layers as layers
from public_entries import P, X, Y, positive, real, right, single, wrong

LABELS, IDS = (Y > 0).astype(float), np.array([[0, 2, 2], [1, 0, 4]], np.int32)
NEAR_CERTAIN = np.vstack([P[:3] / 3, [0.999999, 0.9999, 1e-6]])
NEAR_ONE = np.array([[0.5, -0.3, 0.99999], [0.9, -0.999, 0.0]])
MATRIX, SYMMETRIC = real(3, 3) + 2 * np.eye(3), real(3, 3) @ real(3, 3).T + np.eye(3)
KEPT = np.array([[1.0, 0, 1, 1, 0], [1, 1, 1, 0, 1], [1, 0, 0, 1, 1], [1, 1, 1, 1, 1]])
CONSTANT_COLUMN = np.column_stack([real(6, 2), np.full(6, 0.7)])
FAR_BELOW = np.array([[0.5, 1.0, 0.2], [-2.0, 0.1, 0.2]])


def pair(name, source, cell, *inputs, at=0, words=None, **options):
    """Return the right one and the wrong one."""
    return (
        right(name, source, cell, *inputs, **options),
        wrong(f"{name}, wrong", source, partial(cell, wrong=True), *inputs, at=at, words=words, **options),
    )


PAIRS = [
    *pair("quantile in float32", "quantile loss, τ and 1 − τ", functions.Quantile, *single(X, Y), at=(0, 1),
          words="off in every element"),
    *pair("log cosh", "torch, log-cosh loss", functions.LogCosh, X, Y, at=1, words="wrong sign"),
    *pair("gaussian nll", "torch GaussianNLLLoss", functions.GaussianNLL, X, Y, P, at=1, words="2 × too large"),
    *pair("kl to normal", "VAE, mean over all numbers", functions.KLStandard, X, Y, at=(0, 1), words="0.333333 ×"),
    *pair("tversky", "Tversky loss, quotient rule", functions.Tversky, P / 3, LABELS),
    *pair("poisson", "torch PoissonNLLLoss", functions.Poisson, X, P, at=1, words="zero everywhere"),
    *pair("large mean", "1 % too large", functions.MeanSquareOfMany, real(30, 40), real(30, 40, seed=1), at=(0, 1),
          words="(1 + 0.01) ×"),
    *pair("bce of probabilities", "torch BCELoss", functions.BinaryCrossEntropy, NEAR_CERTAIN, LABELS),
    *pair("arcface", "ArcFace, near its edge", functions.ArcFace, NEAR_ONE, words="wrong sign"),
    *pair("variance by moments in float32", "E[x²] − E[x]²", functions.VarianceByMoments, *single(real(6, 3) + 100)),
    *pair("wing", "Wing loss", functions.Wing, X, Y, at=(0, 1), words="wrong sign on 3"),
    *pair("center", "center loss", functions.Center, X, real(3, 3), IDS.ravel()[:4] % 3, at=1, words="wrong sign"),
    *pair("focal of logits", "RetinaNet", functions.FocalOfLogits, X, LABELS),
    *pair("distances", "pairwise squared distances", functions.Distances, X, real(5, 3), at=1, words="wrong sign"),
    *pair("masked mean", "mean over lengths", functions.MaskedMean, real(4, 5), KEPT, words="factor of each output"),
    *pair("soft shrink", "torch Softshrink", functions.SoftShrink, real(4, 5), words="forgotten"),
    *pair("squareplus", "squareplus", functions.Squareplus, X, words="local derivative is wrong"),
    *pair("safe sqrt", "double where", functions.SafeSqrt, X, words="passed on where the derivative is 0"),
    *pair("maxout", "maxout", functions.Maxout, real(4, 6), words="another order"),
    *pair("log det", "normalising flow", functions.LogDet, MATRIX, words="transposed"),
    *pair("clipped inside", "clip in a bprop", functions.ClippedSine, X, words="does not depend on dout"),
    *pair("tanh far below", "tanh by cases", functions.TanhFarBelow, FAR_BELOW, words="is right but for element"),
    *pair("clamp between", "torch clamp(Tensor)", functions.ClampTensors, X, -P[0], P[1] / 5, at=(1, 2), words="place"),
    *pair("reparametrised", "VAE", functions.Reparametrised, X, Y, P, at=1, words="2 × too large"),
    *pair("gumbel", "Gumbel softmax, temperature", functions.Gumbel, X, Y, at=(0, 1), words="0.5 ×"),
    *pair("sinkhorn", "Sinkhorn", functions.Sinkhorn, real(4, 4)),
    *pair("sort", "torch sort", functions.Sorted, real(4, 5), words="another order"),
    *pair("top k", "torch topk", functions.TopK, real(4, 5)),
    *pair("interpolated", "grid sample", functions.Interpolated, real(6), np.array([0.3, 2.7, 4.1, 1.5]), at=1,
          words="zero everywhere"),
    *pair("glu", "torch GLU", layers.GLU, real(4, 6)),
    *pair("swiglu", "LLaMA", layers.SwiGLU, X, real(3, 5), real(3, 5, seed=1)),
    *pair("weight norm", "torch weight_norm", layers.WeightNorm, X, real(5, 3), real(5, 1), at=1),
    *pair("batch norm, prediction", "BatchNorm", layers.BNEval, X, *real(3, 3), positive(3)),
    *pair("layer scale", "CaiT", layers.LayerScale, real(2, 4, 3), real(3), at=1, words="0.125 ×"),
    *pair("checkpoint", "torch checkpoint", layers.Checkpoint, X, real(3, 3), at=1),
    *pair("einsum", "einsum", layers.Einsum, real(4, 2, 3), real(2, 3, 3), at=1, words="transposed"),
    *pair("inverse", "torch inverse", layers.Inverse, MATRIX, words="wrong places"),
    *pair("solve", "torch linalg.solve", layers.Solve, MATRIX, real(3, 2), words="wrong sign"),
    *pair("correlation", "conv1d by unfold", layers.Correlation, real(4, 7), real(3), words="wrong places"),
    *pair("upsample", "nearest neighbour", layers.Upsample, real(2, 3, 2), words="0.25 ×"),
    *pair("pixel shuffle", "torch PixelShuffle", layers.PixelShuffle, real(2, 4, 2, 3), words="another order"),
    *pair("spectral norm", "torch spectral_norm", layers.SpectralNorm, real(3, 4), real(3), real(4),
          words="act on its own output alone"),
    *pair("causal", "GPT, mask forgotten", layers.Causal, real(4, 4), real(4, 4, seed=1), X, at=(0, 1, 2)),
    *pair("embedding", "Gemma, scale forgotten", layers.Embedding, real(5, 3), IDS, words="0.25 ×"),
    *pair("instance norm", "torch InstanceNorm1d", layers.InstanceNorm, real(2, 3, 6)),
    *pair("unit rows", "torch normalize", layers.L2Normalize, X, words="act on its own output alone"),
    *pair("two outputs", "the second forgotten", layers.TwoOutputs, X, words="forgotten"),
    *pair("−∞ where masked", "masked_fill", layers.InfMask, real(4, 5), KEPT, wrt="input 0",
          words="act on its own output alone"),
    *pair("constant column", "batch norm", layers.Standardize, CONSTANT_COLUMN),
    *pair("residual", "one skip forgotten", layers.Deep, X, real(3, 3) / 2, at=(0, 1)),
    right("cholesky", "torch cholesky", layers.Cholesky, SYMMETRIC),
]  # fmt: skip
