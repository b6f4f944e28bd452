package protocol_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

func ExampleParseLink() {
	link, err := protocol.ParseLink("liquid://auth.example.com/?requestId=4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b")
	fmt.Println(link.Server, link.RequestID, link.Sealed(), err)
	link, err = protocol.ParseLink("liquid://auth.example.com/?requestId=4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b" +
		"#1.AQIAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrq8")
	fmt.Println(link.Sealed(), link.Invitation.Flags == protocol.FlagShortCode, link.Invitation.Seed, err)
	_, err = protocol.ParseLink("https://evil.example/pay")
	fmt.Println(errors.Is(err, protocol.InvalidLink))
	// Output:
	// https://auth.example.com 4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b false <nil>
	// true true [redacted] <nil>
	// true
}

func ExampleSignIn_Text() {
	issued := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	text, err := protocol.SignIn{
		Domain:         "dapp.example",
		Address:        "2SPDE6XLJNXFTOO7OIGNRNKSEDOHJWVD3HBSEAPHONZQ4IQEYOGYTP6LXA",
		Statement:      "Sign in to Example.",
		URI:            "https://dapp.example/login",
		Chain:          protocol.AlgorandMainNet,
		Nonce:          "8qgq1bVYx0dYl2Qn3vJr9A",
		IssuedAt:       issued,
		ExpirationTime: issued.Add(5 * time.Minute),
		Channel:        "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU",
	}.Text()
	fmt.Println(text, err)
	// Output:
	// dapp.example wants you to sign in with your Algorand account:
	// 2SPDE6XLJNXFTOO7OIGNRNKSEDOHJWVD3HBSEAPHONZQ4IQEYOGYTP6LXA
	//
	// Sign in to Example.
	//
	// URI: https://dapp.example/login
	// Version: 1
	// Chain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k
	// Nonce: 8qgq1bVYx0dYl2Qn3vJr9A
	// Issued At: 2026-11-22T10:00:00Z
	// Expiration Time: 2026-11-22T10:05:00Z
	// Request ID: l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU <nil>
}
