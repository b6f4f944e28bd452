package main

func sealedMutants() []mutant {
	return []mutant{
		{
			file: "sealed/handshake.go",
			old:  "\t\th.sym.mixKeyAndHash(h.psk[:])\n", new: "\t\th.sym.mixKeyAndHash(make([]byte, keyBytes))\n",
			tests: "TestEveryBitOfALinkCounts TestVectors", note: "the seed is no part of the keys",
		},
		{
			file: "sealed/handshake.go",
			old:  "\th.sym.mixHash(link.Key[:]) // pre-message \"<- s\"\n", new: "",
			tests: "TestVectors", note: "the site's key is not in the hash",
		},
		{
			file: "sealed/handshake.go",
			old:  "\t\th.sym.mixKey(secret)\n", new: "",
			tests: "TestVectors TestEveryBitOfALinkCounts", note: "what two keys have in common is no part of the keys",
		},
		{
			file: "sealed/handshake.go",
			old:  "\th.sym.mixKey(e.Bytes()) // with a psk, \"e\" is a key too (Noise §9.2)\n", new: "",
			tests: "TestVectors", note: "the ephemeral key is not mixed",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif h.ee, err = h.ephemeral.ECDH(e); err != nil {\n\t\treturn nil, ErrAuthentication\n\t}\n",
			new:  "\th.ee, err = h.ephemeral.ECDH(e)\n\t_ = err\n", tests: "TestResumptionRefusesKeysOfSmallOrderAtOnce",
			note: "a key of small order is not refused where it is read",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif len(message) < minHandshakeBytes || len(message) > maxMessageBytes {\n", new: "\tif len(message) < publicKeyBytes {\n",
			tests: "TestHandshakeSizes", note: "a handshake's message may have any length",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif len(payload) > maxMessageBytes-minHandshakeBytes {\n", new: "\tif false && (len(payload) > maxMessageBytes-minHandshakeBytes) {\n",
			tests: "TestHandshakeSizes", note: "a payload may have any length",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tcase h.next > 2, (h.next == 1) != (h.side == first):\n", new: "\tcase h.next > 2:\n",
			tests: "TestWrongOrder", note: "calls of a handshake may come in any order",
		},
		{
			file: "sealed/handshake.go",
			old:  "\t\tif err := h.siteKey.spend(); err != nil {\n\t\t\treturn nil, err\n\t\t}\n", new: "\t\t_ = h.siteKey.spend()\n",
			tests: "TestSiteKeyAnswersOnce TestSiteKeyAnswersOnceAtATime TestMessageTwoAnswersOneMessageOne", note: "the key of a link answers more than once",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif spent {\n", new: "\tif false && (spent) {\n",
			tests: "TestSiteKeyAnswersOnce", note: "a handshake begins with a key that has answered",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif !same {\n", new: "\tif false && (!same) {\n",
			tests: "TestSiteKeyIsThatOfItsLink", note: "a site's key serves another link",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif link.Seed == (Seed{}) {\n", new: "\tif false && (link.Seed == (Seed{})) {\n",
			tests: "TestUnusableLinksAndResumptions", note: "a link needs no seed",
		},
		{
			file: "sealed/handshake.go",
			old:  "\tif r.Secret == (Secret{}) {\n", new: "\tif false && (r.Secret == (Secret{})) {\n",
			tests: "TestUnusableLinksAndResumptions", note: "a resumption needs no secret",
		},
		{
			file: "sealed/handshake.go",
			old:  "\t*h = Handshake{}\n\treturn err\n", new: "\treturn err\n",
			tests: "TestWrongOrder TestHandshakeSizes TestEveryBitOfMessageOneCounts", note: "a handshake goes on after an error",
		},
		{
			file:  "sealed/noise.go",
			old:   "\tplaintext, err := c.aead.Open(nil, nonce, ciphertext, ad)\n\tif err != nil {\n\t\treturn nil, ErrAuthentication\n\t}\n",
			new:   "\tplaintext, err := c.aead.Open(nil, nonce, ciphertext, ad)\n\tif err != nil {\n\t\tplaintext = ciphertext[:max(0, len(ciphertext)-tagBytes)]\n\t}\n",
			tests: "TestEveryBitOfMessageOneCounts TestEveryBitOfAMessageCounts", note: "the tag of a message is not checked",
		},
		{
			file: "sealed/noise.go",
			old:  "\tif c.n == math.MaxUint64 {\n", new: "\tif false && c.n == math.MaxUint64 {\n",
			tests: "TestLastCounter", note: "the counter begins again",
		},
		{
			file: "sealed/noise.go",
			old:  "\t\treturn nil, ErrAuthentication\n\t}\n\tc.n++\n", new: "\t\treturn nil, ErrAuthentication\n\t}\n",
			tests: "TestWrongCounter TestVectors TestHostileRelay", note: "the receiver does not count",
		},
		{
			file: "sealed/noise.go",
			old:  "\tplaintext, err := s.cipher.open(ciphertext, s.h[:])\n", new: "\tplaintext, err := s.cipher.open(ciphertext, nil)\n",
			tests: "TestVectors TestBothEndsAgree", note: "a message is not bound to what was said before",
		},
		{
			file: "sealed/session.go",
			old:  "\t\ts.broken.Store(true)\n", new: "",
			tests: "TestNothingAfterAMessageThatFailed", note: "messages are read after one that did not hold",
		},
		{
			file: "sealed/session.go",
			old:  "\tif s.broken.Load() || s.send.aead == nil {\n", new: "\tif s.send.aead == nil {\n",
			tests: "TestNothingAfterAMessageThatFailed", note: "messages are sent after one that did not hold",
		},
		{
			file: "sealed/session.go",
			old:  "\tif side == siteSide {\n\t\ts.send, s.receive = s.receive, s.send\n\t}\n", new: "\tif side == siteSide {\n\t\ts.send = s.receive\n\t}\n",
			tests: "TestVectors TestOpenRefuses TestBothEndsAgree", note: "both directions have one key",
		},
		{
			file: "sealed/session.go",
			old:  "\tif len(ciphertext) < tagBytes || len(ciphertext) > maxMessageBytes {\n", new: "\tif false && (len(ciphertext) < tagBytes || len(ciphertext) > maxMessageBytes) {\n",
			tests: "TestMessageSizes", note: "a message may have any length",
		},
		{
			file: "sealed/session.go",
			old:  "\tother := walletSide\n\tif s.side == walletSide {\n\t\tother = siteSide\n\t}\n", new: "\tother := s.side\n",
			tests: "TestPong", note: "a side's own pong is good",
		},
		{
			file: "sealed/session.go",
			old:  "\treturn hmac.Equal(mac, want[:])\n", new: "\treturn len(mac) == len(want)\n",
			tests: "TestPong", note: "any pong is good",
		},
		{
			file: "sealed/session.go",
			old:  "\tmac.Write(nonce[:])\n", new: "",
			tests: "TestPong TestVectors", note: "a pong is good for every ping",
		},
		{
			file: "sealed/keys.go",
			old:  "\tprologue, err := appendName(prologue, \"host\", link.Host)\n", new: "\tprologue, err := appendName(prologue, \"host\", \"host\")\n",
			tests: "TestEveryBitOfALinkCounts TestVectors", note: "the host is not bound",
		},
		{
			file: "sealed/keys.go",
			old:  "\tprologue, err = appendName(prologue, \"request id\", link.RequestID)\n", new: "\tprologue, err = appendName(prologue, \"request id\", \"id\")\n",
			tests: "TestEveryBitOfALinkCounts TestVectors", note: "the request id is not bound",
		},
		{
			file: "sealed/keys.go",
			old:  "\treturn append(prologue, 1, link.Flags), nil\n", new: "\treturn append(prologue, 1, 0), nil\n",
			tests: "TestEveryBitOfALinkCounts TestVectors", note: "the flags are not bound",
		},
		{
			file: "sealed/keys.go",
			old:  "\treturn appendName(append([]byte(version+\" resume\"), 0), \"resume id\", id)\n", new: "\treturn appendName(append([]byte(version+\" resume\"), 0), \"resume id\", \"id\")\n",
			tests: "TestEveryBitOfAResumptionCounts TestVectors", note: "the resume id is not bound",
		},
		{
			file: "sealed/keys.go",
			old:  "\tif name == \"\" || len(name) > 255 {\n", new: "\tif false && (name == \"\" || len(name) > 255) {\n",
			tests: "TestUnusableLinksAndResumptions", note: "a name may have any length",
		},
		{
			file: "sealed/keys.go",
			old:  "\t\tif name[i] <= ' ' || name[i] > '~' {\n", new: "\t\tif false && (name[i] <= ' ' || name[i] > '~') {\n",
			tests: "TestUnusableLinksAndResumptions", note: "a name may have any bytes",
		},
		{
			file: "sealed/link.go",
			old:  "\tk.private = nil\n\tclear(k.seed[:])\n", new: "\tclear(k.seed[:])\n",
			tests: "TestSiteKeyAnswersOnce", note: "the site's private key stays",
		},
		{
			file:  "sealed/link.go",
			old:   "\tsecret, err := private.ECDH(public)\n\tif err != nil {\n\t\treturn nil, ErrAuthentication\n\t}\n\treturn secret, nil\n",
			new:   "\tsecret, err := private.ECDH(public)\n\tif err != nil {\n\t\tsecret = make([]byte, keyBytes)\n\t}\n\treturn secret, nil\n",
			tests: "TestWycheproofX25519", note: "the site's key agrees with a key of small order",
		},
		{
			file: "sealed/resumption.go",
			old:  "kdf(s.export[:], \"resume secret\", secretBytes)", new: "kdf(s.h[:], \"resume secret\", secretBytes)",
			tests: "TestVectors", note: "the resume secret comes of what the server knows",
		},
		{
			file:  "sealed/secret.go",
			old:   "func (s Seed) Reveal() [seedBytes]byte { return s }\n\n// String hides the seed.\nfunc (Seed) String() string { return redacted }\n",
			new:   "func (s Seed) Reveal() [seedBytes]byte { return s }\n\n// String hides the seed.\nfunc (s Seed) String() string { return string(s[:]) }\n",
			tests: "TestSecretsHideThemselves", note: "a seed prints itself",
		},
	}
}
