// The modal: <liaison-connect>, in which a person links a wallet. An entry of its
// own, "@liaison/client/modal"; to import it defines the element.
//
//	<script type="module" src="…/modal.js"></script>
//	<liaison-connect confirm="sas"></liaison-connect>

import { LiaisonConnect } from "./modal/element.ts";

export { LiaisonConnect, type ConnectEvents } from "./modal/element.ts";
export type { Phase } from "./modal/phase.ts";

if (globalThis.customElements && !customElements.get("liaison-connect")) customElements.define("liaison-connect", LiaisonConnect);

declare global {
  interface HTMLElementTagNameMap {
    "liaison-connect": LiaisonConnect;
  }
}
