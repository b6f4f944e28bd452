package liquid

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/liaison-dev/liaison"
)

// cookieName is the one that clients look for.
const cookieName = "connect.sid"

// cookies makes and reads the session's cookie: "s:", the token, a dot, and the
// token's HMAC, URL-encoded. So a token that no session was stored for can be told
// from one that somebody made up, and a client that only looks around costs no
// record.
type cookies struct {
	key    []byte // of the store, the same for all nodes
	secure bool
}

// tokenBytes is how many random bytes a token has: its text has 32 characters.
const tokenBytes = 24

func (c cookies) mac(purpose string, token liaison.Token) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(purpose + "\x00" + token.Reveal()))
	return mac.Sum(nil)
}

func newToken() liaison.Token {
	var raw [tokenBytes]byte
	rand.Read(raw[:])
	raw[0] &^= succeeds
	return liaison.Token(base64.RawURLEncoding.EncodeToString(raw[:]))
}

// inner returns the token by which the store knows a session. Nobody but this
// server can tell it, so what is in a cookie of the dialect opens nothing in the
// native protocol.
func (c cookies) inner(token liaison.Token) liaison.Token {
	return liaison.Token(base64.RawURLEncoding.EncodeToString(c.mac("token", token)))
}

// successor returns the token that takes the place of one when a client signs in
// with it. Who has the old one cannot tell it; a request of that client that was
// under way meanwhile still finds its session, and one of another client does not:
// whoever planted the old token must not be handed the new.
func (c cookies) successor(token liaison.Token, client string) liaison.Token {
	raw := c.mac("successor\x00"+client, token)[:tokenBytes]
	raw[0] |= succeeds
	return liaison.Token(base64.RawURLEncoding.EncodeToString(raw))
}

// succeeds is the bit of a token's first byte that says whether it took another's
// place: then a session has had it, and it begins none.
const succeeds = 0x80

func isSuccessor(token liaison.Token) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token.Reveal())
	return err == nil && len(raw) == tokenBytes && raw[0]&succeeds != 0
}

// sessionID returns the id of the session that begins with a token: requests that
// come at once begin one session, not two.
func (c cookies) sessionID(token liaison.Token) liaison.SessionID {
	return liaison.SessionID(base64.RawURLEncoding.EncodeToString(c.mac("session", token)[:16]))
}

func (c cookies) value(token liaison.Token) string {
	signature := base64.RawStdEncoding.EncodeToString(c.mac("cookie", token))
	return "s%3A" + token.Reveal() + "." + url.QueryEscape(signature)
}

// set hands the token to a client.
func (c cookies) set(h http.Header, token liaison.Token) {
	attributes := "; Path=/; HttpOnly"
	if c.secure {
		attributes += "; Secure; SameSite=Lax"
	}
	h.Set("Set-Cookie", cookieName+"="+c.value(token)+attributes)
}

// maxCookies bounds the values of one request that are looked at. Some clients
// keep every one that they ever got, and show the oldest first.
const maxCookies = 8

// tokens returns the genuine tokens of a request, the newest first.
func (c cookies) tokens(r *http.Request) []liaison.Token {
	var tokens []liaison.Token
	all := r.CookiesNamed(cookieName)
	for i := len(all) - 1; i >= 0 && i >= len(all)-maxCookies; i-- {
		if token, ok := c.open(all[i].Value); ok {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// open returns the token in a cookie's value if it is one of ours.
func (c cookies) open(value string) (liaison.Token, bool) {
	text, err := url.QueryUnescape(strings.ReplaceAll(value, "+", "%2B"))
	if err != nil {
		return "", false
	}
	text, ok := strings.CutPrefix(text, "s:")
	if !ok {
		return "", false
	}
	token, signature, ok := strings.Cut(text, ".")
	if !ok {
		return "", false
	}
	got, err := base64.RawStdEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(got, c.mac("cookie", liaison.Token(token))) {
		return "", false
	}
	return liaison.Token(token), true
}
