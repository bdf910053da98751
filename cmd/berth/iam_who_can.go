package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/account"
	"github.com/berth-project/berth/internal/glob"
)

// whoCan is the question of berth iam who-can.
type whoCan struct {
	account.Query
	dir     string
	context []string
	only    []string
	gate    bool // --expect-only is given, be it for nobody
	asAsked bool
}

// whoCanAnswer is the answer as JSON.
type whoCanAnswer struct {
	Schema string `json:"schema"`
	*account.Answer
	// Unexpected are those of the grants that --expect-only does not name.
	Unexpected []string `json:"unexpected,omitempty"`
}

func (c *cli) iamWhoCanCommand() *cobra.Command {
	var q whoCan
	cmd := &cobra.Command{
		Use:   "who-can ACTION RESOURCE",
		Short: "list everyone in an account who can do something, and by which path",
		Long: "Users, roles, services, other accounts and nobody in particular; directly, or by assuming roles one after the other. What a\n" +
			"policy asks for and no export has (an address, a second factor) is taken from --context, or is not known: a grant is\n" +
			"\"always\" whatever it is, \"as-asked\" where the request does not have the key, or \"conditional\" on its value.\n\n" +
			exportForms + "\n\n" +
			"With --expect-only the exit status is 1 where somebody else can, conditionally included, and where the answer is not\n" +
			"complete.",
		Example: "  berth iam who-can s3:GetObject arn:aws:s3:::media/1.jpg --account-dir export/\n" +
			"  berth iam who-can kms:Decrypt arn:aws:kms:eu-central-1:111122223333:key/7f3ac91d-5e0b-4a68-9c1d-2b7a1f0c3d4e --account-dir export/ \\\n" +
			"    --expect-only role/worker,'root of *'",
		Args: exactly("ACTION", "RESOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Action, q.Resource, q.gate = args[0], args[1], cmd.Flags().Changed("expect-only")
			return c.whoCan(&q)
		},
	}
	f := cmd.Flags()
	accountFlag(cmd, &q.dir)
	f.StringArrayVar(&q.context, "context", nil, "a context key that is known of the call as `KEY=VALUE`; given several times for one key, the key is multivalued")
	f.StringVar(&q.ResourceAccount, "resource-account", "", "the `ACCOUNT` that owns the resource (default: that in its ARN, or the only one there is)")
	f.IntVar(&q.MaxLinks, "links", account.DefaultLinks, "how many roles may be assumed on the way; 0 for none")
	f.StringSliceVar(&q.only, "expect-only", nil, "fail where others than these `PRINCIPALS` can: ARNs or names as printed, * for any text; \"\" for nobody")
	f.BoolVar(&q.asAsked, "as-asked", false, "leave out who can only if keys have other values")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) whoCan(q *whoCan) error {
	if err := checkAction("ACTION", q.Action); err != nil {
		return usageError{err}
	}
	if err := setContext(&q.Context, q.context); err != nil {
		return usageError{err}
	}
	if q.MaxLinks == 0 {
		q.MaxLinks = -1 // as Query has it
	}
	snapshot, whole, err := c.snapshot(q.dir)
	if err != nil {
		return err
	}
	answer, err := snapshot.WhoCan(q.Query)
	if err != nil {
		return usageError{err}
	}
	if q.asAsked {
		answer.Grants = answer.Allowed()
	}
	out := whoCanAnswer{Schema: "berth.iam.who-can/1", Answer: answer}
	if q.gate {
		out.Unexpected = q.unexpected(answer)
	}
	if err := c.printWhoCan(&out); err != nil {
		return err
	}
	if !q.gate || len(out.Unexpected) == 0 && whole && len(answer.Notes) == 0 {
		return nil
	}
	for _, who := range out.Unexpected {
		fmt.Fprintf(c.stderr, "berth: %s is not expected\n", who)
	}
	if len(out.Unexpected) == 0 {
		fmt.Fprintln(c.stderr, "berth: nobody unexpected was found, but the answer is not complete: see above")
	}
	return errReported
}

// unexpected are those who can and are not named.
func (q *whoCan) unexpected(a *account.Answer) []string {
	var out []string
	for _, g := range a.Grants {
		expected := slices.ContainsFunc(q.only, func(p string) bool {
			return glob.Match(p, g.Who.String()) || g.Who.ARN != "" && glob.Match(p, g.Who.ARN)
		})
		if !expected {
			out = append(out, g.Who.String())
		}
	}
	return out
}

func (c *cli) printWhoCan(a *whoCanAnswer) error {
	if c.json {
		if a.Grants == nil {
			a.Grants = []account.Grant{}
		}
		return c.printJSON(a)
	}
	for _, note := range a.Notes {
		fmt.Fprintf(c.stderr, "note: %s\n", note)
	}
	if len(a.Grants) == 0 {
		fmt.Fprintf(c.stderr, "nobody can %s on %s\n", a.Action, a.Resource)
		return nil
	}
	rows := [][]string{{"certainty", "who, and how"}}
	for _, g := range a.Grants {
		rows = append(rows, []string{g.Certainty.String(), g.String()})
	}
	return c.writeTable(rows)
}
