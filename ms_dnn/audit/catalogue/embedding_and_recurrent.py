"""Embeddings, recurrent cells and layers, and attention."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import integers, normal_arrays, together
from ms_dnn.audit.entry import Array, Case, Formula, Inputs

Pair = tuple[Array, Array]
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
LAYER_WEIGHTS = tuple(f"{name}_l0" for name in WEIGHTS)


def _rnn_cell(activation: Formula) -> Formula:
    return lambda x, h, w_ih, w_hh, b_ih, b_hh: activation(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)


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


def _layer_of(cell: Formula) -> Formula:
    """x (T, N, I), h (1, N, H): all hidden states, and the last."""

    def formula(x: Array, h: Array, *weights: Array) -> Pair:
        states = [h[0]]
        for step in x:
            states.append(cell(step, states[-1], *weights))
        return np.stack(states[1:]), states[-1][None]

    return formula


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


def _weights(gates: int) -> tuple[tuple[int, ...], ...]:
    return (2 * gates, 2), (2 * gates, 2), (2 * gates,), (2 * gates,)


def _cell(gates: int, states: int) -> tuple[Case, ...]:
    shapes = ((3, 2), *((3, 2),) * states, *_weights(gates))
    return Case("ordinary", normal_arrays(*shapes, scale=0.5)), Case("large", normal_arrays(*shapes, scale=2.0))


def _layer(gates: int, states: int) -> Inputs:
    return normal_arrays((3, 2, 2), *((1, 2, 2),) * states, *_weights(gates), scale=0.5)


TABLE = {"nn": ("embedding_table",), "mint.nn": ("weight",)}
EMBEDDED = Case("repeated", together(integers(4, 2, 3), normal_arrays((5, 3))))

EMBEDDINGS = (
    *apis(lambda i, w: w[i], EMBEDDED, "nn.Embedding(5, 3)", parameters=TABLE),
    *apis(
        lambda i, w: w[i],
        EMBEDDED,
        "nn.Embedding(5, 3, use_one_hot=True)  # one-hot",
        parameters=TABLE,
        dtypes=("float32",),
    ),
    *apis(lambda i, w: w[i], EMBEDDED, "mint.nn.Embedding(5, 3)", "ops.embedding", parameters=TABLE),
)

RECURRENT = (
    *apis(_rnn_cell(np.tanh), _cell(1, 1), "nn.RNNCell(2, 2)", parameters=WEIGHTS),
    *apis(
        _rnn_cell(lambda x: np.maximum(x, 0)),
        _cell(1, 1),
        'nn.RNNCell(2, 2, nonlinearity="relu")  # relu',
        parameters=WEIGHTS,
    ),
    *apis(_lstm_cell, _cell(4, 2), "nn.LSTMCell(2, 2)", parameters=WEIGHTS, applied="self.op(x0, (x1, x2))"),
    *apis(_gru_cell, _cell(3, 1), "nn.GRUCell(2, 2)", parameters=WEIGHTS),
    *apis(_layer_of(_rnn_cell(np.tanh)), _layer(1, 1), "nn.RNN(2, 2)", parameters=LAYER_WEIGHTS),
    *apis(_layer_of(_gru_cell), _layer(3, 1), "nn.GRU(2, 2)", parameters=LAYER_WEIGHTS),
    *apis(
        lambda *inputs: _lstm(*inputs)[0],
        _layer(4, 2),
        "nn.LSTM(2, 2)",
        parameters=LAYER_WEIGHTS,
        applied="self.op(x0, (x1, x2))[0]",
    ),
    *apis(
        lambda *inputs: _lstm(*inputs)[1:],
        _layer(4, 2),
        "nn.LSTM(2, 2)  # last states",
        parameters=LAYER_WEIGHTS,
        applied="self.op(x0, (x1, x2))[1]",
    ),
)

ATTENTION = (
    *apis(
        _attention,
        normal_arrays((2, 1, 4), (3, 1, 4), (3, 1, 4), (12, 4), (12,), (4, 4), (4,), scale=0.5),
        "nn.MultiheadAttention(4, 2)",
        parameters=("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"),
        applied="self.op(x0, x1, x2)[0]",
    ),
)

ENTRIES = EMBEDDINGS + RECURRENT + ATTENTION
