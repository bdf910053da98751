package lint

import (
	"fmt"
	"strings"

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

// size compares the document with the quota of its kind.
func (p *pass) size() {
	q, ok := iam.QuotaFor(p.policy.Kind, p.options.ResourceType)
	n := iam.Size([]byte(p.policy.Text()), p.policy.Kind)
	if !ok || n <= q.Limit {
		return
	}
	code := "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"
	switch p.policy.Kind {
	case iam.ServiceControlPolicy:
		code = "POLICY_SIZE_EXCEEDS_SCP_QUOTA"
	case iam.ResourceControlPolicy:
		code = "POLICY_SIZE_EXCEEDS_RCP_QUOTA"
	case iam.TrustPolicy:
		code = "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA"
	case iam.ResourcePolicy, iam.EndpointPolicy:
		code = "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"
	}
	f := p.report(code, iam.DocumentPath, "the document counts %d and the quota of a %s is %d", n, q.Name, q.Limit)
	if q.Sum {
		f.Message = fmt.Sprintf("the document counts %d and the quota of all %s together is %d", n, q.Name, q.Limit)
	}
	f.Help = "remove what is redundant, or split it"
	if q.Raisable {
		f.Help += "; the quota is raised on request"
	}
}
