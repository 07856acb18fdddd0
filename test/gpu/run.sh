#!/bin/sh
# Measures this machine's GPU with nothing but what lies beside this file: `sh run.sh`. Linux with an x64 processor.
#   --out FOLDER      where the report goes; $OUT or ./gpu-report if left out
#   --minutes N       all of it (default 9)
#   --wheels FOLDER   wheels for `lora setup cuda`, which is done first; without a network CUDA can only come from there
#   --software FILE   a Vulkan driver (its .json) that plays a GPU in software: tries this program itself, with small sizes
set -eu
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d "${TMPDIR:-/tmp}/lora-gpu-XXXXXX")
trap 'rm -rf "$place"' EXIT
tar -xzf "$here/bundle.tar.gz" -C "$place"
"$place/node" "$place/gpu/measure.mjs" --place "$place" --out "${OUT:-gpu-report}" "$@"
