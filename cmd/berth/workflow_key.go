package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

func (c *cli) workflowKeyCommand() *cobra.Command {
	return noun("key", "API keys: who may do what", c.keyCreateCommand(), c.apiKeyListCommand(), c.keyRevokeCommand())
}

// keyFlags say what a key may do.
type keyFlags struct {
	tenants []string
	pools   []string
	admin   bool
	expires string
	out     string
}

func (c *cli) keyCreateCommand() *cobra.Command {
	var f keyFlags
	cmd := c.onEngine(engineCommand{
		use:   "create NAME",
		short: "make an API key; it is shown once",
		long: "--tenant TENANT lets the key do everything for a tenant, --tenant TENANT=ACTION+ACTION only that; the actions are\n" +
			tenantActions() + ".\n--pool lets a worker pull the steps of a pool. --out writes the key to a new file that only you can read.",
		example: "  berth workflow key create acme-web --tenant acme=run:submit+run:read --out acme.key\n" +
			"  berth workflow key create worker-1 --pool media --expires 720h --out worker.key",
		args: exactly("NAME"),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			req, err := f.request(args[0], time.Now())
			if err != nil {
				return err
			}
			return c.createKey(ctx, e, req, f.out)
		},
	})
	fs := cmd.Flags()
	fs.StringArrayVar(&f.tenants, "tenant", nil, "`TENANT[=ACTION+ACTION]` the key may act for; may be repeated")
	fs.StringSliceVar(&f.pools, "pool", nil, "`POOL`s whose steps a worker with the key may pull")
	fs.BoolVar(&f.admin, "admin", false, "everything, for all tenants")
	fs.StringVar(&f.expires, "expires", "", "when it ends: `TIME` in RFC 3339, or a duration from now (default never)")
	fs.StringVar(&f.out, "out", "", "write the key to this new `FILE` instead of printing it")
	return cmd
}

// forTenants are the actions that a key may have for a tenant.
func forTenants() []api.Action {
	return slices.DeleteFunc(api.Actions(), func(a api.Action) bool { return a == api.Admin || a == api.Pull || a == api.Report })
}

func tenantActions() string {
	var texts []string
	for _, a := range forTenants() {
		texts = append(texts, string(a))
	}
	return strings.Join(texts, ", ")
}

func (f *keyFlags) request(name string, now time.Time) (api.KeyRequest, error) {
	req := api.KeyRequest{Caller: api.Caller{Name: name, Admin: f.admin, Pools: f.pools}}
	if !f.admin && len(f.tenants) == 0 && len(f.pools) == 0 {
		return req, usageError{errors.New("the key may do nothing: --tenant, --pool or --admin")}
	}
	for _, text := range f.tenants {
		tenant, list, some := strings.Cut(text, "=")
		actions := forTenants()
		if some {
			actions = nil
			for a := range strings.SplitSeq(list, "+") {
				if !slices.Contains(forTenants(), api.Action(a)) {
					return req, usageError{fmt.Errorf("--tenant %s: %q is none of %s", text, a, tenantActions())}
				}
				actions = append(actions, api.Action(a))
			}
		}
		if req.Tenants == nil {
			req.Tenants = map[string][]api.Action{}
		}
		req.Tenants[tenant] = actions
	}
	if f.expires != "" {
		at, err := momentOf(f.expires, now, 1)
		if err != nil {
			return req, usageError{fmt.Errorf("--expires: %w", err)}
		}
		req.Expires = &at
	}
	return req, nil
}

func (c *cli) createKey(ctx context.Context, e *client.Client, req api.KeyRequest, path string) error {
	var out *os.File
	if path != "" {
		// Before the key is made: one that cannot be kept would be lost.
		var err error
		if out, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		defer out.Close() //nolint:errcheck // closed below where it counts
	}
	var answer api.KeyAnswer
	if err := e.Do(ctx, http.MethodPost, "/keys", nil, req, &answer); err != nil {
		if path != "" {
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	if out != nil {
		_, err := fmt.Fprintln(out, answer.Key)
		if err = errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("write the key, which is to be revoked (id %s): %w", answer.Info.ID, err)
		}
		answer.Key = ""
	}
	if c.json {
		return c.printJSON(answer)
	}
	fmt.Fprintf(c.stderr, "key %s of %s\n", answer.Info.ID, answer.Info.Name)
	if out != nil {
		return nil
	}
	_, err := fmt.Fprintln(c.stdout, answer.Key)
	return err
}

func (c *cli) apiKeyListCommand() *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "list",
		short:   "list the keys; never the keys themselves",
		example: "  berth workflow key list",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			keys, err := apiKeys(ctx, e)
			if err != nil {
				return err
			}
			return printList(c, keys, []string{"id", "name", "may", "created", "expires"}, func(k api.Key) []string {
				return []string{k.ID, k.Name, mayText(k.Caller), stamp(time.UnixMilli(k.Created)), stamp(time.UnixMilli(k.Expires))}
			})
		},
	})
}

func apiKeys(ctx context.Context, e *client.Client) ([]api.Key, error) {
	var page struct {
		Keys []api.Key `json:"keys"`
	}
	err := e.Do(ctx, http.MethodGet, "/keys", nil, nil, &page)
	return page.Keys, err
}

// mayText is what a caller may do, in the words of the flags.
func mayText(c api.Caller) string {
	var parts []string
	if c.Admin {
		parts = append(parts, "admin")
	}
	for _, tenant := range slices.Sorted(maps.Keys(c.Tenants)) {
		var actions []string
		for _, a := range c.Tenants[tenant] {
			actions = append(actions, string(a))
		}
		parts = append(parts, tenant+"="+strings.Join(actions, "+"))
	}
	for _, pool := range c.Pools {
		parts = append(parts, "pool "+pool)
	}
	return strings.Join(parts, ", ")
}

func (c *cli) keyRevokeCommand() *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "revoke ID...",
		short:   "end API keys; engines believe them at most five seconds longer",
		example: "  berth workflow key revoke k3v9p2m4x7qa",
		args:    atLeastOne("ID"),
		complete: c.completeAny(func(ctx context.Context, e *client.Client) []string {
			keys, _ := apiKeys(ctx, e)
			var ids []string
			for _, k := range keys {
				ids = append(ids, k.ID+"\t"+k.Name)
			}
			return ids
		}),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			for _, id := range args {
				if err := e.Do(ctx, http.MethodDelete, "/keys/"+url.PathEscape(id), nil, nil, nil); err != nil {
					return err
				}
				if err := c.done(id, "is revoked"); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
