// Package language decides what several patterns match together: it divides
// the texts of a language into cells, in each of which every pattern matches
// all texts or none, and gives an example of each cell.
//
// Whether one pattern is covered by others, whether two overlap, whether a text
// is matched by some and not by the rest: all of that can be read off the cells.
// They are found by running the patterns side by side (the subset construction
// on the product of their automata), over the few characters the patterns tell
// apart where they stand, and one that stands for all others.
//
// The number of states can grow exponentially for hostile patterns
// ("*a??????????"), so it is capped, and so is the work: [ErrTooLarge] means
// that nothing is known.
package language
