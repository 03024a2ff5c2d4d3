"""How far apart encoded rows lie, as numbers and as a picture of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def distances(rows: ArrayLike) -> NDArray[np.float64]:
    """Return the Euclidean distance of every two rows of (N, I), √ Σ_k (x_ik − x_jk)², as (N, N)."""
    x = np.asarray(rows, dtype=np.float64)
    return np.asarray(np.linalg.norm(x[:, np.newaxis] - x[np.newaxis], axis=-1))


def draw_distances(axes: Any, between: ArrayLike, names: Sequence[str], largest: float) -> None:
    """Draw distances (N, N) as squares with their numbers; ``largest`` is darkest, so that pictures compare."""
    numbers = np.asarray(between, dtype=float)
    axes.imshow(numbers, cmap="Blues", vmin=0, vmax=1.6 * largest)
    for i, j in np.ndindex(*numbers.shape):
        axes.text(j, i, f"{numbers[i, j]:.3g}", ha="center", va="center")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
