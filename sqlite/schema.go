package sqlite

import (
	"embed"
	"fmt"
)

// migrations are applied in the order of their names; the n-th brings a file to
// version n. A migration that was released never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as ours in its header: "Lian".
const applicationID = 0x4c69616e

// migrate brings the file to the newest version, in one transaction.
func (c *conn) migrate(path string) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	version, err := c.version(path)
	if err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("sqlite: %w: %s has version %d and this program knows %d; an older program was started on it: start the newer one again, or restore a copy from before the update", ErrNewer, path, version, len(files))
	}
	if version == len(files) {
		return nil
	}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, file := range files[version:] {
		text, err := migrations.ReadFile("migrations/" + file.Name())
		if err != nil {
			return err
		}
		if err := c.script(string(text)); err != nil {
			return fmt.Errorf("migration %s: %w", file.Name(), err)
		}
	}
	return c.script(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, len(files)))
}

// version returns the version of the file, 0 for a new one.
func (c *conn) version(path string) (int, error) {
	application, err := c.scalar("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	tables, err := c.scalar("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return 0, err
	}
	if application != applicationID && (application != 0 || tables != 0) {
		return 0, fmt.Errorf("sqlite: %w: %s holds tables of another program; give the server a file of its own", ErrForeign, path)
	}
	version, err := c.scalar("PRAGMA user_version")
	return int(version), err
}
