package chain

// VerifyEd25519 lets the tests run the public vectors, whose messages are no
// sign-in texts.
var VerifyEd25519 = verifyEd25519

// ParseAlgorandAddress lets the tests check signatures over other things than
// sign-in texts.
var ParseAlgorandAddress = parseAlgorandAddress
