package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/directory"
)

func (c *cli) tenantCommand() *cobra.Command {
	cmd := noun("tenant", "organisations and what they subscribe to",
		c.tenantAddCommand(), c.tenantListCommand(), c.tenantShowCommand(), c.tenantDeleteCommand(),
		c.tenantSubscribeCommand(), c.tenantUnsubscribeCommand(),
	)
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	return cmd
}

func (c *cli) tenantAddCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "add ID",
		Short:   "make a tenant; the id is what appears in paths",
		Example: "  berth tenant add acme --name 'Acme Credit Union'",
		Args:    exactly("ID"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			t, err := store.CreateTenant(ctx, args[0], name)
			if err != nil {
				return err
			}
			return c.printTenant(t)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "display name")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) tenantListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list tenants",
		Example: "  berth tenant list",
		Args:    exactly(),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, _ []string) error {
			tenants, err := everyPage(
				func(p directory.Page) ([]directory.Tenant, error) { return store.Tenants(ctx, p) },
				func(t directory.Tenant) string { return t.ID },
			)
			if err != nil {
				return err
			}
			return printList(c, tenants, []string{"id", "name", "plans"}, func(t directory.Tenant) []string {
				return []string{t.ID, orDash(t.Name), orDash(planList(t))}
			})
		}),
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) tenantShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show a tenant",
		Example: "  berth tenant show acme",
		Args:    exactly("ID"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			t, err := store.Tenant(ctx, args[0])
			if err != nil {
				return err
			}
			return c.printTenant(t)
		}),
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) tenantDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "delete ID",
		Short:   "remove a tenant with its roles and subscriptions",
		Example: "  berth tenant delete acme",
		Args:    exactly("ID"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			return store.DeleteTenant(ctx, args[0])
		}),
	}
}

func (c *cli) tenantSubscribeCommand() *cobra.Command {
	var ends string
	cmd := &cobra.Command{
		Use:     "subscribe ID PLAN",
		Short:   "subscribe a tenant to a plan, or move the end of its subscription",
		Example: "  berth tenant subscribe acme premium --until 2027-12-31T00:00:00Z",
		Args:    exactly("ID", "PLAN"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			end, err := parseEnd(ends)
			if err != nil {
				return err
			}
			return store.Subscribe(ctx, args[0], directory.Subscription{Plan: args[1], EndsAt: end})
		}),
	}
	cmd.Flags().StringVar(&ends, "until", "", "when it ends: RFC 3339 time or a duration such as 720h (default never)")
	return cmd
}

func (c *cli) tenantUnsubscribeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unsubscribe ID PLAN",
		Short:   "end a tenant's subscription now",
		Example: "  berth tenant unsubscribe acme premium",
		Args:    exactly("ID", "PLAN"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			return store.Unsubscribe(ctx, args[0], args[1])
		}),
	}
}

func (c *cli) printTenant(t directory.Tenant) error {
	if c.json {
		return c.printJSON(t)
	}
	fmt.Fprintf(c.stdout, "id     %s\nname   %s\nplans  %s\n", t.ID, orDash(t.Name), orDash(planList(t)))
	return nil
}

func planList(t directory.Tenant) string {
	plans := make([]string, len(t.Plans))
	for i, s := range t.Plans {
		plans[i] = s.Plan + until(s.EndsAt)
	}
	return strings.Join(plans, ", ")
}
