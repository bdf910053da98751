package tables

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Dialect is how a database differs in what [Where] needs.
type Dialect struct {
	// Mark writes the n-th parameter, from 1.
	Mark func(n int) string
	// Contains is a condition on a column and a text's mark. Holds is the same
	// in any case of ASCII letters, of a text whose %, _ and \ are escaped by \.
	Contains, Holds func(column, mark string) string
	// Prefix is a condition that a column begins with a text.
	Prefix func(column, mark string) string
}

// Where gathers conditions and their parameters.
type Where struct {
	d     *Dialect
	parts []string
	Args  []any
}

// NewWhere begins without conditions; args are parameters used elsewhere in
// the statement before them.
func NewWhere(d *Dialect, args ...any) *Where { return &Where{d: d, Args: args} }

// Mark adds a parameter, a text escaped, and returns how the statement refers to it.
func (w *Where) Mark(arg any) string {
	if s, ok := arg.(string); ok {
		arg = Escape(s)
	}
	return w.raw(arg)
}

func (w *Where) raw(arg any) string {
	w.Args = append(w.Args, arg)
	return w.d.Mark(len(w.Args))
}

// And adds a condition.
func (w *Where) And(condition string) { w.parts = append(w.parts, condition) }

// String returns the conditions joined.
func (w *Where) String() string {
	if len(w.parts) == 0 {
		return "1 = 1"
	}
	return strings.Join(w.parts, " AND ")
}

func (w *Where) equal(column, value string) {
	if value != "" {
		w.And(column + " = " + w.Mark(value))
	}
}

// Filter adds the conditions of a filter on the columns of "run". Where [Exact]
// says no they let more pass than the filter does.
func (w *Where) Filter(f *store.Filter) {
	w.tenants(f.Tenants)
	w.equal("queue", f.Queue)
	w.equal("workflow", f.Workflow)
	w.equal("idempotency", f.Idempotency)
	w.statuses(f)
	if f.Version != 0 {
		w.And("version = " + w.Mark(int64(f.Version)))
	}
	if f.Paused != nil {
		w.And("paused = " + w.Mark(Int(*f.Paused)))
	}
	if f.Parent != 0 {
		w.And("parent = " + w.Mark(int64(f.Parent)))
	}
	if f.CreatedFrom != 0 {
		w.And("created >= " + w.Mark(f.CreatedFrom))
	}
	if f.CreatedTo != 0 {
		w.And("created < " + w.Mark(f.CreatedTo))
	}
	if prefix, ok := strings.CutSuffix(f.Failure, "*"); ok {
		w.And(w.d.Prefix("failure", w.Mark(prefix)))
	} else {
		w.equal("failure", f.Failure)
	}
	for _, key := range slices.Sorted(maps.Keys(f.Label)) {
		w.And(w.d.Contains("labels", w.raw(LabelPart(key, f.Label[key]))))
	}
	w.text(f.Text)
}

func (w *Where) tenants(list []string) {
	if list == nil {
		return
	}
	if len(list) == 0 {
		w.And("1 = 0")
		return
	}
	marks := make([]string, len(list))
	for i, tenant := range list {
		marks[i] = w.Mark(tenant)
	}
	w.And("tenant IN (" + strings.Join(marks, ", ") + ")")
}

// statuses also tells the database by which index to look.
func (w *Where) statuses(f *store.Filter) {
	if f.Order == store.Finished {
		return // the ranges of places say it
	}
	if len(f.Statuses) == 0 {
		return
	}
	live, failed := true, true
	list := make([]string, len(f.Statuses))
	for i, s := range f.Statuses {
		list[i] = strconv.Itoa(int(s))
		live = live && !s.Final()
		failed = failed && s > machine.Succeeded
	}
	w.And("status IN (" + strings.Join(list, ", ") + ")")
	if live {
		w.And("done IS NULL")
	}
	if failed {
		w.And("done >= " + strconv.FormatInt(Unsuccessful, 10))
	}
}

func (w *Where) text(text string) {
	if text == "" || !ascii(text) {
		return
	}
	parts := []string{w.d.Holds("workflow", w.Mark(like(text))), w.d.Holds("labels", w.Mark(like(text)))}
	if id, err := workflow.ParseRunID(text); err == nil && id <= 1<<63-1 {
		parts = append(parts, "id = "+w.Mark(int64(id)))
	}
	w.And("(" + strings.Join(parts, " OR ") + ")")
}

// Exact reports whether the conditions of Filter let nothing pass that the
// filter does not.
func Exact(f *store.Filter) bool { return f.Text == "" }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < ' ' {
			return false
		}
	}
	return true
}

// like escapes what has a meaning in the pattern of LIKE, with a backslash.
func like(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// Int is a truth value as a number.
func Int(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
