package pop

import (
	"context"
	"errors"
	"fmt"

	"github.com/berth-project/berth/compat/pop/dynamodb"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
)

// maxFindings is how many findings are kept of one survey; more are counted.
const maxFindings = 1000

// Finding is something in an export that one should know before it is imported.
type Finding struct {
	// Wrong: it cannot be imported. Else it can, and is not of much use.
	Wrong bool
	// File, Item and Line say where; Item and Line count from 1 and are 0 where it
	// is the file as a whole.
	File       string
	Item, Line int
	// ID is the object's, Field one of its attributes; both may be "".
	ID, Field string
	Message   string
}

// Survey is what was found in exports.
type Survey struct {
	Findings []Finding
	// More counts those beyond the ones that are kept, Wrong all that cannot be
	// imported.
	More, Wrong int
}

// Survey reads all exports and says what in them cannot be imported, and what refers
// to something that is in none of them. The error is ctx's.
func (t Tables) Survey(ctx context.Context) (*Survey, error) {
	v := surveyor{found: &Survey{}, ids: map[object.Kind]map[string]bool{}, done: map[string]object.State{}, agendas: map[string]bool{}}
	steps := []func(){func() { v.waiting(t) }}
	for _, k := range t.kinds() {
		steps = append(steps, func() { v.table(ctx, t, k) })
	}
	for _, step := range steps {
		if step(); ctx.Err() != nil {
			return v.found, ctx.Err()
		}
	}
	v.unqueued()
	return v.found, nil
}

// surveyor remembers what there is.
type surveyor struct {
	found *Survey
	ids   map[object.Kind]map[string]bool
	// done is the state of each progress.
	done map[string]object.State
	// agendas are those on the waiting list, with whether they were met.
	agendas map[string]bool
	rows    []entry[*object.Ready]
}

func (v *surveyor) add(f Finding) {
	if f.Wrong {
		v.found.Wrong++
	}
	if len(v.found.Findings) == maxFindings {
		v.found.More++
		return
	}
	v.found.Findings = append(v.found.Findings, f)
}

// wrong notes an error of reading.
func (v *surveyor) wrong(file string, err error) {
	var it *dynamodb.ItemError
	if errors.As(err, &it) {
		v.add(Finding{Wrong: true, File: file, Item: it.Item, Line: it.Line, ID: it.ID, Field: it.Field, Message: it.Err.Error()})
		return
	}
	v.add(Finding{Wrong: true, File: file, Message: err.Error()})
}

func (v *surveyor) waiting(t Tables) {
	for row, err := range t.waiting() {
		if err != nil {
			v.wrong(row.file, err)
			continue
		}
		v.agendas[row.Object.AgendaID] = false
		v.rows = append(v.rows, row)
	}
}

func (v *surveyor) table(ctx context.Context, t Tables, k object.Kind) {
	v.ids[k] = map[string]bool{}
	for one, err := range t.objects(k) {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			v.wrong(one.file, err)
			continue
		}
		v.ids[k][one.Object.Head().ID] = true
		v.object(t, one)
	}
}

// at adds a finding about an object.
func (v *surveyor) at(e entry[object.Object], field, format string, args ...any) {
	v.add(Finding{File: e.file, Item: e.Number, Line: e.Line, ID: e.Object.Head().ID, Field: field, Message: fmt.Sprintf(format, args...)})
}

// object looks at one object.
func (v *surveyor) object(t Tables, e entry[object.Object]) {
	if h := e.Object.Head(); h.CustomerID == "" {
		v.at(e, "customerId", "is missing: administrators alone see it")
	}
	switch o := e.Object.(type) {
	case *object.Customer:
		if o.ID != o.CustomerID {
			v.at(e, "customerId", "is %q and the id is another: agendas find a customer by the id", o.CustomerID)
		}
		v.refers(t, e, "resourcePoolId", object.KindPool, o.ResourcePoolID, "agendas of the customer are refused until there is one")
	case *object.Insight:
		v.refers(t, e, "resourcePoolId", object.KindPool, o.ResourcePoolID, "no agenda gets to the insight until there is one")
	case *object.Progress:
		v.done[o.ID] = o.State
	case *object.OperationProgress:
		v.refers(t, e, "agendaProgressId", object.KindProgress, o.AgendaProgressID, "it is left out")
	case *object.Agenda:
		v.agenda(t, e, o)
	}
}

// refers notes a reference to what is not there; of tables that are not imported
// nothing is known.
func (v *surveyor) refers(t Tables, e entry[object.Object], field string, k object.Kind, id, so string) {
	if len(t.of(k)) > 0 && !v.ids[k][id] {
		v.at(e, field, "%q is no %s of these tables: %s", id, k, so)
	}
}

// agenda looks at an agenda. Of those that ran there is nothing to say: they are
// kept for the record.
func (v *surveyor) agenda(t Tables, e entry[object.Object], a *object.Agenda) {
	_, listed := v.agendas[a.ID]
	if listed {
		v.agendas[a.ID] = true
	}
	state, ok := v.done[a.ProgressID]
	switch {
	case !ok:
		if listed {
			v.at(e, "progressId", "%q is no AgendaProgress of these tables: the agenda is kept and does not run", a.ProgressID)
		}
		return
	case state == object.Complete:
		return
	case a.AgendaInsight == nil:
		v.at(e, "agendaInsight", "is missing: the agenda was never scheduled, and does not run here")
		return
	}
	v.refers(t, e, "agendaInsight.insightId", object.KindInsight, a.AgendaInsight.InsightID, "the agenda fails if there is none by then")
	if err := runnable(a); err != nil {
		v.at(e, "operations", "cannot run here, so the agenda fails: %v", err)
	}
	if !listed && state != object.Executing && len(t.Ready) > 0 {
		v.at(e, "", "waits and is not on the waiting list: it is held until a rerun with \"continue\"")
	}
}

// runnable reports why an agenda cannot become a run.
func runnable(a *object.Agenda) error {
	if err := a.Validate(token.Native); err != nil {
		return err
	}
	_, err := translate.Agenda(a, object.DefaultMaximumAttempts)
	return err
}

// unqueued tells which rows of the waiting list are of no agenda.
func (v *surveyor) unqueued() {
	for _, row := range v.rows {
		if !v.agendas[row.Object.AgendaID] {
			v.add(Finding{
				File: row.file, Item: row.Number, Line: row.Line, ID: row.Object.ID, Field: "agendaId",
				Message: fmt.Sprintf("%q is no agenda of these tables: nothing is queued for it", row.Object.AgendaID),
			})
		}
	}
}
