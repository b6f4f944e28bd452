package main

func protocolMutants() []mutant {
	return []mutant{
		{
			file: "protocol/link.go",
			old:  "\tif blob[0] != invitationFormat {\n", new: "\tif false && (blob[0] != invitationFormat) {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "an invitation of another version is read",
		},
		{
			file: "protocol/link.go",
			old:  "len(blob) != invitationBytes || LinkFlags(blob[1])&^knownFlags != 0", new: "len(blob) < invitationBytes || LinkFlags(blob[1])&^knownFlags != 0",
			tests: "TestLinkVectors FuzzParseLink", note: "an invitation may be longer",
		},
		{
			file: "protocol/link.go",
			old:  "len(blob) != invitationBytes || LinkFlags(blob[1])&^knownFlags != 0", new: "len(blob) != invitationBytes",
			tests: "TestLinkVectors FuzzParseLink", note: "unknown flags are ignored",
		},
		{
			file: "protocol/link.go",
			old:  "\ttext, ok := strings.CutPrefix(fragment, fragmentVersion)\n\tif !ok {\n", new: "\ttext, ok := strings.CutPrefix(fragment, fragmentVersion)\n\tif !ok && fragment == \"\" {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "a fragment needs no version",
		},
		{
			file: "protocol/link.go",
			old:  "err != nil || strings.ContainsAny(text, \"\\r\\n\") || len(blob) == 0", new: "err != nil || len(blob) == 0",
			tests: "TestLinkVectors FuzzParseLink", note: "a fragment may have line breaks",
		},
		{
			file: "protocol/link.go",
			old:  "\tif len(s) > MaxLinkBytes {\n", new: "\tif false && (len(s) > MaxLinkBytes) {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "a link may have any length",
		},
		{
			file: "protocol/link.go",
			old:  "\tif _, err := ParseOrigin(string(server)); err != nil {\n", new: "\tif _, err := ParseOriginUnsafe(string(server)); err != nil {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "a link may lead to a server without TLS",
		},
		{
			file: "protocol/link.go",
			old:  "\trequestID, err := ParseRequestID(id)\n\tif err != nil {\n", new: "\trequestID, err := RequestID(id), error(nil)\n\tif err != nil {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "a request id may be anything",
		},
		{
			file: "protocol/link.go",
			old:  "\tif i == (Invitation{}) {\n", new: "\tif false && (i == (Invitation{})) {\n",
			tests: "TestLinkVectors FuzzParseLink", note: "an invitation of zeros is one",
		},
		{
			file: "protocol/sdp.go",
			old:  "len(sdp) > MaxSDPBytes || !strings.HasPrefix(sdp, \"v=0\\r\\n\")", new: "!strings.HasPrefix(sdp, \"v=0\\r\\n\")",
			tests: "TestSDPVectors TestCheckSDPFindsEveryChange", note: "a description may have any length",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase seen.media != 1:\n", new: "\tcase seen.media < 1:\n",
			tests: "TestSDPVectors", note: "a description may have several m-lines",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase seen.fingerprints == 0:\n", new: "\tcase false && (seen.fingerprints == 0):\n",
			tests: "TestSDPVectors", note: "a description may name no certificate",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase seen.setups == 0:\n", new: "\tcase false && (seen.setups == 0):\n",
			tests: "TestSDPVectors", note: "a description may leave the DTLS role open",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase seen.candidates > MaxCandidates:\n", new: "\tcase false && (seen.candidates > MaxCandidates):\n",
			tests: "TestSDPVectors", note: "a description may have any number of candidates",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase first && (seen.candidates > 0 || seen.ended):\n", new: "\tcase false && (first && (seen.candidates > 0 || seen.ended)):\n",
			tests: "TestSDPVectors", note: "a first description may hold candidates",
		},
		{
			file: "protocol/sdp.go",
			old:  "first && (seen.candidates > 0 || seen.ended)", new: "first && seen.candidates > 0",
			tests: "TestSDPVectors", note: "a first description may end its candidates",
		},
		{
			file: "protocol/sdp.go",
			old:  "\t\tif !sdpLine.MatchString(line) {\n", new: "\t\tif len(line) < 2 {\n",
			tests: "TestSDPVectors TestCheckSDPFindsEveryChange", note: "a line may have any bytes",
		},
		{
			file: "protocol/sdp.go",
			old:  "\t\t\tif !sdpMedia.MatchString(line[2:]) {\n", new: "\t\t\tif false && (!sdpMedia.MatchString(line[2:])) {\n",
			tests: "TestSDPVectors", note: "a description may be for sound",
		},
		{
			file: "protocol/sdp.go",
			old:  "\t\tif !namesCertificate(value, fingerprint) {\n", new: "\t\tif false && (!namesCertificate(value, fingerprint)) {\n",
			tests: "TestSDPVectors TestCheckSDPFindsEveryChange", note: "a description may name any certificate",
		},
		{
			file: "protocol/sdp.go",
			old:  "seen.attribute(strings.ToLower(attribute[1]), attribute[2], fingerprint)", new: "seen.attribute(attribute[1], attribute[2], fingerprint)",
			tests: "TestSDPVectors TestCheckSDPFindsEveryChange", note: "an attribute in capitals is not seen",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase \"identity\", \"crypto\":\n", new: "\tcase \"crypto\":\n",
			tests: "TestSDPVectors", note: "a description may have an identity",
		},
		{
			file: "protocol/sdp.go",
			old:  "\tcase \"identity\", \"crypto\":\n", new: "\tcase \"identity\":\n",
			tests: "TestSDPVectors", note: "a description may bring keys",
		},
		{
			file: "protocol/sdp.go",
			old:  "!strings.EqualFold(hash, \"sha-256\") ||", new: "hash == \"\" ||",
			tests: "TestSDPVectors", note: "a fingerprint may be of another hash",
		},
		{
			file: "protocol/sdp.go",
			old:  "\t\tif !sdpSetup.MatchString(value) {\n", new: "\t\tif false && (!sdpSetup.MatchString(value)) {\n",
			tests: "TestSDPVectors TestCheckSDPFindsEveryChange", note: "the DTLS role may be anything",
		},
		{
			file: "protocol/signin.go",
			old:  "\t} else if again != text {\n", new: "\t} else if again == \"\" {\n",
			tests: "TestSignInVectors FuzzParseSignIn TestSignInRefusesForeignNegativesInOurForm", note: "a text may have another form",
		},
		{
			file: "protocol/signin.go",
			old:  " || !printable(s.Statement) ||", new: " ||",
			tests: "TestSignInVectors TestSignInRefusesForeignNegativesInOurForm", note: "a statement may break its line",
		},
		{
			file: "protocol/signin.go",
			old:  " || strings.HasPrefix(s.Statement, \"URI: \")", new: "",
			tests: "TestSignInVectors TestSignInRoundTrip TestSignInTextsDiffer", note: "a statement may look like a URI",
		},
		{
			file: "protocol/signin.go",
			old:  "\tif _, err := ParseChannelID(string(s.Channel)); err != nil {\n\t\treturn err\n\t}\n", new: "",
			tests: "TestSignInVectors", note: "a text may name no channel",
		},
		{
			file: "protocol/signin.go",
			old:  "\tif _, err := ParseNonce(string(s.Nonce)); err != nil {\n\t\treturn err\n\t}\n", new: "",
			tests: "TestSignInVectors TestSignInRefusesForeignNegativesInOurForm", note: "a text may have any nonce",
		},
		{
			file: "protocol/signin.go",
			old:  "\tif !validHost(s.Domain) {\n", new: "\tif false && (!validHost(s.Domain)) {\n",
			tests: "TestSignInVectors", note: "a text may have any domain",
		},
		{
			file: "protocol/signin.go",
			old:  "\tif b.Len() > MaxSignInBytes {\n", new: "\tif false && (b.Len() > MaxSignInBytes) {\n",
			tests: "TestSignInTextIsBounded", note: "a text may have any length",
		},
		{
			file: "protocol/signin.go",
			old:  " &&\n\t\tbytes.Equal(p.Signature, q.Signature)", new: "",
			tests: "TestProofEqual", note: "two proofs with other signatures are equal",
		},
		{
			file: "protocol/signin.go",
			old:  " && p.Meta.equal(q.Meta)", new: "",
			tests: "TestProofEqual", note: "two proofs with other metas are equal",
		},
		{
			file: "protocol/channel.go",
			old:  "err != nil || len(hash) != channelBytes", new: "err != nil || len(hash) < 0",
			tests: "TestSignInVectors FuzzParseChannelID TestOffer", note: "a channel id may have any length",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif m.V != PeerVersion {\n", new: "\tif false && (m.V != PeerVersion) {\n",
			tests: "TestParsePeerMessageRefuses", note: "the other side may speak any version",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif m.FP == nil {\n", new: "\tif false && (m.FP == nil) {\n",
			tests: "TestParsePeerMessageRefuses", note: "a side need not commit to a certificate",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif m.Resume < 0 || m.Resume > int(MaxResume/time.Second) {\n", new: "\tif false && (m.Resume < 0 || m.Resume > int(MaxResume/time.Second)) {\n",
			tests: "TestParsePeerMessageRefuses", note: "a pairing may be resumed for ever",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif !slices.Contains(Localities(), m.Locality) {\n", new: "\tif false && (!slices.Contains(Localities(), m.Locality)) {\n",
			tests: "TestParsePeerMessageRefuses", note: "locality may be anything",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif m.Confirm != ConfirmNone && m.Confirm != ConfirmShortCode {\n", new: "\tif false && (m.Confirm != ConfirmNone && m.Confirm != ConfirmShortCode) {\n",
			tests: "TestParsePeerMessageRefuses", note: "the way to confirm may be anything",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif m.Site == nil {\n", new: "\tif false && (m.Site == nil) {\n",
			tests: "TestParsePeerMessageRefuses", note: "a site need not say who it is",
		},
		{
			file: "protocol/peer.go",
			old:  "len(m.App) > MaxNameBytes || strings.ContainsFunc(m.App, notPrintable)", new: "len(m.App) > MaxNameBytes",
			tests: "TestParsePeerMessageRefuses", note: "the name of a wallet may steer a screen",
		},
		{
			file: "protocol/peer.go",
			old:  "len(m.Candidate) > 1024 || strings.ContainsAny(m.Candidate, \"\\r\\n\")", new: "len(m.Candidate) > 1024",
			tests: "TestParsePeerMessageRefuses", note: "a candidate may have several lines",
		},
		{
			file: "protocol/peer.go",
			old:  "\tif slices.Index(Localities(), other) > slices.Index(Localities(), l) {\n", new: "\tif false && (slices.Index(Localities(), other) > slices.Index(Localities(), l)) {\n",
			tests: "TestLocality", note: "the stricter level does not win",
		},
		{
			file: "protocol/control.go",
			old:  "len(m.Nonce) != PingBytes || m.T == ControlPong && len(m.MAC) != PongBytes", new: "len(m.Nonce) != PingBytes",
			tests: "TestParseControlMessageRefuses", note: "a pong may have a MAC of any length",
		},
		{
			file: "protocol/control.go",
			old:  "\tif len(data) > MaxControlBytes {\n", new: "\tif false && (len(data) > MaxControlBytes) {\n",
			tests: "TestParseControlMessageRefuses", note: "a control message may have any length",
		},
		{
			file: "protocol/socket.go",
			old:  "(!m.Code.Known() || m.Code.Info().Status == 0 || m.Code.Info().Retry)", new: "!m.Code.Known()",
			tests: "TestParseClientMessageRefuses", note: "a link may end with a code that invites to try again",
		},
		{
			file: "protocol/socket.go",
			old:  "\tif m != allowed {\n", new: "\tif false && (m != allowed) {\n",
			tests: "TestParseClientMessageRefuses", note: "a message may have fields of another",
		},
		{
			file: "protocol/strict.go",
			old:  "\t\t\tif !names[name] || seen[name] {\n", new: "\t\t\tif !names[name] {\n",
			tests: "TestFieldThatStandsTwice", note: "a field may stand twice",
		},
		{
			file: "protocol/strict.go",
			old:  "\tif _, err := dec.Token(); !errors.Is(err, io.EOF) {\n", new: "\tif _, err := dec.Token(); false && (!errors.Is(err, io.EOF)) {\n",
			tests: "TestParseBodyRefuses TestParseClientMessageRefuses", note: "a second value may follow",
		},
		{
			file: "protocol/rest.go",
			old:  "\tif j.Frame.N != 0 {\n", new: "\tif false && (j.Frame.N != 0) {\n",
			tests: "TestParseBodyRefuses", note: "a wallet may join with a later frame",
		},
		{
			file: "protocol/rest.go",
			old:  "\tif c.Answer.N != 1 {\n", new: "\tif false && (c.Answer.N != 1) {\n",
			tests: "TestParseBodyRefuses", note: "a claim may bring a later frame",
		},
		{
			file: "protocol/rest.go",
			old:  "\t\tif o.N != 0 {\n", new: "\t\tif false && (o.N != 0) {\n",
			tests: "TestOffer TestParseBodyRefuses", note: "the channel id may come with a later frame",
		},
		{
			file: "protocol/rest.go",
			old:  "\t\tif c := f.D[i]; !alphanumeric(c) && c != '-' && c != '_' {\n", new: "\t\tif c := f.D[i]; false && (!alphanumeric(c) && c != '-' && c != '_') {\n",
			tests: "TestParseBodyRefuses TestParseClientMessageRefuses", note: "a frame may have any characters",
		},
		{
			file: "protocol/ids.go",
			old:  "\tif o.Scheme() == \"http\" && !loopbackHost(o.Hostname()) {\n", new: "\tif false && (o.Scheme() == \"http\" && !loopbackHost(o.Hostname())) {\n",
			tests: "TestParseOrigin", note: "an origin needs no TLS",
		},
		{
			file: "protocol/ids.go",
			old:  "string(o) != s || u.Port() == defaultPort(u.Scheme)", new: "string(o) != s",
			tests: "TestParseOrigin", note: "an origin may have its default port",
		},
	}
}
