package workflow

import "encoding/json"

// Plan is a document made ready to be executed. It is immutable and may be
// shared by any number of runs and goroutines.
//
// Nodes have the order of the document: steps, then the steps under finally,
// then generated ones as they came. The index of a node never changes, so that a
// run may keep its state as an array.
type Plan struct {
	doc   *Document
	nodes []*Node
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
}

// Document returns what the plan was compiled from, without generated steps.
// Callers must not change it.
func (p *Plan) Document() *Document { return p.doc }

// Len returns how many nodes there are.
func (p *Plan) Len() int { return len(p.nodes) }

// Node returns the node at an index.
func (p *Plan) Node(i int) *Node { return p.nodes[i] }

// Compile makes a plan of a document. The error is a diagnostic.List, as that of
// [Document.Check]. The document must not be changed afterwards.
func Compile(d *Document) (*Plan, error) { return nil, errUnfinished }

// Load reads a document and compiles it: [Parse] and [Compile] in one go.
func Load(name string, data []byte) (*Plan, error) { return nil, errUnfinished }

// Index returns the index of a step, whose name is matched as it is written.
func (p *Plan) Index(name string) (int, bool) { return 0, false }

// Hash returns the SHA-256 of [Plan.Canonical].
func (p *Plan) Hash() [32]byte { return [32]byte{} }

// Canonical returns the document as canonical JSON: the same bytes for the same
// document, however it was written. Callers must not change it.
func (p *Plan) Canonical() []byte { return nil }

// Payload returns what the step is given: its "with", references replaced; nil
// when it has none. A for-each step wants an item in the scope. Without
// references the answer is the document's own bytes, which callers must not
// change. Errors are an [*EvalError].
func (p *Plan) Payload(i int, s *Scope) (json.RawMessage, error) { return nil, errUnfinished }

// When evaluates the condition of a step; without one it is true. Errors are an
// [*EvalError].
func (p *Plan) When(i int, s *Scope) (bool, error) { return false, errUnfinished }

// Items returns the items of a for-each step. Errors are an [*EvalError], also
// when there are more items than the step allows.
func (p *Plan) Items(i int, s *Scope) ([]json.RawMessage, error) { return nil, errUnfinished }

// Key returns the concurrency key of a step, "" for none. Errors are an
// [*EvalError].
func (p *Plan) Key(i int, s *Scope) (string, error) { return "", errUnfinished }

// RunKey returns the concurrency key of a run, "" for none. The scope needs
// params and run only. Errors are an [*EvalError].
func (p *Plan) RunKey(s *Scope) (string, error) { return "", errUnfinished }

// Labels returns the labels the document gives a run. The scope needs params and
// run only. Errors are an [*EvalError].
func (p *Plan) Labels(s *Scope) (map[string]string, error) { return nil, errUnfinished }

// Callbacks returns the callbacks of a run, references replaced. The scope needs
// params and run only. Errors are an [*EvalError].
func (p *Plan) Callbacks(s *Scope) ([]Callback, error) { return nil, errUnfinished }

// Output returns what a run that succeeded answers, null where the document does
// not say. Errors are an [*EvalError].
func (p *Plan) Output(s *Scope) (json.RawMessage, error) { return nil, errUnfinished }

// Params returns the parameters of a run: given, a JSON object or nothing, with
// the defaults for those that are missing, checked against the document's input
// schema. The error names the field.
func (p *Plan) Params(given json.RawMessage) (json.RawMessage, error) { return nil, errUnfinished }

// Generated returns the steps a step generates with an output: nil when the
// step generates none.
func (p *Plan) Generated(i int, output json.RawMessage) ([]Step, error) { return nil, errUnfinished }

// Extend returns a plan with further steps, which the node parent generated,
// behind those that are there; all of it is checked as a whole. A step whose name
// the same parent generated before is left out, so that extending twice is as
// extending once. Any other name that is taken is an error. The plan itself stays
// as it is.
func (p *Plan) Extend(steps []Step, parent int) (*Plan, error) { return nil, errUnfinished }

// Without returns a plan without generated nodes that are not wanted any more,
// and where each node of p has gone: -1 for those left out. It is an error to
// leave out a step of the document, or one that a remaining step needs:
// [Plan.ResetClosure] names the ones that go together.
func (p *Plan) Without(drop []int) (plan *Plan, moved []int, err error) {
	return nil, nil, errUnfinished
}

// ResetClosure says what running steps again means for the others: which are
// reset, as they depend on one that is, and which are dropped, as a step that is
// reset generated them and will again. A generated step that is dropped is not
// reset. A step that needs one that is dropped is dropped too, if it was generated,
// and its generator is reset.
func (p *Plan) ResetClosure(names []string) (reset, drop []int, err error) {
	return nil, nil, errUnfinished
}
