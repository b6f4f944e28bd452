import { sha256, toHex } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import { fingerprintsOf } from "./sdp.ts";

/** The SHA-256 fingerprint of a certificate of our own. */
export async function localFingerprint(certificate: RTCCertificate, platform: Platform): Promise<string> {
  // Older Firefox has no such method.
  const own = certificate.getFingerprints?.().find(({ algorithm }) => algorithm?.toLowerCase() === "sha-256");
  const found = own?.value?.replaceAll(":", "").toLowerCase() ?? (await offeredFingerprint(certificate, platform));
  if (!found || !/^[0-9a-f]{64}$/.test(found)) throw new LinkError("internal", { detail: "the certificate has no SHA-256 fingerprint" });
  return found;
}

/** The SHA-256 of the certificate that the other side really used for DTLS;
 * undefined before the connection is up. */
export async function remoteFingerprint(connection: RTCPeerConnection): Promise<string | undefined> {
  const transport = connection.sctp?.transport;
  if (transport?.state !== "connected") return undefined;
  if (typeof transport.getRemoteCertificates !== "function") return describedFingerprint(connection);
  const [certificate] = transport.getRemoteCertificates();
  return certificate && toHex(await sha256(new Uint8Array(certificate)));
}

// Firefox does not show the certificate. It does hold it against the description
// itself, so the description in force is compared in its place, spec/sealed.md §4.
function describedFingerprint(connection: RTCPeerConnection): string | undefined {
  const [first, ...others] = fingerprintsOf(connection.currentRemoteDescription?.sdp ?? "");
  return others.every((other) => other === first) ? first : undefined;
}

async function offeredFingerprint(certificate: RTCCertificate, platform: Platform): Promise<string | undefined> {
  const connection = platform.peer({ certificates: [certificate] });
  try {
    connection.createDataChannel("");
    const { sdp } = await connection.createOffer();
    return fingerprintsOf(sdp ?? "")[0];
  } finally {
    connection.close();
  }
}
