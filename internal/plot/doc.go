// Package plot draws small plots as SVG: lines, stacked areas and shares over time
// ([Chart]), what happened when to each of several things ([Timeline]), the course of
// one number ([Spark]) and the parts of a whole ([Strip]).
//
// Drawings have no script and no inline style. Colours are classes, s0 to s7 for
// series, chosen to be told apart by people who do not see all colours; lines have
// dashes and areas borders, so that colour is not needed. A drawing says its title and
// a summary to those who do not see it, and [Table] writes its numbers.
//
// The same values give the same drawing, byte for byte. Values that are not numbers
// are gaps, which stay gaps.
package plot
