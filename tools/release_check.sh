#!/bin/sh
# Builds the wheel and the source archive, checks their metadata for PyPI, installs the wheel into a clean environment in a folder
# without the sources, and goes through a workspace with it. Uploads nothing.
#
#     tools/release_check.sh [PYTHON]          (or: make release-check)
#
# What it built stays in dist/. Where uv and pipx are installed, they install and run the wheel as the README says.
set -eu
python=${1:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet --disable-pip-version-check build twine
"$scratch/tools/bin/python" -m build --outdir "$scratch/dist" "$root"
"$scratch/tools/bin/twine" check --strict "$scratch"/dist/*

"$python" -m venv "$scratch/clean"
"$scratch/clean/bin/pip" install --quiet --disable-pip-version-check -c "$root/constraints.txt" "$scratch"/dist/*.whl
cd "$scratch"
workbench="$scratch/clean/bin/workbench"
"$workbench" --version
"$workbench" sample-data invoices --count 12
"$workbench" init trial
"$workbench" -w trial import invoices
"$workbench" -w trial suggest
"$workbench" -w trial export values-csv values.csv
"$workbench" -w trial status
if command -v uv > /dev/null; then
  UV_TOOL_DIR="$scratch/uv" UV_TOOL_BIN_DIR="$scratch/uv-bin" \
    uv tool install --quiet --constraints "$root/constraints.txt" "$scratch"/dist/*.whl
  "$scratch/uv-bin/workbench" --version
fi
if command -v pipx > /dev/null; then
  PIPX_HOME="$scratch/pipx" pipx run --pip-args "--constraint $root/constraints.txt" --spec "$(echo "$scratch"/dist/*.whl)" \
    workbench --version
fi
mkdir -p "$root/dist"
cp "$scratch"/dist/* "$root/dist/"
echo "The wheel works: $root/dist/$(basename "$scratch"/dist/*.whl)"
