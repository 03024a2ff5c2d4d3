"""A table of numbers with holes, categories, tags and a column that is no feature, as CSV and as Parquet."""

import numpy as np
import pandas as pd

CONFIG = """\
name: mixed
data:
  set: csv
  file: t.csv
  target: bought
  columns:
    id: {kind: drop}
    size: {missing: indicator}
    colour: {kind: category, unseen: other}
    tags: {kind: multi_hot, missing: {constant: ''}}
    age: {scaling: min_max}
network: {layers: [{units: 8, activation: tanh}, {units: 2, activation: identity}]}
loss: softmax_cross_entropy
optimizer: {name: adam}
learning_rate: 0.05
training: {batch_size: 20, epochs: 12}
"""

FEATURES = (
    "size", "size=(missing)", "colour=blue", "colour=green", "colour=red", "colour=(other)",
    "tags=a", "tags=b", "tags=c", "age",
)  # fmt: skip


def mixed(rows=160, seed=0):
    random = np.random.default_rng(seed)
    colour = random.choice(["blue", "green", "red"], rows)
    size = random.normal(10, 3, rows).round(3)
    tags = [";".join(sorted(random.choice(["a", "b", "c"], random.integers(0, 3), replace=False))) for _ in colour]
    bought = np.where((colour == "red") | (size > 12), "yes", "no")
    size[random.random(rows) < 0.1] = np.nan
    table = pd.DataFrame({"id": [f"n{i}" for i in range(rows)], "size": size, "colour": colour, "tags": tags})
    return table.assign(age=random.integers(1, 90, rows), bought=bought)


def write(table, path):
    """Write CSV or Parquet, as the name ends; empty texts are holes in both."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.replace("", None).to_parquet(path, index=False)
    return path
