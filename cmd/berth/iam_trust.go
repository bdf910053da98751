package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
	"github.com/berth-project/berth/iam/synth"
)

// trustAnswer is a trust policy as JSON.
type trustAnswer struct {
	Schema     string      `json:"schema"`
	Policy     *iam.Policy `json:"policy"`
	ExternalID string      `json:"externalId,omitempty"`
}

// trusting is what berth iam trust is asked for.
type trusting struct {
	synth.Trust
	vendor         synth.VendorTrust
	oidc           synth.OIDCTrust
	account        synth.ServiceAccountTrust
	serviceAccount string
	form, name     string
}

func (c *cli) iamTrustCommand() *cobra.Command {
	var t trusting
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "write the trust policy of a role: who may assume it",
		Long: "Exactly one of --compute, --vendor, --role, --saml, --oidc and --service-account says who. An external ID is the vendor's\n" +
			"to choose, one for each customer; without --external-id one of 128 random bits is made and printed.",
		Example: "  berth iam trust --compute ecs-tasks --account 111122223333 --region eu-central-1\n" +
			"  berth iam trust --vendor 444455556666 --account 111122223333\n" +
			"  berth iam trust --oidc token.actions.githubusercontent.com --subject repo:acme/app:ref:refs/heads/main --account 111122223333",
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			if err := c.settle(&t.Place); err != nil {
				return usageError{err}
			}
			made, err := t.complete()
			if err != nil {
				return err
			}
			return c.writeTrust(t.Trust, t.form, t.name, made)
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.Compute, "compute", "", "where the program runs: `NAME` is "+strings.Join(synth.Computes(), ", ")+", or a service principal")
	f.StringVar(&t.vendor.Account, "vendor", "", "the `ACCOUNT` of an outside party, or better the ARN of its role")
	f.StringVar(&t.vendor.ExternalID, "external-id", "", "with --vendor: the `ID` the vendor has chosen for you")
	f.StringVar(&t.Role, "role", "", "the `ARN` of a role of yours that assumes this one")
	f.StringVar(&t.SAML, "saml", "", "the `ARN` of a SAML provider")
	f.StringVar(&t.oidc.Provider, "oidc", "", "an OpenID Connect `PROVIDER`: its ARN, or host and path")
	f.StringVar(&t.oidc.Subject, "subject", "", "with --oidc: the `SUB` of the token, * for any text within")
	f.StringVar(&t.oidc.Audience, "audience", "", "with --oidc: the `AUD` of the token (default sts.amazonaws.com)")
	f.StringVar(&t.serviceAccount, "service-account", "", "a Kubernetes service account as `NAMESPACE/NAME`")
	f.StringVar(&t.account.Issuer, "issuer", "", "with --service-account: the OIDC `ISSUER` of the cluster")
	c.placeFlags(cmd, &t.Place)
	c.formFlags(cmd, &t.form, &t.name)
	c.jsonFlag(cmd)
	return cmd
}

// complete takes the flags together, and returns the external ID where one was
// made.
func (t *trusting) complete() (made string, err error) {
	switch {
	case !slices.Contains(synth.Forms(), t.form):
		return "", usageError{fmt.Errorf("--form %q is not one of %s", t.form, strings.Join(synth.Forms(), ", "))}
	case t.vendor.ExternalID != "" && t.vendor.Account == "":
		return "", usageError{errors.New("--external-id is for --vendor")}
	case (t.oidc.Subject != "" || t.oidc.Audience != "") && t.oidc.Provider == "":
		return "", usageError{errors.New("--subject and --audience are for --oidc")}
	case (t.account.Issuer == "") != (t.serviceAccount == ""):
		return "", usageError{errors.New("--service-account and --issuer go together: the issuer is that of the cluster")}
	}
	if t.vendor.Account != "" {
		if t.vendor.ExternalID == "" {
			if made, err = sts.NewExternalID(rand.Reader); err != nil {
				return "", err
			}
			t.vendor.ExternalID = made
		}
		t.Vendor = &t.vendor
	}
	if t.oidc.Provider != "" {
		t.OIDC = &t.oidc
	}
	if t.serviceAccount != "" {
		t.account.Namespace, t.account.Name, _ = strings.Cut(t.serviceAccount, "/")
		t.ServiceAccount = &t.account
	}
	return made, nil
}

func (c *cli) writeTrust(t synth.Trust, form, name, made string) error {
	p, err := synth.ForTrust(t)
	if err != nil {
		return usageError{err}
	}
	if c.json {
		return c.printJSON(trustAnswer{Schema: "berth.iam.trust/1", Policy: p, ExternalID: made})
	}
	if made != "" {
		fmt.Fprintf(c.stderr, "external ID: %s\nnote: give it to the other side; it is no secret, but nobody else's\n", made)
	}
	return c.writePolicies([]*iam.Policy{p}, cmp.Or(name, "role"), form)
}
