package main

func passkeyMutants() []mutant {
	return []mutant{
		{
			file: "passkey/passkey.go",
			old:  "case liaison.CeremonyOf(r.challenge) != ceremony.ID:", new: "case false:",
			tests: "TestRegistrationRefuses TestAuthenticationRefuses", note: "a passkey answers any challenge",
		},
		{
			file: "passkey/passkey.go",
			old:  "case ceremony.Kind != kind:", new: "case false:",
			tests: "TestRegistrationRefuses TestAuthenticationRefuses", note: "a passkey's challenge is good for either ceremony",
		},
		{
			file: "passkey/passkey.go",
			old:  "case !now.Before(ceremony.ExpiresAt):", new: "case false:",
			tests: "TestRegistrationRefuses TestAuthenticationRefuses", note: "a passkey's challenge does not expire",
		},
		{
			file: "passkey/passkey.go",
			old:  "case !slices.Contains(p.origins, r.client.Origin):", new: "case false:",
			tests: "TestRegistrationRefuses TestAuthenticationRefuses", note: "the origin of a passkey is compared by its host alone",
		},
		{
			file: "passkey/passkey.go",
			old:  "if r.credential != stored.ID || ceremony.Credential", new: "if ceremony.Credential",
			tests: "TestAuthenticationRefuses", note: "a passkey may name another credential",
		},
		{
			file: "passkey/passkey.go",
			old:  "ceremony.Credential != \"\" && ceremony.Credential != stored.ID", new: "false",
			tests: "TestAuthenticationRefuses", note: "another passkey than the one asked for will do",
		},
		{
			file: "passkey/passkey.go",
			old:  "if used.Counter <= stored.Counter &&", new: "if used.Counter < stored.Counter &&",
			tests: "TestCounter", note: "a passkey's counter may stand still",
		},
		{
			file: "passkey/passkey.go",
			old:  " && (used.Counter != 0 || stored.Counter != 0)", new: "",
			tests: "TestCounter TestResponsesOfOtherClients", note: "a passkey that does not count is refused",
		},
		{
			file: "passkey/passkey.go",
			old:  "(used.Counter != 0 || stored.Counter != 0)", new: "used.Counter != 0",
			tests: "TestCounter", note: "a passkey's counter may fall to 0",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, nil, algorithms()", new: "false, false, true, nil, algorithms()",
			tests: "TestRegistrationRefuses", note: "a passkey is made by somebody who was not verified",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, nil, algorithms()", new: "false, ceremony.UserVerification, false, nil, algorithms()",
			tests: "TestRegistrationRefuses", note: "a passkey is made while nobody is present",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, nil, algorithms()", new: "true, ceremony.UserVerification, true, nil, algorithms()",
			tests: "TestRegistrationRefuses", note: "a passkey is made in a frame of another site",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, stored.PublicKey", new: "false, false, true, stored.PublicKey",
			tests: "TestAuthenticationRefuses", note: "a passkey is used by somebody who was not verified",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, stored.PublicKey", new: "false, ceremony.UserVerification, false, stored.PublicKey",
			tests: "TestAuthenticationRefuses", note: "a passkey is used while nobody is present",
		},
		{
			file: "passkey/passkey.go",
			old:  "false, ceremony.UserVerification, true, stored.PublicKey", new: "true, ceremony.UserVerification, true, stored.PublicKey",
			tests: "TestAuthenticationRefuses", note: "a passkey is used in a frame of another site",
		},
		{
			file: "passkey/passkey.go",
			old:  "err != nil || len(made.AttData.CredentialPublicKey) > maxPublicKeyBytes", new: "err != nil && false || len(made.AttData.CredentialPublicKey) > maxPublicKeyBytes",
			tests: "TestKeysOfNoUse", note: "a passkey's key may be no point",
		},
		{
			file: "passkey/passkey.go",
			old:  "host != cfg.RPID && !strings.HasSuffix(host, \".\"+cfg.RPID)", new: "!strings.HasSuffix(host, cfg.RPID)",
			tests: "TestNewRefuses", note: "pages of another domain may ask for passkeys",
		},
		{
			file: "passkey/response.go",
			old:  "r.ID != r.RawID || ", new: "",
			tests: "TestResponse", note: "a response has two ids",
		},
		{
			file: "passkey/response.go",
			old:  " || r.Type != string(webauthn.PublicKeyCredentialType)", new: "",
			tests: "TestResponse", note: "a response is of any type",
		},
		{
			file: "passkey/response.go",
			old:  "base64.RawURLEncoding.Strict().DecodeString(r.client.Challenge)", new: "base64.RawURLEncoding.DecodeString(strings.TrimRight(r.client.Challenge, \"=\"))",
			tests: "TestResponse", note: "a challenge has several spellings",
		},
		{
			file: "passkey/response.go",
			old:  " || len(r.challenge) == 0", new: "",
			tests: "TestResponse", note: "a challenge may be empty",
		},
		{
			file: "server/sessions.go",
			old:  "case !session.Assurance.AtLeast(protocol.Sealed):", new: "case false:",
			tests: "TestWhoLooksAfterPasskeys TestSessionsWithoutRights", note: "a linked website of a dialect looks after passkeys",
		},
		{
			file: "server/sessions.go",
			old:  "case session.Account == \"\":", new: "case false:",
			tests: "TestWhoLooksAfterPasskeys TestSessionsWithoutRights", note: "passkeys of nobody are looked after",
		},
		{
			file: "server/passkey.go",
			old:  "if err == nil && !session.Fresh(s.cfg.Now()) {", new: "if false {",
			tests: "TestWhoLooksAfterPasskeys", note: "passkeys are made in a session that was found open",
		},
		{
			file: "server/passkey.go",
			old:  "\tsession, err := s.freshKeeper(r)\n\tif err != nil {\n\t\treturn err\n\t}\n\terr = s.update(r.Context(), \"remove passkey\"", new: "\tsession, err := s.keeper(r)\n\tif err != nil {\n\t\treturn err\n\t}\n\terr = s.update(r.Context(), \"remove passkey\"",
			tests: "TestWhoLooksAfterPasskeys", note: "passkeys are removed in a session that was found open",
		},
		{
			file: "server/passkey.go",
			old:  "errors.Is(err, liaison.ErrNotFound), err == nil && c.Account != account:", new: "errors.Is(err, liaison.ErrNotFound):",
			tests: "TestWhoLooksAfterPasskeys", note: "passkeys of others are looked after",
		},
		{
			file: "server/passkey.go",
			old:  "case ceremony.Session != session.ID:", new: "case false:",
			tests: "TestPasskeyRefusalsLookAlike", note: "a session answers another's challenge",
		},
		{
			file: "server/passkey.go",
			old:  "\terr = s.commit(ctx, liaison.Change{Spent: []liaison.CeremonyID{ceremony.ID}})\n", new: "\terr = nil\n",
			tests: "TestPasskeyRefusalsLookAlike TestPasskeyChallengeIsSpentOnce", note: "a passkey's challenge is not spent",
		},
		{
			file: "server/passkey.go",
			old:  "for ; len(open) >= liaison.MaxCeremonies; open = open[1:] {", new: "for ; false; open = open[1:] {",
			tests: "TestOpenChallenges", note: "a session has any number of open challenges",
		},
		{
			file: "server/passkey.go",
			old:  "change.Sessions, change.Ceremonies = []liaison.Session{session}, []liaison.Ceremony{ceremony}", new: "change.Ceremonies = []liaison.Ceremony{ceremony}\n\t\tif session.Version == 0 {\n\t\t\tchange.Sessions = []liaison.Session{session}\n\t\t}",
			tests: "TestOpenChallenges", note: "challenges that are asked for at once are not counted",
		},
		{
			file: "server/passkey.go",
			old:  "if ceremony.Account != session.Account {", new: "if false {",
			tests: "TestPasskeyIDsOfOthers", note: "a passkey is made for an account that has left the session",
		},
		{
			file: "server/passkey.go",
			old:  "made, err = fresh.Beside(stored)", new: "fresh.Version, made = stored.Version, fresh\n\t\t\tchange.Credentials = []liaison.Credential{fresh}",
			tests: "TestPasskeyIDsOfOthers", note: "a credential id is taken from its account",
		},
		{
			file: "server/passkey.go",
			old:  "if _, ok := link.Side(session.ID); !ok {", new: "if false {",
			tests: "TestPasskeyOnAChannel", note: "a passkey is bound to a link of others",
		},
		{
			file: "server/passkey.go",
			old:  "if link.State != liaison.Claimed || link.Channel == \"\" {", new: "if false {",
			tests: "TestPasskeyOnAChannel", note: "a passkey is bound to a link that nobody has claimed",
		},
		{
			file: "server/passkey.go",
			old:  "if link.Account != session.Account {", new: "if false {",
			tests: "TestPasskeyOnAChannel", note: "a passkey is bound to a link of another account",
		},
		{
			file: "server/passkey.go",
			old:  "if wait := s.ceremoniesByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {", new: "if wait := s.ceremoniesByAddress.wait(s.address(r), s.cfg.Now()); false && wait > 0 {",
			tests: "TestPasskeyLimits", note: "an address asks for any number of challenges",
		},
		{
			file: "server/passkey.go",
			old:  "\t\tif len(list) >= protocol.MaxPasskeys {\n\t\t\treturn change, tooManyPasskeys()", new: "\t\tif false && len(list) > 0 {\n\t\t\treturn change, tooManyPasskeys()",
			tests: "TestPasskeyLimits", note: "an account has any number of passkeys",
		},
		{
			file: "server/passkeysignin.go",
			old:  "if account != \"\" && account != stored.Account {", new: "if false && account != stored.Account {",
			tests: "TestPasskeyOfAnotherAccount", note: "a session changes its account by a passkey",
		},
		{
			file: "server/passkeysignin.go",
			old:  "if session.Assurance.AtLeast(assurance) {", new: "if false {",
			tests: "TestPasskeyRaisesAssurance", note: "a passkey of an app lowers the assurance",
		},
		{
			file: "server/passkeysignin.go",
			old:  "v.UserVerified && v.Origin == string(s.cfg.Origin)", new: "v.UserVerified",
			tests: "TestPasskeyRaisesAssurance", note: "a passkey of an app is phishing-resistant",
		},
		{
			file: "server/passkeysignin.go",
			old:  "\tsession = session.Rotated(next, now, s.cfg.Sessions)\n", new: "",
			tests: "TestPasskeyLife TestPasskeyAnswerLost", note: "a sign-in by passkey keeps the session's id",
		},
		{
			file: "server/passkeysignin.go",
			old:  "\tsession.ProvedAt = now\n", new: "",
			tests: "TestWhoLooksAfterPasskeys", note: "a passkey proves nothing anew",
		},
		{
			file: "server/passkeysignin.go",
			old:  "\tif session.Retired {\n\t\treturn session, &liaison.Error{Code: protocol.SessionRotated", new: "\tif false {\n\t\treturn session, &liaison.Error{Code: protocol.SessionRotated",
			tests: "TestPasskeyNeedsACollectedSession", note: "a retired session signs in by passkey",
		},
		{
			file: "server/passkeysignin.go",
			old:  "if session.Assurance.AtLeast(protocol.Sealed) {\n\t\tlist", new: "if true {\n\t\tlist",
			tests: "TestWhoLooksAfterPasskeys", note: "a linked website of a dialect learns the passkeys' ids",
		},
		{
			file: "server/passkeysignin.go",
			old:  "if !s.ceremoniesAsked.take(s.cfg.Now()) {", new: "if false {",
			tests: "TestPasskeyLimits", note: "any number of sessions is opened for passkeys",
		},
		{
			file: "chain/algorand.go",
			old:  "case len(challenge) != challengeBytes || meansSomething(challenge):", new: "case false:",
			tests: "TestVerifyChallenge", note: "a program that somebody signed signs in",
		},
		{
			file: "chain/algorand.go",
			old:  "\t\treturn a.algod.checkSigner(ctx, address, address)\n", new: "\t\treturn nil\n",
			tests: "TestVerifyChallengeOfRekeyedAccount", note: "a retired key signs in by a bare challenge",
		},
		{
			file: "passkey.go",
			old:  "if stored.ID != c.ID || stored.Account != c.Account {", new: "if stored.ID != c.ID {",
			tests: "TestCredentialBeside", note: "a credential id goes over to another account",
		},
		{
			file: "session.go",
			old:  "age > -protocol.ClockSkew && age < FreshTTL", new: "age < FreshTTL",
			tests: "TestSessionFresh", note: "a proof of the future is fresh",
		},
		{
			file: "protocol/passkey.go",
			old:  "passkeyLabel + string(channel) + string(nonce)", new: "passkeyLabel + string(nonce)",
			tests: "TestPasskeyChallengeVectors", note: "a passkey is bound to no channel",
		},
	}
}
