package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/keyfile"
	"github.com/liaison-dev/liaison/internal/pairingfile"
	"github.com/liaison-dev/liaison/protocol"
)

// holding are the flags of commands that need the wallet's keys.
type holding struct {
	Wallet         string `help:"The wallet's key file. It is made on first use. The default is liaison/wallet.age in the folder for configuration." placeholder:"FILE"`
	PassphraseFile string `help:"Read the wallet's passphrase from the first line of this file. Without it, from LIAISON_PASSPHRASE, else it is asked for." placeholder:"FILE"`
	Key            string `help:"Which of the wallet's keys to use: ${kinds}. The default is the first that the site takes." placeholder:"KIND"`
}

// ring is the wallet: its keys, and the pairings that can be resumed.
type ring struct {
	keys     []chain.Key
	pairings *pairingfile.Folder
}

// open opens the wallet, or makes it.
func (h holding) open(e *env) (ring, error) {
	if h.Key != "" && !slices.Contains(chain.Kinds(), h.Key) {
		return ring{}, &failure{
			what: "--key " + h.Key + " is no kind of key", cause: "it must be one of " + strings.Join(chain.Kinds(), ", "),
			next: "the same command with another --key", exit: exitUsage,
		}
	}
	path, err := h.path(e)
	if err != nil {
		return ring{}, err
	}
	_, err = os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	secret, err := passphrase(e, h.PassphraseFile, fresh)
	if err != nil {
		return ring{}, err
	}
	var keys []chain.Key
	if fresh {
		keys, err = makeKeys(e, path, secret)
	} else {
		keys, err = openKeys(path, secret)
	}
	if err != nil {
		return ring{}, err
	}
	pairings, err := pairingfile.Open(path+".pairings", keys[0].Secret())
	if h.Key != "" {
		keys = slices.DeleteFunc(keys, func(k chain.Key) bool { return k.Kind() != h.Key })
	}
	if err == nil && len(keys) == 0 {
		err = protocol.Errorf(protocol.KeyLocked, "the wallet has no key of the kind %s; it was made before there were any", h.Key)
	}
	return ring{keys, pairings}, err
}

func openKeys(path, secret string) ([]chain.Key, error) {
	wallet, err := keyfile.Open(path, secret)
	if err != nil {
		return nil, err
	}
	var keys []chain.Key
	for _, kept := range wallet.Keys {
		key, err := chain.ParseKey(kept.Kind, kept.Secret)
		if err != nil || key.Address() != kept.Address {
			return nil, protocol.Errorf(protocol.KeyLocked, "the key file %s is damaged, or of a newer version", path)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// makeKeys makes a wallet with a key of each kind.
func makeKeys(e *env, path, secret string) ([]chain.Key, error) {
	var keys []chain.Key
	var wallet keyfile.Wallet
	for _, kind := range chain.Kinds() {
		key, err := chain.GenerateKey(kind)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		wallet.Keys = append(wallet.Keys, keyfile.Key{Kind: kind, Secret: key.Secret(), Address: key.Address()})
	}
	if err := keyfile.Create(path, wallet, secret); err != nil {
		return nil, err
	}
	e.say("Made a wallet with a key for each of: %s.\nIt is in %s. Keep a copy of the file, and the passphrase.", strings.Join(chain.Kinds(), ", "), path)
	return keys, nil
}

func (h holding) path(e *env) (string, error) {
	if h.Wallet != "" {
		return h.Wallet, nil
	}
	dir, err := e.configDir()
	if err != nil {
		return "", &failure{what: "there is no folder for the wallet", cause: err.Error(), next: "the same command with --wallet FILE", exit: exitUsage}
	}
	return filepath.Join(dir, "liaison", "wallet.age"), nil
}

// pick returns the wallet's first key that can sign on a chain that the site
// takes, and the site's most preferred one of these.
func (r ring) pick(chains []protocol.ChainID) (chain.Key, error) {
	for _, id := range chains {
		for _, key := range r.keys {
			if on, err := chain.On(key, id); err == nil {
				return on, nil
			}
		}
	}
	return nil, protocol.Errorf(protocol.InvalidPeer, "the site takes no account of a kind that this wallet has a key for")
}

// showCommand prints the wallet's accounts.
type showCommand struct{ holding }

// Run prints one line an account.
func (c *showCommand) Run(e *env) error {
	ring, err := c.open(e)
	if err != nil {
		return err
	}
	for _, key := range ring.keys {
		if _, err := fmt.Fprintln(e.stdout, key.Account()); err != nil {
			return err
		}
	}
	return nil
}

// nearness are the flags of a wallet about where the site is.
type nearness struct {
	Locality string `help:"How near the site must be at least, whatever it asks for itself: ${localities}. The default leaves it to the site." placeholder:"LEVEL"`
}

func (n nearness) level() (protocol.Locality, error) {
	if n.Locality == "" {
		return "", nil
	}
	level, err := protocol.ParseLocality(n.Locality)
	if err != nil {
		return "", &failure{what: "--locality " + n.Locality + " is no level", cause: "it must be off, report, prefer or require", next: "the same command with another --locality", exit: exitUsage}
	}
	return level, nil
}

// connectCommand plays the wallet.
type connectCommand struct {
	Link       string `arg:"" help:"The link, in quotes: liquid://… or https://…; or - to read it from the first line of standard input."`
	Yes        bool   `help:"Agree without being asked."`
	Unverified bool   `help:"Sign in also if the site's origin is not verified. Whoever made the code may then be anybody, and be signed in as you at the site that the text names: use it only for a link that you made yourself, for example with liaison link."`
	Unsealed   bool   `help:"Answer also a link without a secret, as a site of Liquid Auth shows it. The server can then read and change what sets up the connection; and you sign bytes of its choice, which can sign somebody else in as you, there or elsewhere. You are asked in any case."`
	Rekeyed    string `help:"Sign for this Algorand account, which was rekeyed to the wallet's key." placeholder:"ADDRESS"`
	nearness
	holding
	talking
}

// Help is the long form of the help text.
func (connectCommand) Help() string {
	return "Shows which site asks for what, with the whole text that would be signed, and asks for consent; the default is no. Then each line of standard input is sent as one message, and each message of the website is printed on standard output. If the site goes away without a goodbye, it is waited for; an interrupt leaves the pairing for liaison wallet resume.\n\nThe link is a secret for as long as it lives, two minutes. On the command line it can be seen by other users of the machine, and stays in the shell's history; with - it is read from standard input."
}

// Run answers the link and talks.
func (c *connectCommand) Run(e *env) error {
	out := c.output(e)
	return out.fail(c.run(e, out))
}

func (c *connectCommand) run(e *env, out *output) error {
	ctx, cancel := c.deadline(e.ctx)
	defer cancel()
	level, err := c.level()
	if err != nil {
		return err
	}
	link, err := c.link(ctx, e)
	if err != nil {
		return err
	}
	unsealed, err := c.unsealed(link)
	if err != nil {
		return linkFailure(err) // before anybody is asked for a passphrase
	}
	ring, err := c.open(e)
	if err != nil {
		return err
	}
	in := readLines(e.stdin)
	if unsealed {
		return c.connectUnsealed(ctx, e, in, out, ring, link, client.WalletConfig{App: appName(), ICE: e.ice, Observe: out.observe, Locality: level})
	}
	config := client.WalletConfig{
		App: appName(), ICE: e.ice, Observe: out.observe, Locality: level, Keeper: ring.pairings,
		ConfirmRemote: c.confirmRemote(e, in), UnsafeAllowUnverified: c.Unverified,
	}
	request, err := client.ReadLink(ctx, link, config)
	if err != nil {
		return linkFailure(err)
	}
	defer request.Close()
	signer, err := c.signer(ring, request.SignIn().Chains)
	if err != nil {
		return err
	}
	text, err := request.Text(signer)
	if err != nil {
		return err
	}
	c.show(out, request, text)
	if request.Verified() || c.Unverified { // else Approve refuses whatever the person says
		if err := c.consent(ctx, e, in, request); err != nil {
			return err
		}
	}
	channel, err := request.Approve(ctx, signer)
	if err != nil {
		return err
	}
	return converse(e, in, out, channel, c.KeepOpen, resumeAsWallet(ring.pairings, config))
}

// unsealed reports whether a link has no secret, and may be answered all the same.
func (c *connectCommand) unsealed(link string) (bool, error) {
	if _, err := protocol.ParseLiquidLink(link); err != nil {
		_, err := protocol.ParseLink(link)
		return false, err
	}
	if !c.Unsealed {
		return false, protocol.UnsealedRefused
	}
	return true, nil
}

// connectUnsealed answers a link without a secret.
func (c *connectCommand) connectUnsealed(ctx context.Context, e *env, in <-chan line, out *output, ring ring, link string, config client.WalletConfig) error {
	request, err := client.ReadUnsealedLink(link, config)
	if err != nil {
		return err
	}
	key, err := c.signer(ring, []protocol.ChainID{protocol.AlgorandMainNet})
	if err != nil {
		return err
	}
	signer, ok := key.(client.ChallengeSigner)
	if !ok {
		return protocol.Errorf(protocol.InvalidPeer, "sites of Liquid Auth take accounts of Algorand alone")
	}
	if c.JSON {
		out.write(event{Event: "request", Server: request.Server(), Account: protocol.NewAccount(key.Chain(), key.Address())})
	} else {
		out.say("An UNKNOWN site at the server %s asks you to sign in as %s. Nothing would be sealed: the server can read and change what sets up the connection. You would sign 32 bytes that it draws, which do not say where they are for: whoever made this code may be anybody, and be signed in as you, there or elsewhere.",
			request.Server(), key.Address())
	}
	// Not even --yes agrees to that: there is nothing that it could have looked at.
	yes, err := agree(ctx, e, in, "Sign in and connect without a seal? [y/N] ")
	if err != nil {
		return err
	}
	if !yes {
		return protocol.Errorf(protocol.UserRejected, "nothing was signed")
	}
	channel, err := request.Approve(ctx, signer)
	if err != nil {
		return err
	}
	return converse(e, in, out, channel, c.KeepOpen, resumeAsWallet(ring.pairings, config))
}

// link returns the link, from standard input if that is asked for. It is read byte
// by byte: what comes after it is for the passphrase and the conversation.
func (c *connectCommand) link(ctx context.Context, e *env) (string, error) {
	if c.Link != "-" {
		return c.Link, nil
	}
	if isTerminal(e.stdin) {
		fmt.Fprint(e.stderr, "Link: ")
	}
	read := make(chan string, 1)
	go func() { // ends with a line, or with the process
		var line []byte
		for one := make([]byte, 1); len(line) <= protocol.MaxLinkBytes; line = append(line, one[0]) {
			if _, err := io.ReadFull(e.stdin, one); err != nil || one[0] == '\n' {
				break
			}
		}
		read <- strings.TrimSpace(string(line))
	}()
	select {
	case link := <-read:
		return link, nil
	case <-ctx.Done():
		return "", waitError(ctx)
	}
}

func (c *connectCommand) signer(ring ring, chains []protocol.ChainID) (client.Signer, error) {
	key, err := ring.pick(chains)
	if err != nil || c.Rekeyed == "" {
		return key, err
	}
	algorand, ok := key.(*chain.AlgorandKey)
	if !ok {
		return nil, protocol.Errorf(protocol.InvalidMessage, "--rekeyed is for Algorand accounts")
	}
	return algorand.For(c.Rekeyed)
}

// consent returns nil if the person agreed. If not, the site is told.
func (c *connectCommand) consent(ctx context.Context, e *env, in <-chan line, request *client.Request) error {
	if c.Yes {
		return nil
	}
	yes, err := agree(ctx, e, in, "Sign in and connect? [y/N] ")
	if yes || err != nil {
		return err
	}
	if err := request.Reject(ctx); err != nil {
		return err
	}
	return protocol.Errorf(protocol.UserRejected, "nothing was signed, and the site was told")
}

// confirmRemote asks once more when the site is far away.
func (c *connectCommand) confirmRemote(e *env, in <-chan line) func(context.Context, client.LocalityReport) (bool, error) {
	if c.Yes {
		return func(context.Context, client.LocalityReport) (bool, error) { return true, nil }
	}
	return func(ctx context.Context, report client.LocalityReport) (bool, error) {
		return agree(ctx, e, in, fmt.Sprintf("The site is not near this wallet (%s). If somebody sent you the code, say no. Go on? [y/N] ", report))
	}
}

// linkFailure makes a usage error of a text that is no link.
func linkFailure(err error) error {
	if !errors.Is(err, protocol.InvalidLink) {
		return err
	}
	f := failureOf(err)
	f.exit = exitUsage
	return f
}

func (c *connectCommand) show(out *output, request *client.Request, text string) {
	site, verified, expires := request.Site(), request.Verified(), request.ExpiresAt()
	if c.JSON {
		out.write(event{Event: "request", Site: &site, Verified: &verified, Text: text, Locality: request.Locality(), ExpiresAt: &expires})
		return
	}
	// The origin first: it is checked, and a name can be anything.
	who := string(site.Origin) + " (verified)"
	if !verified {
		who = "An " + unverified(site.Origin)
	}
	out.say("%s asks you to sign in, until %s. It calls itself %q. You would sign this text and nothing else:\n\n    %s\n",
		who, expires.Local().Format(time.TimeOnly), site.Name, strings.ReplaceAll(text, "\n", "\n    "))
}

// unverified names a site that may be another one.
func unverified(origin protocol.Origin) string {
	return "UNVERIFIED site, which says that it is " + string(origin) + ","
}

// agree asks the person. Whatever is not a clear yes is a no; no answer in time
// is an error.
func agree(ctx context.Context, e *env, in <-chan line, question string) (bool, error) {
	fmt.Fprint(e.stderr, question)
	select {
	case typed := <-in:
		answer := strings.ToLower(strings.TrimSpace(typed.text))
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(e.stderr)
		return false, waitError(ctx)
	}
}

// waitError says why a wait for a person ended.
func waitError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return protocol.TimedOut
	}
	return protocol.Canceled
}
