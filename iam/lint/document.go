package lint

import (
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/iam"
)

// document looks at the document as a whole.
func document(p *pass) {
	if p.unread {
		return
	}
	p.missingVersion()
	p.wrapStatement()
	p.sids()
	p.size()
}

func (p *pass) missingVersion() {
	if p.policy.Version != "" || len(p.policy.Statements) == 0 || p.refused("Version") {
		return
	}
	f := p.report("MISSING_VERSION", iam.DocumentPath, "the document has no Version and is read by the rules of %s", iam.Version2008)
	f.Help = `write "Version": "` + iam.Version2012 + `"`
	safe := !strings.Contains(p.policy.Text(), "${")
	if !safe {
		f.Detail = "it has variables, which are plain text until the version is set"
	}
	p.fix(f, safe, "add the version", p.insert(iam.DocumentPath, "Version", iam.Version2012))
}

// wrapStatement offers to make a document of a lone statement.
func (p *pass) wrapStatement() {
	for _, f := range p.findings {
		text := strings.TrimSpace(p.policy.Text())
		if f.Code != "MISSING_STATEMENT" || !strings.HasPrefix(text, "{") || !p.loneStatement() {
			continue
		}
		whole := rawJSON(`{"Version":"` + iam.Version2012 + `","Statement":[` + text + `]}`)
		p.fix(f, false, "wrap the statement in a document", []Operation{{Op: "replace", Path: "", Value: whole}})
	}
}

// loneStatement reports whether the document is a statement: it has an Effect.
func (p *pass) loneStatement() bool {
	_, effect := p.policy.Span("Effect")
	_, statement := p.policy.Span("Statement")
	return effect && !statement
}

func (p *pass) sids() {
	seen := map[string]int{}
	p.statements(func(i int, s *iam.Statement) {
		if s.Sid == nil {
			return
		}
		path := iam.StatementPath(i) + ".Sid"
		if *s.Sid == "" {
			f := p.report("EMPTY_SID_VALUE", iam.StatementPath(i), "the statement's name is empty")
			f.Span = p.span(path)
			f.Help = "remove it, or say what the statement is for"
			p.fix(f, true, "remove the empty name", p.drop(path))
			return
		}
		first, again := seen[*s.Sid]
		if !again {
			seen[*s.Sid] = i
			return
		}
		if p.policy.Kind.HasPrincipal() && !p.refused(path) {
			f := p.report("UNIQUE_SIDS_RECOMMENDED", path, "statements %d and %d have the same name", first+1, i+1)
			f.Help = "give each its own name"
		}
	})
}

// quota is how long a policy may be (IAM User Guide, "IAM and AWS STS quotas";
// Organizations User Guide, "Quotas"; the services' own pages).
type quota struct {
	code string
	// limit is in characters, or in bytes where bytes is set.
	limit int
	bytes bool
	// blanks is set where blanks between elements count.
	blanks bool
	whose  string
}

// resourceQuotas are the limits of resources' policies, by the catalogue's name
// of the type.
var resourceQuotas = map[string]quota{
	"s3:bucket":                     {limit: 20 << 10, bytes: true, whose: "a bucket"},
	"kms:key":                       {limit: 32 << 10, bytes: true, whose: "a key"},
	"sns:topic":                     {limit: 30_720, whose: "a topic"},
	"secretsmanager:Secret":         {limit: 20_480, whose: "a secret"},
	"lambda:function":               {limit: 20 << 10, bytes: true, whose: "a function"},
	"ecr:repository":                {limit: 10_240, whose: "a repository"},
	"glue:catalog":                  {limit: 10 << 10, bytes: true, whose: "a data catalogue"},
	"elasticfilesystem:file-system": {limit: 20_000, whose: "a file system"},
}

// quotaOf returns the limit for the policy, where there is a fixed one.
func (p *pass) quotaOf() (quota, bool) {
	identity := quota{code: "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"}
	resource := quota{code: "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", blanks: true}
	switch p.policy.Kind {
	case iam.IdentityPolicy, iam.BoundaryPolicy:
		identity.limit, identity.whose = 6144, "a managed policy"
	case iam.InlineUserPolicy:
		identity.limit, identity.whose = 2048, "all inline policies of a user together"
	case iam.InlineGroupPolicy:
		identity.limit, identity.whose = 5120, "all inline policies of a group together"
	case iam.InlineRolePolicy:
		identity.limit, identity.whose = 10240, "all inline policies of a role together"
	case iam.SessionPolicy:
		identity.limit, identity.whose = 2048, "a session policy"
	case iam.TrustPolicy:
		return quota{code: resource.code, limit: 2048, whose: "a trust policy, unless the quota was raised"}, true
	case iam.ServiceControlPolicy, iam.ResourceControlPolicy:
		return quota{code: "POLICY_SIZE_EXCEEDS_SCP_QUOTA", limit: 5120, blanks: true, whose: "a policy of an organisation"}, true
	case iam.ResourcePolicy:
		for name, q := range resourceQuotas {
			if strings.EqualFold(name, p.options.ResourceType) {
				q.code, q.blanks = resource.code, true
				return q, true
			}
		}
		return quota{}, false
	default:
		return quota{}, false
	}
	return identity, true
}

func (p *pass) size() {
	q, ok := p.quotaOf()
	text := p.policy.Text()
	if !ok || text == "" {
		return
	}
	if !q.blanks {
		text = withoutBlanks(text)
	}
	n, unit := utf8.RuneCountInString(text), "characters"
	if q.bytes {
		n, unit = len(text), "bytes"
	}
	if n > q.limit {
		f := p.report(q.code, iam.DocumentPath, "the document has %d %s, and %s at most %d", n, unit, q.whose, q.limit)
		f.Help = "remove what is redundant, or split it"
	}
}

// withoutBlanks removes the blanks of a JSON text that are not in strings.
func withoutBlanks(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
