package graph

import "slices"

const (
	// sweeps is how often the layers are gone through.
	sweeps = 24
	// orderBudget bounds the edges that are looked at while crossings are
	// reduced, over all components of a graph.
	orderBudget = 30_000_000
	// swapLimit is up to how many vertices neighbours are tried in each other's
	// place, which costs more than a sweep.
	swapLimit = 2000
)

// order arranges the vertices of each layer for few crossings: Gansner, Koutsofios,
// North and Vo (1993). The best order that was met is kept.
func (s *sketch) order(budget *int) {
	best := s.copyLayers()
	s.crossings = s.countCrossings()
	edges := 0
	for _, d := range s.down {
		edges += len(d)
	}
	since := 0
	for i := 0; i < sweeps && s.crossings > 0 && since < 8; i++ {
		if *budget -= 4*edges + len(s.rank); *budget < 0 {
			break
		}
		s.sweep(i)
		if len(s.rank) <= swapLimit {
			s.swap(budget)
		}
		since++
		if n := s.countCrossings(); n < s.crossings {
			s.crossings, best, since = n, s.copyLayers(), 0
		}
	}
	s.layers = best
	s.number(s.layers)
	for v := range s.rank {
		s.sortNeighbours(v)
	}
}

func (s *sketch) copyLayers() [][]int {
	out := make([][]int, len(s.layers))
	for i, l := range s.layers {
		out[i] = slices.Clone(l)
	}
	return out
}

// sortNeighbours puts the neighbours of a vertex in the order of their layers.
func (s *sketch) sortNeighbours(v int) {
	byPlace := func(a, b int) int { return s.pos[a] - s.pos[b] }
	slices.SortFunc(s.up[v], byPlace)
	slices.SortFunc(s.down[v], byPlace)
}

// sweep goes through the layers, down and up in turn, and orders each by the
// medians of the neighbours in the one before. Two sweeps in four let ties go the
// other way, or they would never be tried.
func (s *sketch) sweep(i int) {
	near, mirror := s.up, i%4 >= 2
	layers := s.layers[1:]
	if i%2 == 1 {
		near, layers = s.down, slices.Clone(s.layers[:len(s.layers)-1])
		slices.Reverse(layers)
	}
	for _, layer := range layers {
		s.byMedians(layer, near, mirror)
	}
}

// byMedians orders one layer. Vertices without neighbours keep their places.
func (s *sketch) byMedians(layer []int, near [][]int, mirror bool) {
	type ranked struct {
		v      int
		median float64
	}
	var moving []ranked
	var places []int
	for i, v := range layer {
		if len(near[v]) > 0 {
			moving = append(moving, ranked{v, s.median(near[v])})
			places = append(places, i)
		}
	}
	if mirror {
		slices.Reverse(moving)
	}
	slices.SortStableFunc(moving, func(a, b ranked) int {
		switch {
		case a.median < b.median:
			return -1
		case a.median > b.median:
			return 1
		}
		return 0
	})
	for i, m := range moving {
		layer[places[i]] = m.v
		s.pos[m.v] = places[i]
	}
}

// median is the middle of the neighbours' places; between two middles the side
// that is denser counts for more.
func (s *sketch) median(near []int) float64 {
	at := make([]int, len(near))
	for i, w := range near {
		at[i] = s.pos[w]
	}
	slices.Sort(at)
	m := len(at) / 2
	switch {
	case len(at)%2 == 1:
		return float64(at[m])
	case len(at) == 2:
		return float64(at[0]+at[1]) / 2
	}
	left, right := float64(at[m-1]-at[0]), float64(at[len(at)-1]-at[m])
	if left+right == 0 {
		return float64(at[m-1]+at[m]) / 2
	}
	return (float64(at[m-1])*right + float64(at[m])*left) / (left + right)
}

// swap exchanges neighbours in a layer while that takes crossings away.
func (s *sketch) swap(budget *int) {
	for improved := true; improved && *budget > 0; {
		improved = false
		for _, layer := range s.layers {
			for v := range layer {
				s.sortNeighbours(layer[v])
			}
			for i := 0; i+1 < len(layer); i++ {
				v, w := layer[i], layer[i+1]
				now, then := s.pairCrossings(v, w)
				*budget -= len(s.up[v]) + len(s.up[w]) + len(s.down[v]) + len(s.down[w])
				if then < now {
					layer[i], layer[i+1] = w, v
					s.pos[v], s.pos[w] = i+1, i
					improved = true
				}
			}
		}
	}
}

// pairCrossings is how many edges of two neighbours cross as they stand, and how
// many would with places exchanged.
func (s *sketch) pairCrossings(v, w int) (now, then int) {
	for _, near := range [2][][]int{s.up, s.down} {
		now += s.inversions(near[v], near[w])
		then += s.inversions(near[w], near[v])
	}
	return now, then
}

// inversions counts the pairs where a neighbour of the left one is to the right
// of a neighbour of the right one. Both lists are in order of place.
func (s *sketch) inversions(left, right []int) int {
	n, j := 0, 0
	for _, l := range left {
		for j < len(right) && s.pos[right[j]] < s.pos[l] {
			j++
		}
		n += j
	}
	return n
}

// countCrossings counts the crossings between all layers: Barth, Mutzel and Jünger
// (2004), with a Fenwick tree.
func (s *sketch) countCrossings() int {
	total := 0
	var ends, tree []int
	for r := 0; r+1 < len(s.layers); r++ {
		tree = append(tree[:0], make([]int, len(s.layers[r+1])+1)...)
		seen := 0
		for _, v := range s.layers[r] {
			ends = ends[:0]
			for _, w := range s.down[v] {
				ends = append(ends, s.pos[w])
			}
			for _, e := range ends {
				total += seen - sum(tree, e)
			}
			for _, e := range ends {
				add(tree, e)
			}
			seen += len(ends)
		}
	}
	return total
}

// sum counts what was added at places up to i.
func sum(tree []int, i int) int {
	n := 0
	for i++; i > 0; i -= i & -i {
		n += tree[i]
	}
	return n
}

func add(tree []int, i int) {
	for i++; i < len(tree); i += i & -i {
		tree[i]++
	}
}
