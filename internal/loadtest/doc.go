// Package loadtest measures the real server under load: everything that the
// binary runs, in a process of its own, with clients over loopback that cost
// little. Only the server's process is counted. Beside each figure stands the
// bare library doing the same with no logic.
//
// The package holds benchmarks and tests only. Start with BenchmarkFrame (one
// relayed frame), BenchmarkLink (a whole link) and BenchmarkWaiting (a site
// that waits for its code to be scanned).
//
//	go test -run '^$' -bench . -benchtime 2s ./internal/loadtest
//	LIAISON_PROFILE=/tmp go test -run '^$' -bench Link/liaison ./internal/loadtest
//
// The second writes what the server's process did to /tmp/cpu.pprof and
// /tmp/heap.pprof. It measures nothing across a network, and no TLS. Figures
// and aims are in docs/benchmarks.md; the protocol is spec/protocol.md §6 and
// §7.
package loadtest
