#!/usr/bin/env bash
# demo.sh: from a fresh checkout to a trained network whose gradients are checked and whose test accuracy is known.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
"$root/scripts/bootstrap.sh"
cd -- "$root"

ms_dnn() {
    printf '\n$ ms-dnn %s\n' "$*"
    .venv/bin/ms-dnn "$@"
}

run="runs/demo-$(date +%Y%m%d-%H%M%S)"
ms_dnn train configs/digits.yaml --run "$run"
ms_dnn check configs/digits.yaml
ms_dnn evaluate "$run"
printf '\nThe run is in %s\n' "$root/$run"
