package protocol

import (
	"regexp"
	"strings"
)

// CheckSDP reports what is wrong with a session description of the side whose
// certificate has this fingerprint: it must be one for data alone, and name that
// certificate and no other. A first description holds no candidate. The browser
// or library reads the rest. Source: spec/sealed.md §4.
func CheckSDP(sdp string, fingerprint Fingerprint, first bool) error {
	refuse := func(what string) error { return Errorf(InvalidPeer, "a session description must %s", what) }
	if len(sdp) > MaxSDPBytes || !strings.HasPrefix(sdp, "v=0\r\n") || !strings.HasSuffix(sdp, "\r\n") {
		return refuse("begin with v=0, end with a line and have at most 16384 bytes")
	}
	seen, err := readSDP(sdp, fingerprint)
	switch {
	case err != nil:
		return err
	case seen.media != 1:
		return refuse("have one m-line")
	case seen.fingerprints == 0:
		return refuse("name a certificate")
	case seen.setups == 0:
		return refuse("say who begins the DTLS handshake")
	case seen.candidates > MaxCandidates:
		return refuse("have at most 64 candidates")
	case first && (seen.candidates > 0 || seen.ended):
		return refuse("hold no candidate before the person agreed")
	}
	return nil
}

// CheckUnsealedSDP is [CheckSDP] for a side whose certificate nobody has named
// beforehand: that of a dialect. The description must name one, which is
// returned, and no other. Source: spec/protocol.md §11.
func CheckUnsealedSDP(sdp string) (Fingerprint, error) {
	var fingerprint Fingerprint
	named := sdpFingerprint.FindStringSubmatch(sdp)
	if named == nil || fingerprint.UnmarshalText([]byte(strings.ToLower(strings.ReplaceAll(named[1], ":", "")))) != nil {
		return fingerprint, Errorf(InvalidPeer, "a session description must name a certificate")
	}
	return fingerprint, CheckSDP(sdp, fingerprint, false)
}

// sdpLines is what [CheckSDP] counts.
type sdpLines struct {
	media, fingerprints, setups, candidates int
	ended                                   bool
}

// Lines of a session description. One that a browser or a library may read as
// something else than is seen here has none of these forms: some of them mind
// neither case nor spaces, or end a line at a return alone.
var (
	sdpLine      = regexp.MustCompile(`^[a-z]=[ -~]+$`)
	sdpAttribute = regexp.MustCompile(`^([A-Za-z0-9_-]+)(?::(.*))?$`)
	sdpMedia     = regexp.MustCompile(`^application [0-9]+ [A-Z/]+ webrtc-datachannel$`)
	// sdpFingerprint finds the first certificate; [CheckSDP] reads them all.
	sdpFingerprint = regexp.MustCompile(`(?i)\r\na=fingerprint:sha-256 ([0-9a-f:]+)\r\n`)
	sdpSetup       = regexp.MustCompile(`^(?:actpass|active|passive)$`)
)

func readSDP(sdp string, fingerprint Fingerprint) (seen sdpLines, err error) {
	for line := range strings.SplitSeq(strings.TrimSuffix(sdp, "\r\n"), "\r\n") {
		if !sdpLine.MatchString(line) {
			return seen, Errorf(InvalidPeer, "a session description must be lines of printable ASCII that end with CRLF")
		}
		switch line[0] {
		case 'm':
			seen.media++
			if !sdpMedia.MatchString(line[2:]) {
				return seen, Errorf(InvalidPeer, "a session description must be for data alone")
			}
		case 'a':
			attribute := sdpAttribute.FindStringSubmatch(line[2:])
			if attribute == nil {
				return seen, Errorf(InvalidPeer, "an attribute of a session description has no plain name")
			}
			if err := seen.attribute(strings.ToLower(attribute[1]), attribute[2], fingerprint); err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

// attribute counts one attribute, or says why it must not be there.
func (seen *sdpLines) attribute(name, value string, fingerprint Fingerprint) error {
	switch name {
	case "fingerprint":
		seen.fingerprints++
		if !namesCertificate(value, fingerprint) {
			return Errorf(InvalidPeer, "a session description must name the certificate of the handshake, and no other")
		}
	case "setup":
		seen.setups++
		if !sdpSetup.MatchString(value) {
			return Errorf(InvalidPeer, "a session description must say who begins the DTLS handshake")
		}
	case "candidate":
		seen.candidates++
	case "end-of-candidates":
		seen.ended = true
	case "identity", "crypto":
		return Errorf(InvalidPeer, "a session description must bring no keys of another kind")
	}
	return nil
}

// namesCertificate reads "sha-256 AB:CD:…".
func namesCertificate(value string, fingerprint Fingerprint) bool {
	hash, digits, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(hash, "sha-256") || len(digits) != 3*len(fingerprint)-1 {
		return false
	}
	for i, want := range fingerprint {
		part := digits[3*i:]
		if !strings.EqualFold(part[:2], Fingerprint{want}.String()[:2]) || len(part) > 2 && part[2] != ':' {
			return false
		}
	}
	return true
}
