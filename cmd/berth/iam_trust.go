package main

import (
	"cmp"
	"crypto/rand"
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

func (c *cli) iamTrustCommand() *cobra.Command {
	var t synth.Trust
	var vendor synth.VendorTrust
	var oidc synth.OIDCTrust
	var account synth.ServiceAccountTrust
	var form, name, serviceAccount string
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
			if !slices.Contains(synth.Forms(), form) {
				return usageError{fmt.Errorf("--form %q is not one of %s", form, strings.Join(synth.Forms(), ", "))}
			}
			made := ""
			if vendor.Account != "" {
				if vendor.ExternalID == "" {
					id, err := sts.NewExternalID(rand.Reader)
					if err != nil {
						return err
					}
					vendor.ExternalID, made = id, id
				}
				t.Vendor = &vendor
			}
			if oidc.Provider != "" {
				t.OIDC = &oidc
			}
			if serviceAccount != "" {
				account.Namespace, account.Name, _ = strings.Cut(serviceAccount, "/")
				t.ServiceAccount = &account
			}
			return c.writeTrust(t, form, name, made)
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.Compute, "compute", "", "where the program runs: `NAME` is "+strings.Join(synth.Computes(), ", ")+", or a service principal")
	f.StringVar(&vendor.Account, "vendor", "", "the `ACCOUNT` of an outside party, or better the ARN of its role")
	f.StringVar(&vendor.ExternalID, "external-id", "", "with --vendor: the `ID` the vendor has chosen for you")
	f.StringVar(&t.Role, "role", "", "the `ARN` of a role of yours that assumes this one")
	f.StringVar(&t.SAML, "saml", "", "the `ARN` of a SAML provider")
	f.StringVar(&oidc.Provider, "oidc", "", "an OpenID Connect `PROVIDER`: its ARN, or host and path")
	f.StringVar(&oidc.Subject, "subject", "", "with --oidc: the `SUB` of the token, * for any text within")
	f.StringVar(&oidc.Audience, "audience", "", "with --oidc: the `AUD` of the token (default sts.amazonaws.com)")
	f.StringVar(&serviceAccount, "service-account", "", "a Kubernetes service account as `NAMESPACE/NAME`")
	f.StringVar(&account.Issuer, "issuer", "", "with --service-account: the OIDC `ISSUER` of the cluster")
	c.placeFlags(cmd, &t.Place)
	c.formFlags(cmd, &form, &name)
	c.jsonFlag(cmd)
	return cmd
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
