"""A solution of exercise 12."""

import numpy as np


def choose(trials):
    """Return the index of the trial and its cost."""
    costs = [trial["validation"] for trial in trials]
    best = int(np.nanargmin(costs))
    return best, trials[best]["test"]
