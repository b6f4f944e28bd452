// Command liaison links a website and a wallet by a QR code.
//
//	liaison serve                      runs the server and its page
//	liaison link                       plays the website in a terminal
//	liaison wallet connect '<link>'    plays the wallet in a terminal
//
// In its code start with [run], which main hands everything to; serveCommand,
// the one place that knows concrete storage and transport; and failure, which
// renders every error in three parts: what, likely cause, next command.
//
// Exit codes are 0 done, 1 refused or failed, 2 usage, 3 timed out. With --json
// a command writes one JSON object a line to standard output and nothing else;
// without it, standard output has the other side's messages and standard error
// everything that is for people.
//
// The program keeps nothing but the server's data file and the wallet's key
// file. Each command runs in one goroutine and those it starts and waits for.
//
// It is a user of spec/protocol.md, not a part of it.
package main
