package console

import (
	"net/http"
	"slices"
)

// The cookies of preferences. They hold nothing secret.
const (
	themeCookie = "berth_console_theme"
	keysCookie  = "berth_console_keys"
)

// choices are the values of preferences, the default first.
var choices = map[string][]string{themeCookie: {"auto", "light", "dark"}, keysCookie: {"on", "off"}}

// preference returns what somebody chose.
func preference(r *http.Request, cookie string) string {
	if c, err := r.Cookie(cookie); err == nil && slices.Contains(choices[cookie], c.Value) {
		return c.Value
	}
	return choices[cookie][0]
}

func (c *Console) preferences(*http.Request) (*page, *fault) {
	return &page{title: "Preferences", template: "preferences", room: "/preferences", up: "/"}, nil
}

func (c *Console) savePreferences(w http.ResponseWriter, r *http.Request) {
	for cookie, field := range map[string]string{themeCookie: "theme", keysCookie: "keys"} {
		value := r.PostFormValue(field)
		if !slices.Contains(choices[cookie], value) {
			c.fail(w, r, invalid("The form holds a value there is not."))
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookie, Value: value, Path: c.cfg.BasePath + "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
	}
	http.Redirect(w, r, c.path("/preferences", nil), http.StatusSeeOther)
}
