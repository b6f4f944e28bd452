#!/usr/bin/env bash
# Writes every generated file anew: from Go, then the pages that are embedded.
. "$(dirname "$0")/lib.sh"

go generate ./...
[ -d js/node_modules ] || npm_install
(cd js && npm run --silent build)
