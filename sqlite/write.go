package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/liaison-dev/liaison"
)

// Commit implements [liaison.Store].
func (s *Store) Commit(ctx context.Context, change liaison.Change) error {
	_, err := s.submit(ctx, "commit", &request{statements: statementsOf(change), change: stored(change)})
	return err
}

func statementsOf(change liaison.Change) (list []statement) {
	list = writes(list, change.Sessions, writeSession)
	list = writes(list, change.Links, writeLink)
	list = writes(list, change.Accounts, writeAccount)
	list = writes(list, change.Removed, removeCredential)
	list = writes(list, change.Credentials, writeCredential)
	list = writes(list, change.Spent, spendCeremony)
	return writes(list, change.Ceremonies, writeCeremony)
}

func writes[T any](list []statement, records []T, write func(T) statement) []statement {
	list = slices.Grow(list, len(records))
	for _, record := range records {
		list = append(list, write(record))
	}
	return list
}

// sweepRows bounds the rows of each kind that one Sweep removes, so that
// commits do not wait behind a long one.
const sweepRows = 500

const (
	sweepSessions   = "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)"
	sweepLinks      = "DELETE FROM links WHERE rowid IN (SELECT rowid FROM links WHERE expires_at < ? ORDER BY expires_at LIMIT ?)"
	sweepCeremonies = "DELETE FROM ceremonies WHERE rowid IN (SELECT rowid FROM ceremonies WHERE expires_at < ? ORDER BY expires_at LIMIT ?)"
)

// Sweep implements [liaison.Store]. It removes at most 500 sessions, 500 links
// and 500 ceremonies, those first that expired first.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	args := []driver.Value{before.UnixMicro(), int64(sweepRows)}
	var statements []statement
	for _, query := range []string{sweepSessions, sweepLinks, sweepCeremonies} {
		statements = append(statements, statement{query: query, args: args})
	}
	changed, err := s.submit(ctx, "sweep", &request{statements: statements, sweeps: true})
	return int(changed), err
}

// request is what the write goroutine is asked to do, all of it or nothing.
type request struct {
	// Fixed when it enters the queue.
	ctx        context.Context // when it ends before the work begins, nothing is done
	statements []statement
	change     liaison.Change // as the file will give it back
	sweeps     bool
	// Owned by the write goroutine until done is closed.
	changed int64
	err     error
	done    chan struct{}
}

// submit waits until the statements are on the disk and returns how many rows
// they changed.
func (s *Store) submit(ctx context.Context, op string, r *request) (int64, error) {
	if err := s.usable(ctx); err != nil || len(r.statements) == 0 {
		return 0, err
	}
	r.ctx, r.done = ctx, make(chan struct{})
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.closing:
		return 0, errClosed
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.written:
		return s.late(op, r)
	}
	return r.changed, translate(op, r.err)
}

// late looks at a request after the write goroutine has ended: it was the last
// one to be answered, or nobody took it.
func (s *Store) late(op string, r *request) (int64, error) {
	select {
	case <-r.done:
		return r.changed, translate(op, r.err)
	default:
		return 0, errClosed
	}
}

// maxBatch bounds one transaction, and with it how long the first of its
// callers waits for the last.
const maxBatch = 256

// write is the write goroutine. A request that comes alone is carried out at
// once; those that come meanwhile are the next batch and share its sync.
func (s *Store) write() {
	defer close(s.written)
	batch := make([]*request, 0, maxBatch)
	for {
		select {
		case <-s.closing:
			return
		case r := <-s.queue:
			batch = s.fill(append(batch[:0], r))
		}
		err := s.writer.transact(batch)
		for _, r := range batch {
			if r.err == nil {
				r.err = err
			}
			s.remember(r)
			close(r.done)
		}
		clear(batch)
	}
}

// remember keeps what a request has brought into the file.
func (s *Store) remember(r *request) {
	switch {
	case r.err != nil:
	case r.sweeps && r.changed > 0:
		s.recent.swept()
	default:
		s.recent.committed(r.change)
	}
}

// fill adds what already waits.
func (s *Store) fill(batch []*request) []*request {
	for len(batch) < maxBatch {
		select {
		case r := <-s.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// transact carries out the batch in one transaction. An error that concerns one
// request is left in it; one that concerns all of them is returned.
func (c *conn) transact(batch []*request) error {
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		c.rollback() // in case an earlier one could not end its transaction
		return err
	}
	kept := 0
	for _, r := range batch {
		var err error
		if len(batch) == 1 {
			r.changed, r.err = c.apply(r)
		} else {
			err = c.isolate(r)
		}
		if err != nil {
			c.rollback()
			return err
		}
		if r.err == nil {
			kept++
		}
	}
	if kept == 0 {
		c.rollback()
		return nil
	}
	_, err := c.exec("COMMIT")
	if err != nil {
		c.rollback()
	}
	return err
}

// rollback ends the transaction. It fails when SQLite has already done so by
// itself, after an error of the disk for instance, and that is as good.
func (c *conn) rollback() { _, _ = c.exec("ROLLBACK") }

// isolate carries out a request so that its failure leaves the rest of the
// batch alone. The error it returns means that the whole transaction is lost.
func (c *conn) isolate(r *request) error {
	if _, err := c.exec("SAVEPOINT request"); err != nil {
		return err
	}
	r.changed, r.err = c.apply(r)
	if r.err != nil {
		if _, err := c.exec("ROLLBACK TO request"); err != nil {
			return fmt.Errorf("%w, and then: %w", r.err, err)
		}
	}
	_, err := c.exec("RELEASE request")
	return err
}

func (c *conn) apply(r *request) (changed int64, err error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	for _, w := range r.statements {
		n, err := c.exec(w.query, w.args...)
		if err != nil {
			return 0, err
		}
		if w.one && n != 1 {
			return 0, liaison.ErrConflict
		}
		changed += n
	}
	return changed, nil
}
