package sqlite

import (
	"bytes"
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// recentRecords is how many sessions, and as many links, are remembered at
// least: those of the sign-ins that are under way, and not of all that wait.
const recentRecords = 512

// recent remembers the records that were committed last. Only the write
// goroutine fills it, in the order of the commits, and the lock on the file
// keeps every other writer out: so what is in here is what is in the file.
type recent struct {
	mu       sync.Mutex
	sessions generations[liaison.SessionID, liaison.Session]
	tokens   generations[liaison.TokenHash, liaison.SessionID]
	links    generations[protocol.RequestID, liaison.Link]
}

// generations is a map that forgets: when the young half is full, it becomes
// the old half, and the old half goes.
type generations[K comparable, V any] struct{ young, old map[K]V }

func (g *generations[K, V]) put(key K, value V) {
	if g.young == nil || len(g.young) >= recentRecords {
		g.young, g.old = make(map[K]V), g.young
	}
	delete(g.old, key)
	g.young[key] = value
}

func (g *generations[K, V]) get(key K) (V, bool) {
	if v, ok := g.young[key]; ok {
		return v, true
	}
	v, ok := g.old[key]
	return v, ok
}

// committed takes over a change that is in the file.
func (r *recent) committed(change liaison.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range change.Sessions {
		r.sessions.put(s.ID, s)
		r.tokens.put(s.TokenHash, s.ID)
	}
	for _, l := range change.Links {
		r.links.put(l.ID, l)
	}
}

// swept forgets everything: some of it may be gone from the file.
func (r *recent) swept() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions = generations[liaison.SessionID, liaison.Session]{}
	r.tokens = generations[liaison.TokenHash, liaison.SessionID]{}
	r.links = generations[protocol.RequestID, liaison.Link]{}
}

func (r *recent) session(id liaison.SessionID) (liaison.Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sessions.get(id)
}

func (r *recent) sessionByToken(hash liaison.TokenHash) (liaison.Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, ok := r.tokens.get(hash)
	if !ok {
		return liaison.Session{}, false
	}
	s, ok := r.sessions.get(id)
	return s, ok && s.TokenHash == hash // else it has another token by now
}

func (r *recent) link(id protocol.RequestID) (liaison.Link, bool) {
	r.mu.Lock()
	l, ok := r.links.get(id)
	r.mu.Unlock()
	l.Proof = cloned(l.Proof) // the caller's to change
	return l, ok
}

func cloned(p protocol.Proof) protocol.Proof {
	p.Signature = bytes.Clone(p.Signature)
	if p.Meta != nil {
		p.Meta = &protocol.ProofMeta{AuthenticatorData: bytes.Clone(p.Meta.AuthenticatorData), Signer: p.Meta.Signer}
	}
	return p
}

// stored returns the records of a change as the file will give them back, with
// nothing of the caller's in them.
func stored(change liaison.Change) liaison.Change {
	s := liaison.Change{
		Sessions: append([]liaison.Session(nil), change.Sessions...),
		Links:    append([]liaison.Link(nil), change.Links...),
	}
	for i := range s.Sessions {
		session := &s.Sessions[i]
		session.CreatedAt, session.SeenAt = storedTime(session.CreatedAt), storedTime(session.SeenAt)
		session.ExpiresAt, session.ProvedAt = storedTime(session.ExpiresAt), storedTime(session.ProvedAt)
		session.Version++
	}
	for i := range s.Links {
		link := &s.Links[i]
		link.IssuedAt, link.ExpiresAt = storedTime(link.IssuedAt), storedTime(link.ExpiresAt)
		link.Proof = cloned(link.Proof)
		link.Version++
	}
	return s
}

func storedTime(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }
