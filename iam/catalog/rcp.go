package catalog

import (
	_ "embed"
	"strings"
	"sync"
)

// rcpText is the list of the services that resource control policies apply to.
// It stands beside the catalogue because the evaluator needs nothing else of it.
//
//go:embed data/rcp-supported-services.json
var rcpText string

// rcpServices are the prefixes, sorted as they are in the text.
var rcpServices = sync.OnceValue(func() []string {
	list := strings.Split(strings.Trim(strings.TrimSpace(rcpText), "[]"), ",")
	for i, name := range list {
		list[i] = strings.Trim(strings.TrimSpace(name), `"`)
	}
	return list
})

// RCPSupported reports whether resource control policies apply to the actions of
// a service, by its prefix in any case (Organizations user guide, "AWS services
// that support RCPs"). It does not unpack the catalogue.
func RCPSupported(prefix string) bool {
	_, ok := search(rcpServices(), prefix, func(p string) string { return p })
	return ok
}
