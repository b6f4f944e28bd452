/** How far it can be trusted that an account is the other end's, the strongest
 * last; each includes those before. Source: spec/sealed.md §10. */
export type Assurance = "server-asserted" | "sealed" | "sealed+origin" | "phishing-resistant";
