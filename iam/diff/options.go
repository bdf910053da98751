package diff

import (
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// Options say how policies are compared. The zero value is ready to use.
type Options struct {
	// Catalog names the actions there are; nil is [catalog.Default].
	Catalog *catalog.Catalog
	// Beside are policies that apply beside both sides, such as FullAWSAccess
	// beside service control policies. RCPFullAWSAccess is always there.
	Beside []*iam.Policy
	// KnownActions leaves out actions that the catalogue does not list, of
	// services it has: "s3:*" is then the same as the list of today's actions.
	KnownActions bool
	// MaxStates bounds how many states the patterns of one question may have
	// when they are compared; 0 is 10,000.
	MaxStates int
	// MaxWork bounds the work of the comparison, in steps of patterns; 0 is 20
	// million, about a second.
	MaxWork int
}

const (
	defaultStates = 10_000
	defaultWork   = 20_000_000
)

func (o *Options) catalog() *catalog.Catalog {
	if o.Catalog == nil {
		return catalog.Default()
	}
	return o.Catalog
}

func (o *Options) space() space.Options {
	limits := space.Limits{States: o.MaxStates, Work: o.MaxWork}
	if limits.States <= 0 {
		limits.States = defaultStates
	}
	if limits.Work <= 0 {
		limits.Work = defaultWork
	}
	return space.Options{Limits: limits, Catalog: o.catalog(), KnownActions: o.KnownActions}
}
