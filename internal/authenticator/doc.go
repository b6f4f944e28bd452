// Package authenticator plays a browser and its authenticator in tests: it makes
// passkeys and signs with them, and misbehaves on purpose.
//
// Start with [Device], [Device.Create] and [Device.Get].
//
//	device := &authenticator.Device{Origin: "https://example.com"}
//	response := device.Create("example.com", challenge, user)
//	device.Fault = authenticator.Fault{NoVerification: true}
//	response = device.Get("example.com", challenge)
//
// Its passkeys can be discovered, are for one domain each, and attest nothing
// unless [Device.Attestation] says so. It is for tests: it asks nobody, and its
// keys live as long as it does. A Device is for one goroutine.
//
// It speaks Web Authentication Level 3, which spec/protocol.md §10 relies on.
package authenticator
