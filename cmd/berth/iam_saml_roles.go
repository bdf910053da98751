package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam/adfs"
)

// samlRoles is what berth iam saml-roles is asked.
type samlRoles struct {
	rules, groupFile   string
	groups, attributes []string
	user               string
	roles, accounts    []string
	provider, prefix   string
	safer              bool
}

// roleOfGroup is one value that comes of a group, as JSON.
type roleOfGroup struct {
	// Group is empty for a value that comes of none.
	Group      string         `json:"group"`
	Value      string         `json:"value,omitempty"`
	Provider   string         `json:"provider,omitempty"`
	Role       string         `json:"role,omitempty"`
	Problem    string         `json:"problem,omitempty"`
	RoleIs     adfs.Existence `json:"roleExists"`
	ProviderIs adfs.Existence `json:"providerExists"`
	Nearest    string         `json:"nearest,omitempty"`
	Works      bool           `json:"works"`
	issued     bool
}

// samlFinding is one thing wrong with the rules, as JSON.
type samlFinding struct {
	Code    adfs.FindingCode `json:"code"`
	Rule    int              `json:"rule"`
	Line    int              `json:"line"`
	Column  int              `json:"column"`
	Group   string           `json:"group,omitempty"`
	Message string           `json:"message"`
	Help    string           `json:"help,omitempty"`
}

// samlRolesAnswer is the answer of berth iam saml-roles as JSON.
type samlRolesAnswer struct {
	Schema       string        `json:"schema"`
	Groups       []roleOfGroup `json:"groups"`
	SessionNames []string      `json:"sessionNames"`
	Findings     []samlFinding `json:"findings"`
}

func (c *cli) iamSAMLRolesCommand() *cobra.Command {
	var q samlRoles
	cmd := &cobra.Command{
		Use:   "saml-roles --rules FILE --group NAME",
		Short: "say which roles claim rules of AD FS make of groups, before anybody signs in",
		Long: "Runs the claim rules of a relying party for a user who is in the groups, and shows what comes of each: the pair of provider\n" +
			"and role, and whether there is such a role where --role says which there are. Warnings tell what is dangerous in the\n" +
			"rules. With --safer it writes rules without these faults instead. The exit status is 1 where no group becomes a role, or one\n" +
			"becomes a value that lets nobody in.",
		Example: "  berth iam saml-roles --rules claims.txt --group AWS-PROD-ADMIN --group aws-prod-dev --role AWS-PROD-ADMIN --role AWS-PROD-DEV\n" +
			"  berth iam saml-roles --safer --provider Federation-Demo --account 111122223333 > claims.txt",
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			if err := q.check(); err != nil {
				return usageError{err}
			}
			if q.safer {
				return c.writeSaferRules(&q)
			}
			return c.samlRoles(&q)
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.rules, "rules", "", "the `FILE` of claim rules")
	f.StringArrayVar(&q.groups, "group", nil, "the `NAME` of a group the user is in; may be given several times")
	f.StringVar(&q.groupFile, "groups", "", "a `FILE` of names of groups, one a line")
	f.StringVar(&q.user, "user", `CORP\someone`, "the account `NAME` of the user")
	f.StringArrayVar(&q.attributes, "attribute", []string{"mail=someone@corp.example"}, "an attribute of the user in the directory as `NAME=VALUE`; may be given several times")
	f.StringArrayVar(&q.roles, "role", nil, "a role that exists: its `ARN`, or a name in any account; given for all that there are")
	f.StringSliceVar(&q.accounts, "account", nil, "`ACCOUNTS` that groups may name")
	f.StringVar(&q.provider, "provider", "", "the SAML provider that exists: its `ARN`, or its name in each --account")
	f.BoolVar(&q.safer, "safer", false, "write rules that turn PREFIX-ACCOUNT-ROLE into roles and have none of the faults")
	f.StringVar(&q.prefix, "prefix", "AWS", "with --safer: what the names of such groups begin with")
	c.jsonFlag(cmd)
	return cmd
}

func (q *samlRoles) check() error {
	for _, a := range q.accounts {
		if !arn.ValidAccount(a) {
			return fmt.Errorf("--account %q is not 12 digits", a)
		}
	}
	switch {
	case q.safer && q.rules != "":
		return errors.New("--safer writes rules; to test them, write them into a file and give that as --rules")
	case q.safer && q.provider == "":
		return errors.New("--safer needs --provider, the name of the SAML provider")
	case !q.safer && q.rules == "":
		return errors.New("--rules FILE says which claim rules are run")
	case !q.safer && q.groupFile == "" && len(q.groups) == 0:
		return errors.New("--group NAME or --groups FILE says which groups the user is in")
	}
	return nil
}

func (c *cli) writeSaferRules(q *samlRoles) error {
	t := adfs.Transform{Prefix: q.prefix, Accounts: q.accounts, Provider: q.provider}
	if id, err := arn.Parse(q.provider); err == nil {
		t.Provider, t.Partition = id.ResourceID(), id.Partition
	}
	text, err := adfs.SaferRules(t)
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprintln(c.stdout, strings.TrimSuffix(text, "\n"))
	return err
}

// maxRules bounds a file of claim rules or of groups.
const maxRules = 1 << 20

func (c *cli) samlRoles(q *samlRoles) error {
	name, data, err := c.readInput(q.rules, maxRules)
	if err != nil {
		return err
	}
	rules, err := adfs.Parse(string(data))
	if err != nil {
		return fmt.Errorf("%s:%w", name, err)
	}
	user, err := c.samlUser(q)
	if err != nil {
		return err
	}
	report, err := rules.Report(user, q.account())
	if err != nil {
		return err
	}
	answer := newSAMLRoles(report)
	if err := c.printSAMLRoles(name, answer); err != nil {
		return err
	}
	if !answer.works() {
		return errReported
	}
	return nil
}

// works reports whether some value lets its user in, and none does not.
func (a *samlRolesAnswer) works() bool {
	some := false
	for _, g := range a.Groups {
		if g.issued && !g.Works {
			return false
		}
		some = some || g.issued
	}
	return some
}

// samlUser is the user that the rules are run for.
func (c *cli) samlUser(q *samlRoles) (adfs.User, error) {
	u := adfs.User{Account: q.user, Groups: q.groups, Attributes: map[string][]string{}}
	for _, pair := range q.attributes {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return u, usageError{fmt.Errorf("--attribute %q is not NAME=VALUE", pair)}
		}
		u.Attributes[key] = append(u.Attributes[key], value)
	}
	if q.groupFile == "" {
		return u, nil
	}
	_, data, err := c.readInput(q.groupFile, maxRules)
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			u.Groups = append(u.Groups, line)
		}
	}
	return u, err
}

// account is what is known of the roles and providers there are.
func (q *samlRoles) account() adfs.Account {
	a := adfs.Account{Roles: q.roles}
	switch {
	case strings.HasPrefix(q.provider, "arn:"):
		a.Providers = []string{q.provider}
	case q.provider != "":
		for _, id := range q.accounts {
			a.Providers = append(a.Providers, "arn:aws:iam::"+id+":saml-provider/"+q.provider)
		}
	}
	return a
}

func newSAMLRoles(r *adfs.Report) samlRolesAnswer {
	out := samlRolesAnswer{
		Schema: "berth.iam.saml-roles/1", Groups: []roleOfGroup{},
		SessionNames: append([]string{}, r.SessionNames...), Findings: []samlFinding{},
	}
	add := func(group string, values []adfs.RoleValue) {
		for _, v := range values {
			out.Groups = append(out.Groups, roleOfGroup{
				Group: group, Value: v.Value, Provider: v.ProviderARN, Role: v.RoleARN, Problem: v.Problem,
				RoleIs: v.Role, ProviderIs: v.Provider, Nearest: v.Nearest, Works: v.Works(), issued: true,
			})
		}
	}
	for _, g := range r.Groups {
		if len(g.Values) == 0 {
			out.Groups = append(out.Groups, roleOfGroup{Group: g.Group})
		}
		add(g.Group, g.Values)
	}
	add("", r.Others)
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, samlFinding{
			Code: f.Code, Rule: f.Rule, Line: f.At.Line, Column: f.At.Column, Group: f.Group, Message: f.Message, Help: f.Help,
		})
	}
	return out
}

func (c *cli) printSAMLRoles(name string, a samlRolesAnswer) error {
	if c.json {
		return c.printJSON(a)
	}
	rows := [][]string{{"group", "role", "exists", "provider"}}
	for _, g := range a.Groups {
		rows = append(rows, g.row())
	}
	if err := c.writeTable(rows); err != nil {
		return err
	}
	for _, f := range a.Findings {
		at := name
		if f.Line > 0 {
			at = fmt.Sprintf("%s:%d:%d", name, f.Line, f.Column)
		}
		fmt.Fprintf(c.stderr, "%s: %s: %s\n", at, f.Code, f.Message)
		if f.Help != "" {
			fmt.Fprintf(c.stderr, "  help: %s\n", f.Help)
		}
	}
	return nil
}

// row is a value as a line of the table.
func (g *roleOfGroup) row() []string {
	group := g.Group
	if group == "" {
		group = "(no group)"
	}
	switch {
	case !g.issued:
		return []string{group, "none: the group is let fall", "", ""}
	case g.Problem != "":
		return []string{group, fmt.Sprintf("none: %q is issued", g.Value), "", ""}
	}
	exists := g.RoleIs.String()
	if g.Nearest != "" {
		exists += " (there is " + g.Nearest + ")"
	}
	provider := g.Provider
	if g.ProviderIs == adfs.Missing {
		provider += " (missing)"
	}
	return []string{group, g.Role, exists, provider}
}
