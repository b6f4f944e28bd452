package vectortable

import "strings"

// SDPFile is vectors/sdp.json: spec/sealed.md §4.
type SDPFile struct {
	Comment string `json:"comment"`
	// Rules says how to run the vectors.
	Rules string `json:"rules"`
	// Fingerprint is the SHA-256 of the certificate of whoever sent all of them.
	Fingerprint string `json:"fingerprint"`
	// Valid must be accepted, Refused must not.
	Valid   []Description `json:"valid"`
	Refused []Description `json:"refused"`
}

// Description is a session description and what is special about it.
type Description struct {
	Name string `json:"name"`
	SDP  string `json:"sdp"`
	// First says that it is refused as the first of its side alone.
	First bool `json:"first,omitempty"`
}

const sdpRules = "Each is checked as a later description of its side, those with first as the first one. A valid one without candidates is valid as the first one, too."

// The certificate, as the handshake and as a description name it, and another
// one that differs in its last digit.
const (
	fingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sdpDigits   = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF"
	wrongDigits = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EE"
)

// Lines of a description.
const (
	sdpMedia     = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	sdpPrint     = "a=fingerprint:sha-256 " + sdpDigits + "\r\n"
	sdpSetup     = "a=setup:actpass\r\n"
	sdpCandidate = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0\r\n"
	sdpEnd       = "a=end-of-candidates\r\n"
	wrongPrint   = "a=fingerprint:sha-256 " + wrongDigits + "\r\n"

	sdpHead = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
	sdpBody = sdpMedia + "c=IN IP4 0.0.0.0\r\na=ice-ufrag:Zu+/\r\na=ice-pwd:0123456789abcdefABCD+/01\r\na=ice-options:trickle\r\n" +
		sdpPrint + sdpSetup + "a=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
	sdpOffer = sdpHead + sdpBody
)

// what a session of another browser begins with, and another library's.
const (
	sdpFirefox = "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 5122391023457831932 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + sdpPrint +
		"a=group:BUNDLE 0\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n" + sdpMedia +
		"c=IN IP4 0.0.0.0\r\na=sendrecv\r\na=ice-pwd:0123456789abcdef0123456789abcdef\r\na=ice-ufrag:0a1b2c3d\r\na=mid:0\r\n" + sdpSetup +
		"a=sctp-port:5000\r\na=max-message-size:1073741823\r\n"
	sdpLibrary = "v=0\r\no=- 1234567890 1700000000 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS*\r\n" + sdpPrint +
		"a=extmap-allow-mixed\r\na=group:BUNDLE 0\r\n" + sdpMedia + "c=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:0\r\na=sendrecv\r\n" +
		"a=sctp-port:5000\r\na=max-message-size:1073741823\r\na=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghabcdefghabcdefgh\r\n"
)

// SDPs returns the vectors of session descriptions.
func SDPs() SDPFile {
	refused := append(refusedMedia(), refusedPrints()...)
	return SDPFile{
		Comment: generated, Rules: sdpRules, Fingerprint: fingerprint, Valid: validSDPs(),
		Refused: append(append(refused, refusedKeys()...), refusedCandidates()...),
	}
}

// changed returns the usual offer with another text in the place of one.
func changed(old, with string) string { return strings.Replace(sdpOffer, old, with, 1) }

func validSDPs() []Description {
	return []Description{
		{Name: "offer of Chromium", SDP: sdpOffer},
		{Name: "offer of Firefox, certificate at the level of the session", SDP: sdpFirefox},
		{Name: "answer of a library", SDP: sdpLibrary},
		{Name: "answer that waits", SDP: changed("actpass", "passive")},
		{Name: "digits in lower case", SDP: changed(sdpDigits, strings.ToLower(sdpDigits))},
		{Name: "name of the hash in upper case", SDP: changed("sha-256", "SHA-256")},
		{Name: "one certificate at both levels", SDP: changed("a=group", sdpPrint+"a=group")},
		{Name: "one certificate twice", SDP: changed(sdpPrint, sdpPrint+sdpPrint)},
		{Name: "TCP in the m-line", SDP: changed("UDP/", "TCP/")},
		{Name: "port in the m-line", SDP: changed("application 9", "application 50000")},
		{Name: "attribute of tomorrow", SDP: sdpOffer + "a=x-tomorrow:1\r\n"},
		{Name: "one candidate", SDP: sdpOffer + sdpCandidate},
		{Name: "one candidate that names a host, which is left out and not looked up", SDP: sdpOffer + strings.Replace(sdpCandidate, "192.0.2.1", "tracker.example", 1)},
		{Name: "64 candidates and their end", SDP: sdpOffer + strings.Repeat(sdpCandidate, 64) + sdpEnd},
		{Name: "16 KiB", SDP: paddedOffer(16 << 10)},
	}
}

// paddedOffer returns an offer of so many bytes.
func paddedOffer(size int) string {
	const line = "a=x-long:"
	return sdpOffer + line + strings.Repeat("x", size-len(sdpOffer)-len(line)-2) + "\r\n"
}

// refusedMedia are descriptions of something else, and those that some parsers
// would take apart in another way.
func refusedMedia() []Description {
	const audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
	return []Description{
		{Name: "empty", SDP: ""},
		{Name: "another version", SDP: changed("v=0", "v=1")},
		{Name: "version in upper case", SDP: changed("v=0", "V=0")},
		{Name: "line break before", SDP: "\r\n" + sdpOffer},
		{Name: "byte order mark before", SDP: "\ufeff" + sdpOffer},
		{Name: "no m-line", SDP: changed(sdpMedia, "")},
		{Name: "two m-lines", SDP: sdpOffer + sdpMedia},
		{Name: "audio", SDP: changed(sdpMedia, audio)},
		{Name: "audio after", SDP: sdpOffer + audio},
		{Name: "audio before", SDP: changed(sdpMedia, audio+sdpMedia)},
		{Name: "audio, name in upper case", SDP: sdpOffer + "M" + audio[1:]},
		{Name: "audio behind a space", SDP: sdpOffer + " " + audio},
		{Name: "audio behind a return", SDP: changed("a=mid:0", "a=mid:0\rm=audio 9 UDP/TLS/RTP/SAVPF 111")},
		{Name: "audio behind a line feed", SDP: changed("a=mid:0", "a=mid:0\nm=audio 9 UDP/TLS/RTP/SAVPF 111")},
		{Name: "audio in the m-line", SDP: changed("m=application", "m=audio application")},
		{Name: "application of another kind", SDP: changed("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")},
		{Name: "m-line with an end", SDP: changed("webrtc-datachannel", "webrtc-datachannel 5000")},
		{Name: "m-line with a space at its end", SDP: changed("webrtc-datachannel", "webrtc-datachannel ")},
		{Name: "m-line with two spaces", SDP: changed("application 9", "application  9")},
		{Name: "m-line with a space before its value", SDP: changed("m=application", "m= application")},
		{Name: "media in upper case", SDP: changed("m=application", "m=APPLICATION")},
		{Name: "returns only", SDP: strings.ReplaceAll(sdpOffer, "\r\n", "\r")},
		{Name: "line feeds only", SDP: strings.ReplaceAll(sdpOffer, "\r\n", "\n")},
		{Name: "one line feed only", SDP: changed("s=-\r\n", "s=-\n")},
		{Name: "two returns", SDP: changed("s=-\r\n", "s=-\r\r\n")},
		{Name: "feed before return", SDP: changed("s=-\r\n", "s=-\n\r")},
		{Name: "no end of the last line", SDP: strings.TrimSuffix(sdpOffer, "\r\n")},
		{Name: "empty line inside", SDP: changed("t=0 0\r\n", "t=0 0\r\n\r\n")},
		{Name: "NUL in a value", SDP: changed("s=-", "s=-\x00")},
		{Name: "NUL at the end", SDP: sdpOffer + "\x00"},
		{Name: "tab", SDP: changed("a=mid:0", "a=mid:\t0")},
		{Name: "line of no kind", SDP: sdpOffer + "hello\r\n"},
		{Name: "line of no kind with a colon", SDP: sdpOffer + "fingerprint:sha-256 " + wrongDigits + "\r\n"},
		{Name: "more than 16 KiB", SDP: paddedOffer(16<<10 + 1)},
		{Name: "no word on who begins", SDP: changed(sdpSetup, "")},
		{Name: "empty word on who begins", SDP: changed(sdpSetup, "a=setup:\r\n")},
		{Name: "nobody begins", SDP: changed("actpass", "holdconn")},
		{Name: "who begins without a value", SDP: changed(sdpSetup, "a=setup\r\n")},
		{Name: "two words on who begins, one of no meaning", SDP: changed(sdpSetup, sdpSetup+"a=setup:x\r\n")},
	}
}

// refusedPrints name another certificate, or none, or hide that they do.
func refusedPrints() []Description {
	besides := func(line string) string { return changed(sdpPrint, sdpPrint+line) }
	return []Description{
		{Name: "no certificate", SDP: changed(sdpPrint, "")},
		{Name: "another certificate", SDP: changed(sdpDigits, wrongDigits)},
		{Name: "another certificate besides", SDP: besides(wrongPrint)},
		{Name: "another certificate first", SDP: changed(sdpPrint, wrongPrint+sdpPrint)},
		{Name: "another certificate at the level of the session", SDP: changed("a=group", wrongPrint+"a=group")},
		{Name: "another certificate at the level of the media", SDP: strings.Replace(sdpFirefox, sdpSetup, sdpSetup+wrongPrint, 1)},
		{Name: "another certificate at the end", SDP: sdpOffer + wrongPrint},
		{Name: "SHA-1 only", SDP: changed(sdpPrint, "a=fingerprint:sha-1 01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67\r\n")},
		{Name: "SHA-1 besides", SDP: besides("a=fingerprint:sha-1 01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67\r\n")},
		{Name: "SHA-512 besides", SDP: besides("a=fingerprint:sha-512 " + sdpDigits + ":" + sdpDigits + "\r\n")},
		{Name: "the digits under the name of another hash", SDP: changed("sha-256", "sha-512")},
		{Name: "the name of the hash with an end", SDP: changed("sha-256", "sha-256x")},
		{Name: "the name of the hash with a letter that folds", SDP: changed("sha-256", "\u017fha-256")},
		{Name: "other attribute in upper case", SDP: besides("a=FINGERPRINT:sha-256 " + wrongDigits + "\r\n")},
		{Name: "other attribute in mixed case", SDP: besides("a=FingerPrint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "other line in upper case", SDP: besides("A=fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "another certificate behind a space", SDP: besides(" " + wrongPrint)},
		{Name: "another certificate behind a tab", SDP: besides("\t" + wrongPrint)},
		{Name: "space before the equals sign", SDP: besides("a =fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "space before the name", SDP: besides("a= fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "tab before the name", SDP: besides("a=\tfingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "no-break space before the name", SDP: besides("a=\u00a0fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "ideographic space before the name", SDP: besides("a=\u3000fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "form feed before the name", SDP: besides("a=\ffingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "next line before the name", SDP: besides("a=mid:0\u0085a=fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "space after the name", SDP: besides("a=fingerprint :sha-256 " + wrongDigits + "\r\n")},
		{Name: "tab after the name", SDP: besides("a=fingerprint\t:sha-256 " + wrongDigits + "\r\n")},
		{Name: "space in the place of the colon", SDP: besides("a=fingerprint sha-256 " + wrongDigits + "\r\n")},
		{Name: "space after the colon", SDP: besides("a=fingerprint: sha-256 " + wrongDigits + "\r\n")},
		{Name: "two spaces before the digits", SDP: besides("a=fingerprint:sha-256  " + wrongDigits + "\r\n")},
		{Name: "tab before the digits", SDP: besides("a=fingerprint:sha-256\t" + wrongDigits + "\r\n")},
		{Name: "two spaces before the right digits", SDP: changed("sha-256 ", "sha-256  ")},
		{Name: "tab before the right digits", SDP: changed("sha-256 ", "sha-256\t")},
		{Name: "empty value", SDP: besides("a=fingerprint:\r\n")},
		{Name: "no value", SDP: besides("a=fingerprint\r\n")},
		{Name: "no digits", SDP: besides("a=fingerprint:sha-256 \r\n")},
		{Name: "no hash", SDP: besides("a=fingerprint:" + sdpDigits + "\r\n")},
		{Name: "digits with a space at the end", SDP: changed(sdpDigits, sdpDigits+" ")},
		{Name: "digits with an end", SDP: changed(sdpDigits, sdpDigits+":00")},
		{Name: "digits and another certificate's", SDP: changed(sdpDigits, sdpDigits+" "+wrongDigits)},
		{Name: "digits cut short", SDP: changed(sdpDigits, strings.TrimSuffix(sdpDigits, ":EF"))},
		{Name: "digits cut in the middle", SDP: changed(sdpDigits, strings.TrimSuffix(sdpDigits, "F"))},
		{Name: "digits without colons", SDP: changed(sdpDigits, strings.ToUpper(fingerprint))},
		{Name: "digits with hyphens", SDP: changed(sdpDigits, strings.ReplaceAll(sdpDigits, ":", "-"))},
		{Name: "one colon is another character", SDP: changed("01:23", "01;23")},
		{Name: "another certificate behind a return", SDP: besides("a=mid:0\ra=fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "another certificate behind a line feed", SDP: besides("a=mid:0\na=fingerprint:sha-256 " + wrongDigits + "\r\n")},
		{Name: "the certificate behind a return", SDP: changed(sdpPrint, "a=mid:0\r"+sdpPrint)},
		{Name: "the certificate in another attribute only", SDP: changed("a=fingerprint", "a=x-fingerprint")},
	}
}

// refusedKeys bring keys, or say who somebody is, past the handshake.
func refusedKeys() []Description {
	return []Description{
		{Name: "identity", SDP: sdpOffer + "a=identity:eyJpZHAiOnt9fQ==\r\n"},
		{Name: "identity at the level of the session", SDP: changed("a=group", "a=identity:eyJpZHAiOnt9fQ==\r\na=group")},
		{Name: "identity in upper case", SDP: sdpOffer + "a=IDENTITY:eyJpZHAiOnt9fQ==\r\n"},
		{Name: "identity without a value", SDP: sdpOffer + "a=identity\r\n"},
		{Name: "keys in the text", SDP: sdpOffer + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"},
		{Name: "keys in the text, in upper case", SDP: sdpOffer + "a=Crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"},
		{Name: "keys in the text, behind a space", SDP: sdpOffer + "a= crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"},
	}
}

// refusedCandidates tell an address too early, or too many of them.
func refusedCandidates() []Description {
	return []Description{
		{Name: "65 candidates", SDP: sdpOffer + strings.Repeat(sdpCandidate, 65)},
		{Name: "65 candidates, one in upper case", SDP: sdpOffer + strings.Repeat(sdpCandidate, 64) + "a=CANDIDATE" + strings.TrimPrefix(sdpCandidate, "a=candidate")},
		{Name: "candidate in a first description", SDP: sdpOffer + sdpCandidate, First: true},
		{Name: "candidate in a first description, in upper case", SDP: sdpOffer + "a=CANDIDATE" + strings.TrimPrefix(sdpCandidate, "a=candidate"), First: true},
		{Name: "candidate in a first description, at the level of the session", SDP: changed("a=group", sdpCandidate+"a=group"), First: true},
		{Name: "end of the candidates in a first description", SDP: sdpOffer + sdpEnd, First: true},
	}
}
