package liquid

import (
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
)

const (
	// grace is how long a token that was replaced still leads to its session: for
	// requests that were under way.
	grace = time.Minute
	// twinWindow is how far apart the first two requests of a client may be that it
	// made at once.
	twinWindow = 10 * time.Second
	// maxBirths bounds how many first requests are remembered. More of them at once
	// only cost their clients a second attempt.
	maxBirths = 4096
)

// births remembers first requests, and sign-ins, for a moment: a client that opens its socket and
// asks for a challenge at once shows no cookie with either, gets two, and keeps one
// of them. Nothing rests on it but that such a client need not begin anew: who
// answers a challenge must have been told it, and a socket is only asked to come
// again.
type births struct {
	now func() time.Time

	mu sync.Mutex
	// Guarded by mu.
	challenges map[liaison.CeremonyID]birth
	sockets    map[liaison.SessionID]birth
	signIns    map[liaison.SessionID]birth
	orphans    map[liaison.SessionID]birth
}

// birth is one first request.
type birth struct {
	client string // what its sender has in common with its twin
	at     time.Time
}

// challenge notes that a client without a cookie was given a challenge.
func (b *births) challenge(id liaison.CeremonyID, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.challenges == nil {
		b.challenges = make(map[liaison.CeremonyID]birth)
	}
	note(b.challenges, id, birth{client, b.now()})
}

// socket notes that a client without a cookie opened a socket, which began a
// session.
func (b *births) socket(id liaison.SessionID, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sockets == nil {
		b.sockets = make(map[liaison.SessionID]birth)
	}
	note(b.sockets, id, birth{client, b.now()})
}

// signIn notes which client has signed a session in.
func (b *births) signIn(id liaison.SessionID, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.signIns == nil {
		b.signIns = make(map[liaison.SessionID]birth)
	}
	note(b.signIns, id, birth{client, b.now()})
}

// signedIn reports whether it was this client that has signed a session in, a moment
// ago.
func (b *births) signedIn(id liaison.SessionID, client string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, known := b.signIns[id]
	return known && at.client == client && b.now().Sub(at.at) <= grace
}

// twins reports whether a challenge and a session may be those of one client's
// first two requests, of which this is a later one.
func (b *births) twins(id liaison.CeremonyID, session liaison.SessionID, client string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	challenge, known := b.challenges[id]
	socket, opened := b.sockets[session]
	return known && opened && challenge.client == client && socket.client == client &&
		challenge.at.Sub(socket.at).Abs() <= twinWindow
}

// orphan notes that the client of a session which began with a socket has signed in
// with another one.
func (b *births) orphan(id liaison.SessionID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.orphans == nil {
		b.orphans = make(map[liaison.SessionID]birth)
	}
	note(b.orphans, id, birth{at: b.now()})
}

// orphaned reports whether that is so.
func (b *births) orphaned(id liaison.SessionID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.orphans[id]
	return known
}

// socketsWith returns the sessions that began with a socket at the same time as a
// challenge was asked for, by the same client.
func (b *births) socketsWith(id liaison.CeremonyID) (sessions []liaison.SessionID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	challenge, known := b.challenges[id]
	for session, socket := range b.sockets {
		if known && socket.client == challenge.client && challenge.at.Sub(socket.at).Abs() <= twinWindow {
			sessions = append(sessions, session)
		}
	}
	return sessions
}

// note adds a birth and forgets those that are old, and any if there are too many.
func note[K comparable](all map[K]birth, key K, b birth) {
	if len(all) >= maxBirths {
		for k, old := range all {
			if b.at.Sub(old.at) > liaison.CeremonyTTL {
				delete(all, k)
			}
		}
		for k := range all {
			if len(all) < maxBirths {
				break
			}
			delete(all, k)
		}
	}
	all[key] = b
}
