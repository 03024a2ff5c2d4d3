"""Further public layers and moves: each Cell is right, or wrong on request."""

import mindspore as ms
from mindspore import Tensor, ops
from public_pairs_of_functions import Pair


class GLU(Pair):
    """Gated linear unit."""

    def construct(self, x):
        a, b = ops.split(x, x.shape[-1] // 2, -1)
        return a * ops.sigmoid(b)

    def bprop(self, x, out, dout):
        a, b = ops.split(x, x.shape[-1] // 2, -1)
        s = ops.sigmoid(b)
        da = dout * s
        db = dout * a * s if self.wrong else dout * a * s * (1 - s)
        return (ops.concat((da, db), -1),)


class SwiGLU(Pair):
    """Gate of swish, two weights."""

    def construct(self, x, w, v):
        z = ops.matmul(x, w)
        return z * ops.sigmoid(z) * ops.matmul(x, v)

    def bprop(self, x, w, v, out, dout):
        z, u = ops.matmul(x, w), ops.matmul(x, v)
        s = ops.sigmoid(z)
        du = dout * z * s
        dz = dout * u * (s + z * s * (1 - s))
        dx = ops.matmul(dz, w.T)
        if not self.wrong:
            dx = dx + ops.matmul(du, v.T)
        return dx, ops.matmul(x.T, dz), ops.matmul(x.T, du)


class WeightNorm(Pair):
    """Dense layer with weights g v / ‖v‖."""

    def construct(self, x, v, g):
        n = ops.sqrt((v * v).sum(1, keepdims=True))
        return ops.matmul(x, (g * v / n).T)

    def bprop(self, x, v, g, out, dout):
        n = ops.sqrt((v * v).sum(1, keepdims=True))
        dw = ops.matmul(dout.T, x)
        dg = (dw * v / n).sum(1, keepdims=True)
        dv = g / n * dw
        if not self.wrong:
            dv = dv - g * dg / (n * n) * v
        return ops.matmul(dout, g * v / n), dv, dg


class BNEval(Pair):
    """Batch normalisation in prediction."""

    def construct(self, x, gamma, beta, mean, var):
        return (x - mean) / ops.sqrt(var + 1e-5) * gamma + beta

    def bprop(self, x, gamma, beta, mean, var, out, dout):
        r = 1 / ops.sqrt(var + 1e-5)
        xh = (x - mean) * r
        dx = dout * gamma * r
        if self.wrong:  # of training
            dx = dx - dx.mean(0) - xh * (dx * xh).mean(0)
        return (
            dx,
            (dout * xh).sum(0),
            dout.sum(0),
            -(dout * gamma * r).sum(0),
            -0.5 * (dout * gamma * (x - mean) * r * r * r).sum(0),
        )


class LayerScale(Pair):
    """Each channel times a factor."""

    def construct(self, x, g):
        return x * g

    def bprop(self, x, g, out, dout):
        dg = dout * x
        return dout * g, (dg.mean((0, 1)) if self.wrong else dg.sum((0, 1)))


class Checkpoint(Pair):
    """One weight used twice, the activations computed again."""

    def construct(self, x, w):
        h = ops.tanh(ops.matmul(x, w))
        return ops.tanh(ops.matmul(h, w))

    def bprop(self, x, w, out, dout):
        h = ops.tanh(ops.matmul(x, w))
        d2 = dout * (1 - out * out)
        dh = ops.matmul(d2, w.T)
        d1 = dh * (1 - h * h)
        dw = ops.matmul(x.T, d1)
        if not self.wrong:
            dw = dw + ops.matmul(h.T, d2)
        return ops.matmul(d1, w.T), dw


class Einsum(Pair):
    """bhd,hde→hbe."""

    def construct(self, a, b):
        return ops.matmul(a.transpose(1, 0, 2), b)  # bhd,hde->hbe with a (b,h,d)

    def bprop(self, a, b, out, dout):
        da = ops.matmul(dout, b.transpose(0, 2, 1)).transpose(1, 0, 2)
        db = ops.matmul(a.transpose(1, 2, 0), dout)
        if self.wrong:
            db = ops.matmul(dout.transpose(0, 2, 1), a.transpose(1, 0, 2))
        return da, db


class Inverse(Pair):
    """Inverse of a matrix."""

    def construct(self, a):
        return ops.inverse(a)

    def bprop(self, a, out, dout):
        if self.wrong:
            return (-ops.matmul(ops.matmul(out, dout), out),)
        return (-ops.matmul(ops.matmul(out.T, dout), out.T),)


class Solve(Pair):
    """Solution of a linear system."""

    def construct(self, a, b):
        return ops.matmul(ops.inverse(a), b)

    def bprop(self, a, b, out, dout):
        db = ops.matmul(ops.inverse(a).T, dout)
        da = -ops.matmul(db, out.T)
        return (-da if self.wrong else da), db


class Cholesky(Pair):
    """Cholesky factor, which MindSpore does not differentiate on CPU."""

    def construct(self, a):
        return ops.cholesky(a)

    def bprop(self, a, out, dout):
        li = ops.inverse(out)
        p = ops.matmul(out.T, dout)
        p = (
            ops.tril(p) - 0.5 * ops.diag(ops.diag(p))
            if a.ndim < 0
            else ops.tril(p) * (1 - 0.5 * ops.eye(a.shape[0], a.shape[0], a.dtype))
        )
        g = ops.matmul(ops.matmul(li.T, p), li)
        if self.wrong:
            return (g,)
        return (0.5 * (g + g.T),)


class Correlation(Pair):
    """Correlation along the last axis, by shifted slices."""

    def construct(self, x, w):  # x (N, L), w (K,)
        k = w.shape[0]
        n = x.shape[1] - k + 1
        out = x[:, 0:n] * w[0]
        for i in range(1, 3):
            out = out + x[:, i : i + n] * w[i]
        return out

    def bprop(self, x, w, out, dout):
        n = out.shape[1]
        dx = ops.pad(dout * w[0], (0, 2)) + ops.pad(dout * w[1], (1, 1)) + ops.pad(dout * w[2], (2, 0))
        dw = ops.stack([(dout * x[:, i : i + n]).sum() for i in range(3)])
        if self.wrong:
            dx = ops.pad(dout * w[2], (0, 2)) + ops.pad(dout * w[1], (1, 1)) + ops.pad(dout * w[0], (2, 0))
        return dx, dw


class Upsample(Pair):
    """Nearest neighbour, twice as large."""

    def construct(self, x):  # (N, H, W) nearest x2
        return ops.repeat_interleave(ops.repeat_interleave(x, 2, 1), 2, 2)

    def bprop(self, x, out, dout):
        n, h, w = x.shape
        d = dout.reshape(n, h, 2, w, 2)
        return (d.mean((2, 4)) if self.wrong else d.sum((2, 4)),)


class PixelShuffle(Pair):
    """Channels to space."""

    def construct(self, x):  # (N, 4C, H, W) -> (N, C, 2H, 2W)
        n, c, h, w = x.shape
        return x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)

    def bprop(self, x, out, dout):
        n, c, h, w = x.shape
        d = dout.reshape(n, c // 4, h, 2, w, 2)
        d = d.transpose(0, 1, 3, 5, 2, 4) if not self.wrong else d.transpose(0, 1, 5, 3, 2, 4)
        return (d.reshape(n, c, h, w),)


class SpectralNorm(Pair):
    """w / uᵀ w v, u and v given."""

    def construct(self, w, u, v):
        return w / ((u * ops.matmul(w, v)).sum())

    def bprop(self, w, u, v, out, dout):
        s = (u * ops.matmul(w, v)).sum()
        ds = -(dout * w).sum() / (s * s)
        dw = dout / s
        if not self.wrong:
            dw = dw + ds * ops.outer(u, v)
        return dw, ds * ops.matmul(w, v), ds * ops.matmul(w.T, u)


class Causal(Pair):
    """Attention that looks back only."""

    def construct(self, q, k, v):
        n = q.shape[0]
        m = ops.triu(ops.ones((n, n), q.dtype), 1) * -1e9
        p = ops.softmax(ops.matmul(q, k.T) / 2.0 + m, -1)
        return ops.matmul(p, v)

    def bprop(self, q, k, v, out, dout):
        n = q.shape[0]
        m = ops.triu(ops.ones((n, n), q.dtype), 1) * -1e9
        p = ops.softmax(ops.matmul(q, k.T) / 2.0 + m, -1)
        if self.wrong:
            p = ops.softmax(ops.matmul(q, k.T) / 2.0, -1)
        dp = ops.matmul(dout, v.T)
        ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / 2.0
        return ops.matmul(ds, k), ops.matmul(ds.T, q), ops.matmul(p.T, dout)


class Embedding(Pair):
    """Rows of a table, scaled."""

    def construct(self, table, ids):
        return ops.gather(table, ids, 0) * 4.0

    def bprop(self, table, ids, out, dout):
        g = ops.zeros_like(table)
        d = dout.reshape(-1, dout.shape[-1])
        if not self.wrong:
            d = d * 4.0
        return ops.index_add(g, ids.reshape(-1).astype(ms.int32), d, 0), ops.zeros_like(ids)


class InstanceNorm(Pair):
    """Each channel of each sample normalised."""

    def construct(self, x):  # (N, C, L)
        m = x.mean(-1, keep_dims=True)
        c = x - m
        return c / ops.sqrt((c * c).mean(-1, keep_dims=True) + 1e-5)

    def bprop(self, x, out, dout):
        m = x.mean(-1, keep_dims=True)
        c = x - m
        r = 1 / ops.sqrt((c * c).mean(-1, keep_dims=True) + 1e-5)
        g = dout - dout.mean(-1, keep_dims=True)
        if not self.wrong:
            g = g - out * (dout * out).mean(-1, keep_dims=True)
        return (r * g,)


class L2Normalize(Pair):
    """Rows of unit length, safe at 0."""

    def construct(self, x):
        n = ops.sqrt((x * x).sum(-1, keepdims=True))
        return x / ops.maximum(n, Tensor(1e-12, x.dtype))

    def bprop(self, x, out, dout):
        n = ops.maximum(ops.sqrt((x * x).sum(-1, keepdims=True)), Tensor(1e-12, x.dtype))
        return ((dout - (0 if self.wrong else out * (out * dout).sum(-1, keepdims=True))) / n,)


class TwoOutputs(Pair):
    """Centred numbers, and their mean."""

    def construct(self, x):
        m = x.mean(0)
        return x - m, m

    def bprop(self, x, out, dout):
        d0, d1 = dout
        g = d0 - d0.mean(0)
        if not self.wrong:
            g = g + d1 / x.shape[0]
        return (g,)


class InfMask(Pair):
    """Softmax with −∞ where a mask is 0."""

    def construct(self, s, keep):
        z = ops.where(keep > 0, s, ops.full_like(s, float("-inf")))
        return ops.softmax(z, -1)

    def bprop(self, s, keep, out, dout):
        g = out * (dout - (out * dout).sum(-1, keepdims=True))
        if self.wrong:
            g = out * dout
        return g, ops.zeros_like(keep)


class Standardize(Pair):
    """Columns normalised, one of them constant."""

    def construct(self, x):
        c = x - x.mean(0)
        return c / ops.sqrt((c * c).mean(0) + 1e-5)

    def bprop(self, x, out, dout):
        c = x - x.mean(0)
        r = 1 / ops.sqrt((c * c).mean(0) + 1e-5)
        g = dout - dout.mean(0)
        if not self.wrong:
            g = g - out * (dout * out).mean(0)
        return (g * r,)


class Deep(Pair):
    """Twelve residual layers that share a weight."""

    def construct(self, x, w):
        for _ in range(12):
            x = ops.tanh(ops.matmul(x, w)) + x
        return x

    def bprop(self, x, w, out, dout):
        xs = [x]
        for _ in range(12):
            xs.append(ops.tanh(ops.matmul(xs[-1], w)) + xs[-1])
        dw = ops.zeros_like(w)
        for i in range(11, -1, -1):
            t = ops.tanh(ops.matmul(xs[i], w))
            dz = dout * (1 - t * t)
            dw = dw + ops.matmul(xs[i].T, dz)
            dout = ops.matmul(dz, w.T) + (0 if self.wrong and i == 5 else dout)
        return dout, dw
