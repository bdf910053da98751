// Package progress shows what becomes of runs in a terminal: a picture that is
// redrawn in place, tables, and plain lines for those who read a log. It
// decides and draws; asking the engine is the caller's.
package progress
