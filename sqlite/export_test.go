package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// Queries are all statements that a store runs on behalf of a caller.
var Queries = map[string]string{
	"Session":           selectSession,
	"SessionByToken":    selectSessionByToken,
	"SessionsOf":        selectSessionsOf,
	"Link":              selectLink,
	"WaitingLinks":      selectWaitingLinks,
	"Account":           selectAccount,
	"Credential":        selectCredential,
	"Credentials":       selectCredentials,
	"Ceremony":          selectCeremony,
	"Ceremonies":        selectCeremonies,
	"Secret":            selectSecret,
	"change session":    updateSession,
	"change link":       updateLink,
	"change credential": updateCredential,
	"remove credential": deleteCredential,
	"spend ceremony":    deleteCeremony,
	"sweep sessions":    sweepSessions,
	"sweep links":       sweepLinks,
	"sweep ceremonies":  sweepCeremonies,
}

// Pragma returns a setting of the connections that are made for the file.
func Pragma(ctx context.Context, path, name string) (int64, error) {
	c, err := connect(ctx, path)
	if err != nil {
		return 0, err
	}
	defer c.close()
	return c.scalar("PRAGMA " + name)
}

// Plan returns the steps that SQLite takes for a query.
func Plan(ctx context.Context, path, query string) (string, error) {
	c, err := connect(ctx, path)
	if err != nil {
		return "", err
	}
	defer c.close()
	var steps []string
	args := make([]driver.Value, strings.Count(query, "?"))
	err = c.query("EXPLAIN QUERY PLAN "+query, func(r *row) {
		steps = append(steps, fmt.Sprint(r.rest[3]))
	}, args...)
	return strings.Join(steps, "\n"), err
}

// Forget makes the store read everything from the file.
func (s *Store) Forget() { s.recent.swept() }
