package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/engine"
)

func (c *cli) workflowTenantCommand() *cobra.Command {
	k := settingKind{noun: "tenant", path: "/tenants"}
	return noun("tenant", "the share and the limits of a tenant's runs",
		c.workTenantListCommand(k), c.workTenantShowCommand(k), c.workTenantPutCommand(k), c.workTenantWeightCommand(k),
		c.turnCommand(k, "suspend", "start nothing of a tenant", "What has begun goes on; new runs are taken and wait.", "is suspended"),
		c.turnCommand(k, "resume", "end a suspension", "", "goes on"),
		c.settingDeleteCommand(k, "The tenant then has what others have: weight 1, no limits. Its runs stay."),
	)
}

func (c *cli) workTenantListCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "list",
		short:   "list tenants with their shares, limits and runs",
		example: "  berth workflow tenant list",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			list, err := listSettings[engine.TenantState](ctx, e, k)
			if err != nil {
				return err
			}
			return printList(c, list, tenantColumns(), tenantRow)
		},
	})
}

func tenantColumns() []string {
	return []string{"tenant", "state", "weight", "waiting", "running", "quota queued", "quota payload", "rate"}
}

func tenantRow(t engine.TenantState) []string {
	state := "open"
	if t.Suspended {
		state = "suspended"
	}
	weight := t.Weight
	if weight == 0 {
		weight = 1
	}
	return []string{
		t.Name, state, fmt.Sprintf("%g", weight), strconv.Itoa(t.Waiting), runningText(t.Active, t.Running),
		quotaText(t.Quota.Queued), quotaText(t.Quota.Payload), rateText(t.Quota),
	}
}

func rateText(q work.Quota) string {
	switch {
	case q.Rate == 0:
		return "-"
	case q.Burst == 0:
		return fmt.Sprintf("%g/s", q.Rate)
	}
	return fmt.Sprintf("%g/s, %d at once", q.Rate, q.Burst)
}

func quotaText(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func (c *cli) workTenantShowCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "show NAME",
		short:    "show a tenant's share, limits and runs",
		example:  "  berth workflow tenant show acme",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			t, err := listed(ctx, e, k, args[0], func(t engine.TenantState) bool { return t.Name == args[0] })
			if err != nil {
				return err
			}
			return printList(c, []engine.TenantState{t}, tenantColumns(), tenantRow)
		},
	})
}

func (c *cli) workTenantPutCommand(k settingKind) *cobra.Command {
	var t work.Tenant
	var from string
	var cmd *cobra.Command
	cmd = c.onEngine(engineCommand{
		use:      "put NAME",
		short:    "change what the flags name of a tenant",
		long:     "What no flag names stays as it is.",
		example:  "  berth workflow tenant put acme --weight 3 --running 20 --queued 10000",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			written, err := c.patch(from, new(engine.TenantState))
			if err != nil {
				return err
			}
			v, made, err := putSetting(ctx, e, k, args[0], func(v *work.Tenant) error {
				if err := written.over(v); err != nil {
					return err
				}
				v.Name = args[0]
				given := cmd.Flags().Changed
				if given("weight") && !(t.Weight > 0) {
					return usageError{fmt.Errorf("--weight %g: a number above 0", t.Weight)}
				}
				set(given("weight"), &v.Weight, t.Weight)
				set(given("running"), &v.Running, t.Running)
				set(given("queued"), &v.Quota.Queued, t.Quota.Queued)
				set(given("payload"), &v.Quota.Payload, t.Quota.Payload)
				set(given("rate"), &v.Quota.Rate, t.Quota.Rate)
				set(given("burst"), &v.Quota.Burst, t.Quota.Burst)
				return nil
			})
			if err != nil {
				return err
			}
			return c.printPut(k, args[0], made, v)
		},
	})
	fs := cmd.Flags()
	fs.Float64Var(&t.Weight, "weight", 1, "its share beside other tenants")
	fs.IntVar(&t.Running, "running", 0, "how many of its runs run at once; 0 is any number")
	fs.IntVar(&t.Quota.Queued, "queued", 0, "how many of its runs may wait; 0 is any number")
	fs.IntVar(&t.Quota.Payload, "payload", 0, "how large a run's parameters and document may be, in bytes; 0 is the engine's limit")
	fs.Float64Var(&t.Quota.Rate, "rate", 0, "how many runs it may submit a second, on average; 0 is any number")
	fs.IntVar(&t.Quota.Burst, "burst", 0, "how many of these at once; 0 is those of a second")
	fs.StringVar(&from, "from", "", "settings as a JSON object in this `FILE`; - is standard input")
	return cmd
}

func (c *cli) workTenantWeightCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "weight NAME WEIGHT",
		short:    "give a tenant another share beside other tenants",
		example:  "  berth workflow tenant weight acme 3",
		args:     exactly("NAME", "WEIGHT"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			weight, err := strconv.ParseFloat(args[1], 64)
			if err != nil || !(weight > 0) {
				return usageError{fmt.Errorf("%q is no weight: a number above 0", args[1])}
			}
			v, made, err := putSetting(ctx, e, k, args[0], func(v *work.Tenant) error {
				v.Name, v.Weight = args[0], weight
				return nil
			})
			if err != nil {
				return err
			}
			return c.printPut(k, args[0], made, v)
		},
	})
}
