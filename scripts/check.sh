#!/usr/bin/env bash
# Checks everything that needs no test to run. Every check runs; the script
# fails at the end if any of them did.
. "$(dirname "$0")/lib.sh"

failed=()
check() {
	local name=$1
	shift
	step "$name"
	"$@" || failed+=("$name")
}

format() {
	local files
	files=$(git ls-files --cached --others --exclude-standard '*.go' | xargs go tool -modfile=tools/go.mod gofumpt -l)
	[ -z "$files" ] || {
		printf 'not formatted:\n%s\nrun: go tool -modfile=tools/go.mod gofumpt -w .\n' "$files"
		return 1
	}
}

in_modules() {
	local dir
	for dir in . $(nested); do
		[ "$dir" = tools ] || (cd "$dir" && "$@") || return 1
	done
}

tidy() {
	local dir
	for dir in . $(nested); do
		(cd "$dir" && go mod tidy -diff) || {
			echo "in $dir run: go mod tidy"
			return 1
		}
	done
}

generated() {
	local before after
	before=$(state)
	scripts/generate.sh || return 1
	after=$(state)
	[ "$before" = "$after" ] || {
		echo "generated files were not up to date; now they are (run: git diff):"
		diff <(echo "$before") <(echo "$after") | sed -nE 's/^> [0-9a-f]+  //p'
		return 1
	}
}

types() { (cd js && npm run --silent check); }

sizes() { (cd js && npm run --silent size); }

# Every export has its words, and every link in them leads somewhere.
reference() { (cd js && npm run --silent docs -- --check); }

npm_install
check format format
check vet in_modules go vet ./...
check staticcheck tool staticcheck ./...
check golangci-lint tool golangci-lint run ./...
check "go mod tidy" tidy
check "types of the browser code" types
check "sizes of the browser SDK's entries" sizes
check "reference of the browser SDK" reference
check "generated files" generated

[ ${#failed[@]} = 0 ] || fail "Checks that failed: $(printf '%s; ' "${failed[@]}")"
