package tables

import (
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// ParamsNode is the node under which the table of outputs holds the params of
// a run that are too long for its row, as every update of a run writes the row
// anew.
const ParamsNode = -2

// InlineParams is how long params may be, in bytes, to be kept in the row.
const InlineParams = 1024

// SummaryColumns are the columns of "run" that [ScanSummary] reads.
const SummaryColumns = `id, tenant, queue, workflow, version, status, paused, priority, coalesce(labels, ''), created,
	coalesce(started, 0), coalesce(finished, 0), coalesce(wake_at, 0), coalesce(failure, ''), coalesce(idempotency, ''),
	coalesce(parent, 0), cost, coalesce(done, 0)`

// ScanSummary reads one row of [SummaryColumns], and its column "done".
func ScanSummary(scan func(...any) error) (s store.Summary, done int64, err error) {
	var id, parent, paused, priority, status, version int64
	var labels string
	err = scan(&id, &s.Tenant, &s.Queue, &s.Workflow, &version, &status, &paused, &priority, &labels, &s.Created,
		&s.Started, &s.Finished, &s.WakeAt, &s.Failure, &s.Idempotency, &parent, &s.Cost, &done)
	s.ID, s.Parent, s.Version = workflow.RunID(id), workflow.RunID(parent), int(version)
	s.Status, s.Paused, s.Priority = machine.Status(status), paused != 0, uint8(priority)
	s.Labels = ParseLabels(labels)
	unescape(&s.Tenant, &s.Queue, &s.Workflow, &s.Failure, &s.Idempotency)
	return s, done, err
}

// RecordColumns are the columns that [ScanRecord] reads of "run" joined with
// "document".
const RecordColumns = `run.id, shard, status, paused, priority, tenant, queue, workflow, version, coalesce(document.hash, ''),
	coalesce(key, ''), coalesce(idempotency, ''), cost, tag, created, coalesce(deadline, 0), coalesce(wake_at, 0),
	coalesce(started, 0), coalesce(finished, 0), coalesce(failure, ''), coalesce(parent, 0), coalesce(parent_node, 0),
	coalesce(parent_item, 0), coalesce(labels, ''), params, state, coalesce(enqueued, 0)`

// ScanRecord reads one row of [RecordColumns].
func ScanRecord(scan func(...any) error) (r store.Record, err error) {
	var id, shard, status, paused, priority, version, parent, node, item int64
	var labels string
	var hash, params []byte
	m := &r.Meta
	err = scan(&id, &shard, &status, &paused, &priority, &m.Tenant, &m.Queue, &m.Workflow, &version, &hash,
		&r.Key, &r.Idempotency, &r.Cost, &r.Tag, &m.Created, &r.Deadline, &r.WakeAt,
		&r.Started, &r.Finished, &r.Failure, &parent, &node, &item, &labels, &params, &r.State, &r.Enqueued)
	if err != nil {
		return r, err
	}
	copy(r.Document[:], hash) // none of that hash is found where the document is not there
	unescape(&m.Tenant, &m.Queue, &m.Workflow, &r.Key, &r.Idempotency, &r.Failure)
	m.ID, m.Parent, m.Version, m.Priority = workflow.RunID(id), workflow.RunID(parent), int(version), uint8(priority)
	m.ParentStep = machine.Ref{Node: int32(node), Item: int32(item)}
	m.Labels, m.Params = ParseLabels(labels), params
	r.Shard, r.Status, r.Paused = int(shard), machine.Status(status), paused != 0
	r.Workflow, r.Version = m.Workflow, m.Version
	return r, nil
}

// Attach gives an output to its run: to its Outputs, or as its params.
func Attach(r *store.Record, o store.Output) {
	if o.Node == ParamsNode {
		r.Meta.Params = o.Body
		return
	}
	r.Outputs = append(r.Outputs, o)
}

// EventColumns are the columns of "event" that [ScanEvent] reads.
const EventColumns = `id, shard, coalesce(run, 0), tenant, kind, dest, body, created, try, next_at, coalesce(dead, 0), coalesce(error, '')`

// ScanEvent reads one row of [EventColumns].
func ScanEvent(scan func(...any) error) (e store.Event, err error) {
	var id, shard, run, try int64
	var body []byte
	err = scan(&id, &shard, &run, &e.Tenant, &e.Kind, &e.To, &body, &e.Created, &try, &e.NextAt, &e.Dead, &e.Error)
	e.ID, e.Shard, e.Run, e.Try, e.Body = uint64(id), int(shard), workflow.RunID(run), int(try), body
	unescape(&e.Tenant, &e.Kind, &e.To, &e.Error)
	return e, err
}

func unescape(texts ...*string) {
	for _, t := range texts {
		*t = Unescape(*t)
	}
}
