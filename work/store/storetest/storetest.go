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

type testCase struct {
	name string
	run  func(*testing.T, Backend)
}

// Run runs every case that one process can have, each over a backend of its
// own.
func Run(t *testing.T, backend func(*testing.T) Backend) {
	t.Helper()
	for _, list := range [][]testCase{
		ownerCases(), flushCases(), missingCases(), runCases(), besideCases(), listCases(), finishedCases(), eventCases(), ledgerCases(), settingCases(), faultCases(),
		durableCases(),
	} {
		each(t, backend, list)
	}
}

// RunShared runs the cases of a store that several processes use at once: a
// backend's stores may be open beside each other.
func RunShared(t *testing.T, backend func(*testing.T) Backend) {
	t.Helper()
	each(t, backend, sharedCases())
}

func each(t *testing.T, backend func(*testing.T) Backend, list []testCase) {
	t.Helper()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, backend(t))
		})
	}
}
