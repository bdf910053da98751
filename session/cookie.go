package session

import (
	"net/http"
	"time"
)

// Names of the session cookie.
const (
	// SecureCookieName is used over TLS. The __Host- prefix makes browsers
	// refuse the cookie unless it is Secure, has Path=/ and no Domain, so no
	// sibling subdomain can plant one (RFC 6265bis section 4.1.3.2).
	SecureCookieName = "__Host-berth"
	// DevelopmentCookieName is used over plain HTTP, where the prefix is not
	// to be had. A gateway must not accept it over TLS.
	DevelopmentCookieName = "berth"
)

// Transport says how the browser reached the gateway, which decides the form
// of the cookie.
type Transport int

// The two transports. The zero value is the stricter one.
const (
	OverTLS Transport = iota
	OverPlainHTTP
)

// CookieName returns the only cookie name that counts on a transport.
func CookieName(t Transport) string {
	if t == OverPlainHTTP {
		return DevelopmentCookieName
	}
	return SecureCookieName
}

// Cookie returns the cookie that carries a sealed value until expires, the
// session's absolute end; the idle limit is checked by the gateway alone. The
// zero time makes it last as long as the browser runs.
func Cookie(t Transport, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name:     CookieName(t),
		Value:    value,
		Path:     "/",
		Expires:  expires,
		Secure:   t != OverPlainHTTP,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}

// ClearCookie returns the cookie that makes the browser forget the session.
func ClearCookie(t Transport) *http.Cookie {
	c := Cookie(t, "", time.Unix(1, 0))
	c.MaxAge = -1
	return c
}
