/** The parts of a CAIP-10 name, "namespace:reference:address". */
export interface AccountParts {
  /** CAIP-2 name of the chain. */
  readonly chain: string;
  /** The account's name on that chain. */
  readonly address: string;
}

/** Takes a CAIP-10 name apart; undefined if it is none. */
export function parseAccount(account: unknown): AccountParts | undefined {
  if (typeof account !== "string") return undefined;
  const match = /^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([-.%a-zA-Z0-9]{1,128})$/.exec(account);
  return match ? { chain: match[1]!, address: match[2]! } : undefined;
}

/** Shortens an address for people: "ABCDEF…UVWXYZ". Never compare these. */
export function shortAddress(address: string): string {
  return address.length > 15 ? `${address.slice(0, 6)}…${address.slice(-6)}` : address;
}
