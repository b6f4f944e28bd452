package engineio

// Packet and the functions that read and write it, for the fuzz tests.
type Packet = packet

var (
	ParsePayload  = parsePayload
	AppendPayload = appendPayload
	ParsePacket   = parsePacket
)
