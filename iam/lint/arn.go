package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// splitARN splits a resource pattern at its first five colons that are not in a
// variable; ok is false where it has fewer, as when a "*" stands for the rest.
func splitARN(s string) (parts []string, ok bool) {
	start := 0
	for i := 0; i < len(s) && len(parts) < 5; i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				i += end
			}
		case s[i] == ':':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	parts = append(parts, s[start:])
	return parts, len(parts) == 6
}

// isLiteral reports whether a part of an ARN is text alone.
func isLiteral(part string) bool {
	return !strings.ContainsAny(part, "*?") && !strings.Contains(part, "${")
}

// opaque is a pattern in which a variable may stand for anything.
func opaque(pattern string) string { return arn.Template{Text: pattern}.Pattern() }

// joinARN puts an ARN together with some of its parts replaced.
func joinARN(parts []string, replaced map[int]string) string {
	parts = slices.Clone(parts)
	for i, text := range replaced {
		parts[i] = text
	}
	return strings.Join(parts, ":")
}

// resourceNames checks that resources can be names of something.
func resourceNames(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for j, text := range s.Resources.Values {
			path := p.policy.ResourcePath(i, j)
			parts, ok := splitARN(text)
			if ok {
				p.serviceCase(parts, path)
			}
			if !ok || p.refused(path) || parts[0] != "arn" {
				continue
			}
			if p.serviceName(parts, path) {
				p.regionName(parts, path)
				p.resourceType(parts, path)
			}
			p.foreignResource(parts, path)
		}
	})
}

// arnServices are services in ARNs and condition keys that are no prefix of
// actions.
var arnServices = []string{"catalog"}

// knownService reports whether ARNs have a service of this name.
func knownService(name string) bool {
	return name == strings.ToLower(name) && catalog.Default().KnownPrefix(name) || slices.Contains(arnServices, name) || slices.Contains(retiredServices, name)
}

// serviceCase adds a fix to what the reader says of a service in capitals.
func (p *pass) serviceCase(parts []string, path string) {
	lower := strings.ToLower(parts[2])
	for _, f := range p.findings {
		if f.Code == "INVALID_ARN_SERVICE_CASE" && f.Path == path {
			p.fix(f, false, "write "+lower, p.put(path, joinARN(parts, map[int]string{2: lower})))
		}
	}
}

// serviceName checks the service of an ARN, and reports whether there is one.
func (p *pass) serviceName(parts []string, path string) bool {
	service := parts[2]
	if !isLiteral(service) || knownService(service) {
		return true
	}
	f := p.report("INVALID_SERVICE", path, "there is no service %q", service)
	if near := catalog.Default().SuggestService(service); len(near) > 0 {
		f.Help = "did you mean " + near[0] + "?"
	}
	return false
}

// resourceType checks region, account and resource against the types of
// resources the service has.
func (p *pass) resourceType(parts []string, path string) {
	service, ok := catalog.Default().Service(parts[2])
	if !ok || len(service.Resources) == 0 {
		return
	}
	name := opaque(parts[5])
	var fitting []*catalog.Resource
	for _, r := range service.Resources {
		if p.spend(r.Template, name) && r.Named(name) {
			fitting = append(fitting, r)
		}
	}
	switch {
	case p.exhausted():
	case len(fitting) > 0:
		p.emptyParts(parts, path, fitting)
	case !unlisted(parts[2], opaque(parts[5])):
		f := p.report("INVALID_ARN_RESOURCE", path, "%s has no resource named like %q", parts[2], parts[5])
		f.Help = "names of its resources end in " + nearEndings(service.Resources, parts[5])
	}
}

// unlistedNames are names of resources that services take and that their
// reference does not list: the parts behind the account, by service. API Gateway
// names the paths of its management API.
var unlistedNames = map[string][]string{
	"apigateway":     {"/*"},
	"autoscaling":    {"scalingPolicy:*", "scheduledUpdateGroupAction:*"},
	"cloudformation": {"transform/*"},
	"iam":            {"root"},
}

func unlisted(service, resource string) bool {
	return slices.ContainsFunc(unlistedNames[service], func(name string) bool { return glob.Overlap(name, resource) })
}

// nearEndings lists what names end in, those first that begin most like one that
// is none of them.
func nearEndings(types []*catalog.Resource, resource string) string {
	const most = 3
	var all []string
	for _, r := range types {
		parts, _ := arn.Split(r.Pattern())
		all = append(all, parts[5])
	}
	slices.Sort(all)
	all = slices.Compact(all)
	like := func(ending string) int { return commonPrefix(strings.ToLower(ending), strings.ToLower(resource)) }
	slices.SortStableFunc(all, func(a, b string) int { return like(b) - like(a) })
	text := strings.Join(all[:min(most, len(all))], ", ")
	if len(all) > most {
		text += " and others"
	}
	return text
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// emptyParts checks which of region and account names of these types have.
func (p *pass) emptyParts(parts []string, path string, types []*catalog.Resource) {
	all := func(part int, empty bool) bool {
		return !slices.ContainsFunc(types, func(r *catalog.Resource) bool {
			return slices.ContainsFunc(r.Forms(), func(form arn.Template) bool {
				parts, _ := arn.Split(form.Pattern())
				return (parts[part] == "") != empty
			})
		})
	}
	region, account := opaque(parts[3]), opaque(parts[4])
	extraRegion := all(3, true) && !glob.Match(region, "")
	extraAccount := all(4, true) && !glob.Match(account, "")
	cleared := map[int]string{}
	if extraRegion {
		cleared[3] = ""
	}
	if extraAccount {
		cleared[4] = ""
	}
	if extraRegion {
		f := p.report("ARN_REGION_NOT_ALLOWED", path, "names of %s have no region", typeNoun(parts[2], types))
		f.Help = "leave the part empty"
		p.fix(f, false, "clear what the name does not have", p.put(path, joinARN(parts, cleared)))
	}
	if extraAccount {
		f := p.report("ARN_ACCOUNT_NOT_ALLOWED", path, "names of %s have no account", typeNoun(parts[2], types))
		f.Help = "leave the part empty"
		p.fix(f, false, "clear what the name does not have", p.put(path, joinARN(parts, cleared)))
	}
	if parts[3] == "" && all(3, false) {
		p.report("MISSING_ARN_REGION", path, "names of %s have a region", typeNoun(parts[2], types)).Help = `name it, or write "*"`
	}
	if parts[4] == "" && all(4, false) {
		p.report("MISSING_ARN_ACCOUNT", path, "names of %s have an account", typeNoun(parts[2], types)).Help = `name it, or write "*"`
	}
}

func typeNoun(service string, types []*catalog.Resource) string {
	if len(types) == 1 {
		return service + " " + types[0].Type
	}
	return service + " resources like this"
}

// foreignResource checks that a resource's policy is about its own service.
func (p *pass) foreignResource(parts []string, path string) {
	service := p.ownService()
	if service == "" || glob.Match(opaque(parts[2]), service) {
		return
	}
	f := p.report("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", path, "the policy of %s cannot be about %s", p.options.ResourceType, parts[2])
	f.Help = "name the resource the policy is attached to, or what is in it"
}

// ownService returns the service whose ARNs and actions the policy of a resource
// is about; empty where it is not known.
func (p *pass) ownService() string {
	if p.policy.Kind != iam.ResourcePolicy {
		return ""
	}
	service, _, ok := strings.Cut(resourceTypeName(p.options.ResourceType), ":")
	if !ok {
		return ""
	}
	switch service {
	case "apigateway", "apigatewayv2":
		return "execute-api"
	case "elasticsearch", "opensearchservice":
		return "es"
	case "vpclattice":
		return "vpc-lattice"
	}
	return service
}

// resourceTypeName returns a type as the catalogue writes it, in lower case,
// also of one as templates write it: "AWS::S3::Bucket".
func resourceTypeName(name string) string {
	name = strings.ToLower(name)
	if rest, ok := strings.CutPrefix(name, "aws::"); ok {
		return strings.ReplaceAll(rest, "::", ":")
	}
	return name
}
