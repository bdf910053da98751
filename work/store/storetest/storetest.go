// Package storetest holds what every store of the work engine must do, as
// tests.
package storetest

import (
	"testing"

	"github.com/berth-project/berth/work/store"
)

// Backend is where one test keeps its data. Open may be called again when
// what it opened was closed, and finds what was written; the test closes what
// it opened. hook is what the store's transactions call; nil for nothing.
type Backend interface {
	Open(t *testing.T, hook func(store.Stage) error) store.Store
}

// Shared is a Backend that several processes may use at once.
type Shared interface {
	Backend
	Shared()
}

type testCase struct {
	name string
	run  func(*testing.T, Backend)
}

// Run runs every case over a backend of its own.
func Run(t *testing.T, backend func(*testing.T) Backend) {
	t.Helper()
	for _, list := range [][]testCase{
		ownerCases(), flushCases(), runCases(), besideCases(), listCases(), finishedCases(), eventCases(), settingCases(), faultCases(),
		durableCases(), sharedCases(),
	} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, backend(t))
			})
		}
	}
}
