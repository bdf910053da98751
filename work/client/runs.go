package client

import (
	"context"
	"iter"
	"maps"
	"net/url"
)

// Runs yields the runs that List gives, page after page. An error is the last
// it yields.
func (c *Client) Runs(ctx context.Context, filter url.Values) iter.Seq2[Run, error] {
	return func(yield func(Run, error) bool) {
		query := url.Values{}
		maps.Copy(query, filter)
		for {
			page, next, err := c.List(ctx, query)
			if err != nil {
				yield(Run{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			query.Set("cursor", next)
		}
	}
}

// Cancel cancels a run: what it executes is called back.
func (c *Client) Cancel(ctx context.Context, id string) (Run, error) {
	return c.Steer(ctx, id, "cancel", nil)
}
