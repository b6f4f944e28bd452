// Package storetest is the contract of [liaison.Store] as tests. Each package
// that implements the contract runs it; a fault that is found in one of them
// becomes a case here.
//
// Start with [Run]; the cases are in the order of the contract.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) liaison.Store {
//			store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "data")})
//			if err != nil {
//				t.Fatal(err)
//			}
//			return store
//		})
//	}
//
// It cannot see whether a commit survives the end of the process or what a
// query costs; the packages themselves test that. Its functions are for one
// goroutine, as those of package testing.
//
// It covers the contract of [liaison.Store], which serves spec/link.md.
package storetest
