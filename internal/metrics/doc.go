// Package metrics counts what a server does, for Prometheus.
//
// [New] makes the figures of one server in a registry of their own, so that two
// servers in one process do not share them and nothing global is touched;
// [Metrics.Handler] serves them. All methods may be called concurrently. No
// label ever holds anything that a client chose.
//
//	m := metrics.New()
//	m.Claim("")
//	http.Handle("/metrics", m.Handler())
package metrics
