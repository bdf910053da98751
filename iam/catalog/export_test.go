package catalog

// Unpack is what the first question costs.
var Unpack = unpack

// NarrowVariables are the variables of a service's templates that stand for no
// "/".
func NarrowVariables(s *Service) []string { return s.narrowVariables() }

// FurtherForms is how many forms are known besides those of the reference.
func FurtherForms() int {
	n := 0
	for _, forms := range furtherForms {
		n += len(forms)
	}
	return n
}

// ServiceIDs are the names of services that are not their prefixes.
func ServiceIDs() map[string]string { return serviceIDs }
