package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/directory"
)

// maxChanges is the most one call of a store lists.
const maxChanges = 1000

func (c *cli) changeCommand() *cobra.Command {
	cmd := noun("change", "the audit trail: who changed users, tenants, roles and sessions", c.changeListCommand())
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	return cmd
}

func (c *cli) changeListCommand() *cobra.Command {
	var user string
	var filter directory.ChangeFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list who changed what and when, newest first",
		Long: fmt.Sprintf("Every change of users, tenants, plans, roles and sessions leaves a line. Lines are kept for %d days, and\n"+
			"not more than the newest %d of them.", directory.ChangesKept/(24*time.Hour), directory.MaxChanges),
		Example: "  berth change list --user anna@example.com --limit 20",
		Args:    exactly(),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, _ []string) (err error) {
			switch {
			case filter.Limit < 1 || filter.Limit > maxChanges:
				return usageError{fmt.Errorf("--limit %d is not between 1 and %d: use --before to read on", filter.Limit, maxChanges)}
			case filter.Before < 0:
				return usageError{fmt.Errorf("--before %d is no id of a line", filter.Before)}
			}
			if filter.User, err = concernedUser(ctx, store, user); err != nil {
				return err
			}
			changes, err := store.Changes(ctx, filter)
			if err != nil {
				return err
			}
			return printList(c, changes, []string{"id", "at", "actor", "action", "subject", "tenant", "detail"}, changeRow)
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "only what concerns this user (email, or id, which may be deleted)")
	cmd.Flags().StringVar(&filter.Tenant, "tenant", "", "only what concerns this tenant, which may be deleted")
	cmd.Flags().Int64Var(&filter.Before, "before", 0, "only lines before the one with this `id`, to read on where a list ended")
	cmd.Flags().IntVar(&filter.Limit, "limit", 100, "how many lines at most, up to 1000")
	c.jsonFlag(cmd)
	return cmd
}

// concernedUser is the id of a user. One given by its id need not exist any
// more: the trail of somebody deleted is the one most asked for.
func concernedUser(ctx context.Context, store directory.Users, who string) (string, error) {
	if !strings.Contains(who, "@") {
		return who, nil
	}
	u, err := findUser(ctx, store, who)
	if err != nil {
		return "", fmt.Errorf("%w (a deleted user has to be named by id)", err)
	}
	return u.ID, nil
}

func changeRow(ch directory.Change) []string {
	detail := ch.Detail
	if ch.User != ch.Subject {
		detail = strings.TrimSpace(ch.User + " " + detail)
	}
	return []string{
		strconv.FormatInt(ch.ID, 10), ch.At.UTC().Format(time.RFC3339), ch.Actor, ch.Action, ch.Subject, orDash(ch.Tenant), orDash(detail),
	}
}
