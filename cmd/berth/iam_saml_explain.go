package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/sts"
)

// explainedSAML is one role of a response as JSON.
type explainedSAML struct {
	Schema   string          `json:"schema"`
	Role     string          `json:"role,omitempty"`
	Provider string          `json:"provider,omitempty"`
	Passed   bool            `json:"passed"`
	Checks   []checkAnswer   `json:"checks"`
	Refusal  *refusalOfToken `json:"refusal,omitempty"`
}

// samlQuestion is what berth iam saml-explain is asked.
type samlQuestion struct {
	roles     []roleSource
	only      string
	providers []string
	context   []string
	now       string
	expect    string
}

func (c *cli) iamSAMLExplainCommand() *cobra.Command {
	var q samlQuestion
	cmd := &cobra.Command{
		Use:   "saml-explain FILE",
		Short: "say why a sign-in by SAML fails",
		Long: "FILE is the response a browser posts: base64, XML or the form as the browser's tools show it; - is standard input. For each\n" +
			"role it names, all checks of AssumeRoleWithSAML are shown in the vendor's order. What takes more than the response is\n" +
			"checked where --role and --provider say it; the signature is not. Without --now the response is judged as of when it was\n" +
			"issued. The exit status is 0 whatever the answer; --expect makes another answer a failure.\n\n" + roleForms,
		Example: "  berth iam saml-explain response.b64\n" +
			"  berth iam saml-explain response.xml --role dev.json --provider arn:aws:iam::111122223333:saml-provider/Corp=http://adfs.corp.example/adfs/services/trust",
		Args: exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error { return c.explainSAML(&q, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&q.only, "only", "", "look at the role of this `ARN` and no other")
	f.Func("role", "a `FILE` that describes a role of the account; given for all that there are", func(v string) error {
		q.roles = append(q.roles, roleSource{file: v})
		return nil
	})
	f.Func("role-arn", "the `ARN` of the --role before it, where that is a trust policy", func(v string) error {
		if len(q.roles) == 0 {
			return errors.New("it belongs to the --role before it")
		}
		q.roles[len(q.roles)-1].arn = v
		return nil
	})
	f.StringArrayVar(&q.providers, "provider", nil, "a provider of the account as `ARN=ENTITY-ID`; given for all that there are")
	f.StringArrayVar(&q.context, "context", nil, "a context key as `KEY=VALUE`; given several times for one key, the key is multivalued")
	f.StringVar(&q.now, "now", "", "the `TIME` of the sign-in (RFC 3339)")
	f.StringVar(&q.expect, "expect", "", "fail unless the answer for each role is `allow or deny`")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) explainSAML(q *samlQuestion, file string) error {
	if err := checkExpect(q.expect); err != nil {
		return err
	}
	ask, err := c.samlQuestion(q)
	if err != nil {
		return err
	}
	_, data, err := c.readInput(file, maxAssertion)
	if err != nil {
		return err
	}
	ask.Response, ask.ResponseError = samlResponse(data)
	unexpected := 0
	for i, x := range sts.ExplainSAML(ask) {
		if err := c.printExplainedSAML(i, &x); err != nil {
			return err
		}
		if q.expect != "" && (x.Refusal == nil) != (q.expect == "allow") {
			unexpected++
		}
	}
	if unexpected > 0 {
		fmt.Fprintf(c.stderr, "berth: expected %s, and %d answers are others\n", q.expect, unexpected)
		return errReported
	}
	return nil
}

func (c *cli) samlQuestion(q *samlQuestion) (*sts.SAMLQuestion, error) {
	ask := &sts.SAMLQuestion{RoleARN: q.only}
	if err := setContext(&ask.Context, q.context); err != nil {
		return nil, usageError{err}
	}
	if q.now != "" {
		var err error
		if ask.At, err = time.Parse(time.RFC3339, q.now); err != nil {
			return nil, usageError{fmt.Errorf("--now: %w", err)}
		}
	}
	for _, pair := range q.providers {
		arn, id, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--provider %q is not ARN=ENTITY-ID", pair)}
		}
		ask.Providers = append(ask.Providers, sts.SAMLProvider{ARN: arn, EntityID: id})
	}
	for i := range q.roles {
		role, err := c.role(&q.roles[i])
		if err != nil {
			return nil, err
		}
		ask.Roles = append(ask.Roles, *role)
	}
	return ask, nil
}

func (c *cli) printExplainedSAML(i int, x *sts.SAMLExplanation) error {
	if c.json {
		return c.printJSON(explainedSAML{
			Schema: "berth.iam.saml-explanation/1", Role: x.RoleARN, Provider: x.ProviderARN, Passed: x.Refusal == nil,
			Checks: checksJSON(x.Checks, false), Refusal: refusalJSON(x.Refusal),
		})
	}
	if i > 0 {
		fmt.Fprintln(c.stdout)
	}
	role := cmp.Or(x.RoleARN, "no role that can be read")
	if x.Refusal != nil {
		fmt.Fprintf(c.stdout, "REFUSED %d %s  %s\n", x.Refusal.Status, x.Refusal.Code, role)
	} else {
		fmt.Fprintf(c.stdout, "PASSED  %s  as far as it was checked\n", role)
	}
	if err := c.printChecks(x.Checks, false); err != nil {
		return err
	}
	if x.Refusal != nil {
		fmt.Fprintf(c.stdout, "  answer  %s\n", x.Refusal.Message)
	}
	return nil
}
