#!/usr/bin/env bash
# build_docs.sh: the documentation site in both languages, in build/docs/site. Every chapter of the series is run, unless the
# last build ran it as it now is; a warning is an error; links, code examples, translations and the pages in a browser are checked.
# build_docs.sh --publish FOLDER copies the checked site into a folder, which any static host can serve as it is.
set -euo pipefail

publish=""
if [[ $# -gt 0 ]]; then
    if [[ "$1" != --publish || $# -ne 2 ]]; then
        printf "build_docs.sh: got '%s', expected nothing or --publish FOLDER\n" "$*" >&2
        exit 2
    fi
    publish=$(realpath -m -- "$2")
    # Only a folder that is new, empty or an earlier publication is written to: .nojekyll is the sign of one.
    if [[ -e "$publish" && ! -f "$publish/.nojekyll" && -n "$(find "$publish" -mindepth 1 -maxdepth 1 ! -name .git -print -quit 2>&1)" ]]; then
        printf "build_docs.sh: --publish: got '%s', which holds other files: name a new folder\n" "$2" >&2
        exit 2
    fi
fi
readonly publish

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
"$root/scripts/bootstrap.sh" docs
cd -- "$root"
export PATH="$root/.venv/bin:$PATH"
readonly build="$root/build/docs"
export GLOG_v=4 # as the command line sets it: what goes wrong in MindSpore is raised as well

# stage WHAT COMMAND …: what is done, and how long it took.
stage() {
    local since=$SECONDS
    printf '== %s\n' "$1"
    "${@:2}"
    printf '   %d s\n' $((SECONDS - since))
}

# What the chapters drew and printed lies beside the sources, so each language has sources of its own.
prepare() {
    local language
    for language in en zh-CN; do
        rm -rf -- "${build:?}/$language" "${build:?}/site"
        mkdir -p "$build/$language"
        cp -r docs "$build/$language/source"
    done
}
run_chapters() {
    prepare
    python scripts/chapter_pages.py "$build"
}
run_sphinx() {
    local language=$1 builder=$2
    MS_DNN_SERIES_LANGUAGE=$language python -m sphinx -q -W --keep-going -b "$builder" \
        -d "$build/$language/doctrees" "$build/$language/source" "${3:-$build/$language/$builder}"
}
write_pages() {
    run_sphinx en html "$build/site/en" &
    local english=$!
    run_sphinx zh-CN html "$build/site/zh-CN"
    wait "$english"
    cp docs/_static/index.html "$build/site/index.html"
}
check_examples_and_links() {
    run_sphinx en doctest >/dev/null
    run_sphinx en linkcheck >/dev/null
}

publish_site() {
    mkdir -p "$publish"
    rm -rf -- "${publish:?}/en" "${publish:?}/zh-CN"
    cp -r "$build/site/." "$publish/"
    touch "$publish/.nojekyll" # a host that runs Jekyll would leave _static out
}

stage "translations" python scripts/translations.py check
stage "chapters" run_chapters
stage "pages, in both languages" write_pages
stage "code examples and links" check_examples_and_links
stage "the site in a browser" python -m pytest --numprocesses 2 tests/site --site "$build/site"
printf 'the site: %s\n' "$build/site/index.html"
if [[ -n "$publish" ]]; then
    stage "publication" publish_site
    printf 'published: %s\n' "$publish/index.html"
fi
