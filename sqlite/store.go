package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/liaison-dev/liaison"
)

// Config says where the data lives.
type Config struct {
	// Path is the data file; it is made if it does not exist, its folder is
	// not. Required. Its mode becomes 0600.
	Path string
}

// Store is a [liaison.Store] in one SQLite file. Its methods may be called
// concurrently.
type Store struct {
	// Fixed after Open.
	lock   *os.File
	writer *conn // used by the write goroutine only
	// idle holds the connections that no reader is using.
	idle   chan *conn
	recent recent
	// queue leads to the write goroutine.
	queue chan *request
	// closing is closed when Close begins, written when the write goroutine
	// has ended.
	closing, written chan struct{}

	closeOnce sync.Once
	closeErr  error // set within closeOnce
}

var _ liaison.Store = (*Store)(nil)

// readers is the number of connections for reads. A read takes about ten
// microseconds, so two of them serve more than a machine's HTTP does, and each
// costs half a megabyte of cache.
const readers = 2

// Open opens the data file, makes it if there is none, and brings it to the
// newest version. The error is [ErrInUse], [ErrNewer], [ErrForeign], or one of
// the file system or of SQLite.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Path == "" {
		return nil, errors.New("sqlite: no path is given for the data file")
	}
	path, err := resolve(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open data file: %w", err)
	}
	held, err := lock(path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		lock:    held,
		idle:    make(chan *conn, readers),
		queue:   make(chan *request, maxBatch),
		closing: make(chan struct{}),
		written: make(chan struct{}),
	}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(err, s.release())
	}
	go s.write()
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	if err := restrict(path); err != nil {
		return fmt.Errorf("sqlite: open data file: %w", err)
	}
	writer, err := connect(ctx, path)
	if err != nil {
		return translate("open data file", err)
	}
	s.writer = writer
	if err := writer.verify(path); err != nil {
		return err
	}
	if err := writer.migrate(path); err != nil {
		if errors.Is(err, ErrNewer) || errors.Is(err, ErrForeign) {
			return err
		}
		return translate("prepare tables", err)
	}
	for range readers {
		reader, err := connect(ctx, path, "query_only(1)")
		if err != nil {
			return translate("open data file", err)
		}
		s.idle <- reader
	}
	return nil
}

// resolve follows symbolic links, so that a file has one lock whatever it is
// called.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return path, nil
	}
	return real, err
}

// restrict makes the file and its companions readable for their owner only.
// SQLite gives those that it makes itself the mode of the file.
func restrict(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// verify makes sure of what durability rests on: SQLite falls back to another
// mode without an error where the file system cannot do what WAL needs.
func (c *conn) verify(path string) error {
	var mode string
	if err := c.query("PRAGMA journal_mode", func(r *row) { mode = r.text() }); err != nil {
		return translate("open data file", err)
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite: %s cannot be used in WAL mode (it is in mode %q), most likely because it is on a network file system; put it on a local disk", path, mode)
	}
	return nil
}

// Ping reports whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", "SELECT count(*) FROM sqlite_schema", func(r *row) { r.integer() })
}

// Close waits for the commit and the reads that are under way and closes the
// file. Commits that have not begun return an error.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.written
		for range readers {
			s.closeErr = errors.Join(s.closeErr, (<-s.idle).close())
		}
		s.closeErr = translate("close", errors.Join(s.closeErr, s.release()))
	})
	return s.closeErr
}

// release closes what is left: all of it when Open fails, the writer and the
// lock when Close has closed the readers. The lock goes last.
func (s *Store) release() error {
	var errs []error
	for len(s.idle) > 0 {
		errs = append(errs, (<-s.idle).close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}
