package main

func liquidMutants() []mutant {
	return []mutant{
		{
			file: "liquid/ceremony.go",
			old:  "\tchallenge[0] |= 0x80\n", new: "\tchallenge[0] &= 0x7f\n",
			tests: "TestOptions", note: "a challenge may mean something on a chain",
		},
		{
			file: "liquid/ceremony.go",
			old:  "return c.Session == v.session.ID || ", new: "return true || ",
			tests: "TestChallengeIsForItsSessionAndCeremony", note: "any session answers a challenge",
		},
		{
			file: "liquid/ceremony.go",
			old:  " && ceremony.Kind == kind:", new: ":",
			tests: "TestChallengeIsForItsSessionAndCeremony", note: "a challenge is good for either ceremony",
		},
		{
			file: "liquid/ceremony.go",
			old:  "\tif err == nil && !h.now().Before(c.ExpiresAt) {\n", new: "\tif false {\n",
			tests: "TestChallengeEnds", note: "a challenge does not expire",
		},
		{
			file: "liquid/ceremony.go",
			old:  "\t\tif session.Vouched || other || id != \"\" {\n", new: "\t\tif session.Vouched || other && false || id != \"\" {\n",
			tests: "TestAnotherAccount", note: "another account has the earlier one's link",
		},
		{
			file: "liquid/attestation.go",
			old:  "passkey.Beside(stored); err != nil {\n", new: "passkey.Beside(stored); false && err != nil {\n",
			tests: "TestPasskeyOfOneAccount", note: "a passkey's id may be another account's",
		},
		{
			file: "liquid/attestation.go",
			old:  "extension.text(\"type\") != \"algorand\" || !ok", new: "!ok",
			tests: "TestAttestationThatDoesNotHold", note: "a wallet may be of any chain",
		},
		{
			file: "liquid/attestation.go",
			old:  "in.account, protocol.Liquid, label", new: "in.account, protocol.Dialect(\"\"), label",
			tests: "TestPasskeyOfTheDialect", note: "a passkey of the dialect proves more natively",
		},
		{
			file: "liquid/auth.go",
			old:  "\tif session.Vouched {\n", new: "\tif false {\n",
			tests: "TestWhoMayRemoveAPasskey", note: "a site sees the wallet's passkeys",
		},
		{
			file: "liquid/auth.go",
			old:  "v.session.Account == \"\" || v.session.Vouched", new: "v.session.Account == \"\"",
			tests: "TestWhoMayRemoveAPasskey", note: "a site removes the wallet's passkeys",
		},
		{
			file: "liquid/auth.go",
			old:  "\t\tif stored.Account == v.session.Account {\n", new: "\t\tif stored.Account != \"\" {\n",
			tests: "TestWhoMayRemoveAPasskey", note: "anybody removes a passkey",
		},
		{
			file: "liquid/auth.go",
			old:  "\tif h.dialect.SameOrigin(r) {\n", new: "\tif true {\n",
			tests: "TestLogout", note: "another site logs its visitor out",
		},
		{
			file: "liquid/cookie.go",
			old:  "err != nil || !hmac.Equal(got, c.mac(\"cookie\", liaison.Token(token)))", new: "err != nil || len(got) == 0",
			tests: "TestCookie", note: "a client makes its own cookie",
		},
		{
			file: "liquid/cookie.go",
			old:  "liaison.Token(base64.RawURLEncoding.EncodeToString(c.mac(\"token\", token)))", new: "token",
			tests: "TestTokensOfTheDialect", note: "a cookie of the dialect opens the native protocol",
		},
		{
			file: "liquid/visitor.go",
			old:  "n > 0 && !h.renewed(session)", new: "false",
			tests: "TestPlantedCookie TestSessionIDIsRenewed", note: "an old cookie leads to the session for good",
		},
		{
			file: "liquid/cookie.go",
			old:  "\"successor\\x00\"+client", new: "\"successor\"",
			tests: "TestPlantedCookie TestRequestDuringASignIn", note: "the cookie that follows a planted one is handed out",
		},
		{
			file: "liquid/seat.go",
			old:  "session.Generation < s.generation", new: "false",
			tests: "TestSignInWhileASocketSitsDown", note: "a socket speaks through the link of before its wallet's sign-in",
		},
		{
			file: "liquid/visitor.go",
			old:  "\tcase errors.Is(err, liaison.ErrNotFound):\n\t\treturn true, nil\n", new: "\tcase errors.Is(err, liaison.ErrNotFound), err == nil:\n\t\treturn true, nil\n",
			tests: "TestPlantedCookie TestLoggedOutCookie", note: "a cookie that was replaced begins its session again",
		},
		{
			file: "liquid/link.go",
			old:  "\t\tcase lives && link.Site != \"\":\n", new: "\t\tcase false:\n",
			tests: "TestLinkIsForWhoNamedIt", note: "a second session takes a link",
		},
		{
			file: "liquid/link.go",
			old:  "\t\tcase lives && link.State == liaison.Waiting && ref.numeric:\n", new: "\t\tcase false:\n",
			tests: "TestNumbersCanBeGuessed", note: "whoever holds all numbers is signed in",
		},
		{
			file: "liquid/link.go",
			old:  "\t\tcase !admitted:\n", new: "\t\tcase false && !admitted:\n",
			tests: "TestLimitsOfLinksAndChallenges", note: "codes that no site shows cost nothing",
		},
		{
			file: "liquid/link.go",
			old:  "\tif ours(link) {\n\t\tc.Sessions", new: "\tif true {\n\t\tc.Sessions",
			tests: "TestNativeSite", note: "a native site is signed in before it wants to be",
		},
		{
			file: "liquid/signal.go",
			old:  "\tif !h.dialect.SameOrigin(r) {\n", new: "\tif false {\n",
			tests: "TestOtherSites", note: "a page elsewhere has its visitor's socket",
		},
		{
			file: "liquid/seat.go",
			old:  "\t\tif p.connection.client != client {\n", new: "\t\tif false {\n",
			tests: "TestPlantedCookie", note: "a socket with a planted cookie hears the wallet's link",
		},
		{
			file: "liquid/peer.go",
			old:  "ok && len(argument) <= maxDescription", new: "ok",
			tests: "TestMalformedEvents", note: "a description may have any length",
		},
		{
			file: "server/challenge.go",
			old:  "\tif strings.HasPrefix(string(body.RequestID), liaison.DialectLinkPrefix) {\n", new: "\tif false {\n",
			tests: "TestLimitsOfLinksAndChallenges", note: "a resumption takes a link of a dialect", pkg: "liquid",
		},
		{
			file: "server/passkeysignin.go",
			old:  " && v.Credential.Dialect == \"\" {", new: " {",
			tests: "TestPasskeyOfTheDialect", note: "a passkey of a dialect is as good as any", pkg: "liquid",
		},
		{
			file: "liquid/port.go",
			old:  "Sessions()) {\n\t\ts.handler.dismiss(s.id)\n", new: "Sessions()) {\n",
			tests: "TestEndedFromAnotherSession", note: "sockets of a session that another has ended stay",
		},
		{
			file: "liquid/signal.go",
			old:  "v.isNew && h.births.orphaned", new: "h.births.orphaned",
			tests: "TestSiteThatIsTakenForItsWallet", note: "a site's socket is closed as often as it comes",
		},
		{
			file: "server/sweep.go",
			old:  "\t\tr.dialect && r.by.site == \"\":", new: "\t\tfalse:",
			tests: "TestLateLinkEnds", note: "a sign-in waits for its site as long as its wallet listens",
		},
		{
			file: "liquid/port.go",
			old:  "surplus > 0 && !offered {", new: "surplus > 0 {",
			tests: "TestOfferOutlastsItsCandidates", note: "candidates cost the server's copy of the offer before them",
		},
		{
			file: "liquid/port.go",
			old:  "\t\tif anew = event.Name == offerDescription; anew {\n", new: "\t\tif false {\n",
			tests: "TestSecondOfferAlone", note: "an offer that was given up comes again",
		},
		{
			file: "liquid/seat.go",
			old:  "\t\ts.forgetAnswersLocked()\n", new: "",
			tests: "TestSignInForgetsTheAnswer", note: "a wallet's second attempt gets the answer of its first",
		},
		{
			file: "liquid/port.go",
			old:  "\ts.leaveUnusedLocked(port)\n", new: "",
			tests: "TestManyLinksOfOneSocket", note: "a site's 17th link is refused",
		},
		{
			file: "liquid/signal.go",
			old:  "\tif c.visitor.stored() || c.linked {\n", new: "\tif false {\n",
			tests: "TestLinkWhileTheCookieChanges", note: "a socket is moved away from the session that its link answers",
		},
		{
			file: "liquid/visitor.go",
			old:  "\tif isSuccessor(token) {\n", new: "\tif false {\n",
			tests: "TestUsedCookieBeginsNoSession", note: "a cookie that a sign-in brought begins a second session",
		},
		{
			file: "link.go",
			old:  "\t\tif e.Now.Before(l.ExpiresAt) {\n", new: "\t\tif false {\n",
			tests: "TestExpiredLinkOnlyExpires", note: "a link that was renewed expires",
		},
		{
			file: "liquid/port.go",
			old:  "\t\ts.handler.dismiss(s.id)\n\t\treturn\n\t}\n\tctx", new: "\t\treturn\n\t}\n\tctx",
			tests: "TestFaultOfTheServer", note: "after a panic a site's sockets hear nothing any more",
		},
	}
}
