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
	return bounded(sites.Handler(mux))
}

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
