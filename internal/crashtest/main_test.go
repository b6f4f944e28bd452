package crashtest_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Environment of the process that is to be killed.
const (
	// dataVariable names the data file, and makes the test binary a server.
	dataVariable = "LIAISON_CRASH_DATA"
	// originVariable is the server's origin; without it, that of its listener.
	originVariable = "LIAISON_CRASH_ORIGIN"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(dataVariable); path != "" {
		if err := serve(path, os.Getenv(originVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
