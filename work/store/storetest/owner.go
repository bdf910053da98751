package storetest

import (
	"errors"
	"testing"

	"github.com/berth-project/berth/work/store"
)

func ownerCases() []testCase {
	return []testCase{
		{"a shard is taken by the first and refused to the second", takenOnce},
		{"a node takes its own shard again with a higher epoch", takenAgain},
		{"a lease that ran out is taken over", takenOver},
		{"a lease that was given back is taken at once", givenBack},
		{"a lease is renewed by who holds it and by nobody else", renewed},
		{"a lease that ran out is renewed as long as nobody took it", renewedLate},
		{"giving back what was lost changes nothing", givenBackLate},
		{"owners are listed by shard, with those whose lease ran out", ownersListed},
		{"the number of the last batch goes over to the next owner", seqInherited},
		{"names of nodes may hold any text", ownerNames},
	}
}

func takenOnce(t *testing.T, b Backend) {
	f := open(t, b)
	if f.owner.Epoch == 0 || f.owner.Node != "one" || f.owner.Addr != "http://one" || f.owner.Until == 0 {
		t.Errorf("Acquire = %+v, want an epoch, the node, its address and an end", f.owner)
	}
	other, err := f.Acquire(t.Context(), 0, "two", "http://two", minute)
	if !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Acquire of a shard that is held: %v, want ErrNotOwner", err)
	}
	same(t, "who holds the shard", other, f.owner)
	if o := must[store.Owner](t)(f.Acquire(t.Context(), 1, "two", "", minute)); o.Shard != 1 || o.Node != "two" {
		t.Errorf("Acquire of another shard = %+v", o)
	}
}

func takenAgain(t *testing.T, b Backend) {
	f := open(t, b)
	again := must[store.Owner](t)(f.Acquire(t.Context(), 0, "one", "http://elsewhere", minute))
	if again.Epoch <= f.owner.Epoch || again.Addr != "http://elsewhere" {
		t.Errorf("Acquire again = %+v, want a higher epoch than %d and the new address", again, f.owner.Epoch)
	}
	f.refused(store.Batch{}, store.ErrNotOwner)
}

func takenOver(t *testing.T, b Backend) {
	f := open(t, b)
	brief := must[store.Owner](t)(f.Acquire(t.Context(), 0, "one", "", 1))
	eventually(t, "take-over", func() bool {
		o, err := f.Acquire(t.Context(), 0, "two", "", minute)
		return err == nil && o.Epoch > brief.Epoch && o.Node == "two"
	})
	f.owner = brief
	f.refused(store.Batch{}, store.ErrNotOwner)
	if _, err := f.Renew(t.Context(), brief, minute); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Renew of a lease that was taken over: %v, want ErrNotOwner", err)
	}
}

func givenBack(t *testing.T, b Backend) {
	f := open(t, b)
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Fatal(err)
	}
	o := must[store.Owner](t)(f.Acquire(t.Context(), 0, "two", "", minute))
	if o.Epoch <= f.owner.Epoch {
		t.Errorf("epoch %d after %d, want a higher one", o.Epoch, f.owner.Epoch)
	}
	eventually(t, "hint of the shard", func() bool {
		select {
		case shard := <-f.Wake():
			return shard == 0
		default:
			return false
		}
	})
}

func renewed(t *testing.T, b Backend) {
	f := open(t, b)
	longer := must[store.Owner](t)(f.Renew(t.Context(), f.owner, 10*minute))
	if longer.Until <= f.owner.Until || longer.Epoch != f.owner.Epoch {
		t.Errorf("Renew = %+v, want a later end than %d and the same epoch", longer, f.owner.Until)
	}
	for _, wrong := range []store.Owner{
		{Shard: 0, Node: "one", Epoch: f.owner.Epoch + 1},
		{Shard: 0, Node: "two", Epoch: f.owner.Epoch},
		{Shard: 7, Node: "one", Epoch: f.owner.Epoch},
	} {
		if _, err := f.Renew(t.Context(), wrong, minute); !errors.Is(err, store.ErrNotOwner) {
			t.Errorf("Renew(%+v): %v, want ErrNotOwner", wrong, err)
		}
	}
}

func renewedLate(t *testing.T, b Backend) {
	f := open(t, b)
	brief := must[store.Owner](t)(f.Renew(t.Context(), f.owner, 0))
	if _, err := f.Renew(t.Context(), brief, minute); err != nil {
		t.Errorf("Renew of a lease that ran out and nobody took: %v", err)
	}
	if _, err := f.Acquire(t.Context(), 0, "two", "", minute); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Acquire after it: %v, want ErrNotOwner", err)
	}
}

func givenBackLate(t *testing.T, b Backend) {
	f := open(t, b)
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Fatal(err)
	}
	second := must[store.Owner](t)(f.Acquire(t.Context(), 0, "two", "", minute))
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Errorf("Release of a lease that was lost: %v", err)
	}
	if _, err := f.Acquire(t.Context(), 0, "three", "", minute); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Acquire of what %+v holds: %v, want ErrNotOwner", second, err)
	}
}

func ownersListed(t *testing.T, b Backend) {
	f := open(t, b)
	third := must[store.Owner](t)(f.Acquire(t.Context(), 3, "three", "x", minute))
	ran := must[store.Owner](t)(f.Acquire(t.Context(), 1, "gone", "y", 0))
	same(t, "owners", must[[]store.Owner](t)(f.Owners(t.Context())), []store.Owner{f.owner, ran, third})
}

func seqInherited(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	f.flush(store.Batch{})
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Fatal(err)
	}
	next := own(t, f.Store, 0, "two")
	if next.owner.Seq != 2 {
		t.Errorf("the next owner begins behind batch %d, want 2", next.owner.Seq)
	}
	next.insert(1, 2)
	next.has(id(0), id(1))
}

func ownerNames(t *testing.T, b Backend) {
	f := open(t, b)
	o := must[store.Owner](t)(f.Acquire(t.Context(), 5, "nöde\x00\x1d'\"", "http://[::1]/\xff", minute))
	if _, err := f.Renew(t.Context(), o, minute); err != nil {
		t.Errorf("Renew: %v", err)
	}
	owners := must[[]store.Owner](t)(f.Owners(t.Context()))
	if got := owners[len(owners)-1]; got.Node != "nöde\x00\x1d'\"" || got.Addr != "http://[::1]/\xff" {
		t.Errorf("owner = %+v", got)
	}
}
