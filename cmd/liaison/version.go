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
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(e.stdout, "liaison %s, protocol %s, %s %s/%s\n", version, protocol.Subprotocol, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
