package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// crashPath names the data file when this binary runs as the process that is
// to be killed.
const crashPath = "LIAISON_TEST_CRASH_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		commitUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}
