// What {@link loadChecks} loads.
export { Gate } from "./gate.ts";
export { checkProof, prefetchVerifier } from "./proofcheck.ts";
