package login

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

// caller is who asks for a page. A directory that is silent is the caller's
// problem only where it matters who they are.
func (s *Service) caller(r *http.Request) (*Result, error) {
	return s.Authenticate(r.Context(), Credentials{
		Cookies:       r.Header["Cookie"],
		Authorization: r.Header.Get("Authorization"),
		Transport:     s.deps.Transport(r),
	})
}

// secure reports whether passwords may be taken over the transport, and
// answers where not.
func (s *Service) secure(w http.ResponseWriter, r *http.Request) bool {
	if s.cfg.AllowInsecure || s.deps.Transport(r) == session.OverTLS {
		return true
	}
	s.fail(w, r, fault{http.StatusForbidden, "insecure", "A secure connection is needed", "Open this page over https to sign in."})
	return false
}

func (s *Service) signInPage(w http.ResponseWriter, r *http.Request) {
	if !s.secure(w, r) {
		return
	}
	q := r.URL.Query()
	v := s.view("Sign in")
	v.Next = safeNext(q.Get("next"))
	if email := q.Get("email"); slices.Contains(s.cfg.DevelopmentUsers, email) {
		v.Email = email
	}
	v.SignedOut = q.Has("signed-out")
	if c, err := s.caller(r); err == nil && !c.Session.Anonymous() {
		v.SignedInAs = cmp.Or(c.Session.User.Name, c.Session.User.Email)
	}
	s.pages.render(w, http.StatusOK, "sign_in.html", v)
}

func (s *Service) signInSubmit(w http.ResponseWriter, r *http.Request) {
	if !s.secure(w, r) {
		return
	}
	in, err := readSubmission(w, r)
	if err != nil {
		s.fail(w, r, faultOf(err))
		return
	}
	o, err := s.signIn(r.Context(), attempt{email: in.email, password: in.password, client: s.deps.Client(r)})
	if err != nil {
		s.signInFailed(w, r, in, err)
		return
	}
	s.endEarlier(r)
	setCookie(w, session.Cookie(s.deps.Transport(r), o.value, o.session.ExpiresAt).String())
	if in.json {
		writeJSON(w, http.StatusOK, "application/json", s.describe(o.session))
		return
	}
	seeOther(w, safeNext(in.next))
}

// endEarlier revokes the session this browser had, so that a new sign-in
// leaves no old cookie that still works.
func (s *Service) endEarlier(r *http.Request) {
	c, err := s.caller(r)
	if err != nil || c.Session.Anonymous() || c.Bearer {
		return
	}
	if err := s.end(r.Context(), c.Session); err != nil {
		s.deps.Log.Warn("earlier session not revoked", "user", c.Session.User.ID, "error", err)
	}
}

func (s *Service) signInFailed(w http.ResponseWriter, r *http.Request, in submission, err error) {
	f := faultOf(err)
	setRetryAfter(w, err)
	if in.json || f.status >= http.StatusInternalServerError {
		s.fail(w, r, f)
		return
	}
	v := s.view("Sign in")
	v.Next, v.Email = safeNext(in.next), in.email
	v.Alert, v.AlertHelp = f.title, f.help
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	s.pages.render(w, f.status, "sign_in.html", v)
}

func (s *Service) signOutPage(w http.ResponseWriter, r *http.Request) {
	c, err := s.caller(r)
	if err != nil {
		s.fail(w, r, faultOf(err))
		return
	}
	if c.Session.Anonymous() {
		seeOther(w, DefaultSignInPath)
		return
	}
	v := s.view("Sign out")
	v.SignedInAs = cmp.Or(c.Session.User.Name, c.Session.User.Email)
	s.pages.render(w, http.StatusOK, "sign_out.html", v)
}

// signOutSubmit ends the session for good: the cookie is cleared, and a copy
// of it does not work any more. A request that names neither its site nor its
// origin comes from a program with a cookie jar: browsers name one, and those
// too old to do so keep the cookie (SameSite) from a foreign page's form.
func (s *Service) signOutSubmit(w http.ResponseWriter, r *http.Request) {
	c, err := s.caller(r)
	if err != nil {
		s.fail(w, r, faultOf(err))
		return
	}
	if !c.Session.Anonymous() {
		err = s.end(r.Context(), c.Session)
	}
	setCookie(w, session.ClearCookie(s.deps.Transport(r)).String())
	if err != nil {
		s.deps.Log.Error("session not revoked at sign-out", "user", c.Session.User.ID, "error", err)
		s.fail(w, r, faultOf(directory.ErrUnavailable))
		return
	}
	if !c.Session.Anonymous() {
		s.deps.Log.Info("signed out", "user", c.Session.User.ID)
	}
	if wantsJSON(r) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	seeOther(w, DefaultSignInPath+"?signed-out")
}

// whoAmI says to the caller who they are.
func (s *Service) whoAmI(w http.ResponseWriter, r *http.Request) {
	c, err := s.caller(r)
	if err != nil {
		writeProblem(w, r, faultOf(err))
		return
	}
	if c.SetCookie != "" {
		setCookie(w, c.SetCookie)
	}
	if c.Session.Anonymous() {
		writeProblem(w, r, fault{http.StatusUnauthorized, "anonymous", "Nobody is signed in", ""})
		return
	}
	writeJSON(w, http.StatusOK, "application/json", s.describe(c.Session))
}

// setCookie makes line the only word about its cookie. The gateway may have
// said another before it called: a renewal, or that the old one is void.
func setCookie(w http.ResponseWriter, line string) {
	name, _, _ := strings.Cut(line, "=")
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(said string) bool {
		return strings.HasPrefix(said, name+"=")
	})
	h.Add("Set-Cookie", line)
}

// seeOther sends a browser to a path of this site. The header is set by hand:
// http.Redirect would rewrite a path that safeNext has judged.
func seeOther(w http.ResponseWriter, target string) {
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// setRetryAfter says when to come back, in whole seconds rounded up.
func setRetryAfter(w http.ResponseWriter, err error) {
	var limited *limitedError
	switch {
	case errors.As(err, &limited):
		seconds := int(math.Ceil(limited.wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(max(1, seconds)))
	case errors.Is(err, password.ErrBusy):
		w.Header().Set("Retry-After", "5")
	}
}

// submission is what a sign-in form or a JSON document says.
type submission struct {
	email    string
	password secret.String
	next     string
	json     bool
}

// description is a session as told to its owner.
type description struct {
	User struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"user"`
	Method     string    `json:"method"`
	SignedInAt time.Time `json:"signed_in_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Tenants    []tenant  `json:"tenants"`
}

type tenant struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
	Plans []string `json:"plans"`
}

func (s *Service) describe(sess *session.Session) description {
	d := description{Method: sess.Method, SignedInAt: sess.SignedInAt.UTC(), ExpiresAt: sess.ExpiresAt.UTC(), Tenants: []tenant{}}
	d.User.ID, d.User.Email, d.User.Name = sess.User.ID, sess.User.Email, sess.User.Name
	for _, m := range sess.Memberships {
		d.Tenants = append(d.Tenants, tenant{m.Tenant, m.TenantName, append([]string{}, m.Roles...), append([]string{}, m.Plans...)})
	}
	return d
}
