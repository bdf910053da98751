package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/account"
	"github.com/berth-project/berth/iam/catalog"
)

// canAnswer is the answer of berth iam can as JSON.
type canAnswer struct {
	Schema    string `json:"schema"`
	Principal string `json:"principal"`
	// Permissions are what the principal is allowed, by access level, the most
	// powerful first.
	Permissions []account.Permission `json:"permissions"`
	// Roles are those that it can assume.
	Roles []account.Path `json:"roles"`
	// Missing are policies that it has and the export has not.
	Missing []string `json:"missing,omitempty"`
}

func (c *cli) iamCanCommand() *cobra.Command {
	var dir, level string
	var scope account.Scope
	var context []string
	cmd := &cobra.Command{
		Use:   "can PRINCIPAL",
		Short: "list what a user or role of an account can do, by access level",
		Long: "PRINCIPAL is an ARN, or a name such as role/app. Each action is listed with what it is allowed on; then the roles that the\n" +
			"principal can assume, whose permissions are theirs and not in the table.\n\n" + exportForms,
		Example: "  berth iam can role/worker --account-dir export/\n" +
			"  berth iam can user/dev --account-dir export/ --resource 'arn:aws:s3:::media/*' --level write",
		Args: exactly("PRINCIPAL"),
		RunE: func(_ *cobra.Command, args []string) error {
			least := catalog.List
			if level != "" {
				var ok bool
				if least, ok = catalog.ParseAccess(level); !ok {
					return usageError{fmt.Errorf("--level %q is not one of list, read, tagging, write, permissionsManagement", level)}
				}
			}
			if err := setContext(&scope.Context, context); err != nil {
				return usageError{err}
			}
			answer, err := c.can(dir, args[0], scope, least)
			if err != nil {
				return err
			}
			return c.printCan(answer)
		},
	}
	f := cmd.Flags()
	accountFlag(cmd, &dir)
	f.StringArrayVar(&scope.Resources, "resource", nil, "an `ARN` or pattern to ask about; may be given several times (default: what the policies name)")
	f.StringSliceVar(&scope.Actions, "action", nil, "only `ACTIONS` that these patterns name, such as s3:*")
	f.StringVar(&level, "level", "", "only actions of this `LEVEL` and more powerful ones: list, read, tagging, write, permissionsManagement")
	f.StringArrayVar(&context, "context", nil, "a context key that is known of the calls as `KEY=VALUE`; given several times for one key, the key is multivalued")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) can(dir, name string, scope account.Scope, least catalog.Access) (*canAnswer, error) {
	snapshot, _, err := c.snapshot(dir)
	if err != nil {
		return nil, err
	}
	p, ok := snapshot.Principal(name)
	if !ok {
		return nil, noPrincipal(snapshot, name)
	}
	out := &canAnswer{Schema: "berth.iam.can/1", Principal: p.ARN, Permissions: []account.Permission{}, Roles: snapshot.Roles(p, scope.Context, 0), Missing: p.Missing}
	for _, x := range snapshot.Can(p, scope, catalog.Default()) {
		if power(x.Access) >= power(least) {
			out.Permissions = append(out.Permissions, x)
		}
	}
	slices.SortStableFunc(out.Permissions, func(a, b account.Permission) int { return cmp.Compare(power(b.Access), power(a.Access)) })
	return out, nil
}

// power is the place of a level from the mildest to the gravest.
func power(a catalog.Access) int {
	return slices.Index([]catalog.Access{catalog.List, catalog.Read, catalog.Tagging, catalog.Write, catalog.PermissionsManagement}, a)
}

// noPrincipal says which principals there are.
func noPrincipal(s *account.Snapshot, name string) error {
	const most = 10
	var near []string
	last := name[strings.LastIndexByte(name, '/')+1:]
	for _, p := range s.Principals() {
		if len(near) < most && (p.Name == last || strings.Contains(p.String(), name)) {
			near = append(near, p.ARN)
		}
	}
	if len(near) > 0 {
		return fmt.Errorf("the export has no one principal %q; it has %s", name, strings.Join(near, ", "))
	}
	return fmt.Errorf("the export has no principal %q, of its %d users and roles", name, len(s.Principals()))
}

func (c *cli) printCan(a *canAnswer) error {
	if c.json {
		if a.Roles == nil {
			a.Roles = []account.Path{}
		}
		return c.printJSON(a)
	}
	for _, m := range a.Missing {
		fmt.Fprintf(c.stderr, "note: the export does not have the policy %s, so there may be more\n", m)
	}
	rows := [][]string{{"access", "action", "resource", "certainty", "by"}}
	for _, p := range a.Permissions {
		rows = append(rows, []string{p.Access.String(), p.Action, p.Resource, p.Certainty.String(), permissionBy(&p)})
	}
	if len(a.Permissions) == 0 {
		fmt.Fprintf(c.stderr, "%s itself can do nothing of that\n", a.Principal)
	} else if err := c.writeTable(rows); err != nil {
		return err
	}
	if len(a.Roles) > 0 {
		fmt.Fprintln(c.stdout, "\nIt can assume:")
		for _, r := range a.Roles {
			fmt.Fprintf(c.stdout, "  %s: %s\n", r.Certainty, r)
		}
	}
	return nil
}

// permissionBy is the statement that allows, with what it asks for and what is
// denied of it.
func permissionBy(p *account.Permission) string {
	text := p.By.String()
	for _, n := range p.Needs {
		text += "; " + n.String()
	}
	for _, s := range p.Except {
		text += "; but for what " + s.String() + " denies"
	}
	return text
}
