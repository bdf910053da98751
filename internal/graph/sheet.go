package graph

import _ "embed"

// sheet is the stylesheet of a drawing that is a file of its own. Colours come in
// pairs of light and dark; text has a contrast of at least 4.5 on what is behind it.
//
//go:embed sheet.css
var sheet string
