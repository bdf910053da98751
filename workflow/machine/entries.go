package machine

import "encoding/json"

// OutputOf returns the output of a step, or of an item of it (-1: the step's
// own); false when there is no such step or it has none.
func (v *View) OutputOf(name string, item int) (json.RawMessage, bool) {
	for i := range v.Steps {
		s := &v.Steps[i]
		if s.Name != name {
			continue
		}
		if item < 0 {
			return s.Output, s.Output != nil
		}
		if item < len(s.Items) {
			return s.Items[item].Output, s.Items[item].Output != nil
		}
	}
	return nil, false
}

// Entries returns what the view itself tells of the run's history: when it was
// queued, started and finished, and the attempts that no other has replaced.
// With the entries that were kept beside it that is the whole history.
func (v *View) Entries() []Entry {
	list := []Entry{{At: v.Created, Kind: "submitted"}}
	if v.Started > 0 {
		list = append(list, Entry{At: v.Started, Kind: "started"})
	}
	for i := range v.Steps {
		s := &v.Steps[i]
		if len(s.Items) == 0 {
			list = append(list, s.entries(s.Name, nil)...)
		}
		for k := range s.Items {
			list = append(list, s.Items[k].entries(s.Name, &s.Items[k].Item)...)
		}
	}
	if v.Finished > 0 {
		detail, _ := json.Marshal(struct {
			Status  Status   `json:"status"`
			Failure *Failure `json:"failure,omitempty"`
		}{v.Status, v.Failure}) // plain values
		list = append(list, Entry{At: v.Finished, Kind: "finished", Detail: detail})
	}
	return list
}

// entries tells of the last attempt of a step or an item.
func (s *Standing) entries(name string, item *int) []Entry {
	var list []Entry
	if s.Started > 0 {
		list = append(list, Entry{At: s.Started, Kind: "leased", Step: name, Item: item, Attempt: s.Attempt, By: s.Worker})
	}
	if s.Status.Final() {
		detail, _ := json.Marshal(AttemptDetail{
			Started: s.Started, Finished: s.Finished, Worker: s.Worker, Status: s.Status.String(), Failure: s.Failure,
		}) // plain values
		list = append(list, Entry{At: s.Finished, Kind: "attempt", Step: name, Item: item, Attempt: s.Attempt, Detail: detail})
	}
	return list
}
