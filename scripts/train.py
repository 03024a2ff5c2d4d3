"""Train an experiment: ``python scripts/train.py configs/digits.yaml``; the same as ``ms-dnn train``."""

import sys

from ms_dnn.cli.main import main

if __name__ == "__main__":
    main(["train", *(sys.argv[1:] or ["configs/digits.yaml"])])
