package liquid

import (
	"maps"
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
)

const (
	// twinWindow is how far apart the first two requests of a client may be that it
	// made at once.
	twinWindow = 10 * time.Second
	// maxBirths bounds how many first requests are remembered. More of them at once
	// only cost their clients a second attempt.
	maxBirths = 4096
)

// births remembers first requests for a moment: a client that opens
// its socket and asks for a challenge at once shows no cookie with either, gets two,
// and keeps one of them. Nothing rests on it but that such a client need not begin anew: who
// answers a challenge must have been told it, and a socket is only asked to come
// again.
type births struct {
	now func() time.Time

	mu sync.Mutex
	// Guarded by mu.
	challenges map[liaison.CeremonyID]birth
	sockets    map[liaison.SessionID]birth
	orphans    map[liaison.SessionID]birth
}

// birth is one first request.
type birth struct {
	client string // what its sender has in common with its twin
	at     time.Time
}

// twin reports whether two first requests may be those of one client.
func (b birth) twin(other birth) bool {
	return b.client == other.client && b.at.Sub(other.at).Abs() <= twinWindow
}

// challenge notes that a client without a cookie was given a challenge.
func (b *births) challenge(id liaison.CeremonyID, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note(&b.challenges, id, birth{client, b.now()})
}

// socket notes that a client without a cookie opened a socket, which began a
// session.
func (b *births) socket(id liaison.SessionID, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note(&b.sockets, id, birth{client, b.now()})
}

// twins reports whether a challenge and a session may be those of one client's
// first two requests, of which this is a later one.
func (b *births) twins(id liaison.CeremonyID, session liaison.SessionID, client string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	challenge, known := b.challenges[id]
	socket, opened := b.sockets[session]
	return known && opened && challenge.client == client && challenge.twin(socket)
}

// orphan notes that the client of a session which began with a socket has signed in
// with another one.
func (b *births) orphan(id liaison.SessionID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note(&b.orphans, id, birth{at: b.now()})
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
		if known && challenge.twin(socket) {
			sessions = append(sessions, session)
		}
	}
	return sessions
}

// note adds a birth and forgets those that are old, and any if there are too many.
func note[K comparable](into *map[K]birth, key K, b birth) {
	if *into == nil {
		*into = make(map[K]birth)
	}
	all := *into
	if len(all) >= maxBirths {
		maps.DeleteFunc(all, func(_ K, old birth) bool { return b.at.Sub(old.at) > liaison.CeremonyTTL })
		for k := range all {
			if len(all) < maxBirths {
				break
			}
			delete(all, k)
		}
	}
	all[key] = b
}
