// Command turn is a TURN server for tests on this machine: it listens at 127.0.0.1 and
// relays at 127.0.0.2, so that nothing but the relay has that address. Beside it a STUN
// server tells everybody of an address that is of no machine here.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	realm    = "liaison.test"
	username = "peer"
	password = "of the test"
	relayed  = "127.0.0.2"
)

func main() {
	relay, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: realm,
		AuthHandler: func(r *turn.RequestAttributes) (string, []byte, bool) {
			return r.Username, turn.GenerateAuthKey(username, realm, password), r.Username == username
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn:            relay,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: net.ParseIP(relayed), Address: relayed},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	mirror, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("turn:%s,%s,%s\tstun:%s\n", relay.LocalAddr(), username, password, mirror.LocalAddr())
	log.Fatal(tell(mirror))
}

// tell answers whoever asks for its address with one of the documentation's.
func tell(conn net.PacketConn) error {
	packet := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(packet)
		if err != nil {
			return err
		}
		asked := &stun.Message{Raw: packet[:n]}
		udp, ok := from.(*net.UDPAddr)
		if !ok || asked.Decode() != nil || asked.Type != stun.BindingRequest {
			continue
		}
		answer, err := stun.Build(asked, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(203, 0, 113, 7), Port: udp.Port}, stun.Fingerprint)
		if err != nil {
			return err
		}
		if _, err := conn.WriteTo(answer.Raw, from); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
}
