// What the test of passkeys runs in a page of the server's origin.
import { connectSite, resumeSite } from "../src/index.ts";
import { registerPasskey, signInWithPasskey } from "../src/passkeys.ts";

export { connectSite, resumeSite, registerPasskey, signInWithPasskey };
