package graph

import "slices"

// reduceBlock is how many targets are looked at together: a bound on memory.
const reduceBlock = 4096

// reduce takes out the edges that a longer path implies, and returns them by the
// node they start from. Aho, Garey and Ullman (1972): for an acyclic graph what
// remains is unique.
func (x *indexed) reduce() [][]int {
	n := len(x.up)
	implied := make([][]int, n)
	words := (min(n, reduceBlock) + 63) / 64
	reach := make([]uint64, n*words)
	for first := 0; first < n; first += reduceBlock {
		end := min(n, first+reduceBlock)
		clear(reach)
		for _, v := range slices.Backward(x.topological) {
			own := reach[v*words : (v+1)*words]
			for _, w := range x.down[v] {
				for i, bits := range reach[w*words : (w+1)*words] {
					own[i] |= bits
				}
			}
			for _, w := range x.down[v] {
				if w < first || w >= end {
					continue
				}
				// Before the children themselves are marked, a bit that is set
				// came from below another child.
				if at := w - first; own[at/64]&(1<<(at%64)) != 0 {
					implied[v] = append(implied[v], w)
				}
			}
			for _, w := range x.down[v] {
				if at := w - first; w >= first && w < end {
					own[at/64] |= 1 << (at % 64)
				}
			}
		}
	}
	x.remove(implied)
	return implied
}

// remove takes edges out.
func (x *indexed) remove(gone [][]int) {
	for v, targets := range gone {
		for _, w := range targets {
			x.down[v] = slices.DeleteFunc(x.down[v], func(d int) bool { return d == w })
			x.up[w] = slices.DeleteFunc(x.up[w], func(u int) bool { return u == v })
		}
	}
}

// components returns the nodes of each connected part, in the order of their
// first nodes.
func (x *indexed) components() [][]int {
	part := make([]int, len(x.up))
	for v := range part {
		part[v] = -1
	}
	var parts [][]int
	for v := range part {
		if part[v] >= 0 {
			continue
		}
		stack := []int{v}
		part[v] = len(parts)
		var members []int
		for len(stack) > 0 {
			u := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			members = append(members, u)
			for _, next := range [2][]int{x.up[u], x.down[u]} {
				for _, w := range next {
					if part[w] < 0 {
						part[w] = part[v]
						stack = append(stack, w)
					}
				}
			}
		}
		slices.Sort(members)
		parts = append(parts, members)
	}
	return parts
}
