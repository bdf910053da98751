package workflow

import (
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/workflow/expression"
	"github.com/berth-project/berth/workflow/input"
)

// Plan is a document made ready to be executed. It is immutable and may be
// shared by any number of runs and goroutines.
//
// Nodes have the order of the document: steps, then the steps under finally,
// then generated ones as they came. The index of a node never changes, so that a
// run may keep its state as an array.
type Plan struct {
	doc   *Document
	nodes []*Node
	// index has the nodes by name, folded by name in lower case.
	index, folded map[string]int

	canonical []byte
	hash      [32]byte

	schema   *input.Schema // nil without one
	defaults []defaultParam
	// params are the only parameters there may be, nil where others are allowed.
	params map[string]bool

	key, output *template
	labels      []namedTemplate
	callbacks   []*template // the "to" of each

	conditionSize int // of the conditions that were compiled for it, in bytes
}

type namedTemplate struct {
	name  string
	value *template
}

// Node is a step with its place among the others. Callers must not change it.
type Node struct {
	Step *Step
	// Index is the place of the node in the plan.
	Index int
	// Needs are the nodes that must be settled before this one is ready, in
	// order: those the step names and those it refers to; for a handler also
	// the steps that name it; for a finally step other finally steps only, as
	// every other step is settled by then.
	Needs []int
	// Dependents are the nodes that have this one in their Needs, in order.
	Dependents []int
	// Finally: the step runs when all others are settled.
	Finally bool
	// Handler: the step runs only when a step of Handles has failed, and is
	// skipped otherwise. The failure of a step it handles is no reason to skip
	// it.
	Handler bool
	// Handles are the nodes whose on-error names this one, in order.
	Handles []int
	// OnError is the index of the handler of this node, -1 for none.
	OnError int
	// Parent is the index of the node that generated this one, -1 for a step
	// of the document.
	Parent int
	// Retry is the rule that counts: the step's, or else the document's; nil
	// for none.
	Retry *Retry
	// WhenEach: the step is for-each and its condition looks at item or index,
	// so it is asked for each item; otherwise it is asked once.
	WhenEach bool

	with, items, key *template
	when             *expression.Program
	whenSteps        []namedStep
}

// namedStep is a step that a condition refers to.
type namedStep struct {
	name string
	node int
}

// Document returns what the plan was compiled from, without generated steps.
// Callers must not change it.
func (p *Plan) Document() *Document { return p.doc }

// Len returns how many nodes there are.
func (p *Plan) Len() int { return len(p.nodes) }

// Node returns the node at an index.
func (p *Plan) Node(i int) *Node { return p.nodes[i] }

// Index returns the index of a step, whose name is matched as it is written.
func (p *Plan) Index(name string) (int, bool) {
	i, ok := p.index[name]
	return i, ok
}

// Hash returns the SHA-256 of [Plan.Canonical].
func (p *Plan) Hash() [32]byte { return p.hash }

// Canonical returns the document as canonical JSON: the same bytes for the same
// document, however it was written. Callers must not change it.
func (p *Plan) Canonical() []byte { return p.canonical }

// Compile makes a plan of a document. The error is a diagnostic.List, as that of
// [Document.Check]. The document must not be changed afterwards.
func Compile(d *Document) (*Plan, error) {
	p, list := check(d)
	if err := list.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Check returns everything that is wrong with a document and can be known without
// the parameters of a run. Problems have a path, not a line.
func (d *Document) Check() diagnostic.List {
	_, list := check(d)
	return list
}
