package api

import "net/http"

func (a *API) readyRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/ready", name: "ready", may: everybody, open: true, gives: ready{},
		text: "Whether requests are answered here: 503 until every shard is this engine's, or that of another to which it passes requests on.",
		do:   (*call).ready,
	}}
}

// ready is an engine that answers requests.
type ready struct {
	Ready bool `json:"ready"`
	// Standby says that another engine does the work, and this one passes
	// requests on to it.
	Standby bool `json:"standby,omitempty"`
}

func (c *call) ready() (any, error) {
	standby, err := c.e.Serving()
	if err != nil {
		return nil, err
	}
	return ready{Ready: true, Standby: standby}, nil
}
