package sqlite_test

import "testing"

// measureCPU only runs here: the processor time is not to be had in a portable
// way.
func measureCPU(_ *testing.B, run func()) { run() }
