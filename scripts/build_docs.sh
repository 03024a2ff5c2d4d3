#!/usr/bin/env bash
# build_docs.sh: the documentation site in both languages, in build/docs/site. Every chapter of the series is run, once for each
# language; a warning is an error; links, code examples, translations and the pages in a browser are checked.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
"$root/scripts/bootstrap.sh" docs
cd -- "$root"
export PATH="$root/.venv/bin:$PATH"
readonly build="$root/build/docs"

announce() { printf '== %s\n' "$*"; }

# Each language has sources of its own, for sphinx-gallery writes what the chapters drew and printed beside them.
prepare() {
    mkdir -p "$build/$1"
    rm -rf -- "$build/$1/source"
    cp -r docs "$build/$1/source"
}
run_sphinx() {
    local language=$1 builder=$2
    MS_DNN_SERIES_LANGUAGE=$language python -m sphinx -q -W --keep-going -b "$builder" \
        -d "$build/$language/doctrees" "$build/$language/source" "${3:-$build/$language/$builder}"
}

announce "translations"
python scripts/translations.py check

announce "pages, in both languages"
rm -rf -- "$build"
prepare en
prepare zh-CN
run_sphinx en html "$build/site/en" &
english=$!
run_sphinx zh-CN html "$build/site/zh-CN"
wait "$english"
cp docs/_static/index.html "$build/site/index.html"

announce "code examples and links"
run_sphinx en doctest >/dev/null
run_sphinx en linkcheck >/dev/null

announce "the site in a browser"
python -m pytest --numprocesses 2 tests/site --site "$build/site"
printf 'the site: %s\n' "$build/site/index.html"
