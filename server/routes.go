package server

import (
	"net/http"

	"github.com/liaison-dev/liaison/protocol"
)

// Route describes one call of the REST interface. The OpenAPI document is
// generated from the routes.
type Route struct {
	// Method and Path are as in net/http's patterns: "GET", "/v1/links/{requestId}".
	Method, Path string
	// Name is the operation's id.
	Name string
	// Summary says in one sentence what the call does.
	Summary string
	// Session says whose session the call needs; empty if none.
	Session string
	// Request is a value of the body's type; nil if there is no body.
	Request any
	// Response is a value of the answer's type; nil for 204.
	Response any
	// SetsCookie says that the answer sets the session's cookie.
	SetsCookie bool
	// AnyOrigin says that pages of every origin may make the call, as a wallet
	// that runs in a browser does. From another origin than the server's no cookie
	// counts, and none is set.
	AnyOrigin bool
	// Codes are the errors that are particular to the call.
	Codes []protocol.Code

	handle func(*Server) handler
}

var linkCodes = []protocol.Code{protocol.LinkUnknown, protocol.LinkExpired, protocol.LinkClosed, protocol.UserRejected}

func withLinkCodes(codes ...protocol.Code) []protocol.Code {
	return append(codes, linkCodes...)
}

// Routes returns the calls of the REST interface, in the order in which a
// person would want to read them.
func Routes() []Route {
	return []Route{
		{
			Method: "GET", Path: protocol.PathChallenge, Name: "openLink", SetsCookie: true,
			Summary:  "Open a link. The session of the answer owns it; an anonymous session gets a new id.",
			Response: protocol.Challenge{}, Codes: []protocol.Code{protocol.Overloaded},
			handle: func(s *Server) handler { return s.openLink },
		},
		{
			Method: "POST", Path: protocol.PathResumptions, Name: "openResumption", SetsCookie: true,
			Summary: "Open a link for two ends that know each other, under an id that they know. Whatever was open under it ends.",
			Request: protocol.Resumption{}, Response: protocol.Resumed{},
			Codes:  []protocol.Code{protocol.Overloaded, protocol.LinkForbidden},
			handle: func(s *Server) handler { return s.openResumption },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}/join", Name: "joinLink", SetsCookie: true, AnyOrigin: true,
			Summary: "Take the one place for a wallet, with the first message of the handshake. The wallet's session comes with the answer.",
			Request: protocol.Join{}, Response: protocol.Joined{},
			Codes:  withLinkCodes(protocol.LinkTaken, protocol.FrameConflict, protocol.MailboxFull, protocol.Overloaded),
			handle: func(s *Server) handler { return s.joinLink },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}/offer", Name: "postOffer", Session: "the site's",
			Summary: "Send a frame to the wallet. With frame 0 of a link comes the channel id.",
			Request: protocol.Offer{}, Codes: withLinkCodes(protocol.LinkForbidden, protocol.LinkNotJoined, protocol.LinkNotClaimed, protocol.FrameConflict, protocol.MailboxFull),
			handle: func(s *Server) handler { return s.postOffer },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}", Name: "claimLink", Session: "the wallet's", SetsCookie: true, AnyOrigin: true,
			Summary: "Claim a link with a proof of an account, and answer the site's offer. The nonce is spent before the proof is checked. A claim that is held signs nobody in until it is released.",
			Request: protocol.Claim{}, Response: protocol.SessionView{},
			Codes:  withLinkCodes(protocol.LinkTaken, protocol.LinkNotJoined, protocol.LinkForbidden, protocol.ProofRejected, protocol.Overloaded),
			handle: func(s *Server) handler { return s.claimLink },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}/release", Name: "releaseLink", Session: "the wallet's", AnyOrigin: true,
			Summary: "Say that what the wallet still had to check holds: a claim that is held signs the site in now. Again, it changes nothing.",
			Codes:   withLinkCodes(protocol.LinkNotJoined, protocol.LinkNotClaimed),
			handle:  func(s *Server) handler { return s.releaseLink },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}/reject", Name: "rejectLink", Session: "the wallet's", AnyOrigin: true,
			Summary: "Say that the person at the wallet said no.",
			Codes:   withLinkCodes(protocol.LinkTaken, protocol.LinkNotJoined, protocol.LinkForbidden),
			handle:  func(s *Server) handler { return s.rejectLink },
		},
		{
			Method: "POST", Path: protocol.PathLinks + "{requestId}/answer", Name: "postAnswer", Session: "the wallet's", AnyOrigin: true,
			Summary: "Send a frame to the site.",
			Request: protocol.Frame{}, Codes: withLinkCodes(protocol.LinkForbidden, protocol.LinkNotClaimed, protocol.FrameConflict, protocol.MailboxFull),
			handle: func(s *Server) handler { return s.postAnswer },
		},
		{
			Method: "GET", Path: protocol.PathLinks + "{requestId}/network", Name: "viewNetwork", Session: "the site's or the wallet's", AnyOrigin: true,
			Summary:  "How the addresses compare from which the two sides are attached.",
			Response: protocol.NetworkView{}, Codes: withLinkCodes(protocol.LinkForbidden),
			handle: func(s *Server) handler { return s.viewNetwork },
		},
		{
			Method: "DELETE", Path: protocol.PathLinks + "{requestId}", Name: "closeLink", Session: "the site's or the wallet's", AnyOrigin: true,
			Summary: "End a link for both sides.",
			Codes:   withLinkCodes(protocol.LinkForbidden),
			handle:  func(s *Server) handler { return s.deleteLink },
		},
		{
			Method: "GET", Path: protocol.PathSession, Name: "viewSession", Session: "any", AnyOrigin: true,
			Summary:  "Who is signed in.",
			Response: protocol.SessionView{}, Codes: []protocol.Code{protocol.SessionRotated},
			handle: func(s *Server) handler { return s.getSession },
		},
		{
			Method: "POST", Path: protocol.PathSession, Name: "collectSession", Session: "the site's", SetsCookie: true,
			Summary: "After a wallet claimed the link: exchange the session's id, which was retired by that, for the one with the account's rights.",
			Request: protocol.Collection{}, Response: protocol.SessionView{},
			Codes:  withLinkCodes(protocol.LinkForbidden, protocol.LinkNotClaimed),
			handle: func(s *Server) handler { return s.collectSession },
		},
		{
			Method: "DELETE", Path: protocol.PathSession, Name: "endSession", Session: "any", SetsCookie: true, AnyOrigin: true,
			Summary: "Log out.",
			handle:  func(s *Server) handler { return s.endSession },
		},
		{
			Method: "GET", Path: protocol.PathSessions, Name: "listSessions", Session: "one that is signed in and sealed", AnyOrigin: true,
			Summary:  "The live sessions that speak for the same account, the newest first, at most 100. What names them opens nothing.",
			Response: protocol.SessionList{}, Codes: []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow},
			handle: func(s *Server) handler { return s.listSessions },
		},
		{
			Method: "DELETE", Path: protocol.PathSessions + "/{sessionId}", Name: "endOtherSession", Session: "one that is signed in and sealed", SetsCookie: true, AnyOrigin: true,
			Summary: "Log out a session that speaks for the same account. The cookie ends if it is the one that asks.",
			Codes:   []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow, protocol.SessionUnknown},
			handle:  func(s *Server) handler { return s.endOtherSession },
		},
		{
			Method: "POST", Path: protocol.PathPasskeyRegistration, Name: "beginPasskey", Session: "one that is signed in, sealed and fresh",
			Summary: "Get a nonce and the options to make a passkey of the account. The client computes the challenge.",
			Request: protocol.PasskeyRegistrationRequest{}, Response: protocol.PasskeyCreation{},
			Codes:  withLinkCodes(protocol.LinkForbidden, protocol.LinkNotClaimed, protocol.SessionRotated, protocol.AssuranceTooLow, protocol.StepUpRequired, protocol.PasskeyLimit, protocol.PasskeysOff),
			handle: func(s *Server) handler { return s.withPasskeys(s.beginPasskey) },
		},
		{
			Method: "POST", Path: protocol.PathPasskeys, Name: "addPasskey", Session: "the one that got the nonce",
			Summary: "Store the passkey that was made. The challenge is spent before anything is verified.",
			Request: protocol.PasskeyRegistration{}, Response: protocol.PasskeyView{},
			Codes:  []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow, protocol.ProofRejected, protocol.PasskeyLimit, protocol.Overloaded, protocol.PasskeysOff},
			handle: func(s *Server) handler { return s.withPasskeys(s.addPasskey) },
		},
		{
			Method: "GET", Path: protocol.PathPasskeys, Name: "listPasskeys", Session: "one that is signed in and sealed",
			Summary:  "The passkeys of the account, the oldest first.",
			Response: protocol.PasskeyList{}, Codes: []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow, protocol.PasskeysOff},
			handle: func(s *Server) handler { return s.withPasskeys(s.listPasskeys) },
		},
		{
			Method: "PATCH", Path: protocol.PathPasskeys + "/{credentialId}", Name: "renamePasskey", Session: "one that is signed in and sealed",
			Summary: "Give a passkey another label.",
			Request: protocol.PasskeyRename{}, Response: protocol.PasskeyView{},
			Codes:  []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow, protocol.PasskeyUnknown, protocol.PasskeysOff},
			handle: func(s *Server) handler { return s.withPasskeys(s.renamePasskey) },
		},
		{
			Method: "DELETE", Path: protocol.PathPasskeys + "/{credentialId}", Name: "removePasskey", Session: "one that is signed in, sealed and fresh",
			Summary: "Remove a passkey. Sessions that it signed in live on.",
			Codes:   []protocol.Code{protocol.SessionRotated, protocol.AssuranceTooLow, protocol.StepUpRequired, protocol.PasskeyUnknown, protocol.PasskeysOff},
			handle:  func(s *Server) handler { return s.withPasskeys(s.removePasskey) },
		},
		{
			Method: "POST", Path: protocol.PathPasskeyAuthentication, Name: "askPasskey", SetsCookie: true,
			Summary: "Get a nonce and the options to use a passkey. The client computes the challenge. Whoever has no session gets one.",
			Request: protocol.PasskeyAuthenticationRequest{}, Response: protocol.PasskeyRequest{},
			Codes:  []protocol.Code{protocol.SessionRotated, protocol.AccountMismatch, protocol.Overloaded, protocol.PasskeysOff},
			handle: func(s *Server) handler { return s.withPasskeys(s.askPasskey) },
		},
		{
			Method: "POST", Path: protocol.PathSessionPasskey, Name: "signInByPasskey", Session: "the one that got the nonce", SetsCookie: true,
			Summary: "Sign in by a passkey, or prove the account again. The challenge is spent before anything is verified, and the session gets a new id.",
			Request: protocol.PasskeyAssertion{}, Response: protocol.SessionView{},
			Codes:  []protocol.Code{protocol.SessionRotated, protocol.ProofRejected, protocol.AccountMismatch, protocol.Overloaded, protocol.PasskeysOff},
			handle: func(s *Server) handler { return s.withPasskeys(s.signInByPasskey) },
		},
		{
			Method: "GET", Path: protocol.PathSocket, Name: "openSocket", Session: "any", AnyOrigin: true,
			Summary: "Upgrade to a WebSocket, subprotocol " + protocol.Subprotocol + ". A page's wallet offers its token as another, " + protocol.BearerSubprotocol + "TOKEN. The messages are described in spec/protocol.md.",
			Codes:   []protocol.Code{protocol.UnsupportedVersion, protocol.SessionRotated},
			handle:  func(s *Server) handler { return s.openSocket },
		},
	}
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	foreign := make(map[string][]string) // methods by path
	for _, route := range Routes() {
		guarded := s.guarded
		if route.AnyOrigin {
			guarded = s.foreign
			foreign[route.Path] = append(foreign[route.Path], route.Method)
		}
		mux.Handle(route.Method+" "+route.Path, guarded(route.handle(s)))
	}
	for path, methods := range foreign {
		mux.Handle("OPTIONS "+path, s.preflight(methods))
	}
	mux.Handle("GET "+protocol.PathOpenAPI, s.guarded(s.openAPI))
	mux.Handle("GET "+pathAssetLinks, s.guarded(s.assetLinks))
	mux.Handle("GET "+pathAppSiteAssociation, s.guarded(s.appSiteAssociation))
	mux.Handle("GET /healthz", s.guarded(s.health))
	mux.Handle("GET /readyz", s.guarded(s.ready))
	mux.Handle("/", s.guarded(noRoute))
	return mux
}
