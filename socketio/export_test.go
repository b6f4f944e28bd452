package socketio

// Packet and the functions that read and write it, for the fuzz tests.
type Packet = packet

var ParsePacket = parsePacket

// Defaults returns a configuration with its defaults filled in.
func Defaults(cfg Config) *Config {
	cfg, err := cfg.withDefaults()
	if err != nil {
		panic(err)
	}
	return &cfg
}

func (p *packet) Text() []byte { return p.appendText(nil) }

func (p *packet) Awaited() int { return p.awaited }

// Announce sets as many empty attachments as the text announced.
func (p *packet) Announce() { p.attachments = make([][]byte, p.awaited) }

// Empty reports whether the packet is an event without anything, which is
// ignored.
func (p *packet) Empty() bool { return p.kind == typeEvent && len(p.args) == 0 }
