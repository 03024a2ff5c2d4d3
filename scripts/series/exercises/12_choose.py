"""Exercise 12 · Choose, then report

Each trial is a dict of its costs: training, validation and test. Choose the best one, and report the cost by
which it should be judged. A trial that diverged has nan.

编程练习 12 · 先选择，再报告

每次试验是一个字典，含三个成本：training、validation 和 test。选出最好的一次，并报告应当用来评价它的成本。发
散的试验成本为 nan。
"""

import numpy as np


def choose(trials):
    """Return the index of the trial and its cost."""
    raise NotImplementedError
