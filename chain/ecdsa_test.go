package chain_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
)

type wycheproofTest struct {
	ID      int    `json:"tcId"`
	Comment string `json:"comment"`
	Message string `json:"msg"`
	Sig     string `json:"sig"`
	Result  string `json:"result"`
}

type ecdsaGroup struct {
	PublicKey struct {
		Uncompressed string `json:"uncompressed"`
	} `json:"publicKey"`
	Tests []wycheproofTest `json:"tests"`
}

// plainSignature turns a DER signature into r and s, or says that it cannot be
// written so: what is wrong with such a case is its DER, which we never read.
func plainSignature(der []byte) (r, s *big.Int, plain []byte, ok bool) {
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &pair); err != nil || len(rest) != 0 {
		return nil, nil, nil, false
	}
	if again, err := asn1.Marshal(pair); err != nil || !bytes.Equal(again, der) {
		return nil, nil, nil, false
	}
	if pair.R.Sign() < 0 || pair.S.Sign() < 0 || pair.R.BitLen() > 256 || pair.S.BitLen() > 256 {
		return nil, nil, nil, false
	}
	plain = make([]byte, 64)
	pair.R.FillBytes(plain[:32])
	pair.S.FillBytes(plain[32:])
	return pair.R, pair.S, plain, true
}

func compress(point []byte) []byte {
	return append([]byte{2 + point[64]&1}, point[1:33]...)
}

// TestWycheproofECDSA runs the cases whose signature can be written as r and s.
// A valid signature with an s above half of the order must be refused, and its
// twin accepted.
func TestWycheproofECDSA(t *testing.T) {
	const (
		orderK1 = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
		orderP  = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
	)
	for _, suite := range []struct {
		file, order string
		verify      func(key, message, signature []byte) bool
		// total, of which have r and s, of which are valid and of the upper half
		total, plain, high int
	}{
		{"ecdsa_secp256k1_sha256", orderK1, chain.VerifySecp256k1, 476, 242, 72},
		{"ecdsa_secp256k1_sha256_bitcoin", orderK1, chain.VerifySecp256k1, 463, 231, 0},
		{"ecdsa_secp256r1_sha256", orderP, chain.VerifyP256, 484, 249, 71},
	} {
		t.Run(suite.file, func(t *testing.T) {
			var file struct {
				TestGroups []ecdsaGroup `json:"testGroups"`
			}
			vectors.JSON(t, "wycheproof/"+suite.file+".json", &file)
			order := new(big.Int).SetBytes(unhex(t, suite.order))
			half := new(big.Int).Rsh(order, 1)
			total, plain, high := 0, 0, 0
			for _, group := range file.TestGroups {
				key := compress(unhex(t, group.PublicKey.Uncompressed))
				for _, test := range group.Tests {
					total++
					_, s, signature, ok := plainSignature(unhex(t, test.Sig))
					if !ok {
						if test.Result == "valid" {
							t.Errorf("case %d (%s) is valid, but has no r and s", test.ID, test.Comment)
						}
						continue
					}
					plain++
					message, upper := unhex(t, test.Message), s.Cmp(half) > 0
					if got, want := suite.verify(key, message, signature), test.Result == "valid" && !upper; got != want {
						t.Errorf("case %d (%s): got %v, want %v", test.ID, test.Comment, got, want)
					}
					if test.Result == "valid" && upper {
						high++
						new(big.Int).Sub(order, s).FillBytes(signature[32:])
						if !suite.verify(key, message, signature) {
							t.Errorf("case %d (%s), with the lower s: refused, want accepted", test.ID, test.Comment)
						}
					}
				}
			}
			if got, want := []int{total, plain, high}, []int{suite.total, suite.plain, suite.high}; !slices.Equal(got, want) {
				t.Errorf("ran %d cases, %d of them with r and s, %d valid ones of the upper half; want %d", got[0], got[1], got[2], want)
			}
		})
	}
}

// TestWycheproofRecovery recovers the key from each valid signature of the lower
// half: one v of the two gives the key's address, and the other does not.
func TestWycheproofRecovery(t *testing.T) {
	var file struct {
		TestGroups []ecdsaGroup `json:"testGroups"`
	}
	vectors.JSON(t, "wycheproof/ecdsa_secp256k1_sha256_bitcoin.json", &file)
	recovered, large := 0, 0
	for _, group := range file.TestGroups {
		address := chain.EVMAddress(unhex(t, group.PublicKey.Uncompressed))
		for _, test := range group.Tests {
			_, _, signature, ok := plainSignature(unhex(t, test.Sig))
			if !ok {
				continue
			}
			matches := 0
			for _, v := range []byte{27, 28} {
				got, err := chain.RecoverEVM(hashOf(unhex(t, test.Message)), append(slices.Clone(signature), v))
				if err == nil && got == address {
					matches++
				}
			}
			switch {
			case test.Result != "valid" && matches > 0:
				t.Errorf("case %d (%s): recovered, want an error", test.ID, test.Comment)
			case test.Result == "valid" && matches == 0:
				large++ // r was above the order: there is no v for that
			case test.Result == "valid":
				recovered++
			}
		}
	}
	if recovered != 161 || large != 1 {
		t.Errorf("recovered %d keys, %d not; want 161 and 1", recovered, large)
	}
}

// A signature has one length: a zero before r or s makes another spelling of it.
func TestECDSASignaturesHaveOneLength(t *testing.T) {
	keys := everyKey(t)
	for _, kind := range []string{"did-p256", "did-secp256k1"} {
		good := sign(t, keys[kind])
		r, s := good.Signature[:32], good.Signature[32:]
		mustAccept(t, kind, chain.Default(), good)
		for name, parts := range map[string][][]byte{
			"zero before r": {{0}, r, s}, "zero before s": {r, {0}, s}, "zero at the end": {r, s, {0}},
			"zeros before both": {{0}, r, {0}, s}, "s cut off": {r, s[:31]},
		} {
			proof := good
			proof.Signature = bytes.Join(parts, nil)
			mustRefuse(t, kind+", "+name, chain.Default(), proof)
		}
	}
}

// TestECDSANumbersHaveOneSpelling: r and s are small enough to be written with
// the order added. The key is the one for which they are a signature.
func TestECDSANumbersHaveOneSpelling(t *testing.T) {
	message := []byte("a message")
	one := append(make([]byte, 31), 1)
	oneMore := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142")
	key, _, err := ecdsa.RecoverCompact(slices.Concat([]byte{27}, one, one), hashOf(message))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signature []byte
		want      bool
	}{
		"r and s are 1":              {slices.Concat(one, one), true},
		"r is 1 more than the order": {slices.Concat(oneMore, one), false},
		"s is 1 more than the order": {slices.Concat(one, oneMore), false},
		"both are":                   {slices.Concat(oneMore, oneMore), false},
	} {
		if got := chain.VerifySecp256k1(key.SerializeCompressed(), message, c.signature); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
		if address, err := chain.RecoverEVM(hashOf(message), append(c.signature, 27)); (err == nil) != c.want {
			t.Errorf("%s: recovered %q, %v, want accepted: %t", name, address, err, c.want)
		}
	}
}

func TestDIDKeyAddresses(t *testing.T) {
	keys := everyKey(t)
	for _, kind := range []string{"did-ed25519", "did-p256", "did-secp256k1"} {
		address := keys[kind].Address()
		if got, key, err := chain.ParseDIDKey(address); err != nil || got != kind || chain.WriteDIDKey(kind, key) != address {
			t.Errorf("address %s is read as %s %x, %v, want a key of kind %s", address, got, key, err, kind)
		}
		for _, wrong := range []string{
			"", "z", address[1:], "Z" + address[1:], "m" + address[1:], address + "1", "z1" + address[1:], address[:len(address)-1],
			"did:key:" + address, address + "#" + address, " " + address, address + "\n", "z" + strings.Repeat("z", 127),
		} {
			if got, key, err := chain.ParseDIDKey(wrong); err == nil {
				t.Errorf("address %.80q is read as %s %x, want an error", wrong, got, key)
			}
		}
	}
}
