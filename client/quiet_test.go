package client_test

import (
	"io"
	"log"
)

// quiet drops what the standard library logs about connections that the tests
// break on purpose.
var quiet = log.New(io.Discard, "", 0)
