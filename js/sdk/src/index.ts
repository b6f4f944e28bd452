// Liaison's browser SDK: links a website and a wallet by QR code and opens a
// direct channel between them, sealed from the server that they meet at. Start
// with connectSite; LinkEvent says what happens meanwhile; LinkError is the one
// kind of failure. resumeSite meets the wallet of an earlier pairing again.
//
//	const link = (await resumeSite({ signal })) ?? (await connectSite({ signal, onEvent: console.log }));
//	if (link.uri) showQRCode(link.uri);
//	console.log("signed in:", await link.account({ signal }));
//	await link.opened({ signal });
//	link.send("hello");
//	addEventListener("pagehide", () => link.suspend());

export { parseAccount, shortAddress, type AccountParts } from "./account.ts";
export type { Assurance } from "./assurance.ts";
export type { Code } from "./codes.gen.ts";
export { LinkError, type LinkErrorOptions } from "./errors.ts";
export type { LinkEvent, LinkNews } from "./events.ts";
export type { Confirmation } from "./gate.ts";
export type { LocalityReport, NetworkVerdict } from "./locality.ts";
export { localities, type Locality } from "./localitylevel.ts";
export type { Path, PathKind } from "./path.ts";
export type { Platform } from "./platform.ts";
export type { ChainLookups } from "./proof.ts";
export type { KeptResumption, ResumptionStore } from "./resumptions.ts";
export { arrows, type Arrow } from "./sequence.ts";
export type { Legacy } from "./siteconnection.ts";
export { connectSite, forgetSite, resumeSite, type SiteLink, type SiteOptions, type WaitOptions } from "./site.ts";
export type { Site } from "./wire.ts";
