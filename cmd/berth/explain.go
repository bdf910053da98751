package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/internal/diagnostic"
)

func (c *cli) explainCommand() *cobra.Command {
	return noun("explain", "say why: a request's fate, where a run is, what an error code means",
		c.explainRequestCommand(), c.explainRunCommand(), c.explainCodeCommand())
}

func (c *cli) explainRequestCommand() *cobra.Command {
	var as, expect string
	cmd := &cobra.Command{
		Use:   "request METHOD URL",
		Short: "say how the gateway would take a request, step by step",
		Long: "Builds the same hosts, rules and routes the gateway uses and asks them; nothing needs to run.\n" +
			"URL is absolute, or a path on the service's first host; localhost is answered to as by berth up. The exit status is 0 whatever the answer;\n" +
			"--expect makes another answer a failure.",
		Example: "  berth explain request GET /acme/accounts/1 --as tom@acme.test -f examples/ledger",
		Args:    exactly("METHOD", "URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if expect != "" && expect != "allow" && expect != "refuse" {
				return usageError{fmt.Errorf("--expect %q is neither allow nor refuse", expect)}
			}
			opts := c.options(c.file, service.Development)
			a, err := service.Explain(cmd.Context(), opts, service.Question{Method: strings.ToUpper(args[0]), URL: args[1], As: as})
			if errors.Is(err, service.ErrQuestion) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			if c.json {
				err = c.printJSON(a)
			} else {
				c.printAnswer(a)
			}
			if err == nil && expect != "" && expect != a.Verdict() {
				fmt.Fprintf(c.stderr, "berth: expected %s, the answer is %s\n", expect, a.Verdict())
				return errReported
			}
			return err
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "the `USER` who asks, by email or id (default: nobody)")
	cmd.Flags().StringVar(&expect, "expect", "", "fail unless the answer is allow or refuse")
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

// explainCodeCommand prints the long form of an error code, or of a code of
// findings about policies.
func (c *cli) explainCodeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "code CODE",
		Short:   "say what an error code, or a finding about a policy, means and what to do",
		Long:    "Codes of errors are B and four digits; those of findings about policies are listed by \"berth iam codes\".",
		Example: "  berth explain code B0107\n  berth explain code PASS_ROLE_WITH_STAR_IN_RESOURCE",
		Args:    exactly("CODE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if code, ok := diagnostic.Explain(args[0]); ok {
				return c.printCode(code, code.Code, code.Title, code.Text)
			}
			code, ok := lint.Explain(args[0])
			if !ok {
				return usageError{fmt.Errorf("no error and no finding has the code %q; \"berth iam codes\" lists those of findings", args[0])}
			}
			return c.printCode(code, code.Name, fmt.Sprintf("%s  (%s, %s)", code.Title, code.Severity, code.Level), code.Text)
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) printCode(code any, name, title, text string) error {
	if c.json {
		return c.printJSON(code)
	}
	_, err := fmt.Fprintf(c.stdout, "%s  %s\n\n%s\n", name, title, text)
	return err
}

func (c *cli) printAnswer(a service.Answer) {
	fmt.Fprintln(c.stdout, headline(a))
	for i, s := range a.Steps {
		mark := "ok"
		if !s.Passed {
			mark = "no"
		}
		fmt.Fprintf(c.stdout, "  %d  %-8s %s  %s\n", i+1, s.Name, mark, s.Text)
		if s.Name == "rule" && a.Rules != nil {
			c.printRules(a)
		}
	}
	if a.Forwarded != "" {
		fmt.Fprintf(c.stdout, "  sent on as %s\n", a.Forwarded)
	}
	if a.Location != "" {
		fmt.Fprintf(c.stdout, "  sent to %s\n", a.Location)
	}
}

// headline is the answer in one line.
func headline(a service.Answer) string {
	switch {
	case a.Closed:
		return "CLOSED  the connection is closed without an answer: " + a.Code
	case a.Verdict() == "allow":
		return strings.TrimSpace(fmt.Sprintf("ALLOWED  %s %s  %s", a.Kind, a.Route, a.RouteAt))
	}
	reason := a.Code
	if a.Rules != nil && !a.Rules.Decision.Allowed {
		reason = string(a.Rules.Decision.Reason)
	}
	return strings.TrimSpace(fmt.Sprintf("REFUSED %d  %s  %s", a.Status, reason, a.RuleAt))
}

func (c *cli) printRules(a service.Answer) {
	for _, r := range a.Rules.Rules {
		if !r.Matched {
			fmt.Fprintf(c.stdout, "       %s  %s  %s does not match\n", r.ID, r.Path, r.Failed)
			continue
		}
		var params []string
		for _, p := range r.Params {
			params = append(params, p.Name+" = "+p.Value)
		}
		matched := strings.TrimSpace("matched " + strings.Join(params, ", "))
		fmt.Fprintf(c.stdout, "       %s  %s  %s\n", r.ID, r.Path, matched)
		if r.Requirement != nil {
			fmt.Fprintf(c.stdout, "         %s: %s\n", r.Requirement.Result, r.Requirement.Text)
		}
	}
	if len(a.Rules.Rules) == 0 && a.Rules.Note != "" {
		fmt.Fprintf(c.stdout, "       %s\n", a.Rules.Note)
	}
}
