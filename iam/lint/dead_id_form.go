package lint

import (
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// idForm is the form of the identifiers that a service assigns to its resources
// of one type.
type idForm struct {
	// service and prefix say which ARNs have such an identifier: those whose
	// resource part begins with prefix.
	service, prefix string
	// what is the identifier in a message, example one of them.
	what, example string
	// lead is what every identifier begins with.
	lead string
	// shapes are what may be behind it, one of them, as patterns.
	shapes []string
	// digits are the characters behind the lead; empty means that any may be.
	digits string
	help   string
}

const (
	hexadecimal = "0123456789abcdefABCDEF"
	capitals    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	uuidShape   = "????????-????-????-????-????????????"
	nameHelp    = "put the identifier and not the name"
)

var (
	uuidShapes  = []string{uuidShape}
	shortOrLong = []string{"????????", "?????????????????"}
)

// idForms are the types whose identifiers are not names.
var idForms = []idForm{
	{"kms", "key/mrk-", "key ID", "mrk-1234abcd12ab34cd56ef1234567890ab", "", []string{strings.Repeat("?", 32)}, hexadecimal, nameHelp},
	{"kms", "key/", "key ID", "1234abcd-12ab-34cd-56ef-1234567890ab", "", uuidShapes, hexadecimal + "-", "put the key's ID; keys cannot be named by their alias here"},
	{"acm", "certificate/", "certificate ID", "12345678-1234-1234-1234-123456789012", "", uuidShapes, hexadecimal + "-", nameHelp},
	{"elasticfilesystem", "file-system/", "file system ID", "fs-0123456789abcdef0", "fs-", shortOrLong, hexadecimal, nameHelp},
	{"elasticfilesystem", "access-point/", "access point ID", "fsap-0123456789abcdef0", "fsap-", shortOrLong, hexadecimal, nameHelp},
	{"cognito-idp", "userpool/", "user pool ID", "eu-west-1_AbCdEfGhI", "", []string{"*-*-*_*"}, "", nameHelp},
	{"cognito-identity", "identitypool/", "identity pool ID", "eu-west-1:12345678-abcd-abcd-abcd-123456789012", "", []string{"*-*-*:" + uuidShape}, "", nameHelp},
	{"route53", "hostedzone/", "hosted zone ID", "Z1D633PJN98FT9", "Z", []string{"*"}, capitals, "put the zone's ID and not its domain"},
	{"cloudfront", "distribution/", "distribution ID", "EDFDVBD632BHDS5", "E", []string{"*"}, capitals, "put the distribution's ID and not its domain"},
	{"secretsmanager", "secret:", "end of a secret's ARN", "secret:prod/db-a1B2c3", "", []string{"*-??????"}, "", `the service adds a "-" and six characters to the name: write "-??????" behind it`},
}

// ec2IDs are what the identifiers of EC2's types begin with. Behind it are 8 or
// 17 hexadecimal digits.
var ec2IDs = map[string]string{
	"capacity-reservation":         "cr-",
	"customer-gateway":             "cgw-",
	"dedicated-host":               "h-",
	"dhcp-options":                 "dopt-",
	"egress-only-internet-gateway": "eigw-",
	"elastic-ip":                   "eipalloc-",
	"image":                        "ami-",
	"instance":                     "i-",
	"internet-gateway":             "igw-",
	"launch-template":              "lt-",
	"natgateway":                   "nat-",
	"network-acl":                  "acl-",
	"network-interface":            "eni-",
	"prefix-list":                  "pl-",
	"route-table":                  "rtb-",
	"security-group":               "sg-",
	"security-group-rule":          "sgr-",
	"snapshot":                     "snap-",
	"subnet":                       "subnet-",
	"transit-gateway":              "tgw-",
	"volume":                       "vol-",
	"vpc":                          "vpc-",
	"vpc-endpoint":                 "vpce-",
	"vpc-flow-log":                 "fl-",
	"vpc-peering-connection":       "pcx-",
	"vpn-connection":               "vpn-",
	"vpn-gateway":                  "vgw-",
}

// badID returns the form that the identifier in an ARN does not have, and that
// identifier; nil where it may be one, or where the type has no fixed form.
func (p *pass) badID(text string) (*idForm, string) {
	resource := arnPart(text, 5)
	form := formOf(arnPart(text, 2), resource)
	if form == nil || len(text) > maxARN {
		return nil, ""
	}
	id := resource[len(form.prefix):]
	pattern := id
	if p.policy.Variables() {
		pattern = withoutVariables(id)
	}
	if form.fits(pattern) {
		return nil, ""
	}
	return form, id
}

// maxARN is the longest ARN looked into; no resource has a longer one.
const maxARN = 2048

func formOf(service, resource string) *idForm {
	if service == "ec2" {
		typ, _, ok := strings.Cut(resource, "/")
		lead, known := ec2IDs[typ]
		if !ok || !known {
			return nil
		}
		return &idForm{
			prefix: typ + "/", what: strings.ReplaceAll(typ, "-", " ") + " ID", example: lead + "0123456789abcdef0",
			lead: lead, shapes: shortOrLong, digits: hexadecimal, help: nameHelp,
		}
	}
	for i := range idForms {
		if idForms[i].service == service && strings.HasPrefix(resource, idForms[i].prefix) {
			return &idForms[i]
		}
	}
	return nil
}

// fits reports whether a pattern can match an identifier of the form.
func (f *idForm) fits(pattern string) bool {
	rest, literal := strings.CutPrefix(pattern, f.lead)
	if literal && f.digits != "" && strings.Trim(rest, f.digits+"*?") != "" {
		return false
	}
	for _, shape := range f.shapes {
		if glob.Overlap(pattern, f.lead+shape) {
			return true
		}
	}
	return false
}
