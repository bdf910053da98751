package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/client"
)

// completions gives what an argument may be, each with a description behind a
// tab. An engine that does not answer completes nothing.
type completions func(ctx context.Context, e *client.Client) []string

// completionTime bounds how long a shell waits for a completion.
const completionTime = 2 * time.Second

// completeFirst completes the first argument.
func (c *cli) completeFirst(list completions) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.completeAny(list)(cmd, args, "")
	}
}

// completeAny completes every argument.
func (c *cli) completeAny(list completions) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		e, err := c.engine()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		return list(ctx, e), cobra.ShellCompDirectiveKeepOrder
	}
}

// runIDs are the newest runs that a filter such as state=live leaves.
func runIDs(filter url.Values) completions {
	return func(ctx context.Context, e *client.Client) []string {
		runs, _, err := e.List(ctx, filter)
		if err != nil {
			return nil
		}
		ids := make([]string, len(runs))
		for i, r := range runs {
			ids[i] = r.ID + "\t" + r.Workflow + " " + r.Tenant + " " + r.State
		}
		return ids
	}
}

func (c *cli) workflowNames(ctx context.Context, e *client.Client) []string {
	return names("/workflows", "workflows")(ctx, e)
}

// names are those of a list of the API.
func names(path, member string) completions {
	return func(ctx context.Context, e *client.Client) []string {
		var page map[string][]struct {
			Name string `json:"name"`
		}
		if e.Do(ctx, http.MethodGet, path, nil, nil, &page) != nil {
			return nil
		}
		list := make([]string, len(page[member]))
		for i, one := range page[member] {
			list[i] = one.Name
		}
		return list
	}
}
