// Liaison's browser SDK: links a website and a wallet by QR code and opens a
// direct channel between them. Start with connectSite; LinkEvent says what
// happens meanwhile; LinkError is the one kind of failure.
//
//	const link = await connectSite({ signal, onEvent: console.log });
//	showQRCode(link.uri);
//	console.log("signed in:", await link.account({ signal }));
//	await link.opened({ signal });
//	link.send("hello");

export { parseAccount, shortAddress, type AccountParts } from "./account.ts";
export type { Code } from "./codes.gen.ts";
export type { Envelope, PeerMessage } from "./envelope.ts";
export { LinkError, type LinkErrorOptions } from "./errors.ts";
export type { LinkEvent, LinkNews } from "./events.ts";
export type { Path, PathKind } from "./path.ts";
export type { Platform } from "./platform.ts";
export { arrows, type Arrow } from "./sequence.ts";
export { connectSite, type SiteLink, type SiteOptions, type WaitOptions } from "./site.ts";
export type { Site } from "./wire.ts";
