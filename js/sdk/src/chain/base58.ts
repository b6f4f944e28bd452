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

/** Writes bytes in base58. */
export function formatBase58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)]! + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return alphabet[0]!.repeat(zeros < 0 ? bytes.length : zeros) + text;
}
