package sqlite

import (
	"errors"
	"fmt"
	"os"
)

// lock keeps every other process from the data file for as long as the returned
// file is open. The operating system releases it when the process ends, however
// it ends. The file stays behind: deleting it would let two processes each lock
// a file of that name.
func lock(path string) (*os.File, error) {
	name := path + ".lock"
	f, err := lockFile(name)
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("sqlite: %w: %s is locked, most likely by another server that runs on the same file; stop that one, or give this one a file of its own", ErrInUse, name)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock data file: %w; the folder must exist and be writable for the server's user", err)
	}
	return f, nil
}

var errLocked = errors.New("locked")
