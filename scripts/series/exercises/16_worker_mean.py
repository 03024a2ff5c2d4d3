"""Exercise 16 · One gradient from several workers

Several workers share the samples of a mini-batch; each has the mean gradient of its own. Return that of all
samples, although the workers have different numbers of them.

编程练习 16 · 汇总多个进程的梯度

多个进程分担一个小批量的样本，每个进程得到自己样本的平均梯度。各进程样本数不同，请返回全部样本的平均梯度。
"""

import numpy as np


def worker_mean(gradients, counts):
    """gradients is a list of arrays (I,), counts their numbers of samples; return the gradient, (I,)."""
    raise NotImplementedError
