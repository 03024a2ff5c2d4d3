#!/usr/bin/env bash
# test.sh [PYTEST ARGUMENT ...]: every check of the project; stops at the first that fails, with its exit code.
# Paths among the arguments are relative to the checkout: ./scripts/test.sh tests/maths -k sigmoid
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
"$root/scripts/bootstrap.sh" test
cd -- "$root"
export PATH="$root/.venv/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE # a hundred tests start a process, each of which would compile the package again

announce() { printf '== %s\n' "$*"; }

announce "ruff check"
ruff check --quiet .
announce "ruff format --check"
ruff format --check --quiet .
announce "mypy"
mypy --no-error-summary
announce "lint-imports"
lint-imports
announce "deptry"
deptry ms_dnn
announce "pytest"
exec python -m pytest --numprocesses 2 --dist loadfile "$@"
