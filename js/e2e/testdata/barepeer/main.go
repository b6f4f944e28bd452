// Command barepeer is the least that can connect to a browser: one peer
// connection of the library a request, signaled over HTTP, with no logic of ours.
// It answers an offer, or makes one. The benchmark compares the wallet with this.
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

// peers makes one connection after the other; answers and candidates are for the
// last.
type peers struct {
	tuned bool // one wait of client/ice.go, and nothing else that differs

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
	p := &peers{tuned: *tuned}
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") })
	http.HandleFunc("POST /offer", p.answerOffer)
	http.HandleFunc("POST /begin", p.makeOffer)
	http.HandleFunc("POST /answer", p.takeAnswer)
	http.HandleFunc("POST /candidate", p.candidate)
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

func (p *peers) connection() (*webrtc.PeerConnection, error) {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	if p.tuned {
		s.SetPrflxAcceptanceMinWait(0)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// answerOffer tells the description, then each candidate as it is found, one JSON
// object a line.
func (p *peers) answerOffer(w http.ResponseWriter, r *http.Request) {
	var offer line
	if err := json.NewDecoder(r.Body).Decode(&offer); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.describe(w, func(pc *webrtc.PeerConnection) (webrtc.SessionDescription, error) {
		if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.SDP}); err != nil {
			return webrtc.SessionDescription{}, err
		}
		return pc.CreateAnswer(nil)
	})
}

// makeOffer is the same with the roles turned round.
func (p *peers) makeOffer(w http.ResponseWriter, _ *http.Request) {
	p.describe(w, func(pc *webrtc.PeerConnection) (webrtc.SessionDescription, error) {
		if _, err := pc.CreateDataChannel("bare", nil); err != nil {
			return webrtc.SessionDescription{}, err
		}
		return pc.CreateOffer(nil)
	})
}

func (p *peers) describe(w http.ResponseWriter, local func(*webrtc.PeerConnection) (webrtc.SessionDescription, error)) {
	pc, err := p.connection()
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
	description, err := local(pc)
	if err == nil {
		err = pc.SetLocalDescription(description)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.replace(pc)
	out := json.NewEncoder(w)
	_ = out.Encode(line{SDP: description.SDP})
	for flusher := w.(http.Flusher); ; {
		flusher.Flush()
		next, more := <-found
		if !more || out.Encode(next) != nil {
			return
		}
	}
}

func (p *peers) takeAnswer(w http.ResponseWriter, r *http.Request) {
	var answer line
	err := json.NewDecoder(r.Body).Decode(&answer)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// replace makes pc the one that candidates are for, and ends the one before.
func (p *peers) replace(pc *webrtc.PeerConnection) {
	p.mu.Lock()
	before := p.pc
	p.pc = pc
	p.mu.Unlock()
	if before != nil {
		time.AfterFunc(time.Second, func() { _ = before.Close() })
	}
}

func (p *peers) candidate(w http.ResponseWriter, r *http.Request) {
	var c webrtc.ICECandidateInit
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.pc.AddICECandidate(c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
