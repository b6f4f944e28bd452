package server

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/liaison-dev/liaison/protocol"
)

// Where the makers of phones look for the apps of an origin.
const (
	pathAssetLinks         = "/.well-known/assetlinks.json"
	pathAppSiteAssociation = "/.well-known/apple-app-site-association"
)

// AndroidApp is an app by its package and by the certificate that it is signed
// with.
type AndroidApp struct {
	// Package is its name: "com.example.wallet".
	Package string
	// Fingerprint is the SHA-256 of the certificate: 32 pairs of hexadecimal digits
	// in capitals with colons between them, as keytool prints it.
	Fingerprint string
}

// Origin returns the origin that the app's passkeys are asked for by:
// "android:apk-key-hash:" and the fingerprint in base64url. It is empty if there
// is no fingerprint of the right form.
func (a AndroidApp) Origin() string {
	hash, err := hex.DecodeString(strings.ReplaceAll(a.Fingerprint, ":", ""))
	if err != nil || !fingerprintForm.MatchString(a.Fingerprint) {
		return ""
	}
	return "android:apk-key-hash:" + base64.RawURLEncoding.EncodeToString(hash)
}

var (
	fingerprintForm = regexp.MustCompile(`^[0-9A-F]{2}(:[0-9A-F]{2}){31}$`)
	packageForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	iosAppForm      = regexp.MustCompile(`^[A-Z0-9]{10}\.[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)
)

func (c Config) checkApps() error {
	for _, app := range c.AndroidApps {
		if !packageForm.MatchString(app.Package) || app.Origin() == "" {
			return fmt.Errorf("server: Config.AndroidApps: %q with %q must be a package name and a SHA-256 as keytool prints it", app.Package, app.Fingerprint)
		}
	}
	for _, app := range c.IOSApps {
		if !iosAppForm.MatchString(app) {
			return fmt.Errorf("server: Config.IOSApps: %q must be TEAM.BUNDLE, with ten characters of team", app)
		}
	}
	return nil
}

type (
	assetStatement struct {
		Relation []string    `json:"relation"`
		Target   assetTarget `json:"target"`
	}
	assetTarget struct {
		Namespace    string   `json:"namespace"`
		Site         string   `json:"site,omitempty"`
		Package      string   `json:"package_name,omitempty"`
		Fingerprints []string `json:"sha256_cert_fingerprints,omitempty"`
	}
)

// assetLinks answers for Android: these apps may open the links of this origin
// and use its passkeys.
func (s *Server) assetLinks(w http.ResponseWriter, _ *http.Request) error {
	if len(s.cfg.AndroidApps) == 0 {
		return protocol.Errorf(protocol.NoRoute, "no app of Android belongs to this origin")
	}
	relation := []string{"delegate_permission/common.handle_all_urls", "delegate_permission/common.get_login_creds"}
	statements := []assetStatement{{relation, assetTarget{Namespace: "web", Site: string(s.cfg.Origin)}}}
	at := make(map[string]int) // of a package; one may have several certificates
	for _, app := range s.cfg.AndroidApps {
		i, ok := at[app.Package]
		if !ok {
			i = len(statements)
			at[app.Package] = i
			statements = append(statements, assetStatement{relation, assetTarget{Namespace: "android_app", Package: app.Package}})
		}
		target := &statements[i].Target
		target.Fingerprints = append(target.Fingerprints, app.Fingerprint)
	}
	return writeJSON(w, statements)
}

type (
	siteAssociation struct {
		AppLinks       appLinks       `json:"applinks"`
		WebCredentials webCredentials `json:"webcredentials"`
	}
	appLinks struct {
		Details []appDetail `json:"details"`
	}
	appDetail struct {
		AppIDs     []string            `json:"appIDs"`
		Components []map[string]string `json:"components"`
	}
	webCredentials struct {
		Apps []string `json:"apps"`
	}
)

// appSiteAssociation answers for iOS what assetLinks does for Android. The links
// are those of spec/protocol.md §2.
func (s *Server) appSiteAssociation(w http.ResponseWriter, _ *http.Request) error {
	if len(s.cfg.IOSApps) == 0 {
		return protocol.Errorf(protocol.NoRoute, "no app of iOS belongs to this origin")
	}
	detail := appDetail{AppIDs: s.cfg.IOSApps, Components: []map[string]string{{"/": "/l/*"}}}
	return writeJSON(w, siteAssociation{appLinks{[]appDetail{detail}}, webCredentials{s.cfg.IOSApps}})
}
