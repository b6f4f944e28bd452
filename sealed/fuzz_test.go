package sealed_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/liaison-dev/liaison/sealed"
)

// seeds adds what the vectors have of a message of a handshake.
func seeds(f *testing.F, number int) {
	file := readVectors(f)
	for _, v := range file.Links {
		f.Add([][]byte{v.Message1, v.Message2}[number-1])
	}
	for _, v := range file.Resumptions {
		f.Add([][]byte{v.Message1, v.Message2}[number-1])
	}
	for _, v := range file.Refused {
		if v.Message == number {
			f.Add([]byte(v.Bytes))
		}
	}
}

// checkRead holds what an end makes of a message against the one that it may
// accept.
func checkRead(t *testing.T, h *sealed.Handshake, message, right, payload []byte) {
	t.Helper()
	got, err := h.Read(message)
	switch {
	case bytes.Equal(message, right):
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("Read(%x) = %x, %v; want %x", message, got, err, payload)
		}
	case err == nil || got != nil:
		t.Errorf("Read(%x) = %x, %v; want nothing and an error", message, got, err)
	case !errors.Is(err, sealed.ErrAuthentication) && !errors.Is(err, sealed.ErrSize):
		t.Errorf("Read(%x): %v, want %v or %v", message, err, sealed.ErrAuthentication, sealed.ErrSize)
	case sealed.HoldsKeysForTest(h):
		t.Errorf("Read(%x): the handshake that failed still holds keys", message)
	}
}

func FuzzSiteReadsMessage(f *testing.F) {
	file := readVectors(f)
	link, resumption := file.Links[0], file.Resumptions[0]
	seeds(f, 1)
	f.Fuzz(func(t *testing.T, message []byte) {
		checkRead(t, link.ends(t).site, message, link.Message1, link.Payload1)
		checkRead(t, resumption.ends(t).site, message, resumption.Message1, resumption.Payload1)
	})
}

func FuzzWalletReadsMessage(f *testing.F) {
	file := readVectors(f)
	link, resumption := file.Links[0], file.Resumptions[0]
	seeds(f, 2)
	f.Fuzz(func(t *testing.T, message []byte) {
		waiting := link.ends(t).wallet
		must[[]byte](t)(waiting.Write(link.Payload1))
		checkRead(t, waiting, message, link.Message2, link.Payload2)
		waiting = resumption.ends(t).wallet
		must[[]byte](t)(waiting.Write(resumption.Payload1))
		checkRead(t, waiting, message, resumption.Message2, resumption.Payload2)
	})
}

func FuzzSessionOpen(f *testing.F) {
	v := readVectors(f).Links[0]
	for _, m := range append(v.WalletSends, v.SiteSends...) {
		f.Add([]byte(m.Sealed))
	}
	f.Add([]byte{})
	f.Add(make([]byte, 65536))
	f.Fuzz(func(t *testing.T, message []byte) {
		p := v.ends(t)
		must[[]byte](t)(p.wallet.Write(v.Payload1))
		must[[]byte](t)(p.site.Read(v.Message1))
		must[[]byte](t)(p.site.Write(v.Payload2))
		site := must[*sealed.Session](t)(p.site.Session())
		right := v.WalletSends[0]
		got, err := site.Open(message)
		if bytes.Equal(message, right.Sealed) {
			if err != nil || !bytes.Equal(got, right.Plain) {
				t.Errorf("Open(%x) = %x, %v; want %x", message, got, err, right.Plain)
			}
			return
		}
		if got != nil || !errors.Is(err, sealed.ErrAuthentication) && !errors.Is(err, sealed.ErrSize) {
			t.Errorf("Open(%x) = %x, %v; want nothing and %v or %v", message, got, err, sealed.ErrAuthentication, sealed.ErrSize)
		}
		if _, err := site.Open(right.Sealed); !errors.Is(err, sealed.ErrBroken) {
			t.Errorf("right message after %x: %v, want %v", message, err, sealed.ErrBroken)
		}
	})
}
