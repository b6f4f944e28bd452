package main

func clientMutants() []mutant {
	return []mutant{
		// Who the other side is.
		{
			file: "client/envelope.go",
			old:  "base64.RawURLEncoding.Strict().DecodeString(payload)", new: "base64.RawURLEncoding.DecodeString(payload)",
			tests: "TestFramesCannotBeChanged", note: "a frame may have bits left over",
		},
		{
			file: "client/envelope.go",
			old:  "\tif n == 0 && !e.givenUp() {\n", new: "\tif false {\n",
			tests: "TestEveryPartOfTheHandshakeCounts", note: "a handshake that failed is called something else",
		},
		{
			file: "client/peer.go",
			old:  "\tif err := protocol.CheckSDP(sdp, p.remote, first); err != nil {\n", new: "\tif err := protocol.CheckSDP(sdp, p.remote, first); false && err != nil {\n",
			tests: "TestWhatASiteMayNotAsk TestWhatAWalletMayNotAnswer", note: "descriptions are not looked at",
		},
		{
			file: "client/peer.go",
			old:  "protocol.CheckSDP(sdp, p.remote, first)", new: "protocol.CheckSDP(sdp, p.remote, false)",
			tests: "TestWhatASiteMayNotAsk TestWhatAWalletMayNotAnswer", note: "a first description may hold candidates",
		},
		{
			file: "client/peer.go",
			old:  "\tif p.taken++; p.taken > protocol.MaxCandidates {\n", new: "\tif p.taken++; false {\n",
			tests: "TestTooManyCandidates", note: "any number of candidates is tried",
		},
		{
			file: "client/peer.go",
			old:  "\tcase m.T == protocol.PeerOffer && side == protocol.WalletSide:\n", new: "\tcase m.T == protocol.PeerOffer:\n",
			tests: "TestSiteAnswersNoOffer", note: "a wallet may offer",
		},
		{
			file: "client/certificate.go",
			old:  "\tif len(der) == 0 || protocol.Fingerprint(sha256.Sum256(der)) != want {\n", new: "\tif protocol.Fingerprint(sha256.Sum256(der)) != want && len(der) < 0 {\n",
			tests: "TestDTLSWithAnotherCertificate TestCertificateIsComparedOnceMore", note: "DTLS may use any certificate",
		},
		{
			file: "client/gate.go",
			old:  "\tif err := p.peer.checkRemote(); err != nil {\n", new: "\tif err := p.peer.checkRemote(); false && err != nil {\n",
			tests: "TestDTLSWithAnotherCertificate TestCertificateIsComparedOnceMore", note: "the certificate of DTLS is not compared",
		},
		{
			file: "client/site.go",
			old:  "\t\tif m.T != protocol.PeerHello {\n", new: "\t\tif false && (m.T != protocol.PeerHello) {\n",
			tests: "TestWhatAWalletMayNotSayFirst", note: "a wallet need not say hello",
		},
		{
			file: "client/site.go",
			old:  "\tcase !s.answered:\n", new: "\tcase false && (!s.answered):\n",
			tests: "TestWhatAWalletMayNotAnswer", note: "candidates come before the answer",
		},
		// The proof.
		{
			file: "client/site.go",
			old:  "\tif err := checkProof(p.ctx, s.config.Verifier, s.signIn, channel, answer.Proof); err != nil {\n", new: "\tif err := checkProof(p.ctx, s.config.Verifier, s.signIn, channel, answer.Proof); answer.Proof == nil && err != nil {\n",
			tests: "TestWhatAWalletMayNotAnswer TestSiteChecksTheProof", note: "the site does not check the proof",
		},
		{
			file: "client/proof.go",
			old:  "\tif proof == nil {\n\t\treturn protocol.Errorf(protocol.InvalidPeer, \"the wallet sent no proof\")\n", new: "\tif proof == nil {\n\t\treturn nil\n",
			tests: "TestWhatAWalletMayNotAnswer TestSiteChecksTheProof", note: "a wallet needs no proof",
		},
		{
			file: "client/proof.go",
			old:  "err != nil || text != proof.Message || !slices", new: "err != nil || text == \"\" || !slices",
			tests: "TestWhatAWalletMayNotAnswer TestSiteChecksTheProof", note: "a proof may be about anything",
		},
		{
			file: "client/proof.go",
			old:  " || !slices.Contains(asked.Chains, proof.Chain)", new: " || !slices.Contains(append(asked.Chains, proof.Chain), proof.Chain)",
			tests: "TestSiteChecksTheProof", note: "a proof may be of any chain",
		},
		{
			file: "client/proof.go",
			old:  "\tif err := v.Verify(ctx, *proof); err != nil {\n", new: "\tif err := v.Verify(ctx, *proof); false && err != nil {\n",
			tests: "TestWhatAWalletMayNotAnswer TestSiteChecksTheProof", note: "the site does not check the signature",
		},
		{
			file: "client/site.go",
			old:  "channel := protocol.ChannelID(p.envelope.keys().ChannelID())\n\tif err := checkProof", new: "channel := protocol.ChannelID(p.envelope.keys().ChannelID())\n\tif f, err := protocol.ParseSignIn(answer.Proof.Message, answer.Proof.Chain.Namespace()); err == nil {\n\t\tchannel = f.Channel\n\t}\n\tif err := checkProof",
			tests: "TestWhatAWalletMayNotAnswer", note: "a proof may be for another channel",
		},
		{
			file: "client/site.go",
			old:  "s.told == nil || s.told.Account != account || ", new: "s.told != nil && s.told.Account != account || s.told != nil && ",
			tests: "TestServerCannotNameAnotherWallet", note: "an answer counts without a claim",
		},
		{
			file: "client/site.go",
			old:  "s.told == nil || s.told.Account != account || ", new: "s.told == nil || ",
			tests: "TestServerCannotNameAnotherWallet", note: "the server may name another account",
		},
		{
			file: "client/site.go",
			old:  " || !s.told.Proof.Equal(*answer.Proof)", new: "",
			tests: "TestServerCannotNameAnotherWallet TestOtherProofOfTheSameText", note: "the server may show another proof",
		},
		{
			file: "client/site.go",
			old:  "\tcase s.pairing.envelope.keys() == nil:\n", new: "\tcase false && (s.pairing.envelope.keys() == nil):\n",
			tests: "TestClaimWithoutAHandshake TestServersWordOnAClaim", note: "a claim without a handshake counts",
		},
		{
			file: "client/site.go",
			old:  "\tcase m.Proof == nil, m.Account.Address() == \"\":\n", new: "\tcase m.Account.Address() == \"\":\n",
			tests: "TestServersWordOnAClaim TestServerCannotNameAnotherWallet", note: "a claim needs no proof",
		},
		{
			file: "client/site.go",
			old:  "\tcase m.Proof == nil, m.Account.Address() == \"\":\n", new: "\tcase m.Proof == nil:\n",
			tests: "TestServersWordOnAClaim", note: "a claim needs no account",
		},
		{
			file: "client/site.go",
			old:  "\tcase s.pairing.resumes != nil:\n", new: "\tcase false && (s.pairing.resumes != nil):\n",
			tests: "TestServerCannotResume", note: "a resumption can be claimed",
		},
		{
			file: "client/site.go",
			old:  " || link.Sealed() ||", new: " ||",
			tests: "TestServerLeadsElsewhere", note: "the server may bring an invitation of its own",
		},
		{
			file: "client/site.go",
			old:  " || link.RequestID != challenge.RequestID ||", new: " ||",
			tests: "TestServerLeadsElsewhere", note: "the server may show another link",
		},
		{
			file: "client/site.go",
			old:  " || link.Server != config.Server ||", new: " ||",
			tests: "TestServerLeadsElsewhere", note: "the server may send the wallet elsewhere",
		},
		{
			file: "client/site.go",
			old:  "min(time.Until(l.challenge.ExpiresAt), protocol.LinkTTL)", new: "time.Until(l.challenge.ExpiresAt)",
			tests: "TestServerLiesAboutTime", note: "the server may let a site wait for ever",
		},
		{
			file: "client/signaling.go",
			old:  "\tif s.address != \"\" {\n\t\tif m.Dialect", new: "\tif false {\n\t\tif m.Dialect",
			tests: "TestServerCannotNameAnotherWallet", note: "a second claim counts",
		},
		{
			file: "client/signaling.go",
			old:  "\tcase f.N < s.received:\n\t\ts.ackDue = true // the other side may not have heard\n\t\treturn nil\n", new: "\tcase f.N < s.received:\n",
			tests: "TestFramesCannotBeChanged", note: "a frame is read twice",
		},
		{
			file: "client/signaling.go",
			old:  "\tif m.RequestID != s.id && !(m.Op == protocol.OpError && m.RequestID == \"\") {\n", new: "\tif false && (m.RequestID != s.id && !(m.Op == protocol.OpError && m.RequestID == \"\")) {\n",
			tests: "TestServerSaysNonsense", note: "what is for another link counts",
		},
		{
			file: "client/signaling.go",
			old:  "Detail: remark(m.Detail)}, ours: true}", new: "Detail: remark(m.Detail)}, ours: false}",
			tests: "TestServerRefusesAMessage", note: "who is refused does not tell the other side",
		},
		// What a wallet is asked.
		{
			file: "client/wallet.go",
			old:  "\tif !parsed.Sealed() {\n", new: "\tif false && (!parsed.Sealed()) {\n",
			tests: "TestBadLinks", note: "a wallet answers a link that is not sealed",
		},
		{
			file: "client/wallet.go",
			old:  "\tcase !w.greeted && m.T == protocol.PeerWelcome:\n", new: "\tcase !w.greeted && m.Site != nil:\n",
			tests: "TestWhatASiteMayNotAsk", note: "a site need not say welcome",
		},
		{
			file: "client/wallet.go",
			old:  "\tcase !w.agreed.Load(): ", new: "\tcase false && !w.agreed.Load(): ",
			tests: "TestNothingOfTheSiteBeforeConsent", note: "a site goes on before the person agreed",
		},
		{
			file: "client/wallet.go",
			old:  "\tif err := checkSite(welcome); err != nil {\n", new: "\tif err := checkSite(welcome); false && err != nil {\n",
			tests: "TestWhatASiteMayNotAsk", note: "a site may call itself anything",
		},
		{
			file: "client/wallet.go",
			old:  "\t\tif err := checkSignIn(*welcome.Site, welcome.SignIn, time.Now()); err != nil {\n", new: "\t\tif err := checkSignIn(*welcome.Site, welcome.SignIn, time.Now()); welcome.SignIn == nil && err != nil {\n",
			tests: "TestWhatASiteMayNotAsk TestServerAsksInAnothersName", note: "a site may ask for anything",
		},
		{
			file: "client/proof.go",
			old:  "\tif s == nil {\n", new: "\tif s == nil && site.Name == \"\" {\n",
			tests: "TestWhatASiteMayNotAsk", note: "a site need not say what is to be signed",
		},
		{
			file: "client/proof.go",
			old:  "\tcase s.Domain != site.Origin.Host():\n", new: "\tcase false && (s.Domain != site.Origin.Host()):\n",
			tests: "TestWhatASiteMayNotAsk", note: "a site may ask in another's domain",
		},
		{
			file: "client/proof.go",
			old:  "err != nil || uri.User != nil || uri.Scheme", new: "err != nil || uri.Scheme",
			tests: "TestWhatASiteMayNotAsk TestServerAsksInAnothersName", note: "a URI may have a user",
		},
		{
			file: "client/proof.go",
			old:  "uri.Scheme+\"://\"+uri.Host != string(site.Origin)", new: "uri.Scheme == \"\"",
			tests: "TestWhatASiteMayNotAsk", note: "a URI may be another site's",
		},
		{
			file: "client/proof.go",
			old:  "\tcase s.IssuedAt.After(now.Add(protocol.ClockSkew)):\n", new: "\tcase false && (s.IssuedAt.After(now.Add(protocol.ClockSkew))):\n",
			tests: "TestWhatASiteMayNotAsk", note: "a text may be from the future",
		},
		{
			file: "client/proof.go",
			old:  "\tcase !s.ExpirationTime.After(now.Add(-protocol.ClockSkew)):\n", new: "\tcase false && (!s.ExpirationTime.After(now.Add(-protocol.ClockSkew))):\n",
			tests: "TestWhatASiteMayNotAsk", note: "a text may be old",
		},
		{
			file: "client/proof.go",
			old:  "\tcase s.ExpirationTime.Sub(s.IssuedAt) > protocol.SignInTTL:\n", new: "\tcase false && (s.ExpirationTime.Sub(s.IssuedAt) > protocol.SignInTTL):\n",
			tests: "TestWhatASiteMayNotAsk", note: "a text may be valid for long",
		},
		{
			file: "client/proof.go",
			old:  "len(m.Site.Name) > protocol.MaxNameBytes || !showable(m.Site.Name)", new: "len(m.Site.Name) > protocol.MaxNameBytes",
			tests: "TestWhatASiteMayNotAsk", note: "a site's name may steer the screen",
		},
		{
			file: "client/proof.go",
			old:  "len(m.Site.Name) > protocol.MaxNameBytes || !showable(m.Site.Name)", new: "!showable(m.Site.Name)",
			tests: "TestWhatASiteMayNotAsk", note: "a site's name may fill the screen",
		},
		{
			file: "client/proof.go",
			old:  "\tif _, err := protocol.ParseOriginUnsafe(string(m.Site.Origin)); err != nil {\n", new: "\tif _, err := protocol.ParseOriginUnsafe(string(m.Site.Origin)); false && (err != nil) {\n",
			tests: "TestServerAsksInAnothersName", note: "a site's origin may be anything",
		},
		{
			file: "client/wallet.go",
			old:  "\tif !slices.Contains(asked.Chains, signer.Chain()) {\n", new: "\tif false && (!slices.Contains(asked.Chains, signer.Chain())) {\n",
			tests: "TestWalletWithoutAnAcceptedChain", note: "a wallet signs for a chain that was not asked for",
		},
		{
			file: "client/wallet.go",
			old:  "\tif proof.Message != text || proof.Chain != signer.Chain() || proof.Address != signer.Address() {\n", new: "\tif false && (proof.Message != text || proof.Chain != signer.Chain() || proof.Address != signer.Address()) {\n",
			tests: "TestSignerFails", note: "a signer may sign something else",
		},
		{
			file: "client/wallet.go",
			old:  "\tif r.answered {\n", new: "\tif false && (r.answered) {\n",
			tests: "TestReject", note: "a request is answered twice",
		},
		// Origins.
		{
			file: "client/origin.go",
			old:  "\tif claimed != opened {\n", new: "\tif false && (claimed != opened) {\n",
			tests: "TestServerLiesAboutOrigins", note: "any page may have opened the link",
		},
		{
			file: "client/origin.go",
			old:  "claimed.Host() == server.Host() || namesBroker(ctx, claimed, server.Host(), config)", new: "true || namesBroker(ctx, claimed, server.Host(), config)",
			tests: "TestServerLiesAboutOrigins", note: "the server's word on the origin is enough",
		},
		{
			file: "client/origin.go",
			old:  "CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }", new: "CheckRedirect: nil",
			tests: "TestServerLiesAboutOrigins", note: "the list of brokers may be elsewhere",
		},
		{
			file: "client/origin.go",
			old:  "len(data) > wellKnownBytes ||", new: "",
			tests: "TestServerLiesAboutOrigins", note: "the list of brokers may have any length",
		},
		{
			file: "client/origin.go",
			old:  "response.StatusCode != http.StatusOK ||", new: "",
			tests: "TestServerLiesAboutOrigins TestVerifyOrigin", note: "an error page may be a list of brokers",
		},
		{
			file: "client/origin.go",
			old:  "\tif origin.Scheme() != \"https\" {\n", new: "\tif false && (origin.Scheme() != \"https\") {\n",
			tests: "TestVerifyOrigin TestVerifyOriginAsksNobody", note: "the list of brokers may come without TLS",
		},
		{
			file: "client/origin.go",
			old:  "\treturn slices.Contains(published.Brokers, host)\n", new: "\treturn slices.Contains(append(published.Brokers, host), host)\n",
			tests: "TestServerLiesAboutOrigins", note: "any list of brokers will do",
		},
		// The gate.
		{
			file: "client/site.go",
			old:  "\t\tif digits(typed) == want {\n", new: "\t\tif typed == typed || want == \"\" {\n",
			tests: "TestWrongCode TestShortCode", note: "any short code is right",
		},
		{
			file: "client/site.go",
			old:  "tries := protocol.CodeTries; tries > 0; tries--", new: "tries := 2 * protocol.CodeTries; tries > 0; tries--",
			tests: "TestWrongCode TestShortCode", note: "the short code may be guessed at for longer",
		},
		{
			file: "client/gate.go",
			old:  "\tif !askCode {\n", new: "\tif askCode || !askCode {\n",
			tests: "TestWrongCode TestShortCode", note: "the short code is not asked for",
		},
		{
			file: "client/gate.go",
			old:  "\terr := g.check(ctx, over)\n", new: "\terr := g.check(ctx, over)\n\terr = nil\n",
			tests: "TestWrongCode TestServerLiesAboutNetworks", note: "the checks of the gate do not count",
		},
		{
			file: "client/gate.go",
			old:  "\tif err == nil {\n\t\terr = p.role.passed(ctx)\n\t}\n", new: "",
			tests: "TestReleaseIsMadeAgain TestResume", note: "a claim that was held is never released",
		},
		{
			file: "client/wallet.go",
			old:  "\tif !r.verified && !r.wallet.config.UnsafeAllowUnverified {\n", new: "\tif false {\n",
			tests: "TestNothingIsSignedForAnUnverifiedSite", note: "a page has a text signed that is for another site",
		},
		{
			file: "cmd/liaison/resume.go",
			old:  "\t\tif pairing.Verified == unverified {\n", new: "\t\tif pairing.Verified && unverified {\n",
			tests: "TestFind", note: "a site that was not verified is met as one that was",
		},
		{
			file: "cmd/liaison/resume.go",
			old:  "a.Server == b.Server && ", new: "",
			tests: "TestFind", note: "resumptions of several servers are mixed",
		},
		{
			file: "cmd/liaison/wallet.go",
			old:  ", UnsafeAllowUnverified: c.Unverified,", new: ", UnsafeAllowUnverified: true,",
			tests: "TestUnverifiedSiteIsRefused", note: "the terminal signs for anybody",
		},
		{
			file: "client/wallet.go",
			old:  "Held: r.wallet.holds(), Verified", new: "Verified",
			tests: "TestRequireFromAfarSignsNobodyIn TestSecondQuestionComesBeforeTheSignIn", note: "a claim from afar signs the page in",
		},
		{
			file: "client/wallet.go",
			old:  "Held: r.wallet.holds(), Verified: r.verified,", new: "Held: r.wallet.holds(),",
			tests: "TestSiteOfThePageIsVerified", note: "the server is not told that the origin was verified",
		},
		{
			file:  "client/site.go",
			old:   "\tp.link(account, assurance)\n\tp.out.release()",
			new:   "\tif err := p.keep(s.proved); err != nil {\n\t\treturn err\n\t}\n\tp.link(account, assurance)\n\tp.out.release()",
			tests: "TestNothingIsKeptBeforeTheCodeIsRight", note: "a page resumes without the short code",
		},
		{
			file: "client/signaling.go",
			old:  "isClosed(s.released) && !s.to.mustOpen()", new: "!s.to.mustOpen()",
			tests: "TestSiteWaitsForTheRelease", note: "a site that is told that its token is retired collects before the release",
		},
		{
			file: "client/signaling.go",
			old:  "\tif !m.Held && !isClosed(s.released) {\n", new: "\tif !isClosed(s.released) {\n",
			tests: "TestSiteWaitsForTheRelease", note: "a site does not wait for the release",
		},
		{
			file: "client/signaling.go",
			old:  "s.address != \"\" && !isClosed(s.released) {", new: "false {",
			tests: "TestSiteHearsOfTheRelease", note: "a site that was away does not hear of the release",
		},
		{
			file: "client/gate.go",
			old:  "\tcase <-g.heard:\n\t\tclose(p.opened)\n", new: "\tcase <-g.heard:\n\t\tclose(p.opened)\n\tdefault:\n\t\tclose(p.opened)\n",
			tests: "TestSiteWaitsForTheWallet", note: "a side does not wait for the other's ok",
		},
		{
			file: "client/gate.go",
			old:  "\t\tif isClosed(g.heard) {\n", new: "\t\tif false && (isClosed(g.heard)) {\n",
			tests: "TestControlMessages", note: "ok is said twice",
		},
		{
			file: "client/gate.go",
			old:  "\t\tif g.pinged++; g.pinged > mostPings {\n", new: "\t\tif g.pinged++; false {\n",
			tests: "TestFloodOfPings", note: "any number of pings is answered",
		},
		{
			file: "client/gate.go",
			old:  "\t\tif level == protocol.LocalityRequire {\n", new: "\t\tif false && (level == protocol.LocalityRequire) {\n",
			tests: "TestRequire", note: "who is far may confirm",
		},
		{
			file: "client/locality.go",
			old:  "\treturn same && level != protocol.LocalityRequire\n", new: "\treturn same\n",
			tests: "TestServerLiesAboutNetworks TestNearEnough", note: "the server's word on the network is enough",
		},
		{
			file: "client/locality.go",
			old:  "\tcase !r.RTTKnown, r.Path == PathRelay, r.Path == \"\":\n", new: "\tcase !r.RTTKnown, r.Path == \"\":\n",
			tests: "TestNearEnough", note: "a relay may be near",
		},
		{
			file: "client/locality.go",
			old:  "\tcase !r.RTTKnown, r.Path == PathRelay, r.Path == \"\":\n", new: "\tcase r.Path == PathRelay, r.Path == \"\":\n",
			tests: "TestNearEnough", note: "nothing measured is near",
		},
		{
			file: "client/locality.go",
			old:  "\t\treturn r.RTT <= nearPair\n", new: "\t\treturn true\n",
			tests: "TestNearEnough TestServerLiesAboutNetworks", note: "two host candidates are near whatever lies between",
		},
		{
			file: "client/locality.go",
			old:  "\treturn r.RTT <= nearRTT\n", new: "\treturn true\n",
			tests: "TestNearEnough", note: "any round trip is near",
		},
		{
			file: "client/locality.go",
			old:  "\tif !p.envelope.keys().CheckPong(nonce, m.MAC) {\n", new: "\tif false && (!p.envelope.keys().CheckPong(nonce, m.MAC)) {\n",
			tests: "TestMeasure TestMeasureOwnEcho", note: "anybody answers a ping",
		},
		{
			file: "client/locality.go",
			old:  "\tdelete(p.waiting, nonce)\n", new: "",
			tests: "TestMeasure TestMeasureTheLeast", note: "a pong counts more than once",
		},
		{
			file: "client/locality.go",
			old:  "p.good >= fewestPongs", new: "p.good > 0",
			tests: "TestMeasure TestMeasureTheLeast", note: "one pong is enough",
		},
		{
			file: "client/pairing.go",
			old:  "return p.own.Stricter(p.welcome().Locality)", new: "return p.welcome().Locality",
			tests: "TestRequire TestPrefer", note: "a wallet's own level does not count",
		},
		{
			file: "client/pairing.go",
			old:  "return p.asksCode || p.measuresFirst()", new: "return p.measuresFirst()",
			tests: "TestSocketBreaksBeforeTheCode", note: "the session is collected before the code is right",
		},
		// Addresses.
		{
			file: "client/wallet.go",
			old:  "\tclose(w.welcomed)\n", new: "\t_ = p.peer.gather()\n\tclose(w.welcomed)\n",
			tests: "TestNoAddressBeforeConsent", note: "the wallet looks for its addresses before the person agreed",
		},
		{
			file: "client/site.go",
			old:  "\tp.peer.expect(*hello.FP)\n", new: "\tp.peer.expect(*hello.FP)\n\tdefer func() { _ = p.peer.gather() }()\n",
			tests: "TestNoAddressBeforeConsent", note: "the site looks for its addresses before the person agreed",
		},
		// Resumption.
		{
			file: "client/resumption.go",
			old:  "\tcase r.Side != side || r.id == \"\":\n", new: "\tcase false && (r.Side != side || r.id == \"\"):\n",
			tests: "TestWhatCannotBeResumed", note: "a side resumes as the other one",
		},
		{
			file: "client/resumption.go",
			old:  "\tcase !now.Before(r.ExpiresAt):\n", new: "\tcase false && (!now.Before(r.ExpiresAt)):\n",
			tests: "TestWhatCannotBeResumed", note: "a pairing is resumed for ever",
		},
		{
			file: "client/resumption.go",
			old:  "len(d.Secret) != len(sealed.Secret{})", new: "len(d.Secret) == 0",
			tests: "TestDamagedResumption", note: "a secret may have any length",
		},
		{
			file: "client/rest.go",
			old:  "\t\t\tCheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },\n", new: "",
			tests: "TestServerAnswersNonsense", note: "a client follows the server to another one, with what it has",
		},
		{
			file: "client/socket.go",
			old:  "\t\tif cause := recover(); cause != nil {\n", new: "\t\tif cause := error(nil); cause != nil {\n",
			tests: "TestMalformedFrame TestServerSaysNonsense", note: "a malformed frame ends the program",
		},
	}
}
