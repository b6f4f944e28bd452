package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// conn is one connection with its prepared statements. It speaks to the driver
// without database/sql: that layer's locking and conversions cost a fifth of a
// read, and its pool does nothing here that a channel does not do.
type conn struct {
	// Owned by whoever holds the connection: the writer, or the reader that
	// took it from the pool.
	driver   driver.Conn
	prepared map[string]driver.Stmt
	args     []driver.NamedValue
	values   [maxColumns]driver.Value
}

// maxColumns is the widest row that is read.
const maxColumns = 24

// pragmas apply to each connection. The page caches are small since the
// operating system caches the file as well; temporary tables stay in memory so
// that nothing is written outside the data file's folder; fullfsync makes macOS
// really write to the disk.
var pragmas = []string{
	"busy_timeout(5000)",
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"fullfsync(1)",
	"cache_size(-512)",
	"temp_store(MEMORY)",
	"journal_size_limit(8388608)",
}

func connect(ctx context.Context, path string, more ...string) (*conn, error) {
	name, err := dataSource(path, more)
	if err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	d, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{driver: d, prepared: make(map[string]driver.Stmt)}, nil
}

// dataSource writes the path as a URI, in which no character of the path can
// be taken for an option.
func dataSource(path string, more []string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	query := url.Values{"_pragma": append(pragmas[:len(pragmas):len(pragmas)], more...)}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String(), nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.driver.Close())...)
}

// prepare returns the statement for a query, compiling it on first use. Queries
// are constants, so the map does not grow.
func (c *conn) prepare(query string) (driver.Stmt, error) {
	if s, ok := c.prepared[query]; ok {
		return s, nil
	}
	s, err := c.driver.Prepare(query)
	if err == nil {
		c.prepared[query] = s
	}
	return s, err
}

// exec runs a statement and returns the number of rows it changed. It gives the
// driver no context that can end: the driver would start a goroutine for it,
// and a statement takes microseconds.
func (c *conn) exec(query string, args ...driver.Value) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := s.(driver.StmtExecContext).ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// script runs several statements that are not worth keeping.
func (c *conn) script(text string) error {
	_, err := c.driver.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}

// query calls each for every row of the result. The row is valid during the
// call.
func (c *conn) query(query string, each func(*row), args ...driver.Value) (err error) {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := c.values[:len(rows.Columns())]
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r := row{rest: values}
		each(&r)
		if r.err != nil {
			return r.err
		}
	}
}

// scalar reads a single number.
func (c *conn) scalar(query string) (n int64, err error) {
	err = c.query(query, func(r *row) { n = r.integer() })
	return n, err
}

func (c *conn) bind(args []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, v := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}
