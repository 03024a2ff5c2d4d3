"""Embeddings, recurrent cells and layers, and attention."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax

from ms_dnn.audit.catalogue import stale
from ms_dnn.audit.catalogue.draws import Draw, normal
from ms_dnn.audit.entry import Array, Case, Entry

Pair = tuple[Array, Array]
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
LAYER_WEIGHTS = tuple(f"{name}_l0" for name in WEIGHTS)


def _rnn_cell(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    return np.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)


def _relu_cell(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    return np.maximum(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 0)


def _lstm_cell(x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Pair:
    """Hochreiter and Schmidhuber, with forget gates; the gates' order is input, forget, cell, output."""
    i, f, g, o = np.split(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, axis=-1)
    c = expit(f) * c + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def _gru_cell(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    """Cho et al., with the reset gate after the product, as MindSpore and PyTorch document it; order r, z, n."""
    r_x, z_x, n_x = np.split(x @ w_ih.T + b_ih, 3, axis=-1)
    r_h, z_h, n_h = np.split(h @ w_hh.T + b_hh, 3, axis=-1)
    z = expit(z_x + z_h)
    n = np.tanh(n_x + expit(r_x + r_h) * n_h)
    return (1 - z) * n + z * h


def _rnn(x: Array, h: Array, *weights: Array) -> Pair:
    """x (T, N, I), h (1, N, H): all hidden states, and the last."""
    states = [h[0]]
    for step in x:
        states.append(_rnn_cell(step, states[-1], *weights))
    return np.stack(states[1:]), states[-1][None]


def _gru(x: Array, h: Array, *weights: Array) -> Pair:
    states = [h[0]]
    for step in x:
        states.append(_gru_cell(step, states[-1], *weights))
    return np.stack(states[1:]), states[-1][None]


def _lstm(x: Array, h: Array, c: Array, *weights: Array) -> tuple[Array, Array, Array]:
    states = [(h[0], c[0])]
    for step in x:
        states.append(_lstm_cell(step, *states[-1], *weights))
    return np.stack([hidden for hidden, _ in states[1:]]), states[-1][0][None], states[-1][1][None]


def _attention(query: Array, key: Array, value: Array, w_in: Array, b_in: Array, w_out: Array, b_out: Array) -> Array:
    """Two heads of two: Vaswani et al., 2017; (L, N, E), (S, N, E), (S, N, E) to (L, N, E)."""
    projected = [x @ w.T + b for x, w, b in zip((query, key, value), np.split(w_in, 3), np.split(b_in, 3), strict=True)]
    q, k, v = (x.reshape(*x.shape[:2], 2, -1) for x in projected)
    weights = softmax(np.einsum("lnhe,snhe->nhls", q, k) / np.sqrt(q.shape[-1]), axis=-1)
    heads = np.einsum("nhls,snhe->lnhe", weights, v).reshape(query.shape)
    return heads @ w_out.T + b_out


def _indices(*shape: int) -> Draw:
    """Indices with repetition, and a table (5, 3)."""
    return lambda rng: (rng.integers(0, 4, shape).astype(np.int32), rng.standard_normal((5, 3)))


def _cell(gates: int, states: int) -> tuple[Case, ...]:
    weights = ((2 * gates, 2), (2 * gates, 2), (2 * gates,), (2 * gates,))
    shapes = ((3, 2), *((3, 2),) * states, *weights)
    return (Case("ordinary", normal(*shapes, scale=0.5)), Case("large", normal(*shapes, scale=2.0)))


def _layer(gates: int, states: int) -> tuple[Case, ...]:
    weights = ((2 * gates, 2), (2 * gates, 2), (2 * gates,), (2 * gates,))
    return (Case("ordinary", normal((3, 2, 2), *((1, 2, 2),) * states, *weights, scale=0.5)),)


EMBEDDED = (Case("repeated", _indices(2, 3)),)
HALF_LSTM = (
    "In float16 in PyNative every gradient is zero, of the input, the states and all weights, and the output of the "
    "first differentiated call may be zero as well; float32, and float16 compiled, are right. Compile it, use "
    "float32, or write the loop over nn.LSTMCell."
)

EMBEDDINGS = (
    Entry("nn.Embedding", "nn.Embedding(5, 3)", lambda i, w: w[i], EMBEDDED, parameters=("embedding_table",)),
    Entry(
        "nn.Embedding (one-hot)",
        "nn.Embedding(5, 3, use_one_hot=True)",
        lambda i, w: w[i],
        EMBEDDED,
        parameters=("embedding_table",),
        dtypes=("float32",),
    ),
    Entry("mint.nn.Embedding", "mint.nn.Embedding(5, 3)", lambda i, w: w[i], EMBEDDED, parameters=("weight",)),
    Entry("ops.embedding", "ops.embedding(x0, x1)", lambda i, w: w[i], EMBEDDED),
)

RECURRENT = (
    Entry("nn.RNNCell", "nn.RNNCell(2, 2)", _rnn_cell, _cell(1, 1), parameters=WEIGHTS),
    Entry("nn.RNNCell (relu)", 'nn.RNNCell(2, 2, nonlinearity="relu")', _relu_cell, _cell(1, 1), parameters=WEIGHTS),
    Entry(
        "nn.LSTMCell",
        "nn.LSTMCell(2, 2)",
        _lstm_cell,
        _cell(4, 2),
        applied="self.op(x0, (x1, x2))",
        parameters=WEIGHTS,
    ),
    Entry("nn.GRUCell", "nn.GRUCell(2, 2)", _gru_cell, _cell(3, 1), parameters=WEIGHTS),
    Entry("nn.RNN", "nn.RNN(2, 2)", _rnn, _layer(1, 1), parameters=LAYER_WEIGHTS),
    Entry("nn.GRU", "nn.GRU(2, 2)", _gru, _layer(3, 1), parameters=LAYER_WEIGHTS),
    Entry(
        "nn.LSTM",
        "nn.LSTM(2, 2)",
        lambda *inputs: _lstm(*inputs)[0],
        _layer(4, 2),
        applied="self.op(x0, (x1, x2))[0]",
        parameters=LAYER_WEIGHTS,
        known=HALF_LSTM,
    ),
    Entry(
        "nn.LSTM (last states)",
        "nn.LSTM(2, 2)",
        lambda *inputs: _lstm(*inputs)[1:],
        _layer(4, 2),
        applied="self.op(x0, (x1, x2))[1]",
        parameters=LAYER_WEIGHTS,
        known=HALF_LSTM,
    ),
)

ATTENTION = (
    Entry(
        "nn.MultiheadAttention",
        "nn.MultiheadAttention(4, 2)",
        _attention,
        (Case("ordinary", normal((2, 1, 4), (3, 1, 4), (3, 1, 4), (12, 4), (12,), (4, 4), (4,), scale=0.5)),),
        applied="self.op(x0, x1, x2)[0]",
        parameters=("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"),
        known=stale.SOFTMAX,
    ),
)

ENTRIES = EMBEDDINGS + RECURRENT + ATTENTION
