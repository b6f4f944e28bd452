package oracle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// smallOrder are the X25519 public keys with which every key has zeros in common,
// in all their encodings of 255 bits.
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// refused returns messages that the readers of link and resumption must refuse.
// The others are where messages that do not belong here come from.
func refused(link, otherLink LinkVector, resumption, otherResumption ResumptionVector) ([]RefusedVector, error) {
	var b refusals
	b.of = link.Name
	b.changed(1, link.Message1)
	b.add(1, "message 2 in its place", link.Message2)
	b.add(1, "message of another link", otherLink.Message1)
	b.add(1, "message of a resumption", resumption.Message1)
	for _, c := range []struct {
		name   string
		change func(*Keys)
	}{
		{"made for another host", func(k *Keys) { k.Prologue = LinkPrologue("auth.example.org", link.RequestID, link.Flags) }},
		{"made for another request id", func(k *Keys) { k.Prologue = LinkPrologue(link.Host, otherLink.RequestID, link.Flags) }},
		{"made for other flags", func(k *Keys) { k.Prologue = LinkPrologue(link.Host, link.RequestID, link.Flags^1) }},
		{"made without a prologue", func(k *Keys) { k.Prologue = nil }},
		{"made with another seed", func(k *Keys) { k.PSK = otherLink.PSK }},
		{"made with the seed for a psk", func(k *Keys) { k.PSK = append(bytes.Clone(link.Seed), link.Seed...) }},
		{"made without a psk", func(k *Keys) { k.PSK = nil }},
		{"made for another key of the site", func(k *Keys) { k.SitePublic = otherLink.Key }},
		{"made without a key of the site", func(k *Keys) { k.SitePublic = nil }},
	} {
		keys := link.keys()
		c.change(&keys)
		b.written(c.name, keys, &link.HandshakeVector)
	}
	b.smallOrder(1, link.keys(), &link.HandshakeVector)
	b.changed(2, link.Message2)
	b.add(2, "message 1 turned back", link.Message1)
	b.add(2, "message of another link", otherLink.Message2)
	b.anotherAnswer(link.keys(), &link.HandshakeVector)
	b.smallOrder(2, link.keys(), &link.HandshakeVector)

	b.of = resumption.Name
	b.changed(1, resumption.Message1)
	b.add(1, "message of another resumption", otherResumption.Message1)
	b.add(1, "message of a link", link.Message1)
	for _, c := range []struct {
		name   string
		change func(*Keys)
	}{
		{"made for another id", func(k *Keys) { k.Prologue = otherResumption.Prologue }},
		{"made with another secret", func(k *Keys) { k.PSK = otherResumption.PSK }},
		{"made with a key of the site", func(k *Keys) { k.SitePublic = link.Key }},
	} {
		keys := resumption.keys()
		c.change(&keys)
		b.written(c.name, keys, &resumption.HandshakeVector)
	}
	b.changed(2, resumption.Message2)
	b.add(2, "message 1 turned back", resumption.Message1)
	b.anotherAnswer(resumption.keys(), &resumption.HandshakeVector)
	b.smallOrder(2, resumption.keys(), &resumption.HandshakeVector)
	return b.list, b.err
}

// refusals collects messages, and the first error on the way to one.
type refusals struct {
	of   string
	list []RefusedVector
	err  error
}

func (b *refusals) add(number int, name string, message []byte) {
	b.list = append(b.list, RefusedVector{Name: name, Of: b.of, Message: number, Bytes: message})
}

// changed adds changes of a message that take no key.
func (b *refusals) changed(number int, message []byte) {
	const tagBytes, keyBytes = 16, 32
	flip := func(at int, bit byte) []byte {
		changed := bytes.Clone(message)
		changed[at] ^= bit
		return changed
	}
	b.add(number, "first bit of the ephemeral key changed", flip(0, 0x01))
	b.add(number, "bit of the ephemeral key changed that X25519 ignores", flip(keyBytes-1, 0x80))
	b.add(number, "payload changed", flip(keyBytes, 0x01))
	b.add(number, "tag changed at the beginning", flip(len(message)-tagBytes, 0x01))
	b.add(number, "tag changed at the end", flip(len(message)-1, 0x80))
	b.add(number, "a byte less", message[:len(message)-1])
	b.add(number, "a byte more", append(bytes.Clone(message), 0))
	b.add(number, "without the tag", message[:len(message)-tagBytes])
	b.add(number, "half a tag", message[:keyBytes+tagBytes/2])
	b.add(number, "ephemeral key alone", message[:keyBytes])
	b.add(number, "half an ephemeral key", message[:keyBytes/2])
	b.add(number, "nothing", []byte{})
}

// written adds a message 1 that was made right, with other keys.
func (b *refusals) written(name string, keys Keys, v *HandshakeVector) {
	wallet, _, err := ends(keys, v)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	message, err := wallet.Write(v.Payload1)
	b.err = errors.Join(b.err, err)
	b.add(1, name, message)
}

// anotherAnswer adds a message 2 to another message 1 of the same wallet.
func (b *refusals) anotherAnswer(keys Keys, v *HandshakeVector) {
	other := *v
	other.WalletEphemeralPrivate = draw(b.of+": another ephemeral private key of the wallet", 32)
	wallet, site, err := ends(keys, &other)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	_, message, err := exchange(wallet, site, v.Payload1, v.Payload2)
	b.err = errors.Join(b.err, err)
	b.add(2, "answer to another message 1", message)
}

// smallOrder adds messages of an end that knows all that its reader does, and
// makes what comes out of X25519 known to everybody. Only the check of that finds
// them.
func (b *refusals) smallOrder(number int, keys Keys, v *HandshakeVector) {
	for _, encoded := range smallOrder {
		for _, highBit := range []byte{0, 0x80} {
			e, err := hex.DecodeString(encoded)
			if err != nil {
				b.err = errors.Join(b.err, err)
				return
			}
			e[len(e)-1] |= highBit
			cheating := keys
			cheating.SmallOrder = e
			wallet, site, err := ends(keys, v)
			if err == nil && number == 1 {
				wallet, _, err = ends(cheating, v)
			} else if err == nil {
				_, site, err = ends(cheating, v)
			}
			if err != nil {
				b.err = errors.Join(b.err, err)
				return
			}
			message, err := wallet.Write(v.Payload1)
			if err == nil && number == 2 {
				if _, err = site.Read(message); err == nil {
					message, err = site.Write(v.Payload2)
				}
			}
			b.err = errors.Join(b.err, err)
			b.add(number, fmt.Sprintf("ephemeral key of small order, %x", e), message)
		}
	}
}

// ends returns both ends with the ephemeral keys of a vector.
func ends(keys Keys, v *HandshakeVector) (wallet, site *End, err error) {
	keys.Ephemeral = v.WalletEphemeralPrivate
	if wallet, err = NewEnd(true, keys); err != nil {
		return nil, nil, err
	}
	keys.Ephemeral = v.SiteEphemeralPrivate
	site, err = NewEnd(false, keys)
	return wallet, site, err
}

// exchange runs a handshake.
func exchange(wallet, site *End, payload1, payload2 []byte) (message1, message2 []byte, err error) {
	if message1, err = wallet.Write(payload1); err != nil {
		return nil, nil, err
	}
	if _, err = site.Read(message1); err != nil {
		return nil, nil, err
	}
	if message2, err = site.Write(payload2); err != nil {
		return nil, nil, err
	}
	_, err = wallet.Read(message2)
	return message1, message2, err
}

// send seals messages at one end and opens them at the other.
func send(from, to *End, plaintexts ...string) ([]MessageVector, error) {
	var list []MessageVector
	for _, plain := range plaintexts {
		sealed, err := from.Seal([]byte(plain))
		if err != nil {
			return nil, err
		}
		opened, err := to.Open(sealed)
		if err != nil || string(opened) != plain {
			return nil, fmt.Errorf("message %q was opened as %q: %w", plain, opened, err)
		}
		list = append(list, MessageVector{Plain: Hex(plain), Sealed: sealed})
	}
	return list, nil
}

// draw returns n bytes that nobody chose.
func draw(name string, n int) []byte {
	sum := sha256.Sum256([]byte("liaison vectors, " + name))
	return sum[:n]
}
