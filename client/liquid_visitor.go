package client

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"

	"github.com/liaison-dev/liaison/protocol"
)

// liquidVisitor makes calls to a server of Liquid Auth and keeps its cookies.
type liquidVisitor struct {
	// Fixed.
	rest *rest // for its connections
	app  string
}

func newLiquidVisitor(server protocol.Origin, config WalletConfig) (*liquidVisitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &liquidVisitor{rest: newREST(server, config.TLS), app: config.App}
	v.rest.http.Jar = jar
	if v.app == "" {
		v.app = "Liaison"
	}
	return v, nil
}

// userAgent names a system that servers know: some refuse all others.
func userAgent() string {
	system := map[string]string{"darwin": "Macintosh; Mac OS X", "windows": "Windows NT 10.0"}[runtime.GOOS]
	if system == "" {
		system = "X11; Linux"
	}
	return "Liaison/1.0 (" + system + ")"
}

// header returns what every request says, and for one that carries no cookies by
// itself those as well.
func (v *liquidVisitor) header(cookies bool) http.Header {
	h := http.Header{"User-Agent": {userAgent()}}
	base, err := url.Parse(string(v.rest.origin))
	if err != nil || !cookies {
		return h
	}
	r := http.Request{Header: h}
	for _, c := range v.rest.http.Jar.Cookies(base) {
		r.AddCookie(c)
	}
	return h
}

// post sends in and reads the answer into out, if that is not nil.
func (v *liquidVisitor) post(ctx context.Context, op, path string, in, out any) error {
	calling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(calling, http.MethodPost, string(v.rest.origin)+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header = v.header(false)
	request.Header.Set("Content-Type", "application/json")
	response, err := v.rest.http.Do(request)
	if err != nil {
		return unreachable(ctx, op, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, protocol.MaxBodyBytes+1))
	if err != nil {
		return unreachable(ctx, op, err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return errorOfLiquid(op, response.StatusCode)
	}
	if out == nil {
		return nil
	}
	if len(body) > protocol.MaxBodyBytes || json.Unmarshal(body, out) != nil {
		return errorOfLiquid(op, 0)
	}
	return nil
}

// passkeyResponse is the response of an authenticator that has made a passkey
// (Web Authentication Level 3 §5.1), with the extension's results.
type passkeyResponse struct {
	ID       protocol.Base64 `json:"id"`
	RawID    protocol.Base64 `json:"rawId"`
	Type     string          `json:"type"`
	Response struct {
		ClientData  protocol.Base64 `json:"clientDataJSON"`
		Attestation protocol.Base64 `json:"attestationObject"`
	} `json:"response"`
	Extensions struct {
		Liquid liquidProof `json:"liquid"`
	} `json:"clientExtensionResults"`
}

// liquidFlags: a person was present and verified, the passkey can be and is copied (it
// is wherever the account's key is), and its public key follows.
const liquidFlags = 1<<0 | 1<<2 | 1<<3 | 1<<4 | 1<<6

// newPasskeyResponse registers a passkey at a server. That the server knows it already
// does no harm: id and key are the same each time, and nothing is counted.
func newPasskeyResponse(key *ecdsa.PrivateKey, origin protocol.Origin, challenge []byte) (r passkeyResponse, err error) {
	point, err := key.PublicKey.Bytes() // 04, x, y
	if err != nil {
		return r, err
	}
	id := sha256.Sum256(point)
	r.ID, r.RawID, r.Type = id[:], id[:], "public-key"
	if r.Response.ClientData, err = json.Marshal(struct {
		Type      string          `json:"type"`
		Challenge protocol.Base64 `json:"challenge"`
		Origin    protocol.Origin `json:"origin"`
	}{"webauthn.create", challenge, origin}); err != nil {
		return r, err
	}
	domain := sha256.Sum256([]byte(origin.Hostname()))
	data := append(domain[:], liquidFlags, 0, 0, 0, 0) // the counter
	data = append(data, make([]byte, 16)...)           // the AAGUID: of no make
	data = append(append(data, 0, byte(len(id))), id[:]...)
	// CBOR: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
	data = append(append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32), point[1:33]...)
	data = append(append(data, 0x22, 0x58, 32), point[33:]...)
	// CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
	object := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58")
	r.Response.Attestation = append(append(object, byte(len(data))), data...)
	return r, nil
}
