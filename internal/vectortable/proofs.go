package vectortable

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// ProofFile is vectors/proofs.json: spec/protocol.md §3, §4 and §5.
type ProofFile struct {
	Comment string `json:"comment"`
	// Rules says what a verifier must be set up with, and what it checks.
	Rules string `json:"rules"`
	// Chains are the accepted chains.
	Chains []string `json:"chains"`
	// Valid must be accepted, Refused must not.
	Valid   []NamedProof `json:"valid"`
	Refused []NamedProof `json:"refused"`
}

// NamedProof is a proof and what is special about it.
type NamedProof struct {
	Name  string `json:"name"`
	Proof Proof  `json:"proof"`
}

// Proof is a proof as it travels.
type Proof struct {
	Type      string     `json:"type"`
	Chain     string     `json:"chain"`
	Address   string     `json:"address"`
	Message   string     `json:"message"`
	Signature string     `json:"signature"`
	Meta      *ProofMeta `json:"meta,omitempty"`
}

// ProofMeta is the part of a proof that only some types have.
type ProofMeta struct {
	AuthenticatorData string `json:"authenticatorData,omitempty"`
	Signer            string `json:"signer,omitempty"`
}

const proofRules = "A verifier for these chains, without algod and RPC, accepts a proof if its message is a sign-in text in its one form " +
	"that names the proof's own chain and address, and the signature holds. Nonce, domain, times and channel are not compared here. " +
	"The signatures were made with other software than this project's, by keys whose secrets are 32 equal bytes."

// The accounts. Their secrets are 32 times the byte 1, 3, 4, 5, 6 and 7; those
// of the others, which sign or are named where they must not, 2, 8, 9 and 10.
const (
	algorandMainNet = "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k"
	algorandTestNet = "algorand:SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe"
	ethereumMainNet = "eip155:1"
	solanaMainNet   = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
	solanaDevNet    = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"
	didKey          = "did:key"

	algorandAddress = "RKEOHXLUBHYZL7KS3MWTZOS5OLFGOCN7DWKBEG7TOSEADNAPN5OOTUNSLE"
	algorandOther   = "QE4XODVIPULV6VVDKRTMGTD6ZTFY3CURWTXDPIS56YHVXD6JWOKORTLPBU"
	evmAddress      = "0x3325a78425F17a7E487Eb5666b2bFd93aBb06c70"
	evmOther        = "0x99C851eaa3c3976914D63b822C67e201EC0BFBb8"
	solanaAddress   = "EdmxWPmx2WH6WgFfTdu9xfkYf3k1g5wD1zccTVySEEh1"
	solanaOther     = "J2xccRtuG43drESLYznHhLhQkLTdfepcKYbiQ9BsJVaf"
	didEd25519      = "z6MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2"
	didP256         = "zDnaecJEhdhuFDEpFmcuDKMGz7DkDT9b4tZALSwVodLwgvQ3a"
	didSecp256k1    = "zQ3shXgWjVsCJsv9mBm6kVqFSjAnErMg3zG9CcyvmUCCaFRCr"
)

// SHA-256 of example.com.
const exampleHash = "o3mm9u6vuaVeN4wRgDTidR5oL6ufLTCrE9ISVYbOGUc"

// Proofs returns the vectors of proofs.
func Proofs() ProofFile {
	return ProofFile{
		Comment: generated,
		Rules:   proofRules,
		Chains:  []string{algorandMainNet, ethereumMainNet, solanaMainNet, didKey},
		Valid:   validProofs(),
		Refused: joined(
			refusedAlike(), refusedTexts(), refusedMX(), refusedARC60(), refusedEVM(), refusedSolana(),
			refusedDID(), refusedECDSA(), refusedForgeries(),
		),
	}
}

func joined(parts ...[]NamedProof) (all []NamedProof) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// textFor is the text that most vectors sign.
func textFor(chain, address string) string {
	namespace, reference, _ := strings.Cut(chain, ":")
	family := map[string]string{"algorand": "Algorand", "eip155": "Ethereum", "solana": "Solana", "did": "DID"}[namespace]
	return "example.com wants you to sign in with your " + family + " account:\n" + address + "\n\nSign in to Example.\n\n" +
		"URI: https://example.com\nVersion: 1\nChain ID: " + reference + "\nNonce: 7Q3JX2M4KZP6R5TAWCEYHNB2VD\n" +
		"Issued At: 2026-11-22T10:00:00Z\nExpiration Time: 2026-11-22T10:05:00Z\nRequest ID: " + channel
}

func proof(kind, chain, address, signature string) Proof {
	return Proof{Type: kind, Chain: chain, Address: address, Message: textFor(chain, address), Signature: signature}
}

func (p Proof) withMessage(old, with string) Proof {
	p.Message = strings.ReplaceAll(p.Message, old, with)
	return p
}

func (p Proof) withMeta(authenticatorData, signer string) Proof {
	p.Meta = &ProofMeta{authenticatorData, signer}
	return p
}

func (p Proof) as(kind string) Proof { p.Type = kind; return p }

func (p Proof) on(chain string) Proof { p.Chain = chain; return p }

func (p Proof) signed(signature string) Proof { p.Signature = signature; return p }

func mx(signature string) Proof { return proof("mx", algorandMainNet, algorandAddress, signature) }

func arc60(signature, authenticatorData string) Proof {
	return proof("arc60", algorandMainNet, algorandAddress, signature).withMeta(authenticatorData, "")
}

func eip191(signature string) Proof { return proof("eip191", ethereumMainNet, evmAddress, signature) }

func solana(signature string) Proof { return proof("solana", solanaMainNet, solanaAddress, signature) }

func did(address, signature string) Proof { return proof("did-key", didKey, address, signature) }

// The valid proof of each type, from which the refused ones are made.
func validMX() Proof {
	return mx("nLH3QEfJxgNMzy9blVIiS2bNk9anncGk3dqrotgacx2oiAT7mmX9q9inxr3NuksnO4xzhvjGsYf0Fg_JdQOgBA")
}

func validARC60() Proof {
	return arc60("VRNrQNq_lUpn23PazxCdmATpAAP_FbBVnRONtKnAfy2QCDrJTQDwre8YE_0IB-XIdrWtw88HYgc2vu-gylm5Aw", exampleHash)
}

func validEIP191() Proof {
	return eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqMiMfRynNcWMU855gpwn95WFbnE9Lh2Rkej50Z_R12vMhw")
}

func validSolana() Proof {
	return solana("_lFhQMcAAUDe7CVmrVfHP1fwFISIZdoQxc1a-w_PFfUpsfErFUHjolYu_Tn1xbc5nxwBGBDnvh05YWkTIwWqCw")
}

func validEd25519() Proof {
	return did(didEd25519, "o8SkmiOhQLZdbvPTo3rudJDaSGD3zOcsdONu2egPtF6M8YfEGvUlNOjy9QZFxLrBLdHLBo_lc9YDKZpMpQE_CQ")
}

func validP256() Proof {
	return did(didP256, "f03w0yxoVcDw1KSrD69MvS2a6weUHyTz1Qn1SETcq2VrOlHu9j5EFsdYeEyQS4tPS2Zqe9UxrZpD-Dkvzxr21g")
}

func validSecp256k1() Proof {
	return did(didSecp256k1, "IfJ-fBlK1U3wwVZPlPVrviLg1E3aL8y1RFokYi8PydwD6pMbUTwVwCUgqqRgcaDRA8Y84z8nfXWeFjV879YCCw")
}

func basicProofs() []NamedProof {
	return []NamedProof{
		{"mx", validMX()},
		{"arc60", validARC60()},
		{"eip191", validEIP191()},
		{"solana", validSolana()},
		{"did-key, Ed25519", validEd25519()},
		{"did-key, P-256", validP256()},
		{"did-key, secp256k1", validSecp256k1()},
	}
}

func validProofs() []NamedProof {
	resources := arc60("xN9kY__aNmBL6S4_eCF55NW9opBy_B3h1YVzzib1jIEt2WegoL5bVOmCpovZJiSnTN6ubUaJ4kWKF7BCAi7XCA",
		"ix_cRL2vnWt736i0dIZMvFdGc5O-RGhwRibrq14__qgFAAAABw")
	resources.Message = "localhost:8080 wants you to sign in with your Algorand account:\n" + algorandAddress +
		"\n\nURI: http://localhost:8080/sign-in?a=1\nVersion: 1\nChain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k\n" +
		"Nonce: 7Q3JX2M4KZP6R5TAWCEYHNB2VD\nIssued At: 2026-11-22T10:00:00Z\nExpiration Time: 2026-11-22T10:05:00Z\n" +
		"Request ID: " + channel + "\nResources:\n- https://example.com/terms\n- liaison://binding/abc"
	return append(
		basicProofs(),
		NamedProof{"arc60 with resources, without a statement, with flags and a counter", resources},
		NamedProof{"arc60 with characters that JSON escapes, or must not", arc60("Z880y-qoQZdNzEo8_nq-FVVqy8ACPQV5ei1I1re1MjFG_xt7OB83Ijl5yanyl_9RhY_YrwwX69rMyOv9X6nWAw", exampleHash).
			withMessage("Sign in to Example.", `Say "yes" & sign <this> \ that / it.`)},
		NamedProof{"arc60 with the longest authenticator data", arc60("kMUFqTg4I3Uv9g8tu-jG5912GPv1sxAuqzik0zTvLkZqpvKjYE_ULV6FPFEw2Z7wyyjPyR_XK16tnA035gK1Aw", exampleData(992))},
		NamedProof{"eip191, recovery byte from 0", eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqMiMfRynNcWMU855gpwn95WFbnE9Lh2Rkej50Z_R12vMgE")},
	)
}

// exampleData is the hash of the domain and n zero bytes.
func exampleData(n int) string {
	hash, _ := base64.RawURLEncoding.DecodeString(exampleHash)
	return base64.RawURLEncoding.EncodeToString(append(hash, make([]byte, n)...))
}

// refusedAlike are the changes that no scheme may overlook.
func refusedAlike() (out []NamedProof) {
	others := map[string]string{
		algorandAddress: algorandOther, evmAddress: evmOther, solanaAddress: solanaOther,
		didEd25519: "z6Mkj1MDZKcfx9AX5CeXHdysiGkRLzBbALyFuShD6wNeY1E3", didP256: "zDnaesMHNLsmUpXde8AYbTmb1EZCQgsMQy64VKVdkTcxvYJE4",
		didSecp256k1: "zQ3shQRtTdZK9Xf5xaJYZVdHkB97AVtFzVQqU1mS6ScfN5dVh",
	}
	for _, basic := range basicProofs() {
		p := basic.Proof
		signature, _ := base64.RawURLEncoding.DecodeString(p.Signature)
		flipped := bytes.Clone(signature)
		flipped[40] ^= 1
		other := p.withMessage(p.Address, others[p.Address])
		other.Address = others[p.Address]
		for _, c := range []NamedProof{
			{"another statement", p.withMessage("Example.", "Example!")},
			{"another nonce", p.withMessage("NB2VD", "NB2VE")},
			{"another domain", p.withMessage("example.com", "example.org")},
			{"another channel", p.withMessage("Request ID: l1.J", "Request ID: l1.K")},
			{"another account", other},
			{"another account in the proof alone", Proof{p.Type, p.Chain, others[p.Address], p.Message, p.Signature, p.Meta}},
			{"a chain that is not known", p.on("nothing:1")},
			{"no chain", p.on("")},
			{"a type that is not known", p.as("legacy-raw")},
			{"no type", p.as("")},
			{"no address", Proof{p.Type, p.Chain, "", p.Message, p.Signature, p.Meta}},
			{"no text", Proof{p.Type, p.Chain, p.Address, "", p.Signature, p.Meta}},
			{"no signature", p.signed("")},
			{"a bit of the signature changed", p.signed(base64.RawURLEncoding.EncodeToString(flipped))},
			{"a signature with a byte too few", p.signed(base64.RawURLEncoding.EncodeToString(signature[:len(signature)-1]))},
			{"a signature with a byte too many", p.signed(base64.RawURLEncoding.EncodeToString(append(signature, 0)))},
			{"meta that is empty", p.withMeta("", "")},
		} {
			out = append(out, NamedProof{basic.Name + ": " + c.Name, c.Proof})
		}
		if p.Type != "arc60" {
			out = append(out, NamedProof{basic.Name + ": meta that is not needed", p.withMeta(exampleHash, "")})
		}
		if p.Chain != algorandMainNet {
			out = append(out, NamedProof{basic.Name + ": a signer that is not needed", p.withMeta("", p.Address)})
		}
		for _, kind := range []string{"mx", "arc60", "eip191", "eip1271", "solana", "did-key"} {
			if kind != p.Type {
				out = append(out, NamedProof{basic.Name + ": called " + kind, p.as(kind)})
			}
		}
	}
	return out
}

// refusedTexts are signed as they should be, over texts that are not the one
// form or not the account's.
func refusedTexts() []NamedProof {
	const last = "Request ID: " + channel
	mxOther, evmText, solText := mx("Hnz3n9jl9UyG6pTsC8QzB-JHZad2FKpAckiG7Cjep9XCTtIqUUfpoCSl_QD0Kyrm19bSZPmokOB96gwtEtQQCw"),
		eip191("crKGBtt55ZWe7VxNVnMbicLlnawcN2NOUaWVcet-oako1iPBPkeK1C-t7xeYNE_KXgsoOHLA1iANjzYt6q_H7xs"),
		solana("ooOipEecGpXWNfRZ9ghE78AQ4zzbppc3_oVDVjjOWaLNeRX7XuC2ARBttoSwjbNGH8UaCBokbKD4yimQ_JZaDg")
	return []NamedProof{
		{"mx: the text has a line break at its end", mx("dV67YdRrNmwEhqrQ9uw6Tg9rOlgArzJnGafpHDnRz1f46c5m8flhEU6Ae3JsCXI5rEZQEo3hLK_9jc8RaEYLBg").withMessage(last, last+"\n")},
		{"eip191: the text has a line break at its end", eip191("JisBqHi7BgpHvw4nXTO3-1DegfV-PX_UfVikZTE61WIV3365qLK_O12pN2iaLdfHpNBVRAy6l5p_GN3LRFH3pBw").withMessage(last, last+"\n")},
		{"solana: the text has a line break at its end", solana("CNeEjoQQUCzkhHFa9X077BMkLW61xeKncq1T38NGjh9t8cfYaPCpnB-pBCQcscSY4JJn-TYWoME43wjE6IOtBw").withMessage(last, last+"\n")},
		{"did-key: the text has a line break at its end", did(didEd25519, "luk4DFqZMNTPu7nfq7C-iXh3Olugd0oFsQN9gVsVJLTEUWdZ_BnWRzhnVwNA7A6JF0PM_rh-avQKK_fhlgwgBA").withMessage(last, last+"\n")},
		{"mx: the text names another account", mxOther.withMessage(algorandAddress, algorandOther)},
		{"eip191: the text names another account", evmText.withMessage(evmAddress, evmOther)},
		{"solana: the text names another account", solText.withMessage(solanaAddress, solanaOther)},
		{"mx: the text is for another network", mx("23RMN0DWjN1Go3unf8npfTgLv4NbHIBcaDwF_H4vHSuBXzEaE2niqDF8dABibNjtpwH9Vgh4L0X3jUUqN8_NAA").
			withMessage("wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", "SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe")},
		{"mx: text and proof are for another network", mx("23RMN0DWjN1Go3unf8npfTgLv4NbHIBcaDwF_H4vHSuBXzEaE2niqDF8dABibNjtpwH9Vgh4L0X3jUUqN8_NAA").
			withMessage("wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", "SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe").on(algorandTestNet)},
		{"mx: the text is for another family of chains", mx("4mo2dTwRdQZPoV7Q2E7NNk3Fq-Z275_7NLeDcNqdGYGHl0W7wm6ghOmIHZdiMAzsgDVlAOXpJ56GbnGbTv8yDw").
			withMessage("your Algorand", "your Ethereum")},
		{"eip191: the text is for another chain", eip191("ctJ8WbfPo9dQe4NJvcQuPLpnth29lBjHWo78DiKVIG13A38bDzVmpLLFTDcs3b_HZ2vr9U1X67YFwqVU9S1Pnxw").
			withMessage("Chain ID: 1", "Chain ID: 137")},
		{"eip191: text and proof are for another chain", eip191("ctJ8WbfPo9dQe4NJvcQuPLpnth29lBjHWo78DiKVIG13A38bDzVmpLLFTDcs3b_HZ2vr9U1X67YFwqVU9S1Pnxw").
			withMessage("Chain ID: 1", "Chain ID: 137").on("eip155:137")},
		{"eip191: text and proof write the chain with a zero", eip191("4UIoHO1vBRHz7izfHx5IEW3tNmjGLNWB-55E-u0XeLcHlJPhdzxv3fsmPPolM95X3BFfhGutEQjaLrfhdueZrxs").
			withMessage("Chain ID: 1", "Chain ID: 01").on("eip155:01")},
		{"solana: text and proof are for another network", solana("blmegz7q8qDcnGNZ_nwHevMysT_4ZR13_XsB8eOZOy6YGyCnCC48_OdiF6XT3Xz2mDPv1oaZwfuS4c5JK6Z4CQ").
			withMessage("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "EtWTRABZaYq6iMfeYKouRu166VU2xqa1").on(solanaDevNet)},
	}
}

// respelled signs a text with another spelling of an address.
func respelled(p Proof, address, signature string) Proof {
	p = p.withMessage(p.Address, address)
	p.Address, p.Signature = address, signature
	return p
}

func refusedMX() []NamedProof {
	return []NamedProof{
		{"mx: the bare text was signed", mx("HwS1dJNUoqoWjsSY1W31ENGdh_KNLEfoRgXWmDweGygtR7P4fcWJBS3kr8vATae8MtumZDhvS0mMoPxFxI4hCw")},
		{"mx: the address is in lower case", respelled(validMX(), strings.ToLower(algorandAddress), "M96I0bPIbRaENuJIqRRierYpKT1Rm7ZxU57mEILNpOYwxHng-nB5exf6bOMAtUpLaKoJfPjyPiSNo3_MG3GzBA")},
		{"mx: the address has bits that do not count", respelled(validMX(), "RKEOHXLUBHYZL7KS3MWTZOS5OLFGOCN7DWKBEG7TOSEADNAPN5OOTUNSLF", "abZYjjNK1CJTtO2RSMQtWVyQevDxNf6e1zx1CLGoYm5bjJP2mGRbWHJuWWfrRxX3sYDeL9JTYPFSQBO3W1vpCg")},
		{"mx: a key to which the account may have been rekeyed", mx("8D1pe_iz8G68XnzWs0aNdeoGEmxU11OOc5AduoVNlg8jyaV90DvLo3V11-qLL2Te9U-ZqLJDd7Fs2UCmIVubAw").withMeta("", algorandOther)},
		{"mx: another key, which is not named", mx("8D1pe_iz8G68XnzWs0aNdeoGEmxU11OOc5AduoVNlg8jyaV90DvLo3V11-qLL2Te9U-ZqLJDd7Fs2UCmIVubAw")},
		{"mx: another key is named, the account's own signed", validMX().withMeta("", algorandOther)},
		{"mx: the account's own key is named as the signer", validMX().withMeta("", algorandAddress)},
	}
}

func refusedARC60() []NamedProof {
	short, _ := base64.RawURLEncoding.DecodeString(exampleHash)
	bare := validARC60()
	bare.Meta = nil
	return []NamedProof{
		{"arc60: without authenticator data", bare},
		{"arc60: authenticator data was signed raw", arc60("ZDXStBndcqDuBak1rKRWph12rarcGAbdGvj3nXr_JJpHtYNeWuG4HIhtA5w1k3SLDFPGWONuGR7h4fVTnkJZAg", exampleHash)},
		{"arc60: authenticator data is for another domain", arc60("uFlOq_wZni_7XB-dIc6TcaexX1t9jDPW3utoB-tFKwY6dMI6uyQ-p22FbRyXlmjCm8bhu0jjcqzA1KYxLLz_Cg", "v6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LU")},
		{"arc60: authenticator data was changed", validARC60().withMeta(exampleData(1), "")},
		{"arc60: authenticator data of 31 bytes", arc60("A4RrH1P2Ln3bUVy_3iU2-qCsm5lkSdHzO-LMFkWvogsKdsQGaLip-WN_oGoxhXf4pHkFHIOuF-mCJBdsmk7qDw", base64.RawURLEncoding.EncodeToString(short[:31]))},
		{"arc60: authenticator data of 1025 bytes", arc60("L2euxuwbqlfqeF_506VxERCnCyyuhiji0mkC1LAgMXyjlGHvDSu-_6StBxwnvEy63K-Wj70HVjuTYJVaLoOZCA", exampleData(993))},
		{"arc60: data without the channel", arc60("UzaUJ4bAgY_UOnU47UUbnyHF90Uprmz67ODGtJqShr63m4eGRMDX-MhqBuTMpZogoarRT5UzTHK68_gbK3fzDg", exampleHash)},
		{"arc60: data for another network", arc60("0OnSoNZlcrgXSn6DSgXz-sVDvMoi53lI3mPhEjs8qCO-lKDiPV7ddf-uKWDnM-Bsztvz4gKI9OzjuFvKMNwRCw", exampleHash)},
		{"arc60: the text was signed in place of the data", arc60("YCkMmIrc65Ay-_EWICNfWf74hhL-x-kIGNjusHvdXaguxqYCcEeJkqITPJHZuqw9AYX4u-g4-tyCv-D2iUrkDw", exampleHash)},
		{"arc60: the text has a line break at its end", validARC60().withMessage("Request ID: "+channel, "Request ID: "+channel+"\n")},
		{"arc60: a key to which the account may have been rekeyed", arc60("jqATWiLCrWbpqc7IVik_001aY-XzQakDKYLIwlOpV0c60YMjs0RLCh7QO5G3OPs6iwkUpYcp4_2zSNXrlDaPAg", exampleHash).withMeta(exampleHash, algorandOther)},
		{"arc60: the account's own key is named as the signer", validARC60().withMeta(exampleHash, algorandAddress)},
	}
}

func refusedEVM() []NamedProof {
	return []NamedProof{
		{"eip191: s above half of the order", eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqPdzguNYyjpzrDGGfWPYCGopPUX8fbSWfQb6xgNiNiSDxs")},
		{"eip191: v is 29 or 30", eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqMiMfRynNcWMU855gpwn95WFbnE9Lh2Rkej50Z_R12vMh4")},
		{"eip191: v is 2 or 3", eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqMiMfRynNcWMU855gpwn95WFbnE9Lh2Rkej50Z_R12vMgM")},
		{"eip191: r is 0", eip191("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAiMfRynNcWMU855gpwn95WFbnE9Lh2Rkej50Z_R12vMhw")},
		{"eip191: s is 0", eip191("7dlOvgimTiDzrHHSSDRWjHVbEDBpAP8XcE-NhL3QJqMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABw")},
		{"eip191: v stands first", eip191("HO3ZTr4Ipk4g86xx0kg0Vox1WxAwaQD_F3BPjYS90CajIjH0cpzXFjFPOeYKcJ_eVhW5xPS4dkZHo-dGf0ddrzI")},
		{"eip191: the bare text was signed", eip191("wkodAxBtpVzCDpPB9u9Y-889YwnYfBqiZlllK0o72WsVuvZ_4S4dvPfGkjzD6pM0uFQtGmNkCKJF5y7u_XsSexs")},
		{"eip191: the hash is SHA3-256 in place of Keccak", eip191("vW8k4DyiGJqoUyhMEDIcja66i-fFW1kk0UfiJIx2VsI0KZSZfha0_VcAgtVcZ9bg51skPjCRm3mJblVtHJMtRBw")},
		{"eip191: the address is in lower case", respelled(validEIP191(), strings.ToLower(evmAddress), "Ot4kwbq9J5mamydmTk7KpZzOJyA2_tj35mlsvyiTUqhIGlPpxA_6eoW-m3aPdzmMaycVHKsn8mPH-EiHTOM22xw")},
		{"eip191: the address is in upper case", respelled(validEIP191(), "0x"+strings.ToUpper(evmAddress[2:]), "M7nbLn0LIpN9T48fvfTBGS7yGP-hhAtqNtSdJY_7zckx5NDYuZiyyLPtAstlt3FM0Gv_izsbsMjm4hpRFMzh_hw")},
		{"eip191: the address is without 0x", respelled(validEIP191(), evmAddress[2:], "7ezT9CMxeVVxMqYlPXc1NW4bTQxgTPqQNmFDXceLkzcoTK3IpHHzNwBpxXc5Pl9nojsmr5_FxFfDJRZW139kLRs")},
	}
}

func refusedSolana() []NamedProof {
	return []NamedProof{
		{"solana: MX and the text were signed", solana("PUlw6DER2cBECM2XgyWIyWIWeo8JXEP4_VWbhzXA3h-V6BuJk69nf_PyxRgIa8LKQ7nBUzO84h-O97aP-v0fAA")},
		{"solana: the address has 33 bytes", respelled(validSolana(), "1"+solanaAddress, "8GngpnAwYU6pHL3R45TlxNXxHWdz1CaQwuKSSH9DLSyGOnlx74PX-NPQkbOIvZtpy7bc18rSweBoqNWVPMslBg")},
	}
}

func refusedDID() []NamedProof {
	return []NamedProof{
		{"did-key, Ed25519: the bare text was signed", did(didEd25519, "Wi1RhAII3r1QVIKE8RYJ6j5V0xNYqBmlt4cxDtG7oWsUf11kSXQpsai8-Vf02n-XKSAfUd-VnkoqTvrYYZ3MCQ")},
		{"did-key, Ed25519: the address is without z", respelled(validEd25519(), didEd25519[1:], "BoFTFZwvpITaJ3IauZFxgzwmkfPoDY5Pj0oeKXSrax5ORcoN-9-qSHHB0Qx_b3HIFdMPA7dYnrMGnvtErA0qBA")},
		{"did-key, Ed25519: the key is called an X25519 one", respelled(validEd25519(), "z6LSj7S1U9bhAQR8oFWV9ao7MHd9tr1v4d215K2gvebaDhiQ", "jyaxa77tMD6IzG3wLRvS7x29SfF1H_0_9h6giLO20snZfxBR05xSj2suEVZjk4CK-zIBsoCazyFDQbyxIlnfCA")},
		{"did-key, Ed25519: a zero byte before the prefix", respelled(validEd25519(), "z16MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2", "THnlsF3ITXSE82kFJaQvpFfseBwhxh-544ZaL2Wmfiw7eLxSovsjPErgQwCEPbhbDVDdO_mSOqHwyz7fcxtoAg")},
		{"did-key, Ed25519: a zero byte after the key", respelled(validEd25519(), "zQecD8NvUDEzzfQvt3a2GG4nTBriYtXfjAuyTeG6XFoC7M2TR", "ImCJ08Zb6AF_KKFFXR86HzubPBbrqdRhn_t2WLFCmqW9BgP-9alEsTyfc4Ym6T-O9arn-_0Z6Y50O-piO7H3Bg")},
	}
}

func refusedECDSA() []NamedProof {
	return []NamedProof{
		{"did-key, P-256: s above half of the order", validP256().signed("f03w0yxoVcDw1KSrD69MvS2a6weUHyTz1Qn1SETcq2WUxa4QCcG76jinh7NvtHSwcYCQMdHl8OqvwZGTLUguew")},
		{"did-key, P-256: the signature is DER", validP256().signed("MEQCIH9N8NMsaFXA8NSkqw-vTL0tmusHlB8k89UJ9UhE3KtlAiBrOlHu9j5EFsdYeEyQS4tPS2Zqe9UxrZpD-Dkvzxr21g")},
		{"did-key, P-256: r is 0", validP256().signed("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABrOlHu9j5EFsdYeEyQS4tPS2Zqe9UxrZpD-Dkvzxr21g")},
		{"did-key, P-256: s is 0", validP256().signed("f03w0yxoVcDw1KSrD69MvS2a6weUHyTz1Qn1SETcq2UAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
		{"did-key, P-256: the bare text was signed", validP256().signed("yolWN7jxIdnoFAbgkOuK2x7ojk6k0WkXsvtwVXElfedTRtlD2uc0CJMtVwedXNjnLlcL1ae5W9WFd-98m6RgPA")},
		{"did-key, P-256: the key is not compressed", respelled(validP256(), "z4oJ8dJdKi4GHFyZFa1VsQ46aQUB1jGESD7hnBviJXGAWFSXgcFcF8fV33bqUFWUP5J97CWveQ6NKjE4vDsbLzFcnfns9", "2Mz1CDkII-solapWkKgvFmAt6c4owNlgr0ZEc3hO5LwmJrCLZU9ukIsa7pQfdvF2i9CDG1omsgx9V9FdrCcmNw")},
		{"did-key, P-256: the key is called a secp256k1 one", respelled(validP256(), "zQ3shZH4QqpZ3oQVgPZFypv3fGVhR46euQjgjS1xAMs2tm6rC", "nysJrVZCWuzHu3U7ltLxhMTWRpwmB07kUh1LslfZPhIB4kxK0w7Uliyi8WSPocuRCRA0-RYQbfC3kKbAF3FKIA")},
		{"did-key, P-256: the key's other sign", respelled(validP256(), "zDnaeuXZ58Ver1HZ2LhgdYXTHJSYjheEPdmERvzT8VGNTSMHr", "vcDaDXENg7wB7rCUif-017AmpqPtQYR3_6pMNuxWQo4BKbpxkY1ZKpkOcUUsAiyescRlie7tbMwFR_OKdvWRUg")},
		{"did-key, P-256: no point of the curve", respelled(validP256(), "zDnaeQRy3dcKsKa1zmKtVKsTy3m2HYoQnFnfKuxD6HfSTQgYg", validP256().Signature)},
		{"did-key, secp256k1: s above half of the order", validSecp256k1().signed("IfJ-fBlK1U3wwVZPlPVrviLg1E3aL8y1RFokYi8Pydz8FWzkrsPqP9rfVVufjl8ttuigA3AhIsYhvCkP4GA_Ng")},
		{"did-key, secp256k1: the signature is DER", validSecp256k1().signed("MEQCICHyfnwZStVN8MFWT5T1a74i4NRN2i_MtURaJGIvD8ncAiAD6pMbUTwVwCUgqqRgcaDRA8Y84z8nfXWeFjV879YCCw")},
		{"did-key, secp256k1: r is 0", validSecp256k1().signed("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD6pMbUTwVwCUgqqRgcaDRA8Y84z8nfXWeFjV879YCCw")},
		{"did-key, secp256k1: s is 0", validSecp256k1().signed("IfJ-fBlK1U3wwVZPlPVrviLg1E3aL8y1RFokYi8PydwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
		{"did-key, secp256k1: the bare text was signed", validSecp256k1().signed("Ut3_R3MKmHeA451a9To62Lskx8RSd8TRe7MnlJq5CtNsJrnAbQPXygT1dSCap2tfSm50TI7qXWiUyh7Sy09yQA")},
		{"did-key, secp256k1: the key is not compressed", respelled(validSecp256k1(), "z7r8orXgTE1ZYDeMzjQk9g5FnsHtYF1MBo9w4PUTfPDxVkog4gtyxa3NiLAxkALXBtLfyC2stFmgeVVkUJQSRRsqvGeKH", "tB4cFOqF7zNU4TRR10XxV9OuHp0rd4tYISczjFhU2oB4ycCjvqfpYuzjUARD1hb-O2Q1fPgSGtT-brRLZWNA1A")},
		{"did-key, secp256k1: the key is called a P-256 one", respelled(validSecp256k1(), "zDnaeahh2HkYWHkULZpjyzGUmZtq3FQcDU5coduUQjg7NQiQE", "43ZI2Q3PROWPBeLPLOdtEnzXNBFv96wkrazfieBRD-4E3H7hq9oB09u9D5VjoX6xENJ_A0oILx4Ag5Ly2MBoiQ")},
		{"did-key, secp256k1: the key's other sign", respelled(validSecp256k1(), "zQ3shpuq6zewufxtXkqtAj1RjvPam6rKNjUDJ72t6L7dLmNT8", "aMvz9AwdozYGeuCAU1vCzGgCsnY_uxGJmoxife-j7nAlqV2wVn47cMjWLx-VON7qTkEQaiFAZnMR2eLf75ZhQA")},
		{"did-key, secp256k1: no point of the curve", respelled(validSecp256k1(), "zQ3shMQnkqiyfujhRPGFFqSEeD2yV9kUcmyBiu2fT2BXfFPMN", validSecp256k1().Signature)},
	}
}

// refusedForgeries need no secret: under a key of low order, the signature that
// consists of the identity and zero holds for every eighth text or more often,
// and the nonces are chosen so that it holds for these.
func refusedForgeries() []NamedProof {
	const forged = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	forge := func(p Proof, address, nonce string) Proof {
		return respelled(p, address, forged).withMessage("7Q3JX2M4KZP6R5TAWCEYHNB2VD", nonce)
	}
	return []NamedProof{
		{"mx: the key is the identity", forge(validMX(), "AEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE3PRHE", "7Q3JX2M4KZP6R5TAWCEYHNB207")},
		{"mx: the key is zero", forge(validMX(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ", "7Q3JX2M4KZP6R5TAWCEYHNB221")},
		{"mx: the key is the identity, not reduced", forge(validMX(), "53777777777777777777777777777777777777777777777775742SRVW4", "7Q3JX2M4KZP6R5TAWCEYHNB204")},
		{"solana: the key is the identity", forge(validSolana(), "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM", "7Q3JX2M4KZP6R5TAWCEYHNB213")},
		{"solana: the key is zero", forge(validSolana(), "11111111111111111111111111111111", "7Q3JX2M4KZP6R5TAWCEYHNB201")},
		{"solana: the key is the identity, not reduced", forge(validSolana(), "H5xSWNRAbqKddKjrabehyU8drL3Dk4LgZJiEJc9rGGyC", "7Q3JX2M4KZP6R5TAWCEYHNB204")},
		{"did-key, Ed25519: the key is the identity", forge(validEd25519(), "z6MkeXATEjyXENzBXBxgC5EHk2JE5aqd7qMGGtDpLUH1e2Sj", "7Q3JX2M4KZP6R5TAWCEYHNB200")},
		{"did-key, Ed25519: the key is zero", forge(validEd25519(), "z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP", "7Q3JX2M4KZP6R5TAWCEYHNB203")},
		{"did-key, Ed25519: the key is the identity, not reduced", forge(validEd25519(), "z6MkvYDV6cfbwNp6jpaZGAcYpZgdfuK59wb3FKdA8t7sBVka", "7Q3JX2M4KZP6R5TAWCEYHNB202")},
	}
}
