"""Exercise 17 · A layer of your own

Write the layer a = s ⊙ tanh(x) + t as the package has its layers: forward returns a and what backward needs,
the cache; backward takes the cache and da = ∂J/∂a, and returns the derivatives by x, s and t.

编程练习 17 · 编写自己的层

按照本包中层的写法，编写层 a = s ⊙ tanh(x) + t：forward 返回 a 以及反向传播所需的缓存；backward 接收缓存与 da
= ∂J/∂a，返回 J 对 x、s、t 的导数。
"""

import numpy as np


class ScaledTanh:
    """x, a and da are (N, I); s and t are (I,), shared by all samples."""

    def forward(self, x, s, t):
        """Return (a, cache)."""
        raise NotImplementedError

    def backward(self, cache, da):
        """Return (dx, ds, dt)."""
        raise NotImplementedError
