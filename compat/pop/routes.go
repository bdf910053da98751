package pop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/compat/pop/object"
)

// maxBody bounds the body of a request, in bytes. POP's own bound is the 400 KiB
// of a row of its database.
const maxBody = 4 << 20

// request is what was asked, read and checked for form.
type request struct {
	caller *Caller
	cid    string
	kind   object.Kind
	id     string
	query  url.Values
	body   []byte
	// ifMatch is the version an object must have, anyVersion if that was not
	// asked.
	ifMatch version
	// lease is what an executor shows, "" for nothing.
	lease string
}

const anyVersion version = -1

// LeaseHeader brings the lease of an executor that reports: the token that getAgenda
// gave. POP's executors know none; they are known by their insight and agenda.
const LeaseHeader = "X-Pop-Lease"

// handle answers a request.
type handle func(ctx context.Context, r *request) (*answer, error)

// ServeHTTP implements [http.Handler]. Paths begin with /pop/.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Service) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, k := range object.Kinds() {
		verbs := map[string]handle{
			http.MethodGet: s.get, http.MethodPost: s.post, http.MethodPut: s.put, http.MethodDelete: s.delete,
		}
		mux.Handle("/pop/"+k.Path(), s.serve(k, verbs))
		mux.Handle("/pop/"+k.Path()+"/{id...}", s.serve(k, verbs))
	}
	for path, h := range map[string]handle{
		"agenda/service/run":                        s.run,
		"agenda/service/rerun":                      s.rerun,
		"progress/agenda/service":                   s.summary,
		"resourcepool/service/getAgenda":            s.getAgenda,
		"resourcepool/service/createAgenda":         s.createAgenda,
		"resourcepool/service/updateAgendaProgress": s.updateAgendaProgress,
		"resourcepool/service/updateAgenda":         s.updateAgenda,
	} {
		mux.Handle("/pop/"+path, s.serve(object.KindAgenda, map[string]handle{http.MethodPost: h}))
	}
	mux.Handle("/", s.serve(object.KindAgenda, nil))
	return mux
}

// serve makes a handler of what each verb does.
func (s *Service) serve(k object.Kind, verbs map[string]handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		envelope := s.config.Envelope || r.Header.Get(EnvelopeHeader) == envelopeValue
		cid := correlation(r)
		a, err := s.do(w, r, k, verbs, cid)
		if a == nil {
			a = &answer{}
		}
		a.CID = cid
		if err != nil {
			if codeOf(err) == http.StatusInternalServerError {
				s.log.Error("request failed", "path", r.URL.Path, "request_id", cid, "error", err)
			}
			a.fail(err, cid)
		}
		a.write(w, envelope)
	})
}

// do reads a request and does what it asks.
func (s *Service) do(w http.ResponseWriter, r *http.Request, k object.Kind, verbs map[string]handle, cid string) (*answer, error) {
	do := verbs[r.Method]
	switch {
	case verbs == nil:
		return nil, noResource(r.URL.Path)
	case do == nil && len(verbs) == 1:
		return nil, refuse(http.StatusBadRequest, "a service takes POST, not %.20s", r.Method)
	case do == nil:
		return nil, refuse(http.StatusMethodNotAllowed, "an object takes GET, POST, PUT and DELETE, not %.20s", r.Method)
	}
	caller, err := s.config.Identify(r)
	if err != nil {
		return nil, err
	}
	q := &request{caller: caller, cid: cid, kind: k, query: r.URL.Query(), lease: r.Header.Get(LeaseHeader)}
	if q.id = r.PathValue("id"); q.id == "" {
		q.id = q.query.Get("id")
	}
	if q.ifMatch, err = versionOf(r.Header.Get("If-Match")); err != nil {
		return nil, err
	}
	if q.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
		}
		return nil, refuse(http.StatusBadRequest, "the body cannot be read")
	}
	return do(r.Context(), q)
}

// noResource is the error of a path at which there is nothing. POP's own says that
// it does not take the verb, or, of no path at all, that the caller is unknown.
func noResource(path string) error {
	own := http.StatusMethodNotAllowed
	if strings.Trim(strings.TrimPrefix(path, "/pop"), "/") == "" {
		own = http.StatusUnauthorized
	}
	return &problem{code: http.StatusNotFound, envelope: own, text: fmt.Sprintf("there is no such resource: %.200s", path)}
}

// setHeaders lets pages of other origins call the API with credentials of their
// own, such as an Authorization header; cookies are not sent to such a wildcard.
func setHeaders(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, "+CIDHeader+", "+EnvelopeHeader+", "+LeaseHeader)
	h.Set("Access-Control-Expose-Headers", "ETag")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// correlation returns the correlation id of a request, a new one where it brings
// none that can be told.
func correlation(r *http.Request) string {
	cid := r.Header.Get(CIDHeader)
	if cid == "" || len(cid) > 200 || strings.ContainsFunc(cid, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return newID()
	}
	return cid
}

// versionOf reads the value of If-Match: one entity tag as GET gives it, or "*".
func versionOf(ifMatch string) (version, error) {
	if ifMatch == "" || ifMatch == "*" {
		return anyVersion, nil
	}
	v, err := strconv.ParseInt(strings.Trim(ifMatch, `"`), 10, 64)
	if err != nil || v < 1 || etag(v) != ifMatch {
		return 0, refuse(http.StatusPreconditionFailed, "If-Match is %.40s: send the ETag that GET gave", ifMatch)
	}
	return v, nil
}

// matches reports whether an object has the version that was asked for.
func (r *request) matches(v version) error {
	if r.ifMatch != anyVersion && r.ifMatch != v {
		return refuse(http.StatusPreconditionFailed, "%s %s was changed meanwhile: read it again", r.kind, r.id)
	}
	return nil
}

// into decodes the body of a service's request into a struct.
func (r *request) into(v any) error {
	if err := field.Decode(r.body, v); err != nil {
		return refuse(http.StatusBadRequest, "body: %v", err)
	}
	return nil
}

// forbid is the error of who may not do something for a customer.
func forbid(a Action, customerID string) error {
	return refuse(http.StatusForbidden, "you may not %s for customer %s", a, fmt.Sprintf("%.80q", customerID))
}
