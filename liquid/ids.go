package liquid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// ids names accounts towards clients, which want a number of their own for each.
type ids struct{ key []byte }

func (i ids) of(purpose string, account protocol.Account) []byte {
	mac := hmac.New(sha256.New, i.key)
	mac.Write([]byte(purpose + "\x00" + string(account)))
	return mac.Sum(nil)
}

// user is the record of an account, in the order in which clients have always got
// it.
type user struct {
	Record      string       `json:"_id,omitempty"`
	ID          string       `json:"id"`
	Wallet      string       `json:"wallet"`
	Credentials []credential `json:"credentials"`
	Version     *int         `json:"__v,omitempty"`
}

// credential is one passkey of it.
type credential struct {
	Device    string               `json:"device"`
	PublicKey string               `json:"publicKey"`
	ID        liaison.CredentialID `json:"credId"`
	Counter   uint32               `json:"prevCounter"`
}

func (i ids) user(account protocol.Account, passkeys []liaison.Credential) user {
	u := user{
		ID:     base64.RawURLEncoding.EncodeToString(i.of("user", account)),
		Wallet: account.Address(), Credentials: make([]credential, 0, len(passkeys)),
	}
	for _, p := range passkeys {
		u.Credentials = append(u.Credentials, credential{
			Device: p.Label, PublicKey: base64.RawURLEncoding.EncodeToString(p.PublicKey), ID: p.ID, Counter: p.Counter,
		})
	}
	return u
}

// record is the user with what only some answers have.
func (i ids) record(account protocol.Account, passkeys []liaison.Credential) user {
	u := i.user(account, passkeys)
	u.Record, u.Version = hex.EncodeToString(i.of("record", account)[:12]), new(int)
	return u
}
