package catalog

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/rcp-supported-services.json
var rcpText string

// rcpServices reads the list without the rest of the catalogue, which the
// evaluator does not need.
var rcpServices = sync.OnceValue(func() map[string]bool {
	list := strings.Split(strings.Trim(strings.TrimSpace(rcpText), "[]"), ",")
	services := make(map[string]bool, len(list))
	for _, name := range list {
		services[strings.Trim(strings.TrimSpace(name), `"`)] = true
	}
	return services
})

// RCPSupported reports whether resource control policies apply to the actions
// of a service, by its prefix in lower case (Organizations user guide, "AWS
// services that support RCPs").
func RCPSupported(prefix string) bool { return rcpServices()[prefix] }
