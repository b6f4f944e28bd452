package main

func chainMutants() []mutant {
	return []mutant{
		{
			file: "chain/ed25519.go",
			old:  "\treturn strongKey(key) && ed25519.Verify", new: "\treturn ed25519.Verify",
			tests: "TestVerifyRefusesKeysOfSmallOrder TestNoSchemeTakesKeysOfSmallOrder TestARC60TakesNoKeyOfSmallOrder", note: "keys of small order sign in",
		},
		{
			file: "chain/ed25519.go",
			old:  "err != nil || !bytes.Equal(point.Bytes(), key)", new: "err != nil || len(bytes.TrimSpace(key)) == 0",
			tests: "TestVerifyRefusesKeysThatAreNotReduced", note: "a key may have another encoding",
		},
		{
			file: "chain/ed25519.go",
			old:  "cleared.Equal(edwards25519.NewIdentityPoint()) == 0", new: "cleared != nil",
			tests: "TestVerifyRefusesKeysOfSmallOrder TestNoSchemeTakesKeysOfSmallOrder", note: "the order of a key is not looked at",
		},
		{
			file: "chain/secp256k1.go",
			old:  " || s.IsOverHalfOrder()", new: "",
			tests: "TestProofVectors TestWycheproofECDSA TestECDSANumbersHaveOneSpelling", note: "secp256k1: s may be in the upper half",
		},
		{
			file: "chain/secp256k1.go",
			old:  "err != nil || overR || overS ||", new: "err != nil || overR && overS ||",
			tests: "TestWycheproofECDSA TestECDSANumbersHaveOneSpelling", note: "secp256k1: r and s may be above the order",
		},
		{
			file: "chain/secp256k1.go",
			old:  "\tif len(signature) != 2*scalarBytes {\n", new: "\tif len(signature) < 2*scalarBytes {\n",
			tests: "TestECDSASignaturesHaveOneLength", note: "secp256k1: a signature may be longer",
		},
		{
			file: "chain/secp256k1.go",
			old:  "overflow := d.SetByteSlice(secret); overflow || d.IsZero()", new: "overflow := d.SetByteSlice(secret); overflow && d.IsZero()",
			tests: "TestParseKeyRefusesWhatIsNoScalar", note: "a secret may be any number",
		},
		{
			file: "chain/p256.go",
			old:  "s.Cmp(halfP256()) <= 0 && ecdsa.Verify", new: "ecdsa.Verify",
			tests: "TestProofVectors TestWycheproofECDSA", note: "P-256: s may be in the upper half",
		},
		{
			file: "chain/p256.go",
			old:  "public == nil || len(signature) != 2*scalarBytes", new: "public == nil || len(signature) < 2*scalarBytes",
			tests: "TestECDSASignaturesHaveOneLength", note: "P-256: a signature may be longer",
		},
		{
			file: "chain/evm.go",
			old:  "\tif s.IsOverHalfOrder() {\n", new: "\tif false && (s.IsOverHalfOrder()) {\n",
			tests: "TestProofVectors TestEVMSignatureForms", note: "EVM: s may be in the upper half",
		},
		{
			file: "chain/evm.go",
			old:  "\tif v != recoveryBase && v != recoveryBase+1 {\n", new: "\tif false && (v != recoveryBase && v != recoveryBase+1) {\n",
			tests: "TestEVMSignatureForms TestProofVectors", note: "EVM: v may be anything",
		},
		{
			file: "chain/evm.go",
			old:  "\tif len(signature) != evmSignatureBytes {\n", new: "\tif len(signature) < evmSignatureBytes {\n",
			tests: "TestEVMSignatureForms", note: "EVM: a signature may be longer",
		},
		{
			file: "chain/evm.go",
			old:  "\tif evmAddress(key) != proof.Address {\n", new: "\tif false && (evmAddress(key) != proof.Address) {\n",
			tests: "TestProofVectors TestSIWENegatives TestEveryFieldCounts", note: "EVM: anybody signs for everybody",
		},
		{
			file: "chain/evm.go",
			old:  "err != nil || eip55(bytes) != address", new: "err != nil",
			tests: "TestEVMAddresses TestContractProofsAreRefusedBeforeAnyoneIsAsked TestProofVectors", note: "EVM: an address may have another case",
		},
		{
			file: "chain/evm.go",
			old:  "\"\\x19Ethereum Signed Message:\\n\" + ", new: "",
			tests: "TestProofVectors TestSIWESignatures", note: "EVM: what is signed has no prefix",
		},
		{
			file: "chain/evm.go",
			old:  "return err == nil && n > 0 && chain == ", new: "return err == nil && n > 0 || chain == ",
			tests: "TestNewRefuses TestEVMKeysOnOtherChains", note: "EVM: a chain has several names",
		},
		{
			file: "chain/eip1271.go",
			old:  "\tif len(code) == 0 {\n", new: "\tif false && (len(code) == 0) {\n",
			tests: "TestContractRefuses", note: "an account without code accepts everything",
		},
		{
			file: "chain/eip1271.go",
			old:  "\tif string(answer) != eip1271Magic+strings.Repeat(\"\\x00\", 32-len(eip1271Magic)) {\n", new: "\tif !strings.HasPrefix(string(answer), eip1271Magic) {\n",
			tests: "TestContractRefuses", note: "a contract may say more than yes",
		},
		{
			file: "chain/eip1271.go",
			old:  "\tcase len(proof.Signature) > maxContractSignature:\n", new: "\tcase false && (len(proof.Signature) > maxContractSignature):\n",
			tests: "TestContractProofsAreRefusedBeforeAnyoneIsAsked", note: "a contract's signature may have any length",
		},
		{
			file: "chain/eip1271.go",
			old:  "answer.ID != 1 ||", new: "",
			tests: "TestContractRefuses", note: "an answer may be to another question",
		},
		{
			file: "chain/algorand.go",
			old:  "\tif AlgorandAddress(key) != address {\n", new: "\tif false && (AlgorandAddress(key) != address) {\n",
			tests: "TestAlgorandAddresses TestProofVectors", note: "an Algorand address has several spellings",
		},
		{
			file: "chain/algorand.go",
			old:  "\tif signer != proof.Address {\n\t\treturn refuse(\"without a node", new: "\tif false {\n\t\treturn refuse(\"without a node",
			tests: "TestSignerIsNamedAsItMust TestProofVectors TestRekeyedAccount", note: "any key signs for any Algorand account",
		},
		{
			file: "chain/algorand.go",
			old:  "signer = proof.Meta.Signer; signer == proof.Address", new: "signer = proof.Meta.Signer; false",
			tests: "TestSignerIsNamedAsItMust TestProofVectors", note: "the account's own key may be named as its signer",
		},
		{
			file: "chain/algorand.go",
			old:  "[]byte(messagePrefix+proof.Message)", new: "[]byte(proof.Message)",
			tests: "TestForeignSignatures TestProofVectors", note: "Algorand: what is signed has no prefix",
		},
		{
			file: "chain/algorand.go",
			old:  "\t\tif proof.Meta != nil && len(proof.Meta.AuthenticatorData) > 0 {\n", new: "\t\tif false && (proof.Meta != nil && len(proof.Meta.AuthenticatorData) > 0) {\n",
			tests: "TestProofVectors TestEveryFieldCounts", note: "mx: authenticator data is ignored",
		},
		{
			file: "chain/algorand.go",
			old:  "\tif len(challenge) != challengeBytes {\n", new: "\tif false && (len(challenge) != challengeBytes) {\n",
			tests: "TestSignChallengeRefuses", note: "a bare challenge may have any length",
		},
		{
			file: "chain/algorand.go",
			old:  "\tif meansSomething(challenge) {\n", new: "\tif false && meansSomething(challenge) {\n",
			tests: "TestSignChallengeRefuses", note: "a bare challenge may be a program",
		},
		{
			file: "chain/algorand.go",
			old:  "\"Program\", \"MsigProgram\"", new: "\"MsigProgram\"",
			tests: "TestSignChallengeRefuses", note: "a prefix is missing in the table",
		},
		{
			file: "chain/algod.go",
			old:  "\tif signer != want {\n", new: "\tif false && (signer != want) {\n",
			tests: "TestRekeyedAccount", note: "the node's word does not count",
		},
		{
			file: "chain/algod.go",
			old:  "json.Unmarshal(body, &answer) != nil || answer.Address != address", new: "json.Unmarshal(body, &answer) != nil",
			tests: "TestAlgodFails", note: "the node may speak of another account",
		},
		{
			file: "chain/algod.go",
			old:  "\tif !ok || time.Since(known.at) >= rekeyTTL {\n", new: "\tif !ok {\n",
			tests: "TestAnswersAreGoodForThirtySeconds", note: "an answer of the node is good for ever",
		},
		{
			file: "chain/algod.go",
			old:  "\tif _, err := parseAlgorandAddress(*answer.AuthAddr); err != nil {\n", new: "\tif _, err := parseAlgorandAddress(*answer.AuthAddr); false && (err != nil) {\n",
			tests: "TestAlgodFails", note: "the node may name a signer that is none",
		},
		{
			file: "chain/arc60.go",
			old:  "len(data) > maxAuthenticatorData || !bytes.HasPrefix(data, hash[:])", new: "len(data) > maxAuthenticatorData || !bytes.HasPrefix(data, hash[:1])",
			tests: "TestProofVectors TestEveryFieldCounts TestARC60Vector", note: "ARC-60: the data may be for another domain",
		},
		{
			file: "chain/arc60.go",
			old:  "len(data) > maxAuthenticatorData ||", new: "",
			tests: "TestProofVectors TestARC60Vector", note: "ARC-60: the data may have any length",
		},
		{
			file: "chain/arc60.go",
			old:  "\treturn append(first[:], second[:]...)\n", new: "\t_ = second\n\treturn first[:]\n",
			tests: "TestARC60Vector TestProofVectors", note: "ARC-60: the authenticator data is not signed",
		},
		{
			file: "chain/arc60.go",
			old:  "\t\tRequestID:      string(fields.Channel),\n", new: "",
			tests: "TestARC60Data TestProofVectors", note: "ARC-60: the channel is not signed",
		},
		{
			file: "chain/didkey.go",
			old:  "ok && len(key) == c.keyBytes && c.address([]byte(key)) == address", new: "ok && len(key) == c.keyBytes",
			tests: "TestDIDKeyAddresses", note: "a did:key has several spellings",
		},
		{
			file: "chain/didkey.go",
			old:  "ok && len(key) == c.keyBytes && ", new: "ok && ",
			tests: "TestDIDKeysHaveOneLength", note: "a key of a did:key may have any length",
		},
		{
			file: "chain/didkey.go",
			old:  "\tdidKeyPrefix = \"liaison/1 proof\\x00\"\n", new: "\tdidKeyPrefix = \"\"\n",
			tests: "TestProofVectors", note: "did:key: what is signed has no prefix",
		},
		{
			file: "chain/solana.go",
			old:  "err != nil || len(key) != ed25519.PublicKeySize {", new: "err != nil {",
			tests: "TestSolanaAddresses", note: "a Solana address may have any length",
		},
		{
			file: "chain/verifier.go",
			old:  "\tcase text.Chain != proof.Chain || text.Address != proof.Address:\n", new: "\tcase false && (text.Chain != proof.Chain || text.Address != proof.Address):\n",
			tests: "TestProofVectors TestEveryFieldCounts", note: "a text may be about another account",
		},
		{
			file: "chain/verifier.go",
			old:  "\tif proof.Meta != nil {\n", new: "\tif false && (proof.Meta != nil) {\n",
			tests: "TestProofVectors TestEveryFieldCounts", note: "meta may be where it is not needed",
		},
		{
			file: "chain/verifier.go",
			old:  "\tif proof.Type != kind {\n", new: "\tif false && (proof.Type != kind) {\n",
			tests: "TestProofVectors TestEveryFieldCounts", note: "the type of a proof does not count",
		},
		{
			file: "chain/key.go",
			old:  "\tif fields.Chain != a.chain || fields.Address != a.address {\n", new: "\tif false && (fields.Chain != a.chain || fields.Address != a.address) {\n",
			tests: "TestKeysRefuseWhatIsNotTheirs", note: "a key signs for another account",
		},
	}
}
