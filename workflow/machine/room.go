package machine

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/berth-project/berth/workflow"
)

// What one run may keep in all. A bound for each step alone is none: a document
// of a few kilobytes has ten thousand of them, and each may hand on what it was
// given.
const (
	// MaxGenerated bounds the steps that come while a run runs, in bytes of
	// JSON: they are a part of its document.
	MaxGenerated = workflow.MaxBytes
	// MaxSignalsKept bounds the data of the signals that are kept, in bytes.
	MaxSignalsKept = 1 << 20
	// MaxNotes bounds what the steps have saved and said, and the details of
	// their failures, in bytes: they stand in the blob, which every change
	// writes anew. More to be saved is refused, and failures lose their details.
	MaxNotes = 4 << 20
	// maxShort is how much of its message a failure keeps for which there is no
	// room, in bytes.
	maxShort = 200
)

// noRoom says why further outputs, or values of a for-each, cannot be kept.
func (r *Run) noRoom(code string, n int) *Failure {
	if r.kept+n > r.limits.MaxKept {
		r.kept = 0
		for i := range r.State.Steps {
			r.kept += r.State.Steps[i].keeps()
		}
	}
	if r.kept+n <= r.limits.MaxKept {
		return nil
	}
	return &Failure{Code: code, Fatal: true, Message: fmt.Sprintf(
		"the run keeps outputs and items of %d bytes, and with %d more it would pass the %d allowed: store data elsewhere and answer where",
		r.kept, n, r.limits.MaxKept)}
}

// keeps returns how many bytes of outputs and values a step has.
func (s *Step) keeps() int {
	if s.Items == nil {
		return len(s.Output)
	}
	n := s.inputsSize()
	for k := range s.Items {
		n += len(s.Items[k].Output)
	}
	return n
}

// tooMany says why a for-each cannot have so many items, beside those of the
// others.
func (r *Run) tooMany(n int) *Failure {
	message := "for-each has %d items, and %d are allowed: split the array"
	most := r.limits.MaxItems
	if n <= most {
		message = "with %d items more than the %d that the run may have in all: split the array, or let sub-workflows have it"
		most = r.limits.MaxAllItems
		for i := range r.State.Steps {
			most -= len(r.State.Steps[i].Items)
		}
		if n <= most {
			return nil
		}
		n, most = n-most, r.limits.MaxAllItems
	}
	return &Failure{Code: CodeItems, Fatal: true, Message: fmt.Sprintf(message, n, most)}
}

// roomFor reports whether n bytes more can stand in the blob, and counts them.
func (r *Run) roomFor(n int) bool {
	if r.notes+n > MaxNotes {
		r.notes = 0
		for i := range r.State.Steps {
			s := &r.State.Steps[i]
			r.notes += s.says()
			for k := range s.Items {
				r.notes += s.Items[k].says()
			}
		}
	}
	if r.notes+n > MaxNotes {
		return false
	}
	r.notes += n
	return true
}

// says returns how many bytes of what a step saved and said stand in the blob.
func (s *Step) says() int {
	n := len(s.Message) + len(s.Saved)
	if s.Failure != nil {
		n += len(s.Failure.Message) + len(s.Failure.Detail)
	}
	return n
}

// bounded returns a failure cut to what is kept of it.
func (r *Run) bounded(f *Failure) *Failure {
	b := f.bounded()
	if !r.roomFor(len(b.Message) + len(b.Detail)) {
		b.Message, b.Detail = clip(b.Message, maxShort), nil
	}
	return b
}

// makeRoom forgets the oldest signals that some step had until there is room
// for one more. Where those that wait leave none it forgets nothing.
func (r *Run) makeRoom(data json.RawMessage) error {
	all, waiting, size, waitingSize := len(r.State.Signals), 0, len(data), len(data)
	for _, s := range r.State.Signals {
		size += len(s.Data)
		if !s.Taken {
			waiting++
			waitingSize += len(s.Data)
		}
	}
	if waiting >= MaxSignals || waitingSize > MaxSignalsKept {
		return r.refuse(fmt.Sprintf("%d signals of %d bytes wait for a step already", waiting, waitingSize-len(data)))
	}
	r.State.Signals = slices.DeleteFunc(r.State.Signals, func(s Signal) bool {
		drop := s.Taken && (all >= MaxSignals || size > MaxSignalsKept)
		if drop {
			all--
			size -= len(s.Data)
		}
		return drop
	})
	return nil
}
