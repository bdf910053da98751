package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// placeholderForms are how templates and articles write what the reader is to
// fill in, anywhere in a value.
var placeholderForms = []*regexp.Regexp{
	regexp.MustCompile(`<[^<>]{1,80}>`),                                                                // <ACCOUNT_ID>
	regexp.MustCompile(`\{\{[^{}]{1,80}\}\}`),                                                          // {{ account }}
	regexp.MustCompile(`\[[A-Z][A-Z _-]{2,80}\]`),                                                      // [BUCKET NAME]
	regexp.MustCompile(`(?:^|[:/])[A-Z]{2,}(?: [A-Z]{2,}){1,20}(?:$|[:/*])`),                           // NAME OF THE GROUP
	regexp.MustCompile(`(?i)\byour[-_ ][a-z][a-z0-9_-]*`),                                              // YOUR_BUCKET, your-bucket
	regexp.MustCompile(`(?i)\b(?:replace|change|fill|insert)[-_ ]?(?:me|this|in)\b`),                   // CHANGE_ME
	regexp.MustCompile(`\$\{(?:AWS::|var\.|local\.|data\.|module\.|self:|opt:|env:|aws_)[^}]{1,80}\}`), // ${AWS::AccountId} that no template filled
	regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_.-]{0,80}\}`),                                          // ${BucketName}, which is no condition key
}

// Placeholders of certain places of an ARN.
var (
	placeholderOwner  = regexp.MustCompile(`^(?:[A-Z][A-Z _-]*|[xX]{3,}|(?i:(?:my|your|aws)?[-_ ]?(?:account|region)[-_ ]?(?:id|number|name)?))$`)
	placeholderBucket = regexp.MustCompile(`^(?:[A-Z][A-Z0-9]*(?:[-_][A-Z0-9]+)+|BUCKET(?:NAME)?)$`)
	placeholderName   = regexp.MustCompile(`(?:^|[/:])((?:[A-Z]+[-_])?(?:BUCKET|QUEUE|TABLE|FUNCTION|ROLE|TOPIC|USER|GROUP|CLUSTER|REPOSITORY|REPO|STREAM|KEY)[-_](?:NAME|ID|ARN))(?:$|[/:*])`)
)

// documentationAccounts are the account numbers of the vendor's examples. They
// are also common in test data, so they count only beside a name that says
// that it is an example.
var documentationAccounts = []string{"123456789012", "111122223333", "444455556666", "777788889999", "999999999999"}

// placeholders finds values that were never filled in.
func placeholders(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for j, text := range s.Resources.Values {
			p.placeholderAt(p.policy.ResourcePath(i, j), text)
		}
		for _, m := range members(s.Principals) {
			p.placeholderAt(m.path(p.policy, i), m.text)
		}
		for c := range s.Conditions {
			if freeText(s.Conditions[c].Key) {
				continue
			}
			for v, value := range s.Conditions[c].Values {
				p.placeholderAt(p.policy.ConditionPath(i, c, v), value.Text)
			}
		}
	})
}

// freeText reports whether a key compares words that people choose, where
// capitals and blanks mean nothing.
func freeText(key string) bool {
	key = lower(key)
	return strings.Contains(key, "tag/") || key == "aws:useragent" || key == "aws:referer"
}

func (p *pass) placeholderAt(path, text string) {
	if found := placeholdersIn(text); len(found) > 0 {
		p.findings = slices.DeleteFunc(p.findings, func(f *Finding) bool { return f.Path == path && slices.Contains(formCodes, f.Code) })
		f := p.report("LP_PLACEHOLDER", path, "%q was not filled in", found[0])
		f.Help = "put in what is meant"
		return
	}
	if isDocumentation(text) {
		f := p.report("LP_PLACEHOLDER", path, "%q is the account of the vendor's examples", arnPart(text, 4))
		f.Severity, f.Level = Suggestion, Info
		f.Help = "put in the account that is meant"
	}
}

// formCodes are what is wrong with the form of a value that was not filled in,
// for that reason.
var formCodes = []string{
	"INVALID_ARN_ACCOUNT", "INVALID_ARN_REGION", "INVALID_ARN_RESOURCE", "INVALID_SERVICE", "INVALID_PRINCIPAL_FORMAT", "INVALID_REGION",
	"MISSING_ARN_ACCOUNT", "MISSING_ARN_REGION",
}

func isPlaceholder(text string) bool { return len(placeholdersIn(text)) > 0 }

// placeholdersIn returns what in a value was not filled in.
func placeholdersIn(text string) []string {
	if len(text) > maxARN {
		return nil
	}
	var found []string
	for _, form := range placeholderForms {
		if at := form.FindString(text); at != "" {
			found = append(found, strings.Trim(at, ":/*"))
		}
	}
	service, region, account, resource := arnPart(text, 2), arnPart(text, 3), arnPart(text, 4), arnPart(text, 5)
	for _, owner := range []string{account, region} {
		if placeholderOwner.MatchString(owner) {
			found = append(found, owner)
		}
	}
	bucket, _, _ := strings.Cut(resource, "/")
	if service == "s3" && placeholderBucket.MatchString(bucket) {
		found = append(found, bucket)
	}
	if service != "ssm" && service != "secretsmanager" { // there such names are those of environment variables
		if at := placeholderName.FindStringSubmatch(resource); at != nil {
			found = append(found, at[1])
		}
	}
	return found
}

// arnPart returns a component of an ARN, counted from 0; empty where there is
// none.
func arnPart(text string, n int) string {
	parts, count := arn.Split(text)
	if count < len(parts) || parts[0] != "arn" {
		return ""
	}
	return parts[n]
}

// asksForID reports whether what an ARN leaves to be filled in is an identifier,
// as "<SECURITY_GROUP_ID>", and not a name.
func asksForID(text string) bool {
	for _, found := range placeholdersIn(arnPart(text, 5)) {
		for _, word := range strings.FieldsFunc(lower(found), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if word == "id" || word == "uuid" {
				return true
			}
		}
	}
	return false
}

func isDocumentation(text string) bool {
	account := arnPart(text, 4)
	for _, known := range documentationAccounts {
		if account == known {
			return strings.Contains(lower(arnPart(text, 5)), "example")
		}
	}
	return false
}
