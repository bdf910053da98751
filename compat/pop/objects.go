package pop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/store"
)

// action is what changing an object of a kind takes; deleting an agenda is another.
func action(k object.Kind, method string) Action {
	switch {
	case k == object.KindAgenda && method == http.MethodDelete:
		return Cancel
	case k == object.KindAgenda:
		return Submit
	case k == object.KindProgress, k == object.KindOperationProgress:
		return Report
	}
	return Manage
}

// get answers with the objects that were asked for and that the caller may see.
func (s *Service) get(ctx context.Context, r *request) (*answer, error) {
	if r.id == "" && len(bytes.TrimSpace(r.body)) > 0 { // POP takes the id of the body, too
		var body struct {
			ID string `json:"id"`
		}
		if err := r.into(&body); err != nil {
			return nil, err
		}
		r.id = body.ID
	}
	q, err := object.ParseQuery(s.config.Mode, r.kind, r.query)
	if err != nil {
		return nil, err
	}
	found, err := s.find(ctx, r, q)
	if err != nil {
		return nil, err
	}
	if q.Count {
		n := len(found)
		return &answer{Count: &n}, nil
	}
	all := make([]any, 0, len(found))
	for _, f := range found {
		shown, err := project(f.object, q.Fields)
		if err != nil {
			return nil, err
		}
		all = append(all, shown)
	}
	a := objects(all)
	if r.id != "" && len(found) == 1 {
		a.etag = found[0].version
	}
	return a, nil
}

// project returns an object with the fields that are wanted, all if none is named.
func project(o object.Object, fields []string) (any, error) {
	if len(fields) == 0 {
		return o, nil
	}
	body, err := encode(o)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains(fields, name) {
			delete(members, name)
		}
	}
	return members, nil
}

// post keeps a new object.
func (s *Service) post(ctx context.Context, r *request) (*answer, error) {
	o, err := r.kind.Decode(r.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	h := o.Head()
	if r.id != "" && h.ID != "" && h.ID != r.id {
		return nil, refuse(http.StatusUnprocessableEntity, "body has the id %.80q, the request %.80q", h.ID, r.id)
	}
	if h.ID == "" {
		h.ID = r.id
	}
	switch o := o.(type) {
	case *object.Agenda:
		if err := s.submit(ctx, o, submission{caller: r.caller, cid: r.cid}); err != nil {
			return nil, err
		}
		return objects([]any{o}), nil
	case *object.Progress:
		return s.postProgress(ctx, r, o)
	case *object.OperationProgress:
		return s.postOperationProgress(ctx, r, o)
	}
	if err := s.stamp(o); err != nil {
		return nil, err
	}
	if !r.caller.may(Manage, h.CustomerID) {
		return nil, forbid(Manage, h.CustomerID)
	}
	v, err := s.docs.save(ctx, r.kind, o, newDocument)
	if err != nil {
		return nil, err
	}
	return s.kept(ctx, o, v)
}

// stamp gives a new object its id and times and checks it.
func (s *Service) stamp(o object.Object) error {
	h := o.Head()
	if h.ID == "" {
		h.ID = newID()
	}
	h.AddedTime = s.now()
	h.UpdatedTime = h.AddedTime
	return check(o)
}

// kept answers with an object that was written, after what follows from it was
// done: a queue for an insight, a pool for a resource pool.
func (s *Service) kept(ctx context.Context, o object.Object, v version) (*answer, error) {
	if err := s.follow(ctx, o); err != nil {
		return nil, err
	}
	a := objects([]any{o})
	a.etag = v
	return a, nil
}

// check returns what is wrong with an object.
func check(o object.Object) error {
	h := o.Head()
	var issues []string
	if h.CustomerID == "" {
		issues = append(issues, "customerId is missing")
	}
	if len(h.ID) > maxID {
		issues = append(issues, "id is longer than 512 bytes")
	}
	switch o := o.(type) {
	case *object.Customer:
		if o.ID != o.CustomerID {
			issues = append(issues, "id and customerId of a customer must be the same")
		}
		issues = append(issues, titled(h)...)
	case *object.Insight:
		lower(o.AllowedCustomerIDs)
		issues = append(issues, titled(h)...)
	case *object.Template:
		lower(o.AllowedCustomerIDs)
		if len(o.Agenda) > 0 && !strings.HasPrefix(strings.TrimSpace(string(o.Agenda)), "{") {
			issues = append(issues, "agenda of a template must be an object")
		}
	case *object.Pool:
		o.InsightIDs = nil // told, not kept
	}
	if issues != nil {
		return &object.ValidationError{Issues: issues}
	}
	return nil
}

// maxID is how long an id may be, in bytes.
const maxID = 512

func titled(h *object.Common) []string {
	if h.Title == "" {
		return []string{"title is missing"}
	}
	return nil
}

func lower(ids []string) {
	for i := range ids {
		ids[i] = strings.ToLower(ids[i])
	}
}

// put changes the fields of an object that the body has.
func (s *Service) put(ctx context.Context, r *request) (*answer, error) {
	if err := r.identify(); err != nil {
		return nil, err
	}
	switch r.kind {
	case object.KindProgress:
		return s.putProgress(ctx, r)
	case object.KindOperationProgress:
		return s.putOperationProgress(ctx, r)
	}
	stored, v, err := s.docs.load(ctx, r.kind, r.id)
	if err != nil {
		return nil, err
	}
	a := action(r.kind, http.MethodPut)
	if !r.caller.may(a, stored.Head().CustomerID) {
		return nil, forbid(a, stored.Head().CustomerID)
	}
	if err := r.matches(v); err != nil {
		return nil, err
	}
	changed, err := merge(r.kind, stored, r.body, s.config.Mode)
	if err != nil {
		return nil, err
	}
	changed.Head().UpdatedTime = s.now()
	if err := check(changed); err != nil {
		return nil, err
	}
	if !r.caller.may(a, changed.Head().CustomerID) {
		return nil, forbid(a, changed.Head().CustomerID)
	}
	if err := settled(stored, changed); err != nil {
		return nil, err
	}
	if v, err = s.docs.save(ctx, r.kind, changed, v); err != nil {
		return nil, err
	}
	return s.kept(ctx, changed, v)
}

// settled refuses changes of what a run was made of.
func settled(stored, changed object.Object) error {
	before, ok := stored.(*object.Agenda)
	if !ok {
		return nil
	}
	after := changed.(*object.Agenda)
	was, err := encode(before.Operations)
	if err != nil {
		return err
	}
	is, err := encode(after.Operations)
	if err != nil {
		return err
	}
	if string(was) != string(is) {
		return refuse(http.StatusConflict, "operations of agenda %s cannot be changed once it is submitted: add some with updateAgenda, or submit another agenda", before.ID)
	}
	if before.CustomerID != after.CustomerID {
		return refuse(http.StatusConflict, "agenda %s cannot go to another customer once it is submitted", before.ID)
	}
	after.ProgressID, after.AgendaInsight = before.ProgressID, before.AgendaInsight
	return nil
}

// identify finds the id of the object of a request: in the path, the query, or the
// body, which must not name another.
func (r *request) identify() error {
	var body struct {
		ID string `json:"id"`
	}
	if len(r.body) > 0 {
		if err := field.Decode(r.body, &body); err != nil {
			return refuse(http.StatusBadRequest, "body: %v", err)
		}
	}
	switch {
	case r.id == "":
		r.id = body.ID
	case body.ID != "" && body.ID != r.id:
		return refuse(http.StatusUnprocessableEntity, "body has the id %.80q, the request %.80q", body.ID, r.id)
	}
	if r.id == "" {
		return refuse(http.StatusBadRequest, "%s: say which, by its id in the path", r.kind)
	}
	return nil
}

// delete removes an object and answers with it; with nothing where there is none.
func (s *Service) delete(ctx context.Context, r *request) (*answer, error) {
	if err := r.identify(); err != nil {
		return nil, err
	}
	switch r.kind {
	case object.KindProgress:
		return s.deleteProgress(ctx, r)
	case object.KindOperationProgress:
		return s.deleteOperationProgress(ctx, r)
	}
	o, v, err := s.docs.load(ctx, r.kind, r.id)
	if errors.Is(err, store.ErrNotFound) {
		return objects[any](nil), nil
	}
	if err != nil {
		return nil, err
	}
	a := action(r.kind, http.MethodDelete)
	if !r.caller.may(a, o.Head().CustomerID) {
		return nil, forbid(a, o.Head().CustomerID)
	}
	if err := r.matches(v); err != nil {
		return nil, err
	}
	if err := s.leave(ctx, r.caller, o); err != nil {
		return nil, err
	}
	if err := s.docs.remove(ctx, r.kind, r.id); err != nil {
		return nil, err
	}
	return objects([]any{o}), nil
}
