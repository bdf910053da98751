package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/berth-project/berth/work"
)

func (a *API) keyRoutes() []route {
	if a.opt.Keys == nil {
		return nil
	}
	return []route{
		{method: "GET", path: "/keys", name: "listKeys", may: operator, query: settingPaging(), gives: keyPage{}, text: "All API keys, without their secrets.", do: (*call).listKeys},
		{
			method: "POST", path: "/keys", name: "createKey", may: operator, status: http.StatusCreated, takes: KeyRequest{}, gives: KeyAnswer{},
			text: "Make an API key. Its text is answered once and not kept.", do: (*call).createKey,
		},
		{method: "DELETE", path: "/keys/{key}", name: "revokeKey", may: operator, text: "End an API key.", gives: done{}, do: (*call).revokeKey},
		{
			method: "GET", path: "/me", name: "me", may: anybody, gives: Caller{}, text: "Who you are here and what you may do.",
			do: func(c *call) (any, error) { return c.caller, nil },
		},
	}
}

type keyPage struct {
	Keys []Key  `json:"keys"`
	Next string `json:"next,omitempty"`
}

// KeyRequest asks for an API key.
type KeyRequest struct {
	Caller
	Expires *time.Time `json:"expires,omitempty"`
}

// KeyAnswer is a new API key.
type KeyAnswer struct {
	Key  string `json:"key"` // the text to be sent as Authorization: Bearer
	Info Key    `json:"info"`
}

func (c *call) listKeys() (any, error) {
	if err := adminOnly(c.caller); err != nil {
		return nil, err
	}
	list, err := c.opt.Keys.List(c.r.Context())
	if err != nil {
		return nil, err
	}
	part, next, err := paged(c, list, byName(func(k *Key) string { return k.ID }))
	return keyPage{part, next}, err
}

func (c *call) createKey() (any, error) {
	if err := adminOnly(c.caller); err != nil {
		return nil, err
	}
	var req KeyRequest
	if err := c.read(&req); err != nil {
		return nil, err
	}
	var expires time.Time
	if req.Expires != nil {
		if expires = *req.Expires; !expires.After(time.Now()) {
			return nil, fmt.Errorf("%w: expires: %v is over already", work.ErrInvalid, expires)
		}
	}
	text, key, err := c.opt.Keys.Create(c.r.Context(), req.Caller, expires)
	return KeyAnswer{text, key}, err
}

func (c *call) revokeKey() (any, error) {
	if err := adminOnly(c.caller); err != nil {
		return nil, err
	}
	return done{true}, c.opt.Keys.Revoke(c.r.Context(), c.r.PathValue("key"))
}
