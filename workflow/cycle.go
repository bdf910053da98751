package workflow

import (
	"fmt"
	"slices"
	"strings"
)

// cycles tells of new nodes that wait for each other.
func (c *compiler) cycles() {
	left := c.unsettled()
	for len(left) > 0 && !c.full() {
		cycle := c.findCycle(left)
		c.problems.add(codeCycle, c.trail(c.plan.nodes[cycle[0]]).child("name"), "steps wait for each other: "+c.story(cycle), "remove one of these needs or references")
		for _, i := range cycle {
			delete(left, i)
		}
		c.settle(left)
	}
}

// unsettled returns the new nodes that could never run: those on a cycle and those
// behind one.
func (c *compiler) unsettled() map[int]bool {
	left := make(map[int]bool, len(c.fresh()))
	for _, n := range c.fresh() {
		left[n.Index] = true
	}
	c.settle(left)
	return left
}

// settle takes out nodes whose needs are not among those left, as often as there
// are any (Kahn's algorithm).
func (c *compiler) settle(left map[int]bool) {
	waits := make(map[int]int, len(left))
	var ready []int
	for i := range left {
		for _, need := range c.plan.nodes[i].Needs {
			if left[need] {
				waits[i]++
			}
		}
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		delete(left, i)
		for _, d := range c.plan.nodes[i].Dependents {
			if !left[d] {
				continue
			}
			if waits[d]--; waits[d] == 0 {
				ready = append(ready, d)
			}
		}
	}
}

// findCycle walks from need to need among the nodes left, each of which has one
// there, until it comes back. The cycle begins with its first node.
func (c *compiler) findCycle(left map[int]bool) []int {
	at := -1
	for i := range left {
		if at < 0 || i < at {
			at = i
		}
	}
	var way []int
	seen := map[int]int{}
	for {
		if start, ok := seen[at]; ok {
			way = way[start:]
			break
		}
		seen[at] = len(way)
		way = append(way, at)
		at = c.plan.nodes[at].Needs[slices.IndexFunc(c.plan.nodes[at].Needs, func(i int) bool { return left[i] })]
	}
	first := slices.Index(way, slices.Min(way))
	return append(slices.Clone(way[first:]), way[:first]...)
}

// maxStory is how many steps of a cycle are named.
const maxStory = 12

// story tells who waits for whom and why: "a needs b, b refers to a".
func (c *compiler) story(cycle []int) string {
	var parts []string
	for k, i := range cycle {
		if k == maxStory {
			parts = append(parts, fmt.Sprintf("and so on over %d steps", len(cycle)))
			break
		}
		n, other := c.plan.nodes[i], c.plan.nodes[cycle[(k+1)%len(cycle)]]
		why := "refers to"
		switch {
		case slices.Contains(n.Step.Needs, other.Step.Name):
			why = "needs"
		case slices.Contains(n.Handles, other.Index):
			why = "handles the failure of"
		}
		parts = append(parts, n.Step.Name+" "+why+" "+other.Step.Name)
	}
	return strings.Join(parts, ", ")
}
