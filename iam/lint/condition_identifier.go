package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// keyForm is the form that every value of a condition key has.
type keyForm struct {
	code, noun, example string
	shapes              []string
}

// keyForms are such keys, in lower case.
var keyForms = map[string]keyForm{
	"aws:sourcevpc":  {"INVALID_VPC_FORMAT", "the ID of a VPC", "vpc-0123456789abcdef0", []string{"vpc-????????", "vpc-?????????????????"}},
	"aws:sourcevpce": {"INVALID_VPCE_FORMAT", "the ID of a VPC endpoint", "vpce-0123456789abcdef0", []string{"vpce-????????", "vpce-?????????????????"}},
	"s3:x-amz-server-side-encryption-aws-kms-key-id": {
		"INVALID_KMS_KEY_VALUE", "the ARN of a KMS key", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", []string{"arn:*:kms:*:*:key/*"},
	},
}

// identifierValues checks values that are identifiers of a fixed form. One with
// wildcards passes where it can stand for such an identifier.
func identifierValues(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		form, ok := keyForms[strings.ToLower(cond.Key)]
		family := cond.Operator.Test.Family()
		if !ok || family != iam.StringFamily && family != iam.ARNFamily {
			return
		}
		for j, v := range cond.Values {
			path := p.policy.ConditionPath(i, c, j)
			if strings.Contains(v.Text, "${") || len(v.Text) > maxARN || isPlaceholder(v.Text) || form.fits(v.Text) {
				continue
			}
			p.report(form.code, path, "%q is not %s", v.Text, form.noun).Help = "write it as " + form.example
		}
	})
}

func (f keyForm) fits(value string) bool {
	for _, shape := range f.shapes {
		if glob.Overlap(value, shape) {
			return true
		}
	}
	return false
}
