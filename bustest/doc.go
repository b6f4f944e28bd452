// Package bustest is the contract of [liaison.Bus] as tests. Each package that
// implements the contract runs it; a fault that is found in one of them becomes
// a case here.
//
// Start with [Run]; the cases are in the order of the contract.
//
//	func TestBus(t *testing.T) {
//		bustest.Run(t, func(t *testing.T, members int) []liaison.Bus {
//			hub := membus.New()
//			buses := make([]liaison.Bus, members)
//			for i := range buses {
//				buses[i] = hub.Join()
//			}
//			return buses
//		})
//	}
//
// A bus may lose signals, so the cases publish until something arrives; what
// must not arrive is looked for after something later has. Its functions are
// for one goroutine, as those of package testing.
//
// It covers the contract of [liaison.Bus], which serves spec/link.md.
package bustest
