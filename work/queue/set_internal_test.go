package queue

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSet holds a set against a sorted list, and its blocks to their sizes.
func TestSet(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	var a arena[run]
	var s set
	var want []uint32
	for n := range 40_000 {
		filling := n < 15_000
		if filling && rnd.IntN(10) > 0 || len(want) == 0 || !filling && rnd.IntN(4) == 0 {
			at := int64(n)
			if rnd.IntN(4) == 0 {
				at = rnd.Int64N(int64(n + 1))
			}
			i := a.add(runNode{at: at, id: uint64(n)})
			k, _ := slices.BinarySearchFunc(want, i, func(x, y uint32) int {
				if a.before(x, y) {
					return -1
				}
				return 1
			})
			want = slices.Insert(want, k, i)
			a.insert(&s, i)
		} else {
			k := rnd.IntN(len(want))
			if filling {
				k = 0
			}
			i := want[k]
			if got := a.ahead(&s, i); got != k {
				t.Fatalf("ahead = %d, want %d", got, k)
			}
			if got := s.at(k); got != i {
				t.Fatalf("at(%d) = node %d, want %d", k, got, i)
			}
			want = slices.Delete(want, k, k+1)
			a.remove(&s, i)
			a.drop(i)
		}
		if len(want) == 0 {
			if s.first() != 0 || s.last() != 0 {
				t.Fatal("an empty set has a first or a last node")
			}
		} else if s.first() != want[0] || s.last() != want[len(want)-1] {
			t.Fatalf("first, last = %d, %d, want %d, %d", s.first(), s.last(), want[0], want[len(want)-1])
		}
		if n%1000 == 0 {
			checkSet(t, &s, want)
		}
	}
}

func checkSet(t *testing.T, s *set, want []uint32) {
	t.Helper()
	if got := s.appendTo(nil); !slices.Equal(got, want) || s.size != len(want) {
		t.Fatalf("the set has %d nodes in another order or number, want %d", s.size, len(want))
	}
	for i := range s.blocks {
		if n := len(s.blocks[i].nodes()); n > blockSize || n == 0 && len(s.blocks) > 1 {
			t.Fatalf("block %d of %d has %d nodes", i, len(s.blocks), n)
		}
	}
	if most := 4 + 4*len(want)/blockSize; len(s.blocks) > most {
		t.Fatalf("%d nodes are in %d blocks, want at most %d", len(want), len(s.blocks), most)
	}
}
