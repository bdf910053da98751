// Package graph draws directed acyclic graphs: as SVG for browsers and with
// box-drawing characters for terminals.
//
// A layout depends on nothing but the nodes, the edges and their order, so a
// graph whose states change stays where it is, and the same graph is drawn the
// same way everywhere. [Arrange] makes it in the manner of Sugiyama, Tagawa and
// Toda (1981):
//
//	reduce      edges that longer paths imply are left out
//	rank        layers by longest path, then nodes pulled towards their neighbours
//	sketch      edges that span layers get a dummy vertex in each; those of one
//	            source share a trunk
//	order       median sweeps and swaps, the fewest crossings kept
//	position    Brandes and Köpf (2002): four alignments, their median
//	pack        components side by side, in shelves
//	route       a cubic between layers, straight within them
//
// Work is bounded by counts, never by the clock: [MaxNodes], [MaxEdges], a
// budget of dummy vertices and one of edges looked at while crossings are
// reduced. What is beyond the budgets is drawn less well, not later.
//
// How a node looks now is a [Look], asked for while drawing. State is told by a
// sign, a word and a class, never by colour alone.
package graph
