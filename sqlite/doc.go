// Package sqlite keeps what must outlive the process in one SQLite file. It is
// the [liaison.Store] of a server that runs on one machine.
//
// Start with [Open], [Config] and [Store].
//
//	store, err := sqlite.Open(ctx, sqlite.Config{Path: "liaison.db"})
//	if err != nil {
//		return err // errors.Is(err, sqlite.ErrInUse): another server has the file
//	}
//	defer store.Close()
//	session, token := liaison.NewSession("", time.Now(), limits)
//	err = store.Commit(ctx, liaison.Change{Sessions: []liaison.Session{session}})
//
// A commit that returned nil is on the disk: the file is in WAL mode and synced
// for every transaction. Commits that arrive while a sync is under way share
// the next one. Beside the file there are PATH-wal and PATH-shm, which belong
// to it and are never to be copied or deleted alone, and PATH.lock, which is
// empty and says by a lock of the operating system that a server is using the
// file. All of them can be read by their owner only.
//
// The package does not decide what a record means, never reads a clock and
// sweeps only when it is told to. It is not for a file on a network file
// system, whose locks cannot be relied on, nor for several servers; those need
// another Store.
//
// All methods may be called concurrently. A method that is called after
// [Store.Close] returns an error.
//
// It implements the contract of [liaison.Store] that serves spec/link.md; the
// tables are in migrations/.
package sqlite
