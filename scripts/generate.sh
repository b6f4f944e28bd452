#!/usr/bin/env bash
# Writes every generated file anew: from Go, the flags as the program says them,
# then the pages that are embedded.
. "$(dirname "$0")/lib.sh"

# flags prints the help of each command.
flags() {
	printf '# Commands and flags\n\nWritten by scripts/generate.sh from the help of the program; do not edit.\n'
	local command
	for command in serve link 'wallet connect' 'wallet resume' 'wallet pairings' 'wallet show'; do
		# shellcheck disable=SC2086 # a command may be two words
		printf '\n## liaison %s\n\n```\n%s\n```\n' "$command" "$(COLUMNS=100 "$program" $command --help)"
	done
}

go generate ./...
program=$(mktemp)
trap 'rm -f "$program"' EXIT
go build -o "$program" ./cmd/liaison
flags | sed "s#$program#liaison#g" >docs/flags.md
[ -d js/node_modules ] || npm_install
(cd js && npm run --silent build)
