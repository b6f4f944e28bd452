# Read by the other scripts: where we are, how they speak, what they need.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

fail() {
	printf '\n%s\n' "$*" >&2
	exit 1
}

# tool runs a pinned tool of tools/go.mod.
tool() { go tool -modfile=tools/go.mod "$@"; }

# nested lists the folders of the modules beside the main one.
nested() { git ls-files '*/go.mod' | xargs -n 1 dirname; }

# need makes sure that a command is there: need COMMAND DEBIAN-PACKAGE...
need() {
	local command=$1
	shift
	command -v "$command" >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		step "installing $*"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
	fi
	command -v "$command" >/dev/null ||
		fail "The command '$command' is missing and could not be installed from here. Install it, on Debian with: sudo apt-get install $*"
}

need_node() {
	need node nodejs npm
	need npm npm
	local major
	major=$(node --version | sed -E 's/^v([0-9]+).*/\1/')
	[ "$major" -ge 20 ] || fail "Node $major is too old: the browser code needs Node 20 or newer."
}

# npm_install brings js/node_modules to what the lock file says.
npm_install() {
	need_node
	(cd js && npm ci --no-audit --no-fund)
}

# state is the content of all files that are or could be committed.
state() { git ls-files -z --cached --others --exclude-standard | sort -zu | xargs -0 sha256sum 2>/dev/null || true; }
