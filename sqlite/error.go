package sqlite

import (
	"errors"
	"fmt"

	"github.com/liaison-dev/liaison"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of [Open], to be told apart with errors.Is.
var (
	// ErrInUse means that another process, or another Store of this one, has
	// the file open.
	ErrInUse = errors.New("data file is in use")
	// ErrNewer means that a newer version of the program wrote the file.
	ErrNewer = errors.New("data file comes from a newer version")
	// ErrForeign means that the file belongs to another program.
	ErrForeign = errors.New("not a data file of this program")
)

var errClosed = errors.New("sqlite: store is closed")

// translate gives an error of the driver the meaning that the contract has for
// it, by its code; the text is for people and changes.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("sqlite: %s: %w (%w)", op, liaison.ErrConflict, err)
		}
	}
	return fmt.Errorf("sqlite: %s: %w", op, err)
}
