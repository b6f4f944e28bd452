package sealed_test

import (
	"testing"

	"github.com/liaison-dev/liaison/sealed"
)

// Both ends of a link, from its key to the session.
func BenchmarkHandshake(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		linkPair(b).run(b)
	}
}

func BenchmarkResumption(b *testing.B) {
	r := newResumption(b)
	b.ReportAllocs()
	for b.Loop() {
		resumptionPair(b, r).run(b)
	}
}

// One message of 4 KiB, as long as most session descriptions.
func BenchmarkSealOpen(b *testing.B) {
	wallet, site := sessions(b)
	plain := make([]byte, 4<<10)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		message, err := wallet.Seal(plain)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := site.Open(message); err != nil {
			b.Fatal(err)
		}
	}
}

// What somebody who knows no link costs a site with one message.
func BenchmarkRefusedMessage(b *testing.B) {
	link, key := newLink(b)
	message := make([]byte, 300)
	message[0] = 9
	for b.Loop() {
		site := must[*sealed.Handshake](b)(sealed.NewSite(link, key))
		if _, err := site.Read(message); err == nil {
			b.Fatal("message of nobody was read")
		}
	}
}
