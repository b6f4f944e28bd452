package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/liaison-dev/liaison/protocol"
)

// versionCommand prints what was built from what.
type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "liaison %s, protocol %s, %s %s/%s\n", version(), protocol.Subprotocol, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is what this program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// appName is how the wallet calls itself to a site.
func appName() string {
	name := "liaison " + version()
	return name[:min(len(name), protocol.MaxNameBytes)]
}
