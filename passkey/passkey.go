package passkey

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	webauthn "github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Config says whose passkeys these are. Both fields are needed.
type Config struct {
	// RPID is the domain that the passkeys are for: "example.com". An IP address
	// is none.
	RPID string
	// Origins may ask for them: the origin of a page, "https://example.com", or
	// that of an app, "android:apk-key-hash:" and the hash of its certificate.
	Origins []string
}

// RelyingParty verifies the responses of passkeys of one domain. Its methods may
// be called concurrently.
type RelyingParty struct {
	// Fixed after New.
	rpID    string
	hash    [sha256.Size]byte
	origins []string // as they are
	// The same for the library, which sorts them into two kinds.
	pages, apps []string
}

var _ liaison.PasskeyVerifier = (*RelyingParty)(nil)

// appPrefix begins the origin of an Android app.
const appPrefix = "android:apk-key-hash:"

// New returns the relying party, or says what is wrong with the configuration.
func New(cfg Config) (*RelyingParty, error) {
	if net.ParseIP(cfg.RPID) != nil || webauthn.ValidateRPID(cfg.RPID) != nil {
		return nil, fmt.Errorf("passkey: %q is not a domain", cfg.RPID)
	}
	if len(cfg.Origins) == 0 {
		return nil, errors.New("passkey: Config needs Origins")
	}
	p := &RelyingParty{rpID: cfg.RPID, hash: sha256.Sum256([]byte(cfg.RPID)), origins: slices.Clone(cfg.Origins)}
	for _, origin := range cfg.Origins {
		switch hash, isApp := strings.CutPrefix(origin, appPrefix); {
		case isApp:
			var raw lenient
			if raw.UnmarshalText([]byte(hash)) != nil || len(raw) != sha256.Size {
				return nil, fmt.Errorf("passkey: the origin %q does not end in a SHA-256", origin)
			}
			p.apps = append(p.apps, origin)
		default:
			page, err := protocol.ParseOriginUnsafe(origin)
			if err != nil {
				return nil, fmt.Errorf("passkey: origin %q: %w", origin, err)
			}
			if host := page.Hostname(); host != cfg.RPID && !strings.HasSuffix(host, "."+cfg.RPID) {
				return nil, fmt.Errorf("passkey: the origin %q is not of the domain %q", origin, cfg.RPID)
			}
			p.pages = append(p.pages, origin)
		}
	}
	return p, nil
}

// RPID implements [liaison.PasskeyVerifier].
func (p *RelyingParty) RPID() string { return p.rpID }

// Response implements [liaison.PasskeyVerifier].
func (p *RelyingParty) Response(data []byte) (liaison.PasskeyResponse, error) {
	r, err := parse(data)
	if err != nil {
		return liaison.PasskeyResponse{}, err
	}
	return liaison.PasskeyResponse{Challenge: r.challenge, Credential: r.credential}, nil
}

// Limits of what is kept for a passkey. A key of RSA with 4,096 bits fits.
const maxPublicKeyBytes = 1 << 10

// Registration implements [liaison.PasskeyVerifier].
func (p *RelyingParty) Registration(ceremony liaison.Ceremony, data []byte, now time.Time) (v liaison.VerifiedPasskey, err error) {
	r, err := p.answering(liaison.Registration, ceremony, data, now)
	if err != nil {
		return v, err
	}
	parsed, err := webauthn.CredentialCreationResponse{
		PublicKeyCredential: r.of(),
		AttestationResponse: webauthn.AuthenticatorAttestationResponse{
			AuthenticatorResponse: r.clientDataJSON(), AttestationObject: webauthn.URLEncodedBase64(r.Response.AttestationObject),
		},
	}.Parse()
	if err != nil {
		return v, refuse("the attestation cannot be read")
	}
	made := parsed.Response.AttestationObject.AuthData
	_, err = parsed.Verify(r.client.Challenge, p.rpID, p.pages, p.apps, nil, webauthn.TopOriginExplicitVerificationMode,
		false, ceremony.UserVerification, true, nil, algorithms(), webauthn.AttestationPolicy{}, webauthn.SignaturePolicy{})
	if err != nil {
		return v, p.because(made, ceremony, "the attestation does not hold")
	}
	if _, err := webauthncose.ParsePublicKey(made.AttData.CredentialPublicKey); err != nil || len(made.AttData.CredentialPublicKey) > maxPublicKeyBytes {
		return v, refuse("the public key cannot be used")
	}
	verified := made.Flags.HasUserVerified()
	return liaison.VerifiedPasskey{
		Credential: liaison.Credential{
			ID: r.credential, Account: ceremony.Account, PublicKey: bytes.Clone(made.AttData.CredentialPublicKey), Counter: made.Counter,
			UserVerified: verified, BackupEligible: made.Flags.HasBackupEligible(), BackupState: made.Flags.HasBackupState(),
			Transports: r.transports(), Origin: r.client.Origin, CreatedAt: now, UsedAt: now,
		},
		Origin: r.client.Origin, UserVerified: verified,
	}, nil
}

// Authentication implements [liaison.PasskeyVerifier].
func (p *RelyingParty) Authentication(ceremony liaison.Ceremony, stored liaison.Credential, data []byte, now time.Time) (v liaison.VerifiedPasskey, err error) {
	r, err := p.answering(liaison.Authentication, ceremony, data, now)
	if err != nil {
		return v, err
	}
	if r.credential != stored.ID || ceremony.Credential != "" && ceremony.Credential != stored.ID {
		return v, refuse("it is another passkey than the one that was asked for")
	}
	parsed, err := webauthn.CredentialAssertionResponse{
		PublicKeyCredential: r.of(),
		AssertionResponse: webauthn.AuthenticatorAssertionResponse{
			AuthenticatorResponse: r.clientDataJSON(), AuthenticatorData: webauthn.URLEncodedBase64(r.Response.AuthenticatorData),
			Signature: webauthn.URLEncodedBase64(r.Response.Signature),
		},
	}.Parse()
	if err != nil {
		return v, refuse("the assertion cannot be read")
	}
	used := parsed.Response.AuthenticatorData
	err = parsed.Verify(r.client.Challenge, p.rpID, "", p.pages, p.apps, nil, webauthn.TopOriginExplicitVerificationMode,
		false, ceremony.UserVerification, true, stored.PublicKey, webauthn.SignaturePolicy{})
	if err != nil {
		return v, p.because(used, ceremony, "the signature does not hold")
	}
	if used.Counter <= stored.Counter && (used.Counter != 0 || stored.Counter != 0) {
		return v, refuse("the counter does not count: there may be two of this passkey")
	}
	next := stored.Clone()
	next.Counter, next.BackupState, next.UsedAt = used.Counter, used.Flags.HasBackupState(), now
	return liaison.VerifiedPasskey{Credential: next, Origin: r.client.Origin, UserVerified: used.Flags.HasUserVerified()}, nil
}

// answering reads a response to a ceremony, and compares what the library cannot
// or does so more loosely than this package.
func (p *RelyingParty) answering(kind liaison.CeremonyKind, ceremony liaison.Ceremony, data []byte, now time.Time) (response, error) {
	r, err := parse(data)
	switch {
	case err != nil:
		return r, refuse("the response cannot be read")
	case liaison.CeremonyOf(r.challenge) != ceremony.ID:
		return r, refuse("it answers another challenge")
	case ceremony.Kind != kind:
		return r, refuse("the challenge was given for something else")
	case !now.Before(ceremony.ExpiresAt):
		return r, refuse("the challenge has expired")
	case !slices.Contains(p.origins, r.client.Origin):
		return r, refuse("an unknown page or app asked for it")
	}
	return r, nil
}

// because says for the log why the library refused. Its own words quote what a
// stranger sent.
func (p *RelyingParty) because(data webauthn.AuthenticatorData, ceremony liaison.Ceremony, otherwise string) error {
	switch {
	case !bytes.Equal(data.RPIDHash, p.hash[:]):
		return refuse("it is a passkey of another domain")
	case !data.Flags.HasUserPresent():
		return refuse("nobody was present")
	case ceremony.UserVerification && !data.Flags.HasUserVerified():
		return refuse("the person was not verified")
	}
	return refuse(otherwise)
}

func refuse(cause string) error {
	return &liaison.Error{Code: protocol.ProofRejected, Op: "verify passkey", Err: errors.New(cause)}
}

func algorithms() (list []webauthn.CredentialParameter) {
	for _, algorithm := range protocol.PasskeyAlgorithms() {
		list = append(list, webauthn.CredentialParameter{Type: webauthn.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(algorithm)})
	}
	return list
}
