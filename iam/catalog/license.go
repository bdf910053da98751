package catalog

import _ "embed"

//go:embed data/LICENSE
var license string

// License returns the licence of the embedded facts, which has to go along with
// every copy of them: a program that shows notices shows this one.
func License() string { return license }
