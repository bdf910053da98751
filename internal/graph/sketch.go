package graph

import "slices"

// dummyBudget bounds the dummy vertices of a drawing. Edges beyond it are drawn
// straight past the nodes between their ends.
const dummyBudget = 40_000

// sketch is one connected part on its way to the drawing. Vertices are numbers:
// first its nodes, then dummies.
type sketch struct {
	// nodes are the numbers the first vertices have in the graph.
	nodes []int
	rank  []int
	// layers are the vertices of each layer in order, pos the place of each.
	layers [][]int
	pos    []int
	// up and down are neighbours in the layers beside.
	up, down [][]int
	// chains are the edges: from a node, over dummies, to a node.
	chains [][]int
	// coordinate is the middle of each vertex across the layers.
	coordinate []float64
	// crossings is how many pairs of edge segments cross.
	crossings int
}

func (s *sketch) dummy(v int) bool { return v >= len(s.nodes) }

// newSketch takes the nodes of a component, with their ranks, and adds dummies as
// long as the budget lasts.
func newSketch(x *indexed, nodes, rank []int, budget *int) *sketch {
	s := &sketch{nodes: nodes}
	number := make(map[int]int, len(nodes))
	lowest := rank[nodes[0]]
	for i, v := range nodes {
		number[v] = i
		lowest = min(lowest, rank[v])
	}
	for _, v := range nodes {
		s.addVertex(rank[v] - lowest)
	}
	for i, v := range nodes {
		s.addEdges(i, x.down[v], number, budget)
	}
	s.initialOrder()
	return s
}

func (s *sketch) addVertex(rank int) int {
	v := len(s.rank)
	s.rank = append(s.rank, rank)
	s.up = append(s.up, nil)
	s.down = append(s.down, nil)
	for len(s.layers) <= rank {
		s.layers = append(s.layers, nil)
	}
	return v
}

func (s *sketch) connect(u, v int) {
	s.down[u] = append(s.down[u], v)
	s.up[v] = append(s.up[v], u)
}

// addEdges adds the edges of one node. Those that span layers share a trunk of
// dummies, which each leaves just before its end.
func (s *sketch) addEdges(u int, targets []int, number map[int]int, budget *int) {
	trunk := []int{u}
	for _, target := range targets {
		v := number[target]
		if s.rank[v]-s.rank[u]-len(trunk) > *budget {
			s.chains = append(s.chains, []int{u, v})
			continue
		}
		for len(trunk) < s.rank[v]-s.rank[u] {
			d := s.addVertex(s.rank[u] + len(trunk))
			*budget--
			s.connect(trunk[len(trunk)-1], d)
			trunk = append(trunk, d)
		}
		from := trunk[s.rank[v]-s.rank[u]-1]
		s.connect(from, v)
		s.chains = append(s.chains, append(slices.Clone(trunk[:s.rank[v]-s.rank[u]]), v))
	}
}

// initialOrder puts vertices into their layers as a walk in depth meets them: what
// hangs together is beside each other.
func (s *sketch) initialOrder() {
	seen := make([]bool, len(s.rank))
	for v := range s.rank {
		if len(s.up[v]) > 0 || seen[v] {
			continue
		}
		stack := []int{v}
		for len(stack) > 0 {
			u := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[u] {
				continue
			}
			seen[u] = true
			s.layers[s.rank[u]] = append(s.layers[s.rank[u]], u)
			for _, w := range slices.Backward(s.down[u]) {
				if !seen[w] {
					stack = append(stack, w)
				}
			}
		}
	}
	s.pos = make([]int, len(s.rank))
	s.number(s.layers)
}

// number notes the place of each vertex.
func (s *sketch) number(layers [][]int) {
	for _, layer := range layers {
		for i, v := range layer {
			s.pos[v] = i
		}
	}
}
