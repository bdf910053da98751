package graph

import (
	"math"
	"slices"
)

// spacing says how far apart the middles of two neighbours are at least; either
// may be a dummy.
type spacing func(left, right int) float64

// position gives each vertex its coordinate across the layers: Brandes and Köpf
// (2002). Vertices are aligned with the medians of their neighbours four times,
// beginning from each corner, and the middle of the four is taken: edges are
// straight wherever the order lets them be, long ones above all.
func (s *sketch) position(gap spacing) {
	blocked := s.conflicts()
	var four [4][]float64
	for i := range four {
		a := s.align(i&1 != 0, i&2 != 0, blocked)
		four[i] = a.compact(gap)
	}
	s.coordinate = balanced(four)
}

// segment is a pair of neighbours in two layers, the upper first.
type segment struct{ upper, lower int }

// conflicts marks segments that cross one between two dummies: they give way.
func (s *sketch) conflicts() map[segment]bool {
	marked := map[segment]bool{}
	for r := 1; r < len(s.layers); r++ {
		from, scanned := 0, 0
		layer := s.layers[r]
		for i, v := range layer {
			inner := s.trunkAbove(v)
			if inner < 0 && i < len(layer)-1 {
				continue
			}
			to := len(s.layers[r-1])
			if inner >= 0 {
				to = s.pos[inner]
			}
			for ; scanned <= i; scanned++ {
				w := layer[scanned]
				for _, u := range s.up[w] {
					if (s.pos[u] < from || s.pos[u] > to) && (!s.dummy(u) || !s.dummy(w)) {
						marked[segment{u, w}] = true
					}
				}
			}
			from = to
		}
	}
	return marked
}

// trunkAbove is the dummy above a dummy, -1 where there is none.
func (s *sketch) trunkAbove(v int) int {
	if s.dummy(v) && len(s.up[v]) > 0 && s.dummy(s.up[v][0]) {
		return s.up[v][0]
	}
	return -1
}

// alignment is one way to put vertices in line: those of a block have one
// coordinate.
type alignment struct {
	layers [][]int // as seen from the corner it began in
	root   []int   // the first vertex of the block of each
	right  bool    // seen from the right: coordinates are mirrored
}

func (s *sketch) align(fromBelow, fromRight bool, blocked map[segment]bool) alignment {
	a := alignment{layers: s.copyLayers(), root: make([]int, len(s.rank)), right: fromRight}
	near := s.up
	if fromBelow {
		slices.Reverse(a.layers)
		near = s.down
	}
	next := make([]int, len(s.rank))
	place := make([]int, len(s.rank))
	for v := range next {
		a.root[v], next[v] = v, v
	}
	for _, layer := range a.layers {
		if fromRight {
			slices.Reverse(layer)
		}
		for i, v := range layer {
			place[v] = i
		}
	}
	for _, layer := range a.layers {
		last := -1
		for _, v := range layer {
			for _, u := range s.medians(v, near[v], fromRight) {
				if next[v] != v || place[u] <= last || blocked[edgeBetween(u, v, fromBelow)] {
					continue
				}
				next[u] = v
				a.root[v] = a.root[u]
				next[v] = a.root[v]
				last = place[u]
			}
		}
	}
	return a
}

func edgeBetween(u, v int, fromBelow bool) segment {
	if fromBelow {
		return segment{v, u}
	}
	return segment{u, v}
}

// medians are the one or two in the middle, in the order of the corner. A trunk
// goes on along itself, whatever leaves it.
func (s *sketch) medians(v int, near []int, fromRight bool) []int {
	if len(near) == 0 {
		return nil
	}
	if i := slices.IndexFunc(near, s.dummy); i >= 0 && s.dummy(v) {
		return near[i : i+1]
	}
	m := near[(len(near)-1)/2 : len(near)/2+1]
	if len(m) == 2 && fromRight {
		return []int{m[1], m[0]}
	}
	return m
}

// compact places the blocks as far to the left as they go, then each as far to
// the right as its neighbours leave room, which brings blocks back to what they
// are connected with.
func (a alignment) compact(gap spacing) []float64 {
	after := make([][]int, len(a.root)) // blocks to the right of a block
	before := make([][]int, len(a.root))
	distance := map[segment]float64{}
	for _, layer := range a.layers {
		for i := 1; i < len(layer); i++ {
			l, r := a.root[layer[i-1]], a.root[layer[i]]
			wide := gap(layer[i-1], layer[i])
			if a.right {
				wide = gap(layer[i], layer[i-1])
			}
			known, ok := distance[segment{l, r}]
			if !ok {
				after[l] = append(after[l], r)
				before[r] = append(before[r], l)
			}
			distance[segment{l, r}] = max(known, wide)
		}
	}
	order := a.blocks(before, after)
	x := make([]float64, len(a.root))
	for _, b := range order {
		for _, l := range before[b] {
			x[b] = max(x[b], x[l]+distance[segment{l, b}])
		}
	}
	for _, b := range slices.Backward(order) {
		room := math.Inf(1)
		for _, r := range after[b] {
			room = min(room, x[r]-distance[segment{b, r}])
		}
		if !math.IsInf(room, 1) {
			x[b] = max(x[b], room)
		}
	}
	for v, b := range a.root {
		x[v] = x[b]
	}
	if a.right {
		for v := range x {
			x[v] = -x[v]
		}
	}
	return x
}

// blocks are the roots, each after those to its left.
func (a alignment) blocks(before, after [][]int) []int {
	waits := make([]int, len(a.root))
	var ready, order []int
	for v, root := range a.root {
		if v == root {
			if waits[v] = len(before[v]); waits[v] == 0 {
				ready = append(ready, v)
			}
		}
	}
	for len(ready) > 0 {
		b := ready[0]
		ready = ready[1:]
		order = append(order, b)
		for _, r := range after[b] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	return order
}

// balanced moves the four to the narrowest of them and takes the mean of the two
// in the middle for each vertex. Each of the four keeps the distances, so the
// middles do.
func balanced(four [4][]float64) []float64 {
	narrow, least := 0, math.Inf(1)
	for i, x := range four {
		if w := slices.Max(x) - slices.Min(x); w < least {
			narrow, least = i, w
		}
	}
	for i, x := range four {
		shift := slices.Min(four[narrow]) - slices.Min(x)
		if i&2 != 0 {
			shift = slices.Max(four[narrow]) - slices.Max(x)
		}
		if i == narrow {
			continue
		}
		for v := range x {
			x[v] += shift
		}
	}
	out := make([]float64, len(four[0]))
	for v := range out {
		each := [4]float64{four[0][v], four[1][v], four[2][v], four[3][v]}
		slices.Sort(each[:])
		out[v] = (each[1] + each[2]) / 2
	}
	least = slices.Min(out)
	for v := range out {
		out[v] -= least
	}
	return out
}
