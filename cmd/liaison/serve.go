package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liquid"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
	"github.com/liaison-dev/liaison/web"
)

// Limits of the HTTP server. A request is small; only the WebSocket, which the
// limits of package server hold, lasts.
const (
	headerTimeout   = 5 * time.Second
	requestTimeout  = 20 * time.Second
	answerTimeout   = 30 * time.Second // a client that does not read must not stay
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 16 << 10
	shutdownTimeout = 10 * time.Second
	storeTimeout    = 10 * time.Second
)

// defaultMetrics is where metrics are served unless something else is said.
const defaultMetrics = "127.0.0.1:9090"

// serveCommand runs the server.
type serveCommand struct {
	Config kong.ConfigFlag `help:"Read flags from this JSON file: {\"listen\": \"localhost:8080\", \"trusted-proxy\": [\"10.0.0.0/8\"]}. The command line and the environment go before it." placeholder:"FILE"`

	Listen          string         `help:"Where to listen; the default is ${default}." default:"localhost:8080" placeholder:"HOST:PORT"`
	Origin          string         `help:"The address at which people reach the server, for example https://auth.example.com. The default is the one it listens on, if that is of this machine only." placeholder:"URL"`
	UnsafeAllowHTTP bool           `name:"unsafe-allow-http" help:"Accept an --origin without TLS on a host that is not this machine. Whoever can listen on the network then has every session."`
	Data            string         `help:"The file that keeps links, sessions, accounts and passkeys; the default is ${default}." default:"liaison.db" placeholder:"FILE"`
	Name            string         `help:"What wallets show as the site's name. The default is the host of the origin." placeholder:"TEXT"`
	Chain           []string       `sep:"none" help:"A chain whose accounts may sign in, by its CAIP-2 name, the preferred one first. May be repeated. The default is ${chains}." placeholder:"CHAIN"`
	Algod           []string       `sep:"none" help:"An Algorand node to ask who may sign for an account: URL or URL,TOKEN, for MainNet, or CHAIN=URL for another network. With it, a rekeyed account is known by its new key alone; if it does not answer, nobody signs in. May be repeated." placeholder:"URL"`
	RPC             []string       `name:"rpc" sep:"none" help:"A JSON-RPC service of an EVM chain, for accounts that are contracts (EIP-1271): CHAIN=URL. May be repeated." placeholder:"CHAIN=URL"`
	ICEServer       []string       `name:"ice-server" sep:"none" help:"A STUN or TURN server for the peers: stun:HOST:PORT, or turn:HOST:PORT,USERNAME,CREDENTIAL. May be repeated." placeholder:"URL"`
	AndroidApp      []string       `sep:"none" help:"An app of Android that uses the passkeys of this origin and opens its links: PACKAGE=FINGERPRINT, with the SHA-256 of its certificate as keytool prints it. May be repeated." placeholder:"PACKAGE=FINGERPRINT"`
	IOSApp          []string       `name:"ios-app" sep:"none" help:"The same for iOS: TEAM.BUNDLE. May be repeated." placeholder:"TEAM.BUNDLE"`
	TrustedProxy    []netip.Prefix `help:"A proxy that may name its client's address in X-Forwarded-For. May be repeated." placeholder:"CIDR"`
	MetricsListen   string         `help:"Where to serve metrics for Prometheus, at /metrics: HOST:PORT, or off. The default is 127.0.0.1:9090, or nothing if that is taken." placeholder:"HOST:PORT"`
	LogLevel        string         `help:"What to log, as JSON on standard error: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(e *env) error {
	log, err := c.logger(e.stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return listenFailure("--listen", c.Listen, err)
	}
	defer listener.Close()
	origin, err := c.origin(listener.Addr())
	if err != nil {
		return err
	}
	metrics, err := c.metricsListener(log)
	if err != nil {
		return err
	}
	if metrics != nil {
		defer metrics.Close()
	}
	return c.serve(e, log, origin, listener, metrics)
}

// serve opens what must last and runs the listeners on top of it.
func (c *serveCommand) serve(e *env, log *slog.Logger, origin protocol.Origin, listener, metrics net.Listener) (err error) {
	opening, cancel := context.WithTimeout(e.ctx, storeTimeout)
	store, err := sqlite.Open(opening, sqlite.Config{Path: c.Data})
	cancel()
	if err != nil {
		return dataFailure(c.Data, err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	bus := membus.New().Join()
	defer func() { err = errors.Join(err, bus.Close()) }()
	verifier, err := c.verifier()
	if err != nil {
		return err
	}
	servers, err := iceServers(c.ICEServer)
	if err != nil {
		return err
	}
	cfg := server.Config{
		Origin: origin, UnsafeAllowHTTP: c.UnsafeAllowHTTP, Store: store, Bus: bus,
		Verifier: verifier, Chains: verifier.Chains(), SiteName: c.Name, AndroidApps: androidApps(c.AndroidApp), IOSApps: c.IOSApp,
		ICEServers: servers, TrustedProxies: c.TrustedProxy, Logger: log,
	}
	if cfg.Passkeys, err = passkeysOf(cfg); err != nil {
		return err
	}
	srv, err := server.New(cfg)
	if err != nil {
		return &failure{what: err.Error(), cause: "a flag, a LIAISON_ variable or the file of --config", next: "liaison serve --help", exit: exitUsage}
	}
	dialect, err := dialectOf(e.ctx, cfg, srv, verifier)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Liaison is at %s\n", origin)
	return c.listen(e.ctx, log, srv, dialect, listener, metrics)
}

// dialectOf returns what serves the clients of Liquid Auth: nil if there are no
// passkeys, or no accounts of Algorand, without which they can do nothing.
func dialectOf(ctx context.Context, cfg server.Config, srv *server.Server, accounts *chain.Verifier) (*liquid.Handler, error) {
	i := slices.IndexFunc(cfg.Chains, func(c protocol.ChainID) bool { return c.Namespace() == "algorand" })
	if cfg.Passkeys == nil || i < 0 {
		cfg.Logger.Info("clients of Liquid Auth are not served: they need passkeys and accounts of Algorand")
		return nil, nil
	}
	return liquid.New(ctx, liquid.Config{
		Server: srv, Store: cfg.Store, Origin: cfg.Origin, Name: cfg.SiteName, Chain: cfg.Chains[i],
		Passkeys: cfg.Passkeys, Wallets: accounts, Logger: cfg.Logger,
	})
}

// routes puts the page and the dialect beside the server.
func routes(srv *server.Server, dialect *liquid.Handler) http.Handler {
	mux := http.NewServeMux()
	if dialect != nil {
		for _, path := range liquid.Paths() {
			mux.Handle(path, dialect)
		}
		// Where a logout leads, also for a page elsewhere.
		page := liquid.AllowEveryOrigin(web.Handler())
		mux.Handle("GET /{$}", page)
		mux.Handle("OPTIONS /{$}", page)
	}
	mux.Handle("/v1/", srv)
	mux.Handle("/.well-known/assetlinks.json", srv)
	mux.Handle("/.well-known/apple-app-site-association", srv)
	mux.Handle("/healthz", srv)
	mux.Handle("/readyz", srv)
	mux.Handle("/", web.Handler())
	return mux
}

// listen serves until ctx ends or a listener fails, and then lets what is under
// way come to its end.
func (c *serveCommand) listen(ctx context.Context, log *slog.Logger, srv *server.Server, dialect *liquid.Handler, listener, metrics net.Listener) error {
	failed := make(chan error, 2)
	start := func(handler http.Handler, l net.Listener) *http.Server {
		s := &http.Server{
			Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: answerTimeout,
			IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
		go func() { failed <- s.Serve(l) }() // ends with Shutdown
		return s
	}
	servers := []*http.Server{start(routes(srv, dialect), listener)}
	if metrics != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", srv.Metrics())
		servers = append(servers, start(mux, metrics))
	}
	log.Info("serving", "listen", listener.Addr().String())
	var err error
	ended := 0
	select {
	case err = <-failed:
		ended++
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if dialect != nil {
		if closeErr := dialect.Close(stopping); err == nil {
			err = closeErr
		}
	}
	if closeErr := srv.Close(stopping); err == nil {
		err = closeErr
	}
	for _, s := range servers {
		if shutErr := s.Shutdown(stopping); err == nil {
			err = shutErr
		}
	}
	for ; ended < len(servers); ended++ {
		<-failed
	}
	return err
}

func (c *serveCommand) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, err
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})), nil
}

// origin returns what was asked for, or the listener's own address if nobody
// else can reach it: what others reach is for the operator to say.
func (c *serveCommand) origin(addr net.Addr) (protocol.Origin, error) {
	refuse := func(what, cause string) error {
		return &failure{what: what, cause: cause, next: "liaison serve --origin https://HOST", exit: exitUsage}
	}
	if c.Origin != "" {
		parse := protocol.ParseOrigin
		if c.UnsafeAllowHTTP {
			parse = protocol.ParseOriginUnsafe
		}
		origin, err := parse(strings.TrimSuffix(c.Origin, "/"))
		if err != nil {
			return "", refuse("--origin "+c.Origin+" is not the address of a server", "it must be https://HOST[:PORT] in lower case, without a path or the default port")
		}
		return origin, nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", refuse("--listen "+c.Listen+" is not HOST:PORT", err.Error())
	}
	port := strconv.Itoa(addr.(*net.TCPAddr).Port)
	text := "http://" + net.JoinHostPort(strings.ToLower(host), port)
	if port == "80" {
		text = strings.TrimSuffix(text, ":80")
	}
	origin, err := protocol.ParseOrigin(text)
	if err != nil {
		return "", refuse("others can reach "+c.Listen+", and --origin does not say at what address", "the server does not listen on this machine alone")
	}
	return origin, nil
}

// metricsListener returns where metrics are served; nil if nowhere.
func (c *serveCommand) metricsListener(log *slog.Logger) (net.Listener, error) {
	switch c.MetricsListen {
	case "off":
		return nil, nil
	case "":
		if listener, err := net.Listen("tcp", defaultMetrics); err == nil {
			return listener, nil
		}
		log.Warn("no metrics are served: the default address is taken", "listen", defaultMetrics)
		return nil, nil
	}
	listener, err := net.Listen("tcp", c.MetricsListen)
	if err != nil {
		return nil, listenFailure("--metrics-listen", c.MetricsListen, err)
	}
	return listener, nil
}

// verifier returns the schemes of the chains that may sign in.
func (c *serveCommand) verifier() (*chain.Verifier, error) {
	refuse := func(what, cause string) error {
		return &failure{what: what, cause: cause, next: "liaison serve --help", exit: exitUsage}
	}
	sources := chain.Sources{Algod: make(map[protocol.ChainID]chain.Endpoint), RPC: make(map[protocol.ChainID]chain.Endpoint)}
	for _, text := range c.Algod {
		id, endpoint := endpointOf(text, protocol.AlgorandMainNet)
		sources.Algod[id] = endpoint
	}
	for _, text := range c.RPC {
		id, endpoint := endpointOf(text, "")
		if id == "" {
			return nil, refuse("--rpc does not say for which chain", "it must be CHAIN=URL, for example eip155:1=https://HOST")
		}
		sources.RPC[id] = endpoint
	}
	ids := chain.Default().Chains()
	if len(c.Chain) > 0 {
		ids = nil
		for _, id := range c.Chain {
			ids = append(ids, protocol.ChainID(id))
		}
	}
	var schemes []chain.Scheme
	for _, id := range ids {
		scheme, err := chain.New(id, sources)
		if err != nil {
			return nil, refuse("--chain "+string(id)+", or the --algod or --rpc for it, cannot be used", err.Error())
		}
		schemes = append(schemes, scheme)
	}
	for _, asked := range []map[protocol.ChainID]chain.Endpoint{sources.Algod, sources.RPC} {
		for id := range asked {
			if !slices.Contains(ids, id) {
				return nil, refuse("nobody of "+string(id)+" may sign in, and yet there is an --algod or --rpc for it", "a --chain "+string(id)+" is missing, or the name is misspelt")
			}
		}
	}
	return chain.NewVerifier(schemes...), nil
}

// androidApps reads PACKAGE=FINGERPRINT; server.New judges the two.
func androidApps(texts []string) (apps []server.AndroidApp) {
	for _, text := range texts {
		name, fingerprint, _ := strings.Cut(text, "=")
		apps = append(apps, server.AndroidApp{Package: name, Fingerprint: strings.ToUpper(fingerprint)})
	}
	return apps
}

// passkeysOf returns what verifies the passkeys of the origin's host, used by its
// page and by the apps. A passkey is for a domain: at an address there are none.
func passkeysOf(cfg server.Config) (liaison.PasskeyVerifier, error) {
	host := cfg.Origin.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		cfg.Logger.Warn("there are no passkeys: they are for a domain, and the origin has an address", "origin", cfg.Origin)
		return nil, nil
	}
	origins := []string{string(cfg.Origin)}
	for _, app := range cfg.AndroidApps {
		if origin := app.Origin(); origin != "" { // else server.New says so
			origins = append(origins, origin)
		}
	}
	party, err := passkey.New(passkey.Config{RPID: host, Origins: origins})
	if err != nil {
		return nil, &failure{what: err.Error(), cause: "the host of --origin is not one that passkeys can be for", next: "liaison serve --origin https://HOST", exit: exitUsage}
	}
	return party, nil
}

// endpointOf reads "URL", "CHAIN=URL", and either with ",TOKEN".
func endpointOf(text string, fallback protocol.ChainID) (protocol.ChainID, chain.Endpoint) {
	id := fallback
	if before, after, ok := strings.Cut(text, "="); ok && !strings.Contains(before, "/") {
		id, text = protocol.ChainID(before), after
	}
	url, token, _ := strings.Cut(text, ",")
	return id, chain.Endpoint{URL: url, Token: chain.Secret(token)}
}

// iceServers reads "URL" or "URL,USERNAME,CREDENTIAL".
func iceServers(texts []string) ([]protocol.ICEServer, error) {
	var servers []protocol.ICEServer
	for _, text := range texts {
		parts := strings.SplitN(text, ",", 3)
		scheme, _, _ := strings.Cut(parts[0], ":")
		turn := scheme == "turn" || scheme == "turns"
		if scheme != "stun" && scheme != "stuns" && !turn || turn != (len(parts) == 3) {
			return nil, &failure{
				what: "--ice-server " + parts[0] + " is not a STUN or TURN server", cause: "it must be stun:HOST:PORT, or turn:HOST:PORT,USERNAME,CREDENTIAL",
				next: "liaison serve --ice-server stun:HOST:PORT", exit: exitUsage,
			}
		}
		s := protocol.ICEServer{URLs: parts[:1:1]}
		if turn {
			s.Username, s.Credential = parts[1], parts[2]
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func listenFailure(flag, address string, err error) error {
	return &failure{
		what: "cannot listen on " + address + ": " + err.Error(), cause: "another program uses the address, or it is not one of this machine",
		next: "liaison serve " + flag + " localhost:8081", exit: exitFailed,
	}
}

func dataFailure(path string, err error) error {
	cause := "the folder does not exist or may not be written, or the file is not one of this program"
	if errors.Is(err, sqlite.ErrInUse) {
		cause = "another liaison serve uses the file"
	}
	return &failure{what: "cannot open " + path + ": " + err.Error(), cause: cause, next: "liaison serve --data FILE", exit: exitFailed}
}
