package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/liaison-dev/liaison/protocol"
)

// Metrics are the figures of one server, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry

	// LinksOpened counts the links that sites opened.
	LinksOpened prometheus.Counter
	// ProofSeconds is how long checks of signatures take, waiting included.
	ProofSeconds prometheus.Histogram
	// Sockets is how many WebSockets are open.
	Sockets prometheus.Gauge
	// Rooms is how many links have a part on this node.
	Rooms prometheus.Gauge
	// Frames counts the frames that were taken for the other side.
	Frames prometheus.Counter
	// FrameBytes counts their payloads, in bytes.
	FrameBytes prometheus.Counter

	claims, problems, closes, socketErrors *prometheus.CounterVec
}

// New returns metrics at zero.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.LinksOpened = m.counter("liaison_links_opened_total", "Links that sites opened.")
	m.Frames = m.counter("liaison_frames_total", "Frames taken for the other side of a link.")
	m.FrameBytes = m.counter("liaison_frame_bytes_total", "Payload of the frames, in bytes.")
	m.Sockets = m.gauge("liaison_sockets", "Open WebSockets.")
	m.Rooms = m.gauge("liaison_rooms", "Links that have a part on this node.")
	m.claims = m.counters("liaison_claims_total", "Claims of links, by outcome; ok for a success.")
	m.problems = m.counters("liaison_http_errors_total", "HTTP errors, by code.")
	m.socketErrors = m.counters("liaison_socket_errors_total", "Errors sent to WebSockets, by code.")
	m.closes = m.counters("liaison_socket_closes_total", "WebSockets that the server closed, by code.")
	m.ProofSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "liaison_proof_seconds", Help: "Time to check a proof, waiting included, in seconds.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .05, .25, 1, 3},
	})
	m.registry.MustRegister(m.ProofSeconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Claim counts a claim by its outcome, the empty code for a success.
func (m *Metrics) Claim(code protocol.Code) {
	if code == "" {
		code = "ok"
	}
	m.claims.WithLabelValues(string(code)).Inc()
}

// Problem counts an HTTP error.
func (m *Metrics) Problem(code protocol.Code) { m.problems.WithLabelValues(string(code)).Inc() }

// SocketError counts an error message on a WebSocket.
func (m *Metrics) SocketError(code protocol.Code) { m.socketErrors.WithLabelValues(string(code)).Inc() }

// SocketClose counts a WebSocket that the server closed.
func (m *Metrics) SocketClose(code protocol.Code) { m.closes.WithLabelValues(string(code)).Inc() }

// Handler serves the figures in the text format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) counters(name, help string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"code"})
	m.registry.MustRegister(c)
	return c
}
