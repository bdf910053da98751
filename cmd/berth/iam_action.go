package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/catalog"
)

func (c *cli) iamActionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "action NAME",
		Short: "say what an action is: its level, resources and condition keys",
		Long: "NAME is an action such as s3:GetObject, or a pattern such as s3:Get*, which is expanded as policies expand it. A service\n" +
			"alone (s3) lists its actions.",
		Example: "  berth iam action sqs:SendMessage\n  berth iam action 'dynamodb:*Table'",
		Args:    exactly("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if !strings.ContainsAny(name, ":*?") {
				name += ":*"
			}
			actions := catalog.Default().Expand(name)
			if len(actions) == 0 {
				return noAction(name)
			}
			return c.printActions(actions)
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

// noAction says what is wrong with a name, and which is probably meant.
func noAction(name string) error {
	cat := catalog.Default()
	if s, ok := cat.Instead(name); ok {
		return fmt.Errorf("%s is not an action: %s; write %s", name, s.Why, strings.Join(s.Actions, ", "))
	}
	prefix, _, _ := strings.Cut(name, ":")
	_, known := cat.Service(prefix)
	switch {
	case known:
		err := fmt.Errorf("%s has no action %s", prefix, name)
		if near := cat.SuggestAction(name); len(near) > 0 {
			err = fmt.Errorf("%w (did you mean %s?)", err, strings.Join(near, " or "))
		}
		return err
	case cat.KnownPrefix(prefix):
		return fmt.Errorf("the actions of %s are not in the catalogue", prefix)
	}
	err := fmt.Errorf("there is no service %s", prefix)
	if near := cat.SuggestService(prefix); len(near) > 0 {
		err = fmt.Errorf("%w (did you mean %s?)", err, strings.Join(near, " or "))
	}
	return err
}

// describedAction is an action as JSON.
type describedAction struct {
	Action        string              `json:"action"`
	Access        catalog.Access      `json:"access"`
	StarOnly      bool                `json:"starOnly"`
	Resources     []describedResource `json:"resources"`
	ConditionKeys []string            `json:"conditionKeys"`
	Dependent     []string            `json:"dependentActions"`
}

type describedResource struct {
	Type          string   `json:"type"`
	ARN           string   `json:"arn"`
	Required      bool     `json:"required"`
	ConditionKeys []string `json:"conditionKeys"`
}

func describe(a *catalog.Action) describedAction {
	d := describedAction{
		Action: a.FullName(), Access: a.Access, StarOnly: a.StarOnly(), Resources: []describedResource{},
		ConditionKeys: append([]string{}, a.Keys...), Dependent: append([]string{}, a.Dependent...),
	}
	for _, u := range a.Resources {
		d.Resources = append(d.Resources, describedResource{
			Type: u.Resource.Type, ARN: u.Resource.Template, Required: u.Required,
			ConditionKeys: sortedUnique(slices.Concat(u.Keys, u.Resource.Keys, []string{})),
		})
		d.Dependent = append(d.Dependent, u.Dependent...)
	}
	d.Dependent = sortedUnique(d.Dependent)
	return d
}

func (c *cli) printActions(actions []*catalog.Action) error {
	if c.json || len(actions) > 1 {
		described := make([]describedAction, len(actions))
		for i, a := range actions {
			described[i] = describe(a)
		}
		return printList(c, described, []string{"action", "access", "resources"}, func(d describedAction) []string {
			var types []string
			for _, r := range d.Resources {
				types = append(types, r.Type)
			}
			if d.StarOnly {
				types = []string{"* only"}
			}
			return []string{d.Action, d.Access.String(), strings.Join(types, ", ")}
		})
	}
	c.printAction(describe(actions[0]), actions[0].Service.Name)
	return nil
}

func (c *cli) printAction(d describedAction, service string) {
	fmt.Fprintf(c.stdout, "%s  %s  (%s)\n", d.Action, d.Access, service)
	if d.StarOnly {
		fmt.Fprintln(c.stdout, "  resource  * only: the action takes no resource")
	}
	for _, r := range d.Resources {
		need := "optional"
		if r.Required {
			need = "required"
		}
		fmt.Fprintf(c.stdout, "  resource  %s (%s)  %s\n", r.Type, need, r.ARN)
	}
	keys := map[string]bool{}
	for _, k := range d.ConditionKeys {
		keys[k] = true
	}
	for _, r := range d.Resources {
		for _, k := range r.ConditionKeys {
			keys[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		typ := ""
		if key, ok := knownKey(k); ok {
			typ = "  " + key.Type.String()
			if key.Multi {
				typ += ", multivalued"
			}
		}
		fmt.Fprintf(c.stdout, "  key       %s%s\n", k, typ)
	}
	for _, a := range d.Dependent {
		fmt.Fprintf(c.stdout, "  takes     %s besides\n", a)
	}
	fmt.Fprintln(c.stdout, "  and every global key (aws:SourceIp, aws:PrincipalTag/…)")
}

func knownKey(name string) (catalog.Key, bool) { return catalog.Default().Key(name) }
