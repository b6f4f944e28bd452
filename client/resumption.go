package client

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// Resumption is what one side keeps of a pairing to meet the other side again,
// through whatever is left of the server. It holds a secret: who has it can be
// this side. It shows itself nowhere but in [Resumption.Encode].
type Resumption struct {
	// Server is where the two meet.
	Server protocol.Origin
	// Side is this side.
	Side protocol.Side
	// Site is what the wallet was shown, Verified whether as verified.
	Site     protocol.Site
	Verified bool
	// Account is the one that was proved, Assurance how well.
	Account   protocol.Account
	Assurance protocol.Assurance
	// Locality is what the site asked for.
	Locality protocol.Locality
	// ExpiresAt is when it is of no use any more.
	ExpiresAt time.Time

	id     string
	secret sealed.Secret
}

// ID names the resumption among others. It is no secret, but who knows it can
// keep the two from meeting.
func (r Resumption) ID() string { return r.id }

// String names site and account.
func (r Resumption) String() string {
	return fmt.Sprintf("resumption of %s with %s", r.Account, r.Site.Origin)
}

// Format hides the secret from every verb of package fmt.
func (r Resumption) Format(s fmt.State, _ rune) { io.WriteString(s, r.String()) }

// resumptionDocument is the encoded form.
type resumptionDocument struct {
	Version   int                `json:"version"`
	Server    protocol.Origin    `json:"server"`
	Side      string             `json:"side"`
	Site      protocol.Site      `json:"site"`
	Verified  bool               `json:"verified"`
	Account   protocol.Account   `json:"account"`
	Assurance protocol.Assurance `json:"assurance"`
	Locality  protocol.Locality  `json:"locality"`
	ExpiresAt time.Time          `json:"expiresAt"`
	ID        string             `json:"id"`
	Secret    protocol.Base64    `json:"secret"`
}

// Encode writes the resumption with its secret, for a place where other secrets
// of its kind are.
func (r Resumption) Encode() []byte {
	secret := r.secret.Reveal()
	data, err := json.Marshal(resumptionDocument{
		1, r.Server, r.Side.String(), r.Site, r.Verified, r.Account, r.Assurance, r.Locality, r.ExpiresAt.UTC(), r.id, secret[:],
	})
	if err != nil {
		panic(err) // nothing in it fails to encode
	}
	return data
}

// ParseResumption reads what [Resumption.Encode] wrote. Anything else is
// [protocol.ResumptionUnknown].
func ParseResumption(data []byte) (Resumption, error) {
	var d resumptionDocument
	if err := json.Unmarshal(data, &d); err != nil || d.Version != 1 || len(d.Secret) != len(sealed.Secret{}) || sealed.Secret(d.Secret) == (sealed.Secret{}) {
		return Resumption{}, &Error{Code: protocol.ResumptionUnknown, Op: "read resumption", Detail: "it is damaged, or of another version"}
	}
	r := Resumption{
		Server: d.Server, Site: d.Site, Verified: d.Verified, Account: d.Account, Assurance: d.Assurance,
		Locality: d.Locality, ExpiresAt: d.ExpiresAt, id: d.ID, secret: sealed.Secret(d.Secret),
	}
	if d.Side == protocol.WalletSide.String() {
		r.Side = protocol.WalletSide
	}
	_, err := protocol.ParseRequestID(r.id)
	if _, originErr := protocol.ParseOriginUnsafe(string(r.Server)); err != nil || originErr != nil || r.Side.String() != d.Side {
		return Resumption{}, &Error{Code: protocol.ResumptionUnknown, Op: "read resumption", Detail: "it is damaged, or of another version"}
	}
	return r, nil
}

func (r Resumption) keys() sealed.Resumption { return sealed.Resumption{ID: r.id, Secret: r.secret} }

// usable says why a resumption cannot be used by a side now.
func (r Resumption) usable(side protocol.Side, now time.Time) error {
	switch {
	case r.Side != side || r.id == "":
		return &Error{Code: protocol.ResumptionUnknown, Op: "resume", Detail: "it is the other side's"}
	case !now.Before(r.ExpiresAt):
		return &Error{Code: protocol.ResumptionUnknown, Op: "resume", Detail: "its time is over"}
	}
	return nil
}

// Keeper stores resumptions, encrypted if anybody else can read where. Calls come
// one at a time for one pairing.
type Keeper interface {
	// Keep stores a resumption before it returns. An error ends the pairing.
	Keep(Resumption) error
	// Forget removes one, if it is there.
	Forget(id string) error
}

// keep stores the resumption of this pairing, if it may be resumed. What it
// replaces stays until the other side is known to have the new one as well.
func (p *pairing) keep(r Resumption) error {
	lifetime := p.welcome().ResumeFor()
	if p.keeper == nil || lifetime <= 0 {
		return nil
	}
	keys := p.envelope.keys().Resumption()
	r.Server, r.Side = p.rest.origin, p.side
	r.id, r.secret = keys.ID, keys.Secret
	r.Locality = p.welcome().Locality
	r.ExpiresAt = time.Now().Add(lifetime).Truncate(time.Second)
	p.keeping.Lock()
	defer p.keeping.Unlock()
	if err := p.keeper.Keep(r); err != nil {
		return &Error{Code: protocol.Internal, Op: "keep resumption", Err: err}
	}
	p.mu.Lock()
	p.kept = &r
	p.mu.Unlock()
	return nil
}

// forgetOld removes what this pairing was resumed from.
func (p *pairing) forgetOld() {
	p.keeping.Lock()
	defer p.keeping.Unlock()
	p.forgetOldLocked()
}

func (p *pairing) forgetOldLocked() {
	if p.keeper != nil && p.resumes != nil {
		_ = p.keeper.Forget(p.resumes.id) // it expires by itself
	}
}

// forget removes everything: the pairing is over for good.
func (p *pairing) forget() {
	if p.keeper == nil {
		return
	}
	p.keeping.Lock()
	defer p.keeping.Unlock()
	p.mu.Lock()
	kept := p.kept
	p.kept = nil
	p.mu.Unlock()
	if kept != nil {
		_ = p.keeper.Forget(kept.id)
	}
	p.forgetOldLocked()
}
