//go:build unix

package sqlite_test

import (
	"syscall"
	"testing"
	"time"
)

// measureCPU reports the processor time of an operation, in which waiting for
// the disk does not count.
func measureCPU(b *testing.B, run func()) {
	b.Helper()
	before := cpu(b)
	run()
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
