#!/usr/bin/env bash
# In the environment of this checkout, which it makes if need be: ms-dnn train-distributed
#
# train_distributed.sh CONFIG --workers N [--run FOLDER] [--set KEY=VALUE ...] [--device DEVICE]
# train_distributed.sh --resume RUN --workers N [--device DEVICE]
#
# Trains on N workers, each on its shard of every mini-batch, with the results of one process. Paths are relative to where
# it is called. On several machines call it on each, with MASTER_ADDR, MASTER_PORT, NODE_RANK and LOCAL_WORKERS set: see
# docs/distributed.md.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
"$root/scripts/bootstrap.sh"
exec "$root/.venv/bin/ms-dnn" train-distributed "$@"
