package graph

import "slices"

// balancePasses bounds how often ranks are improved.
const balancePasses = 8

// ranks gives every node a layer such that each edge points to a later one. The
// longest path to a node decides; then nodes move where their edges are shorter.
func (x *indexed) ranks() []int {
	rank := make([]int, len(x.up))
	for _, v := range x.topological {
		for _, u := range x.up[v] {
			rank[v] = max(rank[v], rank[u]+1)
		}
	}
	x.pullTrees(rank)
	for range balancePasses {
		if !x.balance(rank) {
			break
		}
	}
	return rank
}

// pullTrees moves what only leads to one place next to it: a source, a chain from
// a source, a tree of them. No edge of theirs gets longer, and the one that leaves
// gets shorter.
func (x *indexed) pullTrees(rank []int) {
	free := make([]bool, len(rank))
	for _, v := range x.topological {
		free[v] = len(x.down[v]) > 0 && !slices.ContainsFunc(x.up[v], func(u int) bool { return !free[u] || len(x.down[u]) > 1 })
	}
	for _, v := range slices.Backward(x.topological) {
		if free[v] {
			rank[v] = x.latest(rank, v)
		}
	}
}

// latest is the last layer a node may be in; one without children stays.
func (x *indexed) latest(rank []int, v int) int {
	if len(x.down[v]) == 0 {
		return rank[v]
	}
	last := rank[x.down[v][0]]
	for _, w := range x.down[v] {
		last = min(last, rank[w])
	}
	return last - 1
}

// earliest is the first layer a node may be in; one without parents stays.
func (x *indexed) earliest(rank []int, v int) int {
	if len(x.up[v]) == 0 {
		return rank[v]
	}
	first := 0
	for _, u := range x.up[v] {
		first = max(first, rank[u]+1)
	}
	return first
}

// balance moves nodes with more edges on one side towards that side, and reports
// whether any moved.
func (x *indexed) balance(rank []int) bool {
	moved := false
	for _, v := range slices.Backward(x.topological) {
		to := rank[v]
		switch {
		case len(x.down[v]) > len(x.up[v]):
			to = x.latest(rank, v)
		case len(x.up[v]) > len(x.down[v]):
			to = x.earliest(rank, v)
		}
		if to != rank[v] {
			rank[v], moved = to, true
		}
	}
	return moved
}
