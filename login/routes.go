package login

import (
	"context"
	"net/http"
	"time"
)

// requestTimeout bounds one request of a page, the wait for a password hash
// included.
const requestTimeout = 15 * time.Second

// Handler serves the sign-in and sign-out pages, GET /.berth/session, the
// stylesheet, and the key set apps verify assertions with. Requests from the
// pages of other sites that would change anything are refused.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+DefaultSignInPath, s.signInPage)
	mux.HandleFunc("POST "+DefaultSignInPath, s.signInSubmit)
	mux.HandleFunc("GET "+SignOutPath, s.signOutPage)
	mux.HandleFunc("POST "+SignOutPath, s.signOutSubmit)
	mux.HandleFunc("GET "+SessionPath, s.whoAmI)
	mux.HandleFunc("GET "+JWKSPath, s.keySet)
	mux.HandleFunc("GET "+assetsPath+s.pages.cssName, s.stylesheet)

	sites := http.NewCrossOriginProtection()
	for _, origin := range s.cfg.PublicOrigins {
		_ = sites.AddTrustedOrigin(origin) // Validate has seen it
	}
	sites.SetDenyHandler(http.HandlerFunc(s.crossSite))
	return bounded(sites.Handler(s.served(mux)))
}

// served answers with a page of ours, in place of the mux's plain words, where
// there is no page or no such method.
func (s *Service) served(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refused := refusal{header: http.Header{}}
		h.ServeHTTP(&refused, r)
		f := fault{http.StatusNotFound, "not_found", "There is no such page", ""}
		if refused.status == http.StatusMethodNotAllowed {
			w.Header()["Allow"] = refused.header["Allow"]
			f = fault{http.StatusMethodNotAllowed, "method_not_allowed", "This page takes no such request", ""}
		}
		s.fail(w, r, f)
	})
}

// refusal takes down what the mux would have answered.
type refusal struct {
	header http.Header
	status int
}

// Header implements [http.ResponseWriter].
func (w *refusal) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *refusal) WriteHeader(status int) { w.status = status }

// Write implements [http.ResponseWriter].
func (w *refusal) Write(b []byte) (int, error) { return len(b), nil }

func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		// Not "no-referrer": under it browsers send "Origin: null" with a
		// form, which is what a foreign page looks like.
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Service) crossSite(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, fault{http.StatusForbidden, "cross_site", "This request came from another site", "Open the page here and try again."})
}

// keySet serves the public keys. They may be cached for a minute: a key is
// published as "next" long before it signs.
func (s *Service) keySet(w http.ResponseWriter, r *http.Request) {
	st := s.keyed.Load()
	h := w.Header()
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", "public, max-age=60")
	h.Set("ETag", st.jwksETag)
	if r.Header.Get("If-None-Match") == st.jwksETag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(st.jwks) // the client may be gone
}

func (s *Service) stylesheet(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(s.pages.css) // the client may be gone
}
