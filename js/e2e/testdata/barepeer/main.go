// Command barepeer is the least that can answer a browser's offer: one peer
// connection of the library a request, signaled over HTTP, with no logic of ours.
// The benchmark beside it compares the wallet with this.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// line is one line of the answer to an offer.
type line struct {
	SDP       string                   `json:"sdp,omitempty"`
	Candidate *webrtc.ICECandidateInit `json:"candidate,omitempty"`
}

// answerer answers one offer after the other; candidates are for the last.
type answerer struct {
	tuned bool // the waits of client/ice.go; otherwise the library's own

	mu sync.Mutex
	pc *webrtc.PeerConnection // guarded by mu
}

func main() {
	tuned := flag.Bool("tuned", false, "nominate peer-reflexive candidates without a wait, as the wallet does")
	flag.Parse()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	a := &answerer{tuned: *tuned}
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") })
	http.HandleFunc("POST /offer", a.offer)
	http.HandleFunc("POST /candidate", a.candidate)
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

func (a *answerer) connection() (*webrtc.PeerConnection, error) {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	if a.tuned {
		s.SetPrflxAcceptanceMinWait(0)
		s.SetDTLSInsecureSkipHelloVerify(true)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// offer answers with the description, then each candidate as it is found, one
// JSON object a line.
func (a *answerer) offer(w http.ResponseWriter, r *http.Request) {
	var offer line
	if err := json.NewDecoder(r.Body).Decode(&offer); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pc, err := a.connection()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	found := make(chan line, 64)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			close(found)
			return
		}
		init := c.ToJSON()
		found <- line{Candidate: &init}
	})
	if err := answer(pc, offer.SDP); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.replace(pc)
	out := json.NewEncoder(w)
	_ = out.Encode(line{SDP: pc.LocalDescription().SDP})
	for flusher := w.(http.Flusher); ; {
		flusher.Flush()
		next, more := <-found
		if !more || out.Encode(next) != nil {
			return
		}
	}
}

func answer(pc *webrtc.PeerConnection, offer string) error {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return err
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return pc.SetLocalDescription(local)
}

// replace makes pc the one that candidates are for, and ends the one before.
func (a *answerer) replace(pc *webrtc.PeerConnection) {
	a.mu.Lock()
	before := a.pc
	a.pc = pc
	a.mu.Unlock()
	if before != nil {
		time.AfterFunc(time.Second, func() { _ = before.Close() })
	}
}

func (a *answerer) candidate(w http.ResponseWriter, r *http.Request) {
	var c webrtc.ICECandidateInit
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.pc.AddICECandidate(c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
