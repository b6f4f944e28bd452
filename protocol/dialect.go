package protocol

// Dialect is another protocol that one end of a link may speak. The zero value
// means that both speak this one.
type Dialect string

// Liquid is the protocol of Liquid Auth (docs/dialects.md).
const Liquid Dialect = "liquid"
