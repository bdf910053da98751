package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// assumption is the question of berth iam assume.
type assumption struct {
	calls []*roleCall

	principal, boundary string
	policies, scps      []string
	context             []string
	now                 string

	saml, token, provider, entityID string
	clients                         []string

	then   []string
	expect string
	trace  bool
}

// roleCall is one role that is to be assumed, and the parameters of the call.
type roleCall struct {
	roleSource
	sts.Hop
	sessionPolicy string
	managed       []string
	mfa           bool
}

// call is the role that flags are about: the last that was given.
func (a *assumption) call() *roleCall {
	if len(a.calls) == 0 {
		a.calls = append(a.calls, &roleCall{})
	}
	return a.calls[len(a.calls)-1]
}

func (c *cli) iamAssumeCommand() *cobra.Command {
	var a assumption
	cmd := &cobra.Command{
		Use:   "assume --role FILE",
		Short: "say whether a role can be assumed, check by check, and what the session may do",
		Long: "Runs the checks of the vendor's token service on files: AssumeRole for --principal, AssumeRoleWithSAML for --saml,\n" +
			"AssumeRoleWithWebIdentity for --web-identity. All checks are shown, also those behind the one that refuses the call.\n" +
			"Signatures are not checked. --then asks what the session may do.\n\n" +
			roleForms + "\n\n" +
			"Several --role are a chain: each is assumed with the session of the one before. Flags about a role and the parameters of\n" +
			"its call belong to the --role before them.\n\n" +
			"The exit status is 0 whatever the answer; --expect makes another answer a failure.",
		Example: "  berth iam assume --role app.json --principal arn:aws:iam::444455556666:role/deployer --policy deployer.json --external-id 7f3a\n" +
			"  berth iam assume --principal arn:aws:iam::111122223333:user/dev --role reader.json --session-name one \\\n" +
			"    --role sender.json --session-name two --then sqs:SendMessage=arn:aws:sqs:eu-central-1:111122223333:jobs\n" +
			"  berth iam assume --role dev.json --saml response.b64",
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return c.assume(&a) },
	}
	f := cmd.Flags()
	f.StringVar(&a.principal, "principal", "", "who calls: the `ARN` of a user, a role or a session, or a service")
	f.StringArrayVar(&a.policies, "policy", nil, "a `FILE` with policies of the caller; may be given several times")
	f.StringVar(&a.boundary, "boundary", "", "a `FILE` with the permissions boundary of the caller")
	f.StringArrayVar(&a.scps, "scp", nil, "`FILES` of one level of service control policies over the caller, with commas; once for each level, the root first")
	f.StringArrayVar(&a.context, "context", nil, "a context key as `KEY=VALUE`; given several times for one key, the key is multivalued")
	f.StringVar(&a.now, "now", "", "the `TIME` of the call (RFC 3339; default: the clock, or when the response or token was issued)")
	f.StringVar(&a.saml, "saml", "", "a `FILE` with a SAML response, base64 or XML")
	f.StringVar(&a.token, "web-identity", "", "a `FILE` with a token of an OpenID Connect provider (JWT)")
	f.StringVar(&a.provider, "provider", "", "the `ARN` of the provider the account has (default: it has the one that is named)")
	f.StringVar(&a.entityID, "entity-id", "", "with --saml: the entity `ID` in the provider's metadata")
	f.StringSliceVar(&a.clients, "client-id", nil, "with --web-identity: the client `IDS` that the provider is registered with")
	f.StringArrayVar(&a.then, "then", nil, "ask what the last session may do, as `ACTION[=ARN]`; may be given several times")
	f.StringVar(&a.expect, "expect", "", "fail unless the answer is `allow or deny`: that of --then where it is given")
	f.BoolVar(&a.trace, "trace", false, "show what the policies say to each question, with every statement")
	a.callFlags(cmd)
	c.jsonFlag(cmd)
	return cmd
}

// callFlags are the flags that belong to the --role before them.
func (a *assumption) callFlags(cmd *cobra.Command) {
	text := func(name, usage string, set func(*roleCall, string)) {
		cmd.Flags().Func(name, usage, func(v string) error { set(a.call(), v); return nil })
	}
	text("role", "a `FILE` that describes a role; several are a chain", func(r *roleCall, v string) {
		if r.file != "" {
			a.calls = append(a.calls, &roleCall{})
			r = a.call()
		}
		r.file = v
	})
	text("role-arn", "the `ARN` of a role that is given as a trust policy", func(r *roleCall, v string) { r.arn = v })
	text("role-policy", "a `FILE` with policies of the role; may be given several times", func(r *roleCall, v string) { r.roleSource.policies = append(r.roleSource.policies, v) })
	text("role-boundary", "a `FILE` with the permissions boundary of the role", func(r *roleCall, v string) { r.boundary = v })
	text("session-name", "the `NAME` of the session (default \"session\")", func(r *roleCall, v string) { r.SessionName = v })
	text("external-id", "the external `ID` that is passed", func(r *roleCall, v string) { r.ExternalID = v })
	text("source-identity", "the source identity that is set: a `NAME`", func(r *roleCall, v string) { r.SourceIdentity = v })
	text("session-policy", "a `FILE` with the session policy that is passed", func(r *roleCall, v string) { r.sessionPolicy = v })
	text("session-policy-arn", "a managed policy that is passed as a session policy, as `ARN=FILE`; may be given several times", func(r *roleCall, v string) { r.managed = append(r.managed, v) })
	text("transitive", "the `KEY` of a tag that goes along in a chain; may be given several times", func(r *roleCall, v string) { r.TransitiveTagKeys = append(r.TransitiveTagKeys, v) })
	f := cmd.Flags()
	f.Func("tag", "a session tag as `KEY=VALUE`; may be given several times", func(v string) error {
		key, value, ok := strings.Cut(v, "=")
		if !ok {
			return errors.New("want KEY=VALUE")
		}
		a.call().Tags = append(a.call().Tags, sts.Tag{Key: key, Value: value})
		return nil
	})
	f.Func("duration", "how long the session is to be: a `DURATION` such as 12h, or seconds", func(v string) error {
		seconds, err := parseSeconds(v)
		a.call().DurationSeconds = &seconds
		return err
	})
	f.BoolFunc("mfa", "the call has a code of the caller's device for a second factor", func(v string) (err error) {
		a.call().mfa, err = strconv.ParseBool(v)
		return err
	})
}

// parseSeconds reads a duration, or a number of seconds as the vendor's command
// line takes it.
func parseSeconds(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d%time.Second != 0 {
		return 0, errors.New("want a number of seconds, or a duration of whole seconds such as 12h")
	}
	return int(d / time.Second), nil
}

func (c *cli) assume(a *assumption) error {
	if err := a.check(); err != nil {
		return usageError{err}
	}
	for _, r := range a.calls {
		if err := c.prepare(r); err != nil {
			return err
		}
	}
	for _, text := range a.then {
		action, _, _ := strings.Cut(text, "=")
		c.noteUnknown(action)
	}
	calls, request, err := c.assumed(a)
	if err != nil {
		return err
	}
	last := calls[len(calls)-1].outcome
	answers, err := a.ask(last.Session, request)
	if err != nil {
		return err
	}
	if err := c.printAssumed(a, calls, answers); err != nil {
		return err
	}
	if a.expect != "" && !a.expected(last, answers) {
		fmt.Fprintf(c.stderr, "berth: expected %s, and the answer is another\n", a.expect)
		return errReported
	}
	return nil
}

// expected reports whether every answer is the one of --expect. A session that
// there is not may do nothing.
func (a *assumption) expected(last *sts.Outcome, answers []thenAnswer) bool {
	want := a.expect == "allow"
	if len(answers) == 0 {
		return last.Granted() == want
	}
	return !slices.ContainsFunc(answers, func(x thenAnswer) bool { return x.Allowed() != want })
}

// check finds what is wrong with the flags.
func (a *assumption) check() error {
	federated := a.saml != "" || a.token != ""
	for _, r := range a.calls {
		if r.file == "" {
			return errors.New("--role FILE says which role is assumed; the flags of a role come after it")
		}
	}
	switch {
	case len(a.calls) == 0:
		return errors.New("--role FILE says which role is assumed")
	case a.saml != "" && a.token != "", federated && a.principal != "":
		return errors.New("--principal, --saml and --web-identity exclude each other: who calls is one of them")
	case !federated && a.principal == "":
		return errors.New("--principal ARN says who calls; or --saml FILE, or --web-identity FILE")
	case federated && a.calls[0].signedOnly():
		return errors.New("--external-id, --tag, --transitive, --source-identity and --mfa are for --principal: of others the response or token says these")
	case a.saml != "" && a.calls[0].SessionName != "":
		return errors.New("--session-name is not for --saml: the response says it, in the attribute RoleSessionName")
	case !federated && (a.provider != "" || a.entityID != "" || len(a.clients) > 0):
		return errors.New("--provider, --entity-id and --client-id are for --saml and --web-identity")
	}
	for i, r := range a.calls {
		if r.mfa && i > 0 {
			return errors.New("--mfa is for the first role: a session has no device")
		}
	}
	for _, question := range a.then {
		if _, _, err := parseThen(question); err != nil {
			return err
		}
	}
	if err := setContext(&iam.Context{}, a.context); err != nil {
		return err
	}
	return checkExpect(a.expect)
}

// signedOnly reports whether the call has parameters that only AssumeRole has.
func (r *roleCall) signedOnly() bool {
	return r.ExternalID != "" || len(r.Tags) > 0 || len(r.TransitiveTagKeys) > 0 || r.SourceIdentity != "" || r.mfa
}
