package shard_test

import (
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const childOf = `{"name":"p","steps":[{"name":"s","run":"workflow","with":{"workflow":"x"}}]}`

// family submits a parent and the sub-workflow that it wants.
func (r *rig) family() (parent, child workflow.RunID, ch shard.Child) {
	r.t.Helper()
	child0 := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	parent = r.submit(r.intake(r.plan(childOf), "t", ""))[0]
	r.poll(1)
	r.mustRound()
	if len(r.pub.Children) != 1 {
		r.t.Fatalf("children wanted: %+v", r.pub.Children)
	}
	ch = r.pub.Children[0]
	in := r.intake(child0, "t", "")
	in.Submission = ch.Submission
	child = r.submit(in)[0]
	r.core.Do(func(c *shard.Core) error { return c.ChildSubmitted(ch.Parent, ch.Ref, ch.Key, child) }, func(error) {})
	r.mustRound()
	r.poll(1)
	r.mustRound()
	return parent, child, ch
}

func TestParentHearsOfItsChildFromALaterOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	parent, child, _ := r.family()
	r.complete(r.tasks[len(r.tasks)-1])
	r.mustRound()
	if len(r.pub.Finished) != 1 {
		t.Fatalf("Finished = %+v, want the child", r.pub.Finished)
	}
	r.takeOver() // who should have passed it on is gone
	r.mustRound()
	if len(r.pub.Children) != 1 || r.pub.Children[0].Run != child {
		t.Fatalf("Children = %+v, want run %v to be asked after", r.pub.Children, child)
	}
	r.core.Do(func(c *shard.Core) error { return c.Remind(child) }, func(err error) {
		if err != nil {
			t.Errorf("Remind: %v", err)
		}
	})
	r.mustRound()
	for _, f := range r.pub.Finished {
		r.core.Do(func(c *shard.Core) error { return c.ChildFinished(f.Parent, f.ChildEnd) }, func(error) {})
	}
	r.mustRound()
	if s := r.status(parent); s != machine.Succeeded {
		t.Errorf("the parent is %v", s)
	}
}

func TestChildIsCanceledByALaterOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	parent, child, ch := r.family()
	r.core.Control(shard.Order{Verb: shard.Cancel, Run: parent}, func(error) {})
	r.mustRound()
	if len(r.pub.Cancel) != 1 {
		t.Fatalf("Cancel = %v, want the child", r.pub.Cancel)
	}
	r.takeOver() // who should have passed it on is gone
	r.mustRound()
	want := shard.Adopted{Run: child, Parent: parent, Ref: ch.Ref, Key: ch.Key}
	if len(r.pub.Adopted) != 1 || r.pub.Adopted[0] != want {
		t.Fatalf("Adopted = %+v, want %+v", r.pub.Adopted, want)
	}
	r.core.Do(func(c *shard.Core) error { return c.ChildSubmitted(parent, ch.Ref, ch.Key, child) }, func(error) {})
	r.mustRound()
	if len(r.pub.Cancel) != 1 || r.pub.Cancel[0] != child {
		t.Errorf("Cancel = %v, want run %v", r.pub.Cancel, child)
	}
}

func TestChildThatIsWantedGoesOnUnderALaterOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	parent, child, ch := r.family()
	r.takeOver()
	r.mustRound()
	r.core.Do(func(c *shard.Core) error { return c.ChildSubmitted(parent, ch.Ref, ch.Key, child) }, func(error) {})
	r.mustRound()
	if len(r.pub.Cancel) != 0 {
		t.Errorf("Cancel = %v, want none", r.pub.Cancel)
	}
}

func TestRunThatWasNotTakenWantsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	in := r.intake(r.plan(childOf), "t", "")
	in.Submission.IdempotencyKey = "k"
	r.core.Submit([]*shard.Intake{in}, func([]work.Receipt, error) {})
	r.poll(1)
	b := r.core.Seal()
	pub := r.core.Publish(store.Outcome{Duplicates: map[workflow.RunID]workflow.RunID{b.Inserts[0].Meta.ID: 99}})
	if len(pub.Children)+len(pub.Notices) > 0 {
		t.Errorf("a run that does not exist wants %d children, and %d notices tell of it", len(pub.Children), len(pub.Notices))
	}
}
