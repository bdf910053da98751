package machine

import "encoding/json"

// InlineOutput is how long an output may be, in bytes, to be kept in the
// blob; longer ones stand beside it.
const InlineOutput = 256

// ItemInputs is the Item of the Ref under which the values of a for-each
// stand beside the blob, as one array.
const ItemInputs = -2

// ExternalOutput is an output, or the values of a for-each, that does not
// stand in the blob. That of the run has a Ref of -1 and -1.
type ExternalOutput struct {
	Ref  Ref
	Body json.RawMessage
}

// beside is what is known of the outputs that stand beside the blob.
type beside struct {
	moved               []Ref // those that may have to be written or dropped
	orphans             []Ref // those of steps that were reset
	runMoved, runStored bool
}

// External returns the outputs that came since the last call and do not stand
// in the blob, and the places of those that are no more.
func (r *Run) External() (set []ExternalOutput, drop []Ref) {
	b := &r.beside
	if b.runMoved {
		b.runMoved = false
		change(Ref{-1, -1}, r.State.Output, &b.runStored, &set, &drop)
	}
	for _, ref := range b.moved {
		if ref.Item == ItemInputs {
			s := r.Step(Ref{ref.Node, -1})
			if s != nil && s.inputsMoved {
				s.inputsMoved = false
				change(ref, s.joinedInputs(), &s.inputsStored, &set, &drop)
			}
			continue
		}
		if s := r.Step(ref); s != nil && s.moved {
			s.moved = false
			change(ref, s.Output, &s.stored, &set, &drop)
		}
	}
	if len(b.orphans) > 0 {
		drop = append(drop, without(b.orphans, set)...)
	}
	b.moved, b.orphans = nil, nil
	return set, drop
}

func change(ref Ref, body json.RawMessage, stored *bool, set *[]ExternalOutput, drop *[]Ref) {
	switch {
	case len(body) > InlineOutput:
		*set = append(*set, ExternalOutput{ref, body})
		*stored = true
	case *stored:
		*drop = append(*drop, ref)
		*stored = false
	}
}

// without returns the refs, each once, that are not set anew.
func without(refs []Ref, set []ExternalOutput) []Ref {
	seen := make(map[Ref]bool, len(set)+len(refs))
	for _, o := range set {
		seen[o.Ref] = true
	}
	var out []Ref
	for _, ref := range refs {
		if !seen[ref] {
			seen[ref] = true
			out = append(out, ref)
		}
	}
	return out
}

// SetExternal gives a run, after Load, an output that stands beside its blob.
// One that the blob does not miss is ignored.
func (r *Run) SetExternal(ref Ref, body json.RawMessage) {
	if !json.Valid(body) {
		return
	}
	switch {
	case ref == Ref{-1, -1}:
		if r.beside.runStored && r.State.Output == nil {
			r.State.Output = body
		}
	case ref.Item == ItemInputs:
		s := r.Step(Ref{ref.Node, -1})
		if s == nil || !s.inputsStored || s.Inputs != nil {
			return
		}
		var inputs []json.RawMessage
		if json.Unmarshal(body, &inputs) == nil && len(inputs) == len(s.Items) {
			r.kept -= s.inputsSize()
			s.Inputs = inputs
			r.kept += s.inputsSize()
		}
	default:
		if s := r.Step(ref); s != nil && s.stored && s.Output == nil {
			s.Output = body
			r.kept += len(body)
		}
	}
}

func (r *Run) keepOutput(ref Ref, s *Step) {
	if !s.moved && (s.stored || len(s.Output) > InlineOutput) {
		s.moved = true
		r.beside.moved = append(r.beside.moved, ref)
	}
}

func (r *Run) keepInputs(i int, s *Step) {
	if !s.inputsMoved {
		s.inputsMoved = true
		r.beside.moved = append(r.beside.moved, Ref{int32(i), ItemInputs})
	}
}

func (r *Run) keepRunOutput(output json.RawMessage) {
	r.State.Output = output
	r.beside.runMoved = r.beside.runStored || len(output) > InlineOutput
}

// forget drops what stands beside the blob of a step that is reset.
func (r *Run) forget(ref Ref, s *Step) {
	if s.stored {
		r.beside.orphans = append(r.beside.orphans, ref)
	}
	if s.inputsStored {
		r.beside.orphans = append(r.beside.orphans, Ref{ref.Node, ItemInputs})
	}
}

// inputsSize is the length of joinedInputs.
func (s *Step) inputsSize() int { return inputsSize(s.Inputs) }

// inputsSize is the length of values as an array.
func inputsSize(inputs []json.RawMessage) int {
	size := 1 + max(1, len(inputs))
	for _, in := range inputs {
		size += len(in)
	}
	return size
}

func (s *Step) joinedInputs() json.RawMessage {
	b := append(make([]byte, 0, s.inputsSize()), '[')
	for k, in := range s.Inputs {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, in...)
	}
	return append(b, ']')
}
