"""Parts of a backward pass with faults planted in NumPy, each formula written anew, not taken from the judge."""

from types import SimpleNamespace

import numpy as np
from scipy.special import erf, expit, softmax

from ms_dnn.judge.faults import names
from ms_dnn.judge.parts import PartResult

TOLERANCES = {"float64": 1e-12, "float32": 1e-5}

# Right parts -------------------------------------------------------------------------------------------------


def gelu(z):
    return z / 2 * (1 + erf(z / np.sqrt(2)))


def gelu_slope(z):
    return (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


ACTIVATIONS = {
    "identity": (lambda z: z, lambda z: z * 0 + 1),
    "sigmoid": (expit, lambda z: expit(z) - expit(z) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
    "leaky_relu": (lambda z: z * (0.01 + 0.99 * (z > 0)), lambda z: 0.01 + 0.99 * (z > 0)),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z))),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * (1 - expit(z)))),
    "gelu": (gelu, gelu_slope),
    "softmax": (lambda z: softmax(z, axis=1), None),
}
CURVED = ("sigmoid", "tanh", "elu", "softplus", "silu", "gelu")
LOSSES = {
    "squared_error": lambda a, y: a - y,
    "binary_cross_entropy": lambda a, y: (a - y) / (a * (1 - a)),
    "binary_cross_entropy_with_logits": lambda a, y: expit(a) - y,
    "softmax_cross_entropy": lambda a, y: softmax(a, axis=1) - y,
    "hinge": lambda a, y: -y * (a * y < 1),
    "perceptron": lambda a, y: -y * (a * y < 0),
}


def slope_product(activation, z, da):
    if activation == "softmax":
        s = softmax(z, axis=1)
        jacobian = np.einsum("ni,ij->nij", s, np.eye(s.shape[1])) - np.einsum("ni,nj->nij", s, s)
        return np.einsum("nij,nj->ni", jacobian, da)
    return da * ACTIVATIONS[activation][1](z)


def draw_case(seed, activation=None, loss=None, square=False, dtype="float64"):
    """Every ingredient of one layer and one cost, of random sizes."""
    rng = np.random.default_rng(seed)
    N, I, O = (int(size) for size in rng.integers((2, 2, 2), (20, 9, 9)))  # noqa: E741
    if square:
        I = O  # noqa: E741
    c = SimpleNamespace(rng=rng, N=N, I=I, O=O, dtype=dtype)
    c.activation = activation or str(rng.choice(list(ACTIVATIONS)))
    c.loss = loss or str(rng.choice(list(LOSSES)))
    c.reduction = str(rng.choice(["mean", "mean", "sum"]))
    rounded = lambda array: np.asarray(array, dtype).astype(np.float64)  # noqa: E731
    c.x, c.W, c.b = (rounded(rng.normal(0, 1, shape)) for shape in ((N, I), (O, I), (O,)))
    c.z = rounded(c.x @ c.W.T / np.sqrt(I) + c.b)
    c.W = rounded(c.W / np.sqrt(I))
    c.a = rounded(ACTIVATIONS[c.activation][0](c.z))
    c.share = 1 / N if c.reduction == "mean" else 1.0
    c.da = rounded(rng.normal(0, c.share, (N, O)))
    c.dz = rounded(slope_product(c.activation, c.z, c.da))
    c.prediction, c.y = draw_prediction(c.loss, N, O, rng)
    c.prediction, c.y = rounded(c.prediction), rounded(c.y)
    c.right = {
        "da": c.share * LOSSES[c.loss](c.prediction, c.y),
        "dz": c.dz,
        "dx": np.einsum("no,oi->ni", c.dz, c.W),
        "dW": np.einsum("no,ni->oi", c.dz, c.x),
        "db": np.einsum("no->o", c.dz),
    }
    return c


def draw_prediction(loss, N, C, rng):
    a = rng.normal(0, 1.5, (N, C))
    if loss == "squared_error":
        return a, rng.normal(0, 1, (N, C))
    if loss == "softmax_cross_entropy":
        return a, np.eye(C)[rng.integers(0, C, N)]
    if loss in ("hinge", "perceptron"):
        return a, rng.choice([-1.0, 1.0], (N, C))
    return (expit(a) if loss == "binary_cross_entropy" else a), 1.0 * rng.integers(0, 2, (N, C))


def part_of(c, tensor, got):
    """PartResult for what a faulty part computed, with the noise that rounding in the dtype makes."""
    expected = c.right[tensor]
    size = np.sqrt(c.dz**2 @ c.W**2) if tensor == "dx" else np.abs(expected)
    if tensor in ("dW", "db"):
        size = np.sqrt((c.dz**2).T @ c.x**2) if tensor == "dW" else np.sqrt((c.dz**2).sum(axis=0))
    if got is not None:
        unit = np.finfo(c.dtype).eps
        noise = 1 + unit * c.rng.uniform(-1, 1, got.shape)
        got = np.asarray(got, np.float64)
        quantized = np.array_equal(got, got.astype(np.float16)) or np.array_equal(got, to_bfloat16(got))
        got = got if quantized else (got * noise).astype(c.dtype).astype(np.float64)
    if tensor == "da":
        return PartResult("cost", "da", got, expected, size, c.prediction, c.loss, c.reduction, y=c.y)
    known = {"z": c.z, "a": c.a, "da": c.da, "dz": c.dz, "W": c.W, "b": c.b, "activation": c.activation}
    return PartResult("layer 2", tensor, got, expected, size, c.x, c.loss, c.reduction, **known)


# Faults ------------------------------------------------------------------------------------------------------


def to_bfloat16(array):
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


def changed(array, place, value):
    copy = array.copy()
    copy[place] = value(copy[place]) if callable(value) else value
    return copy


def index(c, array):
    """Of an element that is not small."""
    big = np.argwhere(np.abs(array) > 0.1 * np.abs(array).max())
    return tuple(big[c.rng.integers(len(big))])


def without(c, tensor, sample):
    keep = np.delete(np.arange(c.N), sample)
    return {"dW": lambda: c.dz[keep].T @ c.x[keep], "db": lambda: c.dz[keep].sum(0)}[tensor]()


def made_from(c, tensor, dz):
    return {"dz": lambda: dz, "dx": lambda: dz @ c.W, "dW": lambda: dz.T @ c.x, "db": lambda: dz.sum(0)}[tensor]()


def sample(c):
    return int(c.rng.integers(c.N))


def sample_dropped(c, t, right):
    return without(c, t, sample(c)) if t in ("dW", "db") else changed(right, sample(c), 0.0)


def sample_twice(c, t, right):
    n = sample(c)
    return 2 * right - without(c, t, n) if t in ("dW", "db") else changed(right, n, lambda row: 2 * row)


def one_sample(c, t, right):
    n = sample(c)
    return made_from(c, t, c.dz * (np.arange(c.N) == n)[:, None])


def other_activation(c, t, right):
    other = str(c.rng.choice([name for name in CURVED if name != c.activation]))
    return made_from(c, t, slope_product(other, c.z, c.da))


def offset(c, t, right):
    return right + c.rng.normal() * np.abs(right).max()


def clip(c, t, right):
    return np.clip(right, *(np.quantile(np.abs(right[right != 0]), 0.6) * np.array([-1, 1])))


def formula_of_a(c, t, right):
    wrong = {"sigmoid": c.z * (1 - c.z), "tanh": 1 - c.z**2}[c.activation]
    return made_from(c, t, c.da * wrong)


ANY, ROWS, SUMS, FROM_DZ = ("da", "dz", "dx", "dW", "db"), ("da", "dz", "dx"), ("dW", "db"), ("dx", "dW", "db")
LAYER = ("dz", "dx", "dW", "db")
STRICTLY_CURVED = {"activations": ("sigmoid", "tanh", "silu", "gelu")}

# fault: (tensors, got from (case, tensor, right), what the case must be)
FAULTS = {
    names.ALL_ZERO: (ANY, lambda c, t, r: 0 * r, {}),
    names.SIGN_FLIPPED: (ANY, lambda c, t, r: -r, {}),
    names.ONE_OVER_N_MISSING: (ANY, lambda c, t, r: r * c.N, {"reduction": "mean"}),
    names.ONE_OVER_N_TWICE: (ROWS, lambda c, t, r: r / c.N, {"reduction": "mean"}),
    names.MEAN_INSTEAD_OF_SUM: (SUMS, lambda c, t, r: r / c.N, {}),
    names.CONSTANT_FACTOR: (ANY, lambda c, t, r: r * factor_for(c, t), {}),
    names.SAMPLE_DROPPED: (LAYER, sample_dropped, {}),
    names.SAMPLE_TWICE: (LAYER, sample_twice, {}),
    names.ONE_SAMPLE_ONLY: (SUMS, one_sample, {}),
    names.SAMPLES_MISMATCHED: (("dW",), lambda c, t, r: c.dz[::-1].T @ c.x, {}),
    names.WRONG_AXIS: (("db",), lambda c, t, r: np.full(r.shape, c.dz.sum()), {}),
    names.TRANSPOSED: (("dW",), lambda c, t, r: r.T, {"square": True}),
    names.ELEMENTS_PERMUTED: (LAYER, lambda c, t, r: c.rng.permutation(r), {}),
    names.ABSOLUTE_VALUE: (LAYER, lambda c, t, r: np.abs(r), {}),
    names.CLIPPED: (LAYER, clip, {}),
    names.LOWER_PRECISION: (LAYER, lambda c, t, r: r.astype(np.float16).astype(float), {}),
    names.OFFSET_ADDED: (LAYER, offset, {}),
    names.PENALTY_ADDED: (SUMS, lambda c, t, r: r + c.rng.uniform(1e-3, 1) * {"dW": c.W, "db": c.b}[t], {}),
    names.ONE_ELEMENT_WRONG: (ANY, lambda c, t, r: changed(r, index(c, r), lambda e: e * 1.7), {}),
    names.ONE_ROW_WRONG: (("dW", "dx"), lambda c, t, r: changed(r, -1, lambda row: row * 3 + 0.5 * abs(row).max()), {}),
    names.ONE_COLUMN_WRONG: (
        ("dW", "dx", "dz"),
        lambda c, t, r: changed(r.T, 0, lambda row: row - 2 * abs(row).max()).T,
        {},
    ),
    names.DROPPED_UNIT: (("dz",), lambda c, t, r: changed(r.T, c.O - 1, 0.0).T, {}),
    names.DERIVATIVE_MISSING: (("dz",), lambda c, t, r: c.da, {"activations": (*CURVED, "relu", "softmax")}),
    names.DA_INSTEAD_OF_DZ: (
        FROM_DZ,
        lambda c, t, r: made_from(c, t, c.da),
        {"activations": (*CURVED, "relu", "softmax")},
    ),
    names.DERIVATIVE_AT_A: (
        LAYER,
        lambda c, t, r: made_from(c, t, slope_product(c.activation, c.a, c.da)),
        {"activations": (*CURVED, "softmax")},
    ),
    names.Z_IN_FORMULA_OF_A: (LAYER, formula_of_a, {"activations": ("sigmoid", "tanh")}),
    names.ANOTHER_ACTIVATION: (LAYER, other_activation, {"activations": CURVED}),
    names.VALUE_INSTEAD_OF_DERIVATIVE: (LAYER, lambda c, t, r: made_from(c, t, c.da * c.a), {}),
    names.DERIVATIVE_TWICE: (
        LAYER,
        lambda c, t, r: made_from(c, t, slope_product(c.activation, c.z, c.dz)),
        {"activations": (*CURVED, "leaky_relu", "softmax")},
    ),
    names.DIAGONAL_ONLY: (LAYER, lambda c, t, r: made_from(c, t, c.da * (c.a - c.a**2)), {"activations": ("softmax",)}),
    names.COTANGENT_MISSING: (("dz",), lambda c, t, r: ACTIVATIONS[c.activation][1](c.z), STRICTLY_CURVED),
    names.OUTPUT_INSTEAD_OF_INPUT: (("dW",), lambda c, t, r: c.dz.T @ c.a, {"square": True}),
    names.WEIGHTED_SUM_INSTEAD_OF_INPUT: (
        ("dW",),
        lambda c, t, r: c.dz.T @ c.z,
        {"square": True, "activations": (*CURVED, "relu", "softmax")},
    ),
    names.TRANSPOSED_WEIGHT: (("dx",), lambda c, t, r: c.dz @ c.W.T, {"square": True}),
    names.STALE_WEIGHTS: (("dx",), lambda c, t, r: c.dz @ (c.W - c.rng.uniform(0.01, 1) * (c.dz.T @ c.x)), {}),
    names.TARGET_NOT_SUBTRACTED: (
        ("da",),
        lambda c, t, r: r + c.share * c.y,
        {"losses": ("squared_error", "binary_cross_entropy_with_logits", "softmax_cross_entropy")},
    ),
    names.SOFTMAX_MISSING: (
        ("da",),
        lambda c, t, r: c.share * (c.prediction - c.y),
        {"losses": ("softmax_cross_entropy",)},
    ),
    names.HALF_MISSING: (("da",), lambda c, t, r: 2 * c.share * (c.prediction - c.y), {"losses": ("squared_error",)}),
    names.ANOTHER_LOSS: (
        ("da",),
        lambda c, t, r: c.share * LOSSES[str(c.rng.choice(["hinge", "binary_cross_entropy"]))](c.prediction, c.y),
        {"losses": ("squared_error", "binary_cross_entropy_with_logits")},
    ),
    names.TARGET_IS_ONE_ONLY: (
        ("da",),
        lambda c, t, r: r * (c.y == 1),
        {"losses": ("softmax_cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits")},
    ),
    names.SWAPPED: (
        ("da",),
        lambda c, t, r: c.share * LOSSES[c.loss](c.y, c.prediction),
        {"losses": ("softmax_cross_entropy", "binary_cross_entropy_with_logits")},
    ),
}


def factor_for(c, tensor):
    return c.rng.choice([0.3, 1.5, 7.7, -2.5, 1.001, 1 / (c.O + 11), (c.N - 1) / c.N, c.O])


def planted(fault, seed, dtype="float64"):
    """(part, whether the fault changes anything) of a random case that can have the fault."""
    tensors, make, needs = FAULTS[fault]
    rng = np.random.default_rng([seed, *map(ord, fault)])
    choose = lambda key: str(rng.choice(needs[key])) if key in needs else None  # noqa: E731
    c = draw_case(int(rng.integers(2**31)), choose("activations"), choose("losses"), needs.get("square", False), dtype)
    if needs.get("reduction", c.reduction) != c.reduction:
        return None
    tensor = str(rng.choice(tensors))
    right = c.right[tensor]
    if not np.any(right):
        return None
    got = np.asarray(make(c, tensor, right))
    if fault != names.ALL_ZERO and not np.any(got):
        return None  # and it is that fault, too
    part = part_of(c, tensor, got)
    return None if part.right(10 * TOLERANCES[dtype]) else part
