// What is needed only once the other side has come: the direct connection, and all
// that is checked before an application has it. It is a file of its own, which is
// loaded while the code is on display.
export { localFingerprint } from "./fingerprint.ts";
export { Gate } from "./gate.ts";
export { Peer } from "./peer.ts";
export { checkProof, prefetchVerifier } from "./proofcheck.ts";
export { Handshake } from "./sealed.ts";
