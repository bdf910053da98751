package iam

import "strings"

// nearest returns the word that was probably meant: one that differs in case
// only, or else the first with the fewest typing mistakes, of which there may be
// one for every four letters. It is empty where none is near.
func nearest(s string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if strings.EqualFold(w, s) {
			return w
		}
		if d := distance(s, w, least); d < least && d <= max(1, len(w)/4) {
			best, least = w, d
		}
	}
	return best
}

// distance counts how many letters must be put in, left out, replaced or
// swapped with their neighbour to make one word of the other, without regard to
// case. Where that is limit or more it returns limit, as for words longer than
// any there are.
func distance(a, b string, limit int) int {
	var rows [3][64]int
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(b) >= len(rows[0]) {
		return limit
	}
	prev, row, next := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if lower(a[i]) == lower(b[j]) {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && lower(a[i]) == lower(b[j-1]) && lower(a[i-1]) == lower(b[j]) {
				next[j+1] = min(next[j+1], prev[j-1]+1)
			}
		}
		prev, row, next = row, next, prev
	}
	return min(row[len(b)], limit)
}
