package pop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/store"
)

// found is an object with the version of its document.
type found struct {
	object  object.Object
	version version
}

// maxCount is how far objects are counted.
const maxCount = 100_000

// find returns the objects that a request asks for and its caller may see, by id.
func (s *Service) find(ctx context.Context, r *request, q object.Query) ([]found, error) {
	limit := q.Limit
	if q.Count {
		limit = maxCount
	}
	f := finder{service: s, kind: r.kind, caller: r.caller.as(Read), query: q, limit: limit, id: r.id}
	if r.id != "" {
		return f.one(ctx)
	}
	for _, where := range f.places() {
		if err := f.scan(ctx, where); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(f.all, func(a, b found) int { return cmp.Compare(a.object.Head().ID, b.object.Head().ID) })
	return f.all[:min(len(f.all), limit)], nil
}

// finder looks for objects of one kind.
type finder struct {
	service *Service
	kind    object.Kind
	caller  object.Caller
	query   object.Query
	limit   int
	id      string
	all     []found
}

// places are the fields to look by: of kinds that cannot be shared, once for each
// customer that the caller may see.
func (f *finder) places() []map[string]string {
	where := map[string]string{}
	for _, m := range f.query.Matches {
		if findable(m.Attribute) && len(m.Value) <= maxField && m.Value != "" {
			where[m.Attribute] = m.Value
		}
	}
	if f.kind == object.KindOperationProgress { // records have the fields of agendas' progress
		where = only(where, "customerId")
	}
	shared := f.kind == object.KindInsight || f.kind == object.KindTemplate
	if f.caller.Global || shared {
		return []map[string]string{where}
	}
	var places []map[string]string
	for _, customer := range f.caller.Customers {
		if asked, ok := where["customerId"]; ok && asked != customer {
			continue
		}
		own := map[string]string{"customerId": customer}
		for name, value := range where {
			own[name] = value
		}
		places = append(places, own)
	}
	return places
}

func only(where map[string]string, name string) map[string]string {
	if value, ok := where[name]; ok {
		return map[string]string{name: value}
	}
	return map[string]string{}
}

// scan looks through the documents with some fields.
func (f *finder) scan(ctx context.Context, where map[string]string) error {
	if id, ok := f.progressID(); ok {
		s, err := f.service.docs.store.Setting(ctx, documentKind(object.KindProgress), id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = f.take(ctx, s, 0)
		return err
	}
	kind := f.kind
	if kind == object.KindOperationProgress {
		kind = object.KindProgress
	}
	before := len(f.all)
	return f.service.docs.each(ctx, kind, where, func(s store.Setting) (bool, error) { return f.take(ctx, s, before) })
}

// progressID is the one progress whose operations are asked for.
func (f *finder) progressID() (string, bool) {
	if f.kind != object.KindOperationProgress {
		return "", false
	}
	for _, m := range f.query.Matches {
		if m.Attribute == "agendaProgressId" {
			return m.Value, true
		}
	}
	return "", false
}

// take adds the objects of a document that are wanted, and says whether there is
// room for more than those since before.
func (f *finder) take(ctx context.Context, s store.Setting, before int) (more bool, err error) {
	list, err := f.service.expand(ctx, f.kind, s)
	if err != nil {
		return false, err
	}
	for _, one := range list {
		if !f.caller.Reads(one.object) {
			continue
		}
		ok, err := f.matches(one.object)
		if err != nil {
			return false, err
		}
		if ok {
			f.all = append(f.all, one)
		}
	}
	return len(f.all)-before < f.limit, nil
}

// expand returns the objects that a document stands for.
func (s *Service) expand(ctx context.Context, k object.Kind, doc store.Setting) ([]found, error) {
	if k != object.KindProgress && k != object.KindOperationProgress {
		o, err := k.Decode(doc.Body)
		if err != nil {
			return nil, err
		}
		if p, ok := o.(*object.Pool); ok {
			if err := s.fillPool(ctx, p); err != nil {
				return nil, err
			}
		}
		return []found{{o, doc.Version}}, nil
	}
	r, err := decodeRecord(doc)
	if err != nil {
		return nil, err
	}
	p, _, err := s.current(ctx, r)
	if err != nil {
		return nil, err
	}
	if k == object.KindProgress {
		return []found{{p, doc.Version}}, nil
	}
	list := make([]found, 0, len(p.Operations))
	for i := range p.Operations {
		list = append(list, found{&p.Operations[i], doc.Version})
	}
	return list, nil
}

// matches reports whether an object has the texts that are asked for.
func (f *finder) matches(o object.Object) (bool, error) {
	if len(f.query.Matches) == 0 {
		return true, nil
	}
	body, err := encode(o)
	if err != nil {
		return false, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return false, err
	}
	for _, m := range f.query.Matches {
		var text string
		if json.Unmarshal(members[m.Attribute], &text) != nil || text != m.Value {
			return false, nil
		}
	}
	return true, nil
}

// one looks for the object of an id.
func (f *finder) one(ctx context.Context) ([]found, error) {
	doc, err := f.document(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.take(ctx, doc, 0); err != nil {
		return nil, err
	}
	f.all = slices.DeleteFunc(f.all, func(one found) bool { return one.object.Head().ID != f.id })
	return f.all, nil
}

// document reads the document of an id. That of an operation's progress is within
// the progress whose id it begins with.
func (f *finder) document(ctx context.Context) (store.Setting, error) {
	st := f.service.docs.store
	if f.kind != object.KindOperationProgress {
		return st.Setting(ctx, documentKind(f.kind), f.id)
	}
	for _, id := range progressIDs(f.id) {
		doc, err := st.Setting(ctx, documentKind(object.KindProgress), id)
		if !errors.Is(err, store.ErrNotFound) {
			return doc, err
		}
	}
	return store.Setting{}, store.ErrNotFound
}

// uuidLength is how long the ids are that the server makes.
const uuidLength = 36

// progressIDs are the ids that the id of an operation's progress may begin with:
// first that of the usual length, then some of other lengths.
func progressIDs(id string) []string {
	var ids []string
	if len(id) > uuidLength && id[uuidLength] == '-' {
		ids = append(ids, id[:uuidLength])
	}
	const most = 16
	for at := 0; len(ids) < most; {
		n := strings.IndexByte(id[at:], '-')
		if n < 0 {
			break
		}
		at += n
		if at != uuidLength && at > 0 {
			ids = append(ids, id[:at])
		}
		at++
	}
	return ids
}
