// Every sentence of the wallet's page, so that another language is another file.
import type { Assurance, Code, Locality, LocalityReport, PathKind } from "@liaison/client";
import { LinkError } from "../../js/sdk/src/errors.ts";
import type { NoCamera } from "./scan/camera.ts";
import type { NoLink } from "./scan/code.ts";
import type { VaultCode } from "./vault/errors.ts";
import type { Kind } from "./vault/keys.ts";

export const kindNames: Readonly<Record<Kind, string>> = { algorand: "Algorand", evm: "Ethereum", solana: "Solana" };

export const words = {
  title: "Liaison wallet",
  starting: "Opening the wallet …",
  toSettings: "Settings",
  lock: "Lock",
  back: "Back",
  cancel: "Cancel",
  update: "A new version of the wallet is ready. Loading it locks the wallet.",
  updateNow: "Load it now",

  start: {
    title: "Make your wallet",
    text: "It lives in this browser, on this device. Its keys are encrypted, and stay here.",
    waits: "A site is waiting for your answer. Make the wallet first: the site’s code works for two minutes.",
    passkey: "Protect it with a passkey",
    passkeyFine: "Unlock it by fingerprint, face or the device’s PIN.",
    passphrase: "Use a passphrase instead",
    restore: "Restore a backup",
    make: "Make the wallet",
    making: "Making the wallet …",
    fresh: "Choose a passphrase",
    repeat: "Type it once more",
    fine: "At least ten characters; four or five words that have nothing to do with each other are good. Nobody can reset it.",
    restoreFine: "The wallet gets the passphrase of the backup. You can change it later, or add a passkey.",
    passkeyName: (number: number) => `Liaison wallet passkey ${number}`,
  },

  locked: {
    title: "The wallet is locked",
    waits: "A site is waiting for your answer. Unlock the wallet to see what it asks for: its code works for two minutes.",
    passkey: "Unlock with a passkey",
    passphrase: "Passphrase",
    unlock: "Unlock",
    unlocking: "Unlocking …",
    lost: "I cannot unlock it",
    lostFine: "Without a passkey or the passphrase nobody can open this wallet. If you have a backup, delete everything here and restore it.",
  },

  home: {
    scan: "Scan a code",
    paste: "Paste a link instead",
    link: "The link under the site’s code",
    open: "Open",
    sites: "Linked sites",
    noSites: "No site is linked yet. Open a site that shows a code, and scan it.",
    accounts: "Accounts",
    copy: "Copy",
    copied: "Copied",
    selected: "Selected",
    copyAddress: (kind: Kind) => `Copy the ${kindNames[kind]} address`,
    add: (kind: Kind) => `Add ${kindNames[kind]}`,
    addTitle: "Add an account",
    backup: "There is no backup yet. If this browser’s data is cleared, these accounts are gone.",
    backupNow: "Make a backup",
    remove: "Remove",
    removeSite: (site: string) => `Remove ${site}`,
    removed: (site: string) => `${site} was removed. It needs a new code to reach you again.`,
    left: (site: string, why: string) => `${site} is no longer in the list. ${why}`,
    until: (date: string) => `remembered until ${date}`,
  },

  presence: {
    resting: "open it to connect",
    waiting: "not here now",
    elsewhere: "open in another tab",
    narrow: "no path to it",
    connecting: "connecting …",
    here: "here now",
    broken: "looking for another path …",
  },

  scan: {
    title: "Scan a code",
    starting: "Asking for the camera …",
    looking: "Point the camera at the site’s code.",
    again: "Start the camera",
    video: "What the camera sees",
    foreign: {
      other: "That is not a Liaison code. Look for the code on the page of the site that you want to link.",
      newer: "That code is of a newer version. Load this page again to update the wallet, and scan once more.",
      unsealed: "That code is of an old kind, with which others could read along. This wallet does not answer it. Ask the site for a newer one, or use another wallet.",
    } satisfies Record<NoLink, string>,
    stopped: {
      denied: "This page may not use the camera. Allow it in the browser’s settings for this site, or paste the link.",
      none: "There is no camera here. Paste the link that stands under the code.",
      busy: "The camera is in use by another app. Close that, and start the camera again.",
      unavailable: "This browser gives the page no camera. Paste the link that stands under the code.",
      hidden: "The camera was turned off while you were away. Start it again to go on.",
    } satisfies Record<NoCamera, string>,
  },

  request: {
    asking: "Asking the site what it wants …",
    title: (host: string) => `Sign in to ${host}?`,
    titleUnverified: "This site is not verified",
    calls: "It calls itself",
    verified: "Verified",
    unverified: "Not verified",
    verifiedFine: "The code was made by a page at this address.",
    unverifiedFine: (host: string) => `Whoever made this code says to be ${host}, and nothing shows that. It may be somebody who wants to sign in there as you.`,
    sure: "I made this code myself, and take that risk",
    account: "Account",
    asks: "What it asks for",
    sign: "Your signature under a text that signs you in there. It moves no money and allows nothing else.",
    connect: "A direct connection to this wallet, for messages. You can remove it at any time.",
    code: "Six digits: this wallet shows them, and you type them at the site.",
    statement: "It says",
    raw: "The text that you sign",
    yourself: "Say yes only if you opened this site yourself, just now, on the screen before you.",
    left: (time: string) => `${time} left to answer`,
    decline: "Decline",
    approve: "Sign in",
    signing: "Signing …",
    stopped: "Canceled while signing. If the site says that you are signed in, sign out there.",
    declined: "Declined. Nothing was signed or shared.",
    locality: {
      off: "",
      report: "To know how near you are. Nothing is refused for that.",
      prefer: "That you are near. If you are not, it asks for six digits.",
      require: "That you are near: in the same room or network. From afar it refuses.",
    } satisfies Record<Locality, string>,
  },

  talk: {
    codeTitle: "Type these six digits at the site",
    codeFine: (host: string) => `Only at ${host}, and never into a message, a call or another page.`,
    connecting: "Connecting directly …",
    digits: "The site waits for six digits.",
    connected: "Connected directly.",
    serverGone: "The server cannot be reached. You are still connected directly, and need not do anything.",
    broken: "The direct path broke. Stay here while another is looked for …",
    waiting: "The site is not there now. Open its page again: the two connect by themselves.",
    elsewhere: "This site is open in another tab of this wallet. Go on there, or close that tab to go on here.",
    narrow: "No path to the site was found with the addresses that it may be told. It is tried again in a minute; or let sites be told more, in the settings.",
    remote: "The site’s screen is not near this device. If somebody sent you this code, or reads the digits to you, say no.",
    remoteNo: "No, stop",
    remoteYes: "Go on",
    path: "Path",
    rtt: "Round trip",
    account: "Account",
    trust: "Protection",
    locality: "Nearness",
    message: "Message to the site",
    send: "Send",
    messages: "Messages",
    disconnect: "Remove this site",
    asked: "The site asked for",
    cannot: "This wallet cannot do that, so nothing was done.",
    nothing: "Nothing said yet. What you write here goes straight to the site.",
    paths: { host: "same network or machine", srflx: "across the internet", relay: "through a relay" } satisfies Record<PathKind, string>,
    assurances: {
      "server-asserted": "not encrypted end to end",
      sealed: "encrypted end to end, site not verified",
      "sealed+origin": "encrypted end to end, site verified",
      "phishing-resistant": "encrypted end to end, site verified, with a passkey",
    } satisfies Record<Assurance, string>,
    near: ({ local, rttMs }: LocalityReport) => [local ? "near" : "not near, or not known", ...(rttMs === undefined ? [] : [milliseconds(rttMs)])].join(", "),
  },

  settings: {
    title: "Settings",
    lockAfter: "Lock when nobody uses it for",
    minutes: (count: number) => (count === 1 ? "1 minute" : `${count} minutes`),
    unlock: "How to unlock",
    passphrase: "Passphrase",
    passphraseSet: "is set",
    passphraseNone: "is not set",
    change: "Change the passphrase",
    set: "Set a passphrase",
    removePassphrase: "Remove the passphrase",
    onlyPassphrase: "It cannot be removed while it is the only way to unlock. Add a passkey first.",
    onlyPasskey: "It cannot be removed while it is the only way to unlock. Set a passphrase or add another passkey first.",
    passkeys: "Passkeys",
    addPasskey: "Add a passkey",
    removePasskey: (label: string) => `Remove ${label}`,
    remove: "Remove",
    added: (date: string) => `added ${date}`,
    privacy: "What sites learn",
    candidates: "Addresses of this device that a site is told",
    candidatesOf: {
      host: "all, also local ones",
      srflx: "public ones only",
      relay: "none, only a relay’s",
    } satisfies Record<PathKind, string>,
    candidatesFine: "A site needs one to connect to this wallet directly, and is told none before you agree. With all of them your browser may ask you about your own network. With none, everything goes through a relay, and where the server names no relay nothing connects. Linked sites are met anew when you change it.",
    backup: "Backup",
    backupFine: "A file with all accounts, encrypted with a passphrase of its own. Keep both, and not together.",
    export: "Save a backup",
    restore: "Restore a backup",
    file: "Backup file",
    filePassphrase: "Passphrase of the backup",
    newFilePassphrase: "Choose a passphrase for the file",
    current: "Your passphrase now",
    fresh: "New passphrase",
    repeat: "Type it once more",
    wipe: "Delete everything",
    wipeFine: "Accounts, passkeys’ access and links with sites, here and for good. Without a backup nobody brings them back.",
    wipeSure: "Really delete everything? There is no way back without a backup.",
    wipeNow: "Yes, delete everything",
    wipeNot: "Keep it",
    done: {
      passphrase: "The passphrase is changed.",
      passphraseRemoved: "The passphrase is removed. The passkey unlocks the wallet now.",
      passkey: "The passkey is added.",
      passkeyRemoved: "The passkey does not unlock this wallet any more. You can delete it in the device’s settings, too.",
      export: "The backup is saved. Keep its passphrase.",
      wiped: "Everything was deleted.",
    },
    restored: (added: number, known: number) =>
      added === 0 ? "All accounts of the backup were here already." : `${added === 1 ? "One account was" : `${added} accounts were`} added.${known > 0 ? ` ${known} were here already.` : ""}`,
    confirmPasskey: "Confirm with a passkey",
    save: "Save",
    mismatch: "The two are not the same. Type them again.",
  },

  failure: {
    again: "Scan a new code",
    home: "To the wallet",
    noAccount: "This site takes no account of a kind that this wallet has.",
    narrow: "Or let sites be told more addresses, in the settings.",
    noAccountRemedy: "Nothing was shared. Use another wallet for this site.",
  },

  vault: {
    wrong_passphrase: "That is not the passphrase. Check the keyboard and try again.",
    short_passphrase: "Use at least ten characters.",
    locked: "The wallet is locked. Unlock it and try again.",
    exists: "There is a wallet already, made in another tab. Load this page again to use it.",
    missing: "There is no wallet here any more. Load the page again.",
    damaged: "A part of what is stored is damaged. Restore it from a backup.",
    storage: "The browser could not store that. Free some space, leave private browsing, and try again.",
    changed_elsewhere: "Another tab changed the wallet meanwhile. Try again.",
    last_method: "That is the only way to unlock. Set another one first.",
    no_passkeys: "This browser has no passkeys here. Use a passphrase.",
    no_prf: "The passkeys of this device cannot encrypt. Use a passphrase.",
    passkey_refused: "No passkey was used. Try again, or use another way.",
    not_a_backup: "That file is no backup of a Liaison wallet. Choose another one.",
    newer_backup: "That backup is of a newer version. Load this page again to update it.",
  } satisfies Record<VaultCode, string>,
} as const;

const failures: Partial<Record<Code, string>> = {
  canceled: "You ended it.",
  certificate_mismatch: "The direct connection leads to another device than the site’s.",
  channel_closed: "The site ended the link.",
  code_mismatch: "The six digits were wrong three times.",
  handshake_failed: "The site’s answer does not fit this code.",
  ice_failed: "This device and the site found no path to each other.",
  invalid_link: "That is not a Liaison link.",
  invalid_peer: "The site sent something that does not hold, so nothing was signed.",
  key_locked: "The wallet was locked before it could sign.",
  link_closed: "The site ended the link.",
  link_expired: "This code has expired.",
  link_taken: "Another wallet has used this code already. If that was not you, do not trust that screen.",
  link_unknown: "The server does not know this code: it has expired, or was used.",
  not_local: "The site’s screen is not near this device.",
  origin_denied: "The site could not be verified, so nothing was signed.",
  overloaded: "The server is busy.",
  peer_lost: "The site is gone.",
  proof_rejected: "The server did not accept the signature.",
  rate_limited: "There were too many tries from here.",
  resumption_unknown: "The site does not know this wallet any more.",
  server_mismatch: "The server says something else than the site.",
  signaling_unreachable: "The server cannot be reached.",
  timed_out: "It took too long.",
  unsealed_refused: "This code would not be sealed, so this wallet does not answer it.",
  unsupported_version: "This code is of another version.",
  user_rejected: "Declined. Nothing was signed or shared.",
};

// What to do next, where what the SDK says is for somebody else.
const remedies: Partial<Record<Code, string>> = {
  canceled: "Scan a new code when you are ready.",
  channel_closed: "Scan a new code there to link it again.",
  internal: "Load this page again, and try once more.",
  invalid_peer: "Load this page again to update the wallet. If that does not help, tell the owner of the site.",
  key_locked: "Unlock it, and scan a new code.",
  link_closed: "Scan a new code there to link it again.",
  timed_out: "Ask the site for a new code, and scan it.",
  unsupported_version: "Load this page again to update the wallet, and scan once more.",
  user_rejected: "Scan a new code if that was a mistake.",
};

/** One sentence on why a link ended. */
export function failureFor(code: Code): string {
  return failures[code] ?? "Something went wrong.";
}

/** What a person can do then. What an error itself says may be the words of the server, which
 * is of whoever made the code, and must not speak as the wallet. */
export function remedyFor(code: Code): string {
  return remedies[code] ?? new LinkError(code).remedy;
}

/** What a person should know although the link goes on. */
export function noticeFor(code: Code): string {
  return code === "link_taken" ? "A second wallet tried to use the same code and was refused. If that was not you, remove this site." : remedyFor(code);
}

/** Writes a round-trip time; browsers measure whole milliseconds. */
export function milliseconds(ms: number): string {
  return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
}

/** Writes the time left, rounded up to a second: "1:59". */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Writes a day. */
export function day(ms: number): string {
  return new Date(ms).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
