package protocol

import "strings"

// ChainID is a CAIP-2 name of a chain: "namespace:reference".
type ChainID string

// AlgorandMainNet is named by the first 32 characters of its genesis hash in
// base64url, as the CAIP-2 profile of Algorand has it: the genesis id
// "mainnet-v1.0" holds a character that CAIP-2 does not allow.
const AlgorandMainNet ChainID = "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k"

// ParseChainID checks the form of CAIP-2: a namespace of 3 to 8 characters of
// [-a-z0-9] and a reference of 1 to 32 of [-_a-zA-Z0-9].
func ParseChainID(s string) (ChainID, error) {
	namespace, reference, ok := strings.Cut(s, ":")
	if !ok || len(namespace) < 3 || len(namespace) > 8 || len(reference) < 1 || len(reference) > 32 {
		return "", Errorf(InvalidMessage, "chain must be named as CAIP-2 has it")
	}
	for i := range len(namespace) {
		if c := namespace[i]; c != '-' && !('a' <= c && c <= 'z') && !('0' <= c && c <= '9') {
			return "", Errorf(InvalidMessage, "chain must be named as CAIP-2 has it")
		}
	}
	for i := range len(reference) {
		if c := reference[i]; c != '-' && c != '_' && !alphanumeric(c) {
			return "", Errorf(InvalidMessage, "chain must be named as CAIP-2 has it")
		}
	}
	return ChainID(s), nil
}

// Namespace returns the family of chains: "algorand", "eip155", "solana".
func (c ChainID) Namespace() string { n, _, _ := strings.Cut(string(c), ":"); return n }

// Reference returns the chain within its family.
func (c ChainID) Reference() string { _, r, _ := strings.Cut(string(c), ":"); return r }

// Account is a CAIP-10 name: "namespace:reference:address". The zero value
// means that nobody is signed in.
type Account string

// NewAccount names the account of an address on a chain.
func NewAccount(chain ChainID, address string) Account {
	return Account(string(chain) + ":" + address)
}

// ParseAccount checks the form of CAIP-10: a chain and an address of 1 to 128
// characters of [-.%a-zA-Z0-9].
func ParseAccount(s string) (Account, error) {
	cut := strings.LastIndexByte(s, ':')
	if cut < 0 {
		return "", Errorf(InvalidMessage, "account must be named as CAIP-10 has it")
	}
	if _, err := ParseChainID(s[:cut]); err != nil {
		return "", Errorf(InvalidMessage, "account must be named as CAIP-10 has it")
	}
	address := s[cut+1:]
	if len(address) < 1 || len(address) > 128 {
		return "", Errorf(InvalidMessage, "address must have 1 to 128 characters")
	}
	for i := range len(address) {
		if c := address[i]; c != '-' && c != '.' && c != '%' && !alphanumeric(c) {
			return "", Errorf(InvalidMessage, "account must be named as CAIP-10 has it")
		}
	}
	return Account(s), nil
}

// Chain returns the chain of the account.
func (a Account) Chain() ChainID {
	cut := strings.LastIndexByte(string(a), ':')
	return ChainID(a[:max(cut, 0)])
}

// Address returns the account's name on its chain.
func (a Account) Address() string { return string(a[strings.LastIndexByte(string(a), ':')+1:]) }
