package client_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// BenchmarkConsentToOpen measures what a person waits for after saying yes:
// signature, claim, sessions, signaling, ICE, DTLS, until the channel is open on
// both sides. What comes before consent (link, request, certificates, offer) is
// not counted. Compare with [BenchmarkBarePair].
func BenchmarkConsentToOpen(b *testing.B) {
	srv := liaisontest.NewServer(b, liaisontest.Unlimited)
	key := walletKey(b, 1)
	ctx := context.Background()
	var took durations
	for b.Loop() {
		b.StopTimer()
		pending, err := client.OpenLink(ctx, client.SiteConfig{Server: srv.Origin, ICE: loopback})
		if err != nil {
			b.Fatal(err)
		}
		request, err := client.ReadLink(ctx, pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
		if err != nil {
			b.Fatal(err)
		}
		accepted := make(chan *client.Channel, 1)
		go func() {
			channel, err := pending.Accept(ctx)
			if err != nil {
				b.Errorf("Accept: %v", err)
			}
			accepted <- channel
		}()
		b.StartTimer()
		start := time.Now()
		wallet, err := request.Approve(ctx, key)
		if err != nil {
			b.Fatal(err)
		}
		site := <-accepted
		took = append(took, time.Since(start))
		b.StopTimer()
		if site != nil {
			site.Close()
		}
		wallet.Close()
		b.StartTimer()
	}
	took.report(b)
}

// durations are reported by their median beside the mean: a disk that syncs
// slowly once in a while is not what is measured.
type durations []time.Duration

func (d durations) report(b *testing.B) {
	slices.Sort(d)
	b.ReportMetric(float64(d[len(d)/2])/float64(time.Millisecond), "p50-ms")
	b.ReportMetric(float64(d[len(d)/10])/float64(time.Millisecond), "p10-ms")
}

// BenchmarkBarePair measures two peer connections of the library itself in one
// process, signaled by function call: the offer is ready before the clock runs,
// then answer, candidates as they are found, until the channel is open on both
// sides.
func BenchmarkBarePair(b *testing.B) {
	var took durations
	for b.Loop() {
		b.StopTimer()
		site, wallet := barePeer(b), barePeer(b)
		channel, err := site.CreateDataChannel(protocol.ChannelLabel, nil)
		if err != nil {
			b.Fatal(err)
		}
		offer, err := site.CreateOffer(nil)
		if err != nil {
			b.Fatal(err)
		}
		opened := make(chan struct{}, 2)
		channel.OnOpen(func() { opened <- struct{}{} })
		wallet.OnDataChannel(func(c *webrtc.DataChannel) { c.OnOpen(func() { opened <- struct{}{} }) })
		b.StartTimer()
		start := time.Now()
		connect(b, site, wallet, offer)
		<-opened
		<-opened
		took = append(took, time.Since(start))
		b.StopTimer()
		site.GracefulClose()
		wallet.GracefulClose()
		b.StartTimer()
	}
	took.report(b)
}

func barePeer(b *testing.B) *webrtc.PeerConnection {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		b.Fatal(err)
	}
	return pc
}

func connect(b *testing.B, site, wallet *webrtc.PeerConnection, offer webrtc.SessionDescription) {
	must := func(err error) {
		if err != nil {
			b.Error(err)
		}
	}
	described := make(chan struct{})
	site.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			<-described
			must(wallet.AddICECandidate(c.ToJSON()))
		}
	})
	wallet.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			<-described
			must(site.AddICECandidate(c.ToJSON()))
		}
	})
	must(site.SetLocalDescription(offer))
	must(wallet.SetRemoteDescription(offer))
	answer, err := wallet.CreateAnswer(nil)
	must(err)
	must(wallet.SetLocalDescription(answer))
	must(site.SetRemoteDescription(answer))
	close(described)
}
