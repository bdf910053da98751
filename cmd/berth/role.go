package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/directory"
)

func (c *cli) roleCommand() *cobra.Command {
	cmd := noun("role", "what users are in tenants", c.roleGrantCommand(), c.roleRevokeCommand(), c.roleListCommand())
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	return cmd
}

func (c *cli) roleGrantCommand() *cobra.Command {
	var ends string
	cmd := &cobra.Command{
		Use:     "grant USER ROLE TENANT",
		Short:   "give a user a role in a tenant, or move its end",
		Example: "  berth role grant anna@example.com manager acme --until 720h",
		Args:    exactly("USER", "ROLE", "TENANT"),
		RunE: c.onGrant(func(ctx context.Context, store directory.Store, g directory.Grant) (err error) {
			if g.ExpiresAt, err = parseEnd(ends); err != nil {
				return err
			}
			return store.GrantRole(ctx, g)
		}),
	}
	cmd.Flags().StringVar(&ends, "until", "", "when it ends: RFC 3339 time or a duration such as 720h (default never)")
	return cmd
}

func (c *cli) roleRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke USER ROLE TENANT",
		Short:   "take a role from a user",
		Example: "  berth role revoke anna@example.com manager acme",
		Args:    exactly("USER", "ROLE", "TENANT"),
		RunE: c.onGrant(func(ctx context.Context, store directory.Store, g directory.Grant) error {
			return store.RevokeRole(ctx, g)
		}),
	}
}

// onGrant makes a command of what is done with the role its arguments name.
func (c *cli) onGrant(do func(context.Context, directory.Store, directory.Grant) error) func(*cobra.Command, []string) error {
	return c.onUser(func(ctx context.Context, store directory.Store, u directory.User, args []string) error {
		return do(ctx, store, directory.Grant{User: u.ID, Role: args[1], Tenant: args[2]})
	})
}

func (c *cli) roleListCommand() *cobra.Command {
	var user, tenant string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list who is what where",
		Example: "  berth role list --tenant acme",
		Args:    exactly(),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, _ []string) error {
			filter := directory.GrantFilter{Tenant: tenant}
			if user != "" {
				u, err := findUser(ctx, store, user)
				if err != nil {
					return err
				}
				filter.User = u.ID
			}
			grants, err := store.Grants(ctx, filter)
			if err != nil {
				return err
			}
			return printList(c, grants, []string{"user", "role", "tenant", "until"}, func(g directory.Grant) []string {
				end := "-"
				if !g.ExpiresAt.IsZero() {
					end = g.ExpiresAt.UTC().Format(time.RFC3339)
				}
				return []string{g.User, g.Role, g.Tenant, end}
			})
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "only this user (email or id)")
	cmd.Flags().StringVar(&tenant, "tenant", "", "only this tenant")
	c.jsonFlag(cmd)
	return cmd
}

// parseEnd reads --until: empty for never, a time, or a time from now.
func parseEnd(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return time.Now().Add(d).UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("--until %q is neither a time such as 2027-01-31T00:00:00Z nor a duration such as 720h", s)}
	}
	if !t.After(time.Now()) {
		return time.Time{}, usageError{fmt.Errorf("--until %s is over", s)}
	}
	return t, nil
}
