const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Reads base58 of exactly so many bytes; undefined for everything else. Each
 * bytes have one text: its leading ones are leading zeros. */
export function parseBase58(text: string, length: number): Uint8Array | undefined {
  // 58 characters for 42 bytes are more than any text of that length needs.
  if (text.length > Math.ceil(length * 1.4)) return undefined;
  let value = 0n;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const bytes = new Uint8Array(length);
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(value & 0xffn);
    value >>= 8n;
  }
  if (value > 0n) return undefined;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return /^1*/.exec(text)![0].length === (zeros < 0 ? length : zeros) ? bytes : undefined;
}
